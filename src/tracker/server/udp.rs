//! Packets.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{
    Asked, Counter, NOT_SERVED, Server, TOO_OFTEN, Transport, family, scraped, time, wanted,
};
use crate::base::DatagramBatch;
use crate::tracker::limiter::Verdict;
use crate::tracker::table::{Asker, Sight};
use crate::tracker::{Family, Peer};
use crate::wire::udp_tracker::{self, AnnounceRequest, Header, Malformed, Request, ScrapeRequest};

/// As many as fit the smallest packet that every IPv6 network carries whole.
const PEERS_V6_MAX: u32 = 66;

impl Server {
    /// Answers packets that came together: whoever announces in them is looked for before the first of
    /// them is answered.
    pub fn udp_batch(
        &mut self,
        now: Duration,
        received: &DatagramBatch,
        replies: &mut DatagramBatch,
    ) {
        self.askers.clear();
        self.askers
            .extend(received.iter().map(|(from, packet)| asker(from, packet)));
        self.table.look_ahead(&self.askers, &mut self.sights);
        for (nth, (from, packet)) in received.iter().enumerate() {
            let sight = self.sights.get(nth).copied().unwrap_or_default();
            replies.push_with(from, |out| self.udp_packet(now, from, packet, sight, out));
        }
    }

    /// Answers one packet by appending to `out`, or by leaving it as it is.
    pub fn udp(&mut self, now: Duration, from: SocketAddr, packet: &[u8], out: &mut Vec<u8>) {
        self.udp_packet(now, from, packet, Sight::default(), out);
    }

    /// Strangers, whose addresses may be forged, are told no more than a connection id, which is as
    /// long as their question.
    fn udp_packet(
        &mut self,
        now: Duration,
        from: SocketAddr,
        packet: &[u8],
        sight: Sight,
        out: &mut Vec<u8>,
    ) {
        let source = from.ip().to_canonical();
        // By reference: to copy a request that was just put together takes longer than to read it.
        let request = &udp_tracker::parse_request(packet);
        let counter = match request {
            Ok(Request::Connect(connect)) => {
                let connection_id = self.connection_ids.issue(time(now), source);
                udp_tracker::write_connect(out, connect.transaction_id, connection_id);
                Counter::Connects
            }
            Ok(Request::Announce(announce)) => self.udp_announce(now, source, announce, sight, out),
            Ok(Request::Scrape(scrape)) => self.udp_scrape(now, source, scrape, out),
            Err(malformed) => self.udp_malformed(now, source, *malformed, out),
        };
        self.stats.count(Transport::Udp, family(source), counter);
    }

    fn udp_announce(
        &mut self,
        now: Duration,
        source: IpAddr,
        announce: &AnnounceRequest<'_>,
        sight: Sight,
        out: &mut Vec<u8>,
    ) -> Counter {
        if let Some(counter) = self.udp_not_admitted(now, source, announce.header, out) {
            return counter;
        }
        let transaction_id = announce.header.transaction_id;
        if !self.config.access.allows(&announce.info_hash) {
            udp_tracker::write_error(out, transaction_id, NOT_SERVED);
            return Counter::Failures;
        }
        let claimed = announce.ip.map(IpAddr::V4);
        let asked = Asked {
            info_hash: announce.info_hash,
            address: self.config.addresses.of_peer(source, source, claimed),
            port: announce.port,
            left_bytes: Some(announce.left_bytes),
            event: announce.event,
            wanted: announce.wanted,
        };
        let seat = self.enter(now, &asked, sight);
        let counts = self.table.counts(&seat);
        let interval_s = self.interval_s();
        let (leechers, seeders) = (counts.leechers, counts.seeders);
        udp_tracker::write_announce_head(out, transaction_id, interval_s, leechers, seeders);
        // The packet's family decides how long an entry is, whatever the peer's address was made.
        let family = family(source);
        let wanted = match family {
            Family::V4 => wanted(&asked),
            Family::V6 => wanted(&asked).min(PEERS_V6_MAX),
        };
        self.table
            .sample(time(now), &seat, family, wanted, &mut self.rng, out);
        Counter::Announces
    }

    fn udp_scrape(
        &mut self,
        now: Duration,
        source: IpAddr,
        scrape: &ScrapeRequest<'_>,
        out: &mut Vec<u8>,
    ) -> Counter {
        if let Some(counter) = self.udp_not_admitted(now, source, scrape.header, out) {
            return counter;
        }
        udp_tracker::write_scrape_head(out, scrape.header.transaction_id);
        for info_hash in scrape.info_hashes() {
            let is_served = self.config.access.allows(&info_hash);
            let counts = self
                .table
                .scrape(&info_hash)
                .filter(|_| is_served)
                .unwrap_or_default();
            udp_tracker::write_scrape_entry(out, scraped(counts));
        }
        Counter::Scrapes
    }

    fn udp_malformed(
        &mut self,
        now: Duration,
        source: IpAddr,
        malformed: Malformed,
        out: &mut Vec<u8>,
    ) -> Counter {
        let Some(header) = malformed.header() else {
            return Counter::Ignored;
        };
        if let Some(counter) = self.udp_not_admitted(now, source, header, out) {
            return counter;
        }
        udp_tracker::write_error(out, header.transaction_id, &malformed.to_string());
        Counter::Failures
    }

    /// What a packet counts as that is not to be looked into. Only who has shown to receive packets at
    /// an address uses up what that address may ask.
    fn udp_not_admitted(
        &mut self,
        now: Duration,
        source: IpAddr,
        header: Header,
        out: &mut Vec<u8>,
    ) -> Option<Counter> {
        if !self
            .connection_ids
            .is_valid(time(now), source, header.connection_id)
        {
            return Some(Counter::Ignored);
        }
        match self.verdict(now, source) {
            Verdict::Allow => None,
            Verdict::Refuse => {
                udp_tracker::write_error(out, header.transaction_id, TOO_OFTEN);
                Some(Counter::Refused)
            }
            Verdict::Ignore => Some(Counter::Ignored),
        }
    }
}

/// Where the tracker makes another address of the source, nothing but the look ahead was in vain.
fn asker(from: SocketAddr, packet: &[u8]) -> Option<Asker> {
    match &udp_tracker::parse_request(packet) {
        Ok(Request::Announce(announce)) => Some(Asker {
            info_hash: announce.info_hash,
            peer: Peer::new(from.ip(), announce.port),
        }),
        _ => None,
    }
}
