//! One call receives a batch, one sends the answers.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd as _;

use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt, sockopt,
};

use crate::PEERS_LEN_BYTES;

const BATCH_LEN: usize = 32;
const QUESTION_LEN_BYTES_MAX: usize = 2048;
const SOCKET_BUFFER_LEN_BYTES: usize = 4 << 20;

const CONNECT: u32 = 0;
const ANNOUNCE: u32 = 1;
const CONNECT_LEN_BYTES: usize = 16;
const ANNOUNCE_LEN_BYTES: usize = 20 + PEERS_LEN_BYTES;

struct Answer {
    bytes: [u8; ANNOUNCE_LEN_BYTES],
    len_bytes: usize,
}

pub(crate) fn serve(address: SocketAddrV4) -> io::Result<()> {
    let socket = UdpSocket::bind(address)?;
    setsockopt(&socket, sockopt::RcvBuf, &SOCKET_BUFFER_LEN_BYTES)?;
    let mut buffers = [[0; QUESTION_LEN_BYTES_MAX]; BATCH_LEN];
    let mut questions = MultiHeaders::<SockaddrIn>::preallocate(BATCH_LEN, None);
    let mut headers = MultiHeaders::<SockaddrIn>::preallocate(BATCH_LEN, None);
    let mut answers = [const { Answer::new() }; BATCH_LEN];
    let mut askers: [Option<SockaddrIn>; BATCH_LEN] = [None; BATCH_LEN];
    loop {
        let mut count = 0;
        let mut spans = buffers.each_mut().map(|buffer| [IoSliceMut::new(buffer)]);
        let received = recvmmsg(
            socket.as_raw_fd(),
            &mut questions,
            spans.iter_mut(),
            MsgFlags::MSG_WAITFORONE,
            None,
        )?;
        for question in received {
            let bytes = question.iovs().next().unwrap_or_default();
            if let Some(header) = bytes.first_chunk() {
                answers[count].fill(header);
                askers[count] = question.address;
                count += 1;
            }
        }
        let spans = answers
            .each_ref()
            .map(|it| [IoSlice::new(&it.bytes[..it.len_bytes])]);
        let none: [ControlMessage<'_>; 0] = [];
        let flags = MsgFlags::empty();
        // Answers that find no room are lost, as they are on any network.
        let _ = sendmmsg(
            socket.as_raw_fd(),
            &mut headers,
            &spans[..count],
            &askers[..count],
            none,
            flags,
        );
    }
}

impl Answer {
    const fn new() -> Self {
        Self {
            bytes: [7; ANNOUNCE_LEN_BYTES],
            len_bytes: 0,
        }
    }

    /// Both answers begin with the action and the number of the question.
    fn fill(&mut self, header: &[u8; CONNECT_LEN_BYTES]) {
        let (action, len_bytes) = match header[8..12] {
            [0, 0, 0, 0] => (CONNECT, CONNECT_LEN_BYTES),
            _ => (ANNOUNCE, ANNOUNCE_LEN_BYTES),
        };
        self.bytes[..4].copy_from_slice(&action.to_be_bytes());
        self.bytes[4..8].copy_from_slice(&header[12..16]);
        self.len_bytes = len_bytes;
    }
}
