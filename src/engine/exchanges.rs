//! Questions to trackers and name servers that are under way.

use std::collections::BTreeMap;

use super::job::{ResolveId, TorrentId};
use crate::base::limits::TRACKER_REPLY_LEN_BYTES_MAX;
use crate::base::{RecvPlan, SendPlan};
use crate::tracker::announcer::ExchangeId;
use crate::wire::http::{Response, ResponseError, ResponseReader};

/// How many bytes of a response are received at once.
const RESPONSE_STEP_BYTES: usize = 16 << 10;

/// A request to a tracker over HTTP, and what has come of it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) torrent: TorrentId,
    pub(super) id: ExchangeId,
    request: Vec<u8>,
    sent_bytes: usize,
    reader: Option<ResponseReader>,
}

impl Exchange {
    pub(super) fn new(torrent: TorrentId, id: ExchangeId, request: Vec<u8>) -> Self {
        Self {
            torrent,
            id,
            request,
            sent_bytes: 0,
            reader: Some(ResponseReader::new(TRACKER_REPLY_LEN_BYTES_MAX)),
        }
    }

    pub(super) fn is_of(&self, torrent: TorrentId, id: ExchangeId) -> bool {
        (self.torrent, self.id) == (torrent, id)
    }

    pub(super) fn recv_plan(&self, plan: &mut RecvPlan) {
        plan.scratch(RESPONSE_STEP_BYTES);
    }

    pub(super) fn send_plan<'a>(&'a self, plan: &mut SendPlan<'a>) {
        plan.bytes(&self.request[self.sent_bytes..]);
    }

    pub(super) fn sent(&mut self, len_bytes: usize) {
        self.sent_bytes += len_bytes;
    }

    /// The response, once.
    pub(super) fn received(&mut self, bytes: &[u8]) -> Option<Result<Response, ResponseError>> {
        let read = self.reader.as_mut()?.feed(bytes).transpose()?;
        self.reader = None;
        Some(read)
    }

    pub(super) fn ended(&mut self) -> Option<Result<Response, ResponseError>> {
        self.reader.take().map(ResponseReader::end_of_stream)
    }
}

/// Whose question each query for an address is.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    queries: BTreeMap<ResolveId, (TorrentId, ExchangeId)>,
    last_query: u64,
}

impl Exchanges {
    pub(super) fn ask_address(&mut self, torrent: TorrentId, exchange: ExchangeId) -> ResolveId {
        self.last_query += 1;
        let query = ResolveId(self.last_query);
        self.queries.insert(query, (torrent, exchange));
        query
    }

    pub(super) fn answered(&mut self, query: ResolveId) -> Option<(TorrentId, ExchangeId)> {
        self.queries.remove(&query)
    }
}
