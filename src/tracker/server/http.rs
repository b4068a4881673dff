//! Requests on a connection.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{
    Asked, Counter, NOT_SERVED, Server, TOO_OFTEN, Transport, family, scraped, time, wanted,
    warning,
};
use crate::base::Sha1Digest;
use crate::tracker::Family;
use crate::tracker::limiter::Verdict;
use crate::tracker::pair::{self, Mark, MarkError, Welcome};
use crate::tracker::table::{Seat, Sight};
use crate::wire::http::{
    AnnounceQuery, AnnounceReply, Content, HeadError, Method, Peers, QueryError, Status,
    parse_announce, parse_head, parse_scrape, write_announce, write_failure, write_response,
    write_scrape,
};
use crate::wire::udp_tracker::Scraped;

/// What is to be done with what a connection has received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpStep {
    /// The request is not complete.
    Wait,
    /// The first so many bytes are answered, and more requests may follow.
    Answered { len_bytes: usize },
    /// Send what was written, if anything, and close.
    Close,
}

/// Buffers that are filled anew for each reply.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    peers_v4: Vec<u8>,
    peers_v6: Vec<u8>,
    scraped: Vec<(Sha1Digest, Scraped)>,
}

/// A request after its head was read.
#[derive(Clone, Copy)]
struct Request<'a> {
    now: Duration,
    /// Where the connection comes from.
    source: IpAddr,
    /// Who is believed to have asked.
    client: IpAddr,
    query: &'a [u8],
    keep_alive: bool,
}

/// What a client is told as the reason why not.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Mark(#[from] MarkError),
    #[error("{0}")]
    Because(&'static str),
}

impl Server {
    /// Answers the first request of what was received, by appending to `out`. Pipelined requests are
    /// answered by calling again with the rest.
    pub fn http(
        &mut self,
        now: Duration,
        from: SocketAddr,
        received: &[u8],
        out: &mut Vec<u8>,
    ) -> HttpStep {
        let source = from.ip().to_canonical();
        let head = match parse_head(received) {
            Ok(None) => return HttpStep::Wait,
            Ok(Some(head)) => head,
            Err(error) => return self.bad_head(source, error, out),
        };
        let client = self.config.addresses.client(source, head.forwarded_for);
        let keep_alive = head.keep_alive && self.config.keep_alive;
        // The other tracker tells of many clients, and may ask as often as they all.
        let verdict = if self.is_from_other(now, source, &head) {
            Verdict::Allow
        } else {
            self.verdict(now, client)
        };
        if verdict == Verdict::Ignore {
            self.stats
                .count(Transport::Http, family(client), Counter::Ignored);
            return HttpStep::Close;
        }
        let request = Request {
            now,
            source,
            client,
            query: head.query,
            keep_alive: keep_alive && verdict == Verdict::Allow,
        };
        let start = out.len();
        let counter = if verdict == Verdict::Refuse {
            request.fail(TOO_OFTEN, out);
            Counter::Refused
        } else {
            self.route(request, head.path, out)
        };
        if head.method == Method::Head {
            without_body(out, start);
        }
        self.stats.count(Transport::Http, family(client), counter);
        if request.keep_alive {
            HttpStep::Answered {
                len_bytes: head.len_bytes,
            }
        } else {
            HttpStep::Close
        }
    }

    fn bad_head(&mut self, source: IpAddr, error: HeadError, out: &mut Vec<u8>) -> HttpStep {
        self.stats
            .count(Transport::Http, family(source), Counter::Failures);
        write_response(out, error.status(), Content::Text, false, |out| {
            out.extend_from_slice(error.to_string().as_bytes());
        });
        HttpStep::Close
    }

    fn route(&mut self, request: Request<'_>, path: &[u8], out: &mut Vec<u8>) -> Counter {
        let done = match path {
            b"/announce" => self.http_announce(request, out),
            b"/scrape" => self.http_scrape(request, out),
            pair::CONFIRM_PATH => {
                let confirms = self.confirms(request.query);
                request.say(if confirms { "yes" } else { "no" }, out);
                Ok(Counter::Questions)
            }
            pair::HELLO_PATH => {
                let welcome = self.welcome(request.now, request.source, request.query);
                request.say(welcome.map_or("expected `mt_token`", Welcome::word), out);
                Ok(Counter::Questions)
            }
            _ => {
                request.respond(Status::NotFound, Content::Text, out, |out| {
                    out.extend_from_slice(b"expected /announce or /scrape");
                });
                Ok(Counter::Failures)
            }
        };
        done.unwrap_or_else(|failure: Failure| {
            request.fail(&failure.to_string(), out);
            Counter::Failures
        })
    }

    fn http_announce(
        &mut self,
        request: Request<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Counter, Failure> {
        let query = parse_announce(request.query)?;
        if query.mark.token.is_some() {
            return self.http_told(request, &query, out);
        }
        if !self.config.access.allows(&query.info_hash) {
            return Err(Failure::Because(NOT_SERVED));
        }
        let asked = Asked {
            info_hash: query.info_hash,
            address: self
                .config
                .addresses
                .of_peer(request.source, request.client, query.ip),
            port: query.port,
            left_bytes: query.left_bytes,
            event: query.event,
            wanted: query.wanted,
        };
        let seat = self.enter(request.now, &asked, Sight::default());
        self.draw_peers(request.now, &seat, family(asked.address), wanted(&asked));
        let counts = self.table.counts(&seat);
        let reply = AnnounceReply {
            seeders: counts.seeders,
            leechers: counts.leechers,
            downloads: counts.downloads,
            interval_s: self.interval_s(),
            min_interval_s: self.config.min_interval_s,
            peers: Peers {
                v4: &self.scratch.peers_v4,
                v6: &self.scratch.peers_v6,
            },
            compact: query.compact,
            warning: warning(&seat),
        };
        request.respond(Status::Ok, Content::Bencode, out, |out| {
            write_announce(out, &reply);
        });
        Ok(Counter::Announces)
    }

    /// An announce that the other tracker took.
    fn http_told(
        &mut self,
        request: Request<'_>,
        query: &AnnounceQuery<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Counter, Failure> {
        let mark = Mark::parse(&query.mark)?;
        let taken = self.marked_announce(request.now, request.source, mark, query);
        let counter = taken.map_err(Failure::Because)?;
        request.say("de", out);
        Ok(counter)
    }

    /// Those of the asker's own family first, since it reaches them surely, and others for the room
    /// that is left.
    fn draw_peers(&mut self, now: Duration, seat: &Seat, own: Family, wanted: u32) {
        self.scratch.peers_v4.clear();
        self.scratch.peers_v6.clear();
        let families = match own {
            Family::V4 => [Family::V4, Family::V6],
            Family::V6 => [Family::V6, Family::V4],
        };
        let mut left = wanted;
        for family in families {
            let out = match family {
                Family::V4 => &mut self.scratch.peers_v4,
                Family::V6 => &mut self.scratch.peers_v6,
            };
            left -= self
                .table
                .sample(time(now), seat, family, left, &mut self.rng, out);
        }
    }

    fn http_scrape(&mut self, request: Request<'_>, out: &mut Vec<u8>) -> Result<Counter, Failure> {
        let query = parse_scrape(request.query)?;
        let Self {
            scratch,
            table,
            config,
            ..
        } = self;
        scratch.scraped.clear();
        let served = query
            .info_hashes()
            .filter(|info_hash| config.access.allows(info_hash));
        scratch.scraped.extend(served.map(|info_hash| {
            let counts = table.scrape(&info_hash).unwrap_or_default();
            (info_hash, scraped(counts))
        }));
        request.respond(Status::Ok, Content::Bencode, out, |out| {
            write_scrape(out, &mut scratch.scraped);
        });
        Ok(Counter::Scrapes)
    }
}

impl Request<'_> {
    fn respond(
        self,
        status: Status,
        content: Content,
        out: &mut Vec<u8>,
        write_body: impl FnOnce(&mut Vec<u8>),
    ) {
        write_response(out, status, content, self.keep_alive, write_body);
    }

    fn say(self, word: &str, out: &mut Vec<u8>) {
        self.respond(Status::Ok, Content::Text, out, |out| {
            out.extend_from_slice(word.as_bytes());
        });
    }

    /// Clients look for the reason in a body that came with success; few read that of an error.
    fn fail(self, reason: &str, out: &mut Vec<u8>) {
        self.respond(Status::Ok, Content::Bencode, out, |out| {
            write_failure(out, reason);
        });
    }
}

/// Leaves the head of the response that begins at `start`.
fn without_body(out: &mut Vec<u8>, start: usize) {
    const END: &[u8] = b"\r\n\r\n";
    let end = out[start..]
        .windows(END.len())
        .position(|window| window == END);
    if let Some(end) = end {
        out.truncate(start + end + END.len());
    }
}
