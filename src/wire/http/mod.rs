//! HTTP as far as a tracker needs it: request heads, the queries of announces and scrapes (BEP 3,
//! 7, 23, 48), and their replies.

mod announce;
mod head;
mod query;
mod reply;
mod response;
#[cfg(test)]
mod tests;

pub use announce::{AnnounceQuery, QueryError, ScrapeQuery, parse_announce, parse_scrape};
pub use head::{HeadError, Method, RequestHead, parse_head};
pub use query::pairs;
pub use reply::{
    AnnounceReply, Content, Peers, Status, write_announce, write_failure, write_response,
    write_scrape,
};
pub use response::{Response, ResponseError, parse_response};
