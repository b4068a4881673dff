//! Receives and answers, and does nothing else: what no tracker on one thread can surpass by much.
//! Every announce gets the same 30 peers, over UDP in batches or over HTTP.

mod http;
mod udp;

use std::net::SocketAddrV4;
use std::process::ExitCode;

/// 30 peers of IPv4.
const PEERS_LEN_BYTES: usize = 30 * 6;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [how, address] = words.as_slice() else {
        return usage();
    };
    let Ok(address) = address.parse::<SocketAddrV4>() else {
        return usage();
    };
    let ended = match how.as_str() {
        "udp" => udp::serve(address),
        "http-keep" => http::serve_connections_that_stay(address),
        "http-close" => http::serve_one_after_the_other(address),
        _ => return usage(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: `{address}`: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: bound udp|http-keep|http-close ADDR");
    ExitCode::from(2)
}
