//! HTTP as far as a tracker and its clients need it: request heads, the queries of announces and
//! scrapes (BEP 3, 7, 23, 48), and their replies; requests to send, and responses to read.

mod announce;
mod chunked;
mod get;
mod head;
mod pipelined;
mod query;
mod reply;
mod response;
#[cfg(test)]
mod response_tests;
#[cfg(test)]
mod tests;
mod tracker_reply;
#[cfg(test)]
mod tracker_reply_tests;

pub use announce::{
    AnnounceQuery, MarkWords, QueryError, ScrapeQuery, parse_announce, parse_scrape,
};
pub use chunked::ChunksError;
pub use get::{is_redirect, resolve_location, write_get};
pub use head::{HeadError, Method, RequestHead, parse_head};
pub use pipelined::{PipelinedError, PipelinedResponse, parse_pipelined};
pub use query::pairs;
pub use reply::{
    AnnounceReply, Content, Peers, Status, write_announce, write_failure, write_response,
    write_scrape,
};
pub use response::{Response, ResponseError, ResponseReader};
pub use tracker_reply::{
    Refused, RetryIn, Told, TrackerReply, TrackerReplyError, parse_tracker_reply, unpack_peers,
};
