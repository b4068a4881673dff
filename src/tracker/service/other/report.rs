//! How it stands with the other tracker, for people and for those who watch.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::base::{CloseReason, DialError};
use crate::tracker::pair::Figures;
use crate::wire::http::PipelinedError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing has come of it so far.
    Calling,
    /// It knows us, and takes what it is told.
    Paired,
    Trouble(Trouble),
}

/// Why the other tracker is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("it cannot be reached: {0}")]
    NotReached(DialError),
    #[error("the connection is lost: {0}")]
    Lost(CloseReason),
    #[error("it has ended the connection")]
    Ended,
    #[error("it does not answer")]
    Silent,
    #[error("it is no mt tracker, and is told nothing")]
    Stranger,
    #[error("it is no mt tracker, and is told nothing: {0}")]
    NoResponse(#[from] PipelinedError),
    #[error("it has no pair: start it with the address of this tracker")]
    Unpaired,
    #[error("it does not know us: is it told the address that this tracker listens on?")]
    NotConfirmed,
    #[error("that is this tracker itself")]
    Yourself,
}

/// What people are told when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairReport {
    pub address: SocketAddr,
    pub standing: Standing,
}

impl fmt::Display for PairReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pair `{}`: ", self.address)?;
        match self.standing {
            Standing::Calling => f.write_str("calling it"),
            Standing::Paired => f.write_str("it takes what it is told"),
            Standing::Trouble(trouble) => write!(f, "{trouble}; this one serves alone"),
        }
    }
}

/// All that the operator's pages show of the pair.
#[derive(Clone, Copy, Debug)]
pub(in crate::tracker::service) struct PairView {
    pub(super) report: PairReport,
    pub(super) figures: Figures,
    /// Whether what it tells is believed.
    pub(super) is_confirmed: bool,
}

impl PairView {
    pub(in crate::tracker::service) fn json(&self) -> Value {
        let figures = self.figures;
        let (state, trouble) = match self.report.standing {
            Standing::Calling => ("calling", None),
            Standing::Paired => ("paired", None),
            Standing::Trouble(trouble) => ("alone", Some(trouble.to_string())),
        };
        json!({
            "other": self.report.address.to_string(),
            "state": state,
            "trouble": trouble,
            "confirmed": self.is_confirmed,
            "told": figures.told,
            "refused": figures.refused,
            "queued": figures.queued,
            "in_flight": figures.in_flight,
            "telling_all": figures.is_telling_all,
        })
    }

    pub(in crate::tracker::service) fn write_metrics(&self, out: &mut Vec<u8>) {
        let figures = self.figures;
        let is_paired = self.report.standing == Standing::Paired;
        let mut text = String::new();
        // Writing to memory does not fail.
        let _ = write!(
            text,
            "# HELP mt_tracker_pair_up Whether the other tracker takes what it is told.\n\
             # TYPE mt_tracker_pair_up gauge\n\
             mt_tracker_pair_up {}\n\
             # HELP mt_tracker_pair_confirmed Whether what the other tracker tells is believed.\n\
             # TYPE mt_tracker_pair_confirmed gauge\n\
             mt_tracker_pair_confirmed {}\n\
             # HELP mt_tracker_pair_told_total Announces that the other tracker was told.\n\
             # TYPE mt_tracker_pair_told_total counter\n\
             mt_tracker_pair_told_total{{result=\"taken\"}} {}\n\
             mt_tracker_pair_told_total{{result=\"refused\"}} {}\n\
             # HELP mt_tracker_pair_waiting Announces on their way to the other tracker.\n\
             # TYPE mt_tracker_pair_waiting gauge\n\
             mt_tracker_pair_waiting{{where=\"queued\"}} {}\n\
             mt_tracker_pair_waiting{{where=\"in_flight\"}} {}\n",
            u8::from(is_paired),
            u8::from(self.is_confirmed),
            figures.told,
            figures.refused,
            figures.queued,
            figures.in_flight,
        );
        out.extend_from_slice(text.as_bytes());
    }
}
