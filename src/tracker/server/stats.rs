//! What was done so far, for people (`/stats`) and for Prometheus (`/metrics`).

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::tracker::Family;
use crate::tracker::table::Totals;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Http,
    Udp,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    Announces,
    Scrapes,
    Connects,
    /// Answered with the reason why not.
    Failures,
    /// Told to come less often.
    Refused,
    /// Not answered: no request, no valid connection id, or far too often.
    Ignored,
    /// Taken from the other tracker of the pair.
    Told,
    /// Of another tracker that would tell of announces, or was told of some: who is who.
    Questions,
}

const TRANSPORTS: [(Transport, &str); 2] = [(Transport::Http, "http"), (Transport::Udp, "udp")];
const FAMILIES: [(Family, &str); 2] = [(Family::V4, "ipv4"), (Family::V6, "ipv6")];
const COUNTERS: [(Counter, &str); 8] = [
    (Counter::Announces, "announces"),
    (Counter::Scrapes, "scrapes"),
    (Counter::Connects, "connects"),
    (Counter::Failures, "failures"),
    (Counter::Refused, "refused"),
    (Counter::Ignored, "ignored"),
    (Counter::Told, "told"),
    (Counter::Questions, "questions"),
];

#[derive(Clone, Debug, Default)]
pub struct Stats {
    counts: [[[u64; COUNTERS.len()]; FAMILIES.len()]; TRANSPORTS.len()],
}

/// How it stands with what surrounds the server, where there is such a thing.
#[derive(Debug, Default)]
pub struct Surroundings {
    pub pair: Option<Value>,
    pub state_file: Option<Value>,
}

impl Stats {
    pub(super) fn count(&mut self, transport: Transport, family: Family, counter: Counter) {
        self.counts[transport as usize][family as usize][counter as usize] += 1;
    }

    pub fn get(&self, transport: Transport, family: Family, counter: Counter) -> u64 {
        self.counts[transport as usize][family as usize][counter as usize]
    }

    pub fn write_json(&self, totals: Totals, surroundings: &Surroundings, out: &mut Vec<u8>) {
        let mut requests = serde_json::Map::new();
        for (transport, transport_name) in TRANSPORTS {
            for (family, family_name) in FAMILIES {
                let counts = COUNTERS.map(|(counter, name)| {
                    (name.to_owned(), self.get(transport, family, counter).into())
                });
                let counts: serde_json::Map<_, serde_json::Value> = counts.into_iter().collect();
                requests.insert(format!("{transport_name}_{family_name}"), counts.into());
            }
        }
        let stats = json!({
            "swarms": totals.swarms,
            "peers": { "ipv4": totals.peers_v4, "ipv6": totals.peers_v6 },
            "seeders": totals.seeders,
            "leechers": totals.peers() - totals.seeders,
            "requests": requests,
            "pair": surroundings.pair,
            "state_file": surroundings.state_file,
        });
        let mut text = stats.to_string();
        text.push('\n');
        out.extend_from_slice(text.as_bytes());
    }

    pub fn write_metrics(&self, totals: Totals, out: &mut Vec<u8>) {
        let mut text = String::new();
        let leechers = totals.peers() - totals.seeders;
        // Writing to memory does not fail.
        let _ = write!(
            text,
            "# HELP mt_tracker_swarms Swarms that the tracker knows.\n\
             # TYPE mt_tracker_swarms gauge\n\
             mt_tracker_swarms {}\n\
             # HELP mt_tracker_peers Peers that the tracker knows, by address family.\n\
             # TYPE mt_tracker_peers gauge\n\
             mt_tracker_peers{{family=\"ipv4\"}} {}\n\
             mt_tracker_peers{{family=\"ipv6\"}} {}\n\
             # HELP mt_tracker_roles Peers that the tracker knows, by role.\n\
             # TYPE mt_tracker_roles gauge\n\
             mt_tracker_roles{{role=\"seeder\"}} {}\n\
             mt_tracker_roles{{role=\"leecher\"}} {leechers}\n\
             # HELP mt_tracker_requests_total Requests, by what became of them.\n\
             # TYPE mt_tracker_requests_total counter\n",
            totals.swarms, totals.peers_v4, totals.peers_v6, totals.seeders,
        );
        for (transport, transport_name) in TRANSPORTS {
            for (family, family_name) in FAMILIES {
                for (counter, name) in COUNTERS {
                    let _ = writeln!(
                        text,
                        "mt_tracker_requests_total{{transport=\"{transport_name}\",\
                         family=\"{family_name}\",result=\"{name}\"}} {}",
                        self.get(transport, family, counter)
                    );
                }
            }
        }
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_where_they_belong() {
        let mut stats = Stats::default();
        for _ in 0..3 {
            stats.count(Transport::Udp, Family::V6, Counter::Scrapes);
        }
        let totals = Totals {
            swarms: 1,
            peers_v4: 2,
            peers_v6: 3,
            seeders: 4,
        };
        let mut json = Vec::new();
        stats.write_json(totals, &Surroundings::default(), &mut json);
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(value["requests"]["udp_ipv6"]["scrapes"], 3);
        assert_eq!(value["requests"]["udp_ipv4"]["scrapes"], 0);
        assert_eq!(
            (&value["peers"]["ipv6"], &value["leechers"]),
            (&json!(3), &json!(1))
        );

        let mut metrics = Vec::new();
        stats.write_metrics(totals, &mut metrics);
        let metrics = String::from_utf8(metrics).unwrap();
        let line =
            "mt_tracker_requests_total{transport=\"udp\",family=\"ipv6\",result=\"scrapes\"} 3\n";
        assert!(metrics.contains(line), "{metrics}");
        assert_eq!(
            metrics.lines().filter(|line| line.ends_with(" 3")).count(),
            2
        );
    }
}
