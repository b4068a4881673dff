//! One announce to one tracker, from the question for its address to what came of it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::context::Context;
use super::memory::Memory;
use super::query::announce_query;
use super::udp::UdpLeg;
use super::words::{ExchangeId, Output};
use crate::base::limits::{
    TRACKER_ADDRESSES_MAX, TRACKER_REDIRECTS_MAX, UDP_URL_DATA_LEN_BYTES_MAX,
};
use crate::base::{Host, Instant, Scheme, Url, excerpt, printable};
use crate::wire::Event;
use crate::wire::http::{
    Refused, Response, RetryIn, Told, TrackerReply, is_redirect, parse_tracker_reply,
    resolve_location, write_get,
};
use crate::wire::udp_tracker::Reply;

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(20);

/// For one address: trackers that are loaded take their time, and others may wait behind this one.
const HTTP_TIMEOUT: Duration = Duration::from_secs(15);

/// Why nothing came of an announce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) why: String,
    pub(super) retry: Retry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// When the announcer thinks fit.
    Soon,
    /// As the tracker wishes.
    NotWithin(Duration),
    Never,
}

/// What came of an exchange, if it is over.
pub(super) type Verdict = Option<Result<Told, Failure>>;

#[derive(Debug)]
pub(super) struct Exchange {
    event: Event,
    /// The tracker's, or where that sent us.
    url: Url,
    redirects: u8,
    leg: Leg,
}

#[derive(Debug)]
enum Leg {
    /// Nothing is under way yet.
    Start,
    Resolving {
        id: ExchangeId,
        give_up_at: Instant,
    },
    Http {
        id: ExchangeId,
        to: SocketAddr,
        /// Those not yet tried, the next one last.
        others: Vec<SocketAddr>,
        give_up_at: Instant,
    },
    Udp(UdpLeg),
}

impl Failure {
    pub(super) fn soon(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            retry: Retry::Soon,
        }
    }

    fn never(why: String) -> Self {
        Self {
            why,
            retry: Retry::Never,
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self {
            why: format!("the tracker refuses: {}", printable(&refused.reason)),
            retry: match refused.retry {
                None => Retry::Soon,
                Some(RetryIn::Never) => Retry::Never,
                Some(RetryIn::Minutes(minutes)) => {
                    Retry::NotWithin(Duration::from_secs(60 * u64::from(minutes)))
                }
            },
        }
    }
}

impl Exchange {
    pub(super) fn new(url: Url, event: Event) -> Self {
        Self {
            event,
            url,
            redirects: 0,
            leg: Leg::Start,
        }
    }

    pub(super) fn event(&self) -> Event {
        self.event
    }

    /// Whether the tracker may have heard of us through it.
    pub(super) fn is_sent(&self) -> bool {
        match &self.leg {
            Leg::Start | Leg::Resolving { .. } => false,
            Leg::Http { .. } => true,
            Leg::Udp(leg) => leg.is_announced(),
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        match &self.leg {
            Leg::Start => Instant::ZERO,
            Leg::Resolving { give_up_at, .. } | Leg::Http { give_up_at, .. } => *give_up_at,
            Leg::Udp(leg) => leg.deadline(),
        }
    }

    pub(super) fn abandon(self, context: &mut Context<'_>) {
        if let Leg::Http { id, .. } = self.leg {
            context.out.push_back(Output::Abandon { id });
        }
    }

    /// Sets out for the tracker, by way of the resolver where its addresses are not known.
    pub(super) fn begin(&mut self, context: &mut Context<'_>, memory: &mut Memory) -> Verdict {
        let port = self.url.port_or_default();
        if !matches!(self.url.scheme(), Scheme::Http | Scheme::Udp) {
            let scheme = self.url.scheme().as_str();
            let why = format!("trackers by `{scheme}` are not supported yet");
            return Some(Err(Failure::never(why)));
        }
        if self.url.scheme() == Scheme::Udp
            && self.url.path_and_query().len() > UDP_URL_DATA_LEN_BYTES_MAX
        {
            let why = format!(
                "the path of a tracker by UDP may have {UDP_URL_DATA_LEN_BYTES_MAX} bytes at most"
            );
            return Some(Err(Failure::never(why)));
        }
        let name = match self.url.host() {
            Host::Ipv4(address) => {
                return self.set_out(context, memory, vec![(*address, port).into()]);
            }
            Host::Ipv6(address) => {
                return self.set_out(context, memory, vec![(*address, port).into()]);
            }
            Host::Name(name) => name,
        };
        if self.redirects == 0
            && let Some(addresses) = memory.addresses(context.now)
        {
            let addresses = addresses.to_vec();
            return self.set_out(context, memory, addresses);
        }
        let (id, name) = (context.next_id(), name.clone());
        context.out.push_back(Output::Resolve { id, name });
        self.leg = Leg::Resolving {
            id,
            give_up_at: context.now + RESOLVE_TIMEOUT,
        };
        None
    }

    /// Whether this exchange waits for the answer to this question.
    pub(super) fn awaits(&self, wanted: ExchangeId) -> bool {
        match &self.leg {
            Leg::Resolving { id, .. } | Leg::Http { id, .. } => *id == wanted,
            Leg::Start | Leg::Udp(_) => false,
        }
    }

    pub(super) fn resolved(
        &mut self,
        context: &mut Context<'_>,
        memory: &mut Memory,
        found: Result<Vec<IpAddr>, String>,
    ) -> Verdict {
        if !matches!(self.leg, Leg::Resolving { .. }) {
            return None;
        }
        let port = self.url.port_or_default();
        let found = match found {
            Ok(found) if found.is_empty() => Err("it has no address".to_owned()),
            found => found,
        };
        let mut addresses: Vec<SocketAddr> = match found {
            Ok(found) => found.into_iter().map(|ip| (ip, port).into()).collect(),
            Err(why) => {
                let why = format!("`{}` is not found: {}", self.url.host(), printable(&why));
                return Some(Err(Failure::soon(why)));
            }
        };
        addresses.truncate(TRACKER_ADDRESSES_MAX);
        if self.redirects == 0 {
            memory.keep_addresses(context.now, &mut addresses);
        }
        self.set_out(context, memory, addresses)
    }

    fn set_out(
        &mut self,
        context: &mut Context<'_>,
        memory: &mut Memory,
        mut addresses: Vec<SocketAddr>,
    ) -> Verdict {
        if self.url.scheme() == Scheme::Udp {
            let leg = UdpLeg::begin(context, memory, &self.url, self.event, addresses);
            self.leg = Leg::Udp(leg);
            return None;
        }
        addresses.reverse();
        self.ask_next(context, memory, addresses, "it has no address")
    }

    /// Asks the last of `others`; where there is none, `why` the one before did not answer is the
    /// reason for all.
    fn ask_next(
        &mut self,
        context: &mut Context<'_>,
        memory: &mut Memory,
        mut others: Vec<SocketAddr>,
        why: &str,
    ) -> Verdict {
        let Some(to) = others.pop() else {
            memory.forget_addresses();
            return Some(Err(Failure::soon(why)));
        };
        let (id, give_up_at) = (context.next_id(), context.now + HTTP_TIMEOUT);
        let mut request = Vec::new();
        let query = announce_query(context, self.event, memory.tracker_id());
        write_get(&mut request, &self.url, &query, &[]);
        context.out.push_back(Output::Http {
            id,
            to,
            request,
            give_up_at,
        });
        self.leg = Leg::Http {
            id,
            to,
            others,
            give_up_at,
        };
        None
    }

    pub(super) fn http_done(
        &mut self,
        context: &mut Context<'_>,
        memory: &mut Memory,
        response: &Response,
    ) -> Verdict {
        let Leg::Http { to, .. } = self.leg else {
            return None;
        };
        if self.redirects == 0 {
            memory.prefer(to);
        }
        if is_redirect(response.status) {
            return self.redirect(context, memory, response.location.as_deref());
        }
        let is_ok = (200..300).contains(&response.status);
        Some(match parse_tracker_reply(&response.body) {
            Ok(TrackerReply::Refused(refused)) => Err(refused.into()),
            Ok(TrackerReply::Told(told)) if is_ok => Ok(told),
            Err(error) if is_ok => Err(Failure::soon(error.to_string())),
            _ => Err(Failure::soon(format!(
                "the tracker answers with the HTTP status {}",
                response.status
            ))),
        })
    }

    fn redirect(
        &mut self,
        context: &mut Context<'_>,
        memory: &mut Memory,
        location: Option<&str>,
    ) -> Verdict {
        if self.redirects == TRACKER_REDIRECTS_MAX {
            let why = format!("the tracker sends us on more than {TRACKER_REDIRECTS_MAX} times");
            return Some(Err(Failure::soon(why)));
        }
        let Some(location) = location else {
            let why = "the tracker sends us on, and does not say where to";
            return Some(Err(Failure::soon(why)));
        };
        match resolve_location(&self.url, location) {
            // Nobody is to be talked into sending datagrams to third parties.
            Ok(url) if matches!(url.scheme(), Scheme::Http | Scheme::Https) => {
                self.url = url;
                self.redirects += 1;
                self.begin(context, memory)
            }
            Ok(url) => {
                let why = format!("the tracker sends us on to `{}`", excerpt(url.as_str()));
                Some(Err(Failure::soon(why)))
            }
            Err(error) => {
                let why = format!("the tracker sends us on to nowhere: {error}");
                Some(Err(Failure::soon(why)))
            }
        }
    }

    pub(super) fn http_failed(
        &mut self,
        context: &mut Context<'_>,
        memory: &mut Memory,
        why: &str,
    ) -> Verdict {
        let Leg::Http { to, others, .. } = &mut self.leg else {
            return None;
        };
        let (others, why) = (std::mem::take(others), format!("{to}: {why}"));
        self.ask_next(context, memory, others, &why)
    }

    pub(super) fn awaits_datagram(&self, from: SocketAddr, transaction_id: u32) -> bool {
        matches!(&self.leg, Leg::Udp(leg) if leg.awaits(from, transaction_id))
    }

    /// Takes a datagram that [`Exchange::awaits_datagram`] has found to be ours.
    pub(super) fn datagram(
        &mut self,
        context: &mut Context<'_>,
        memory: &mut Memory,
        from: SocketAddr,
        reply: &Reply<'_>,
    ) -> Verdict {
        match &mut self.leg {
            Leg::Udp(leg) => leg.answered(context, memory, from, reply),
            _ => None,
        }
    }

    pub(super) fn tick(&mut self, context: &mut Context<'_>, memory: &mut Memory) -> Verdict {
        if context.now < self.deadline() {
            return None;
        }
        match &mut self.leg {
            Leg::Start => self.begin(context, memory),
            Leg::Resolving { .. } => {
                let why = format!("`{}` is not found in time", self.url.host());
                Some(Err(Failure::soon(why)))
            }
            Leg::Http { id, .. } => {
                context.out.push_back(Output::Abandon { id: *id });
                self.http_failed(context, memory, "no answer in time")
            }
            Leg::Udp(leg) => leg.tick(context, memory),
        }
    }
}
