//! The packets of UDP trackers (BEP 15) and the options after an announce (BEP 41), both ways.
//!
//! Readers borrow from the packet, writers append to a buffer that the caller keeps. A packet may be
//! longer than its fields: that is how the protocol grows.

mod fields;
mod options;
mod reply;
mod request;
#[cfg(test)]
mod tests;

pub use options::{UrlData, write_url_data};
pub use reply::{
    Reply, ReplyError, Scraped, parse_reply, write_announce_head, write_connect, write_error,
    write_scrape_entry, write_scrape_head,
};
pub use request::{
    AnnounceRequest, ConnectRequest, Header, Malformed, Request, ScrapeRequest, parse_request,
};

/// What stands in the place of a connection id while there is none.
pub const PROTOCOL_ID: u64 = 0x0417_2710_1980;

const CONNECT: u32 = 0;
const ANNOUNCE: u32 = 1;
const SCRAPE: u32 = 2;
const ERROR: u32 = 3;
