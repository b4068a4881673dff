//! A read, and a write of the same answer.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::PEERS_LEN_BYTES;

const QUESTION_LEN_BYTES_MAX: usize = 8192;
const EVENTS_MAX: usize = 256;
/// No descriptor has this number.
const LISTENER: u64 = u64::MAX;

/// Accepts, reads, writes and closes, with calls that wait.
pub(crate) fn serve_one_after_the_other(address: SocketAddrV4) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    let answer = answer("close");
    let mut question = [0; QUESTION_LEN_BYTES_MAX];
    loop {
        let (mut stream, _) = listener.accept()?;
        if stream
            .read(&mut question)
            .is_ok_and(|len_bytes| len_bytes > 0)
        {
            // Who went away meanwhile asks for nothing more.
            let _ = stream.write(&answer);
        }
    }
}

/// Reads and writes where the kernel says that something came.
pub(crate) fn serve_connections_that_stay(address: SocketAddrV4) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    let answer = answer("keep-alive");
    let mut question = [0; QUESTION_LEN_BYTES_MAX];
    let mut streams: BTreeMap<u64, TcpStream> = BTreeMap::new();
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    let mut events = [EpollEvent::empty(); EVENTS_MAX];
    loop {
        let count = epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in &events[..count] {
            if event.data() == LISTENER {
                let (stream, _) = listener.accept()?;
                let key = u64::try_from(stream.as_raw_fd()).unwrap_or(LISTENER);
                epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, key))?;
                streams.insert(key, stream);
            } else if let Some(stream) = streams.get_mut(&event.data()) {
                let is_open = stream
                    .read(&mut question)
                    .is_ok_and(|len_bytes| len_bytes > 0);
                if !is_open || stream.write(&answer).is_err() {
                    streams.remove(&event.data());
                }
            }
        }
    }
}

fn answer(connection: &str) -> Vec<u8> {
    let mut body = b"d8:completei10e10:incompletei10e8:intervali1800e5:peers".to_vec();
    body.extend_from_slice(format!("{PEERS_LEN_BYTES}:").as_bytes());
    body.extend_from_slice(&[7; PEERS_LEN_BYTES]);
    body.push(b'e');
    let len_bytes = body.len();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len_bytes}\r\n\
         Connection: {connection}\r\n\r\n"
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    answer
}
