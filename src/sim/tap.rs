//! Listening in on what a client says to its peers: it never tells of a piece that it has not
//! verified, and never sends a byte that is not the content's.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use super::disk::{Disk, Disks};

/// What is sent before the messages.
const HANDSHAKE_LEN_BYTES: usize = 68;

/// Where the torrent is named in it.
const INFO_HASH: Range<usize> = 28..48;

/// Reads one direction of a stream, apart from the code that wrote it.
#[derive(Debug)]
pub(super) struct Tap {
    /// Of the torrents that the client has.
    disks: Disks,
    unread: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Handshake,
    /// About the torrent on this one of the disks.
    Messages(usize),
    /// It is no conversation between peers.
    Deaf,
}

impl Tap {
    pub(super) fn new(disks: Disks) -> Self {
        Self {
            disks,
            unread: Vec::new(),
            state: State::Handshake,
        }
    }

    pub(super) fn listen(&mut self, bytes: &[u8]) {
        if self.state == State::Deaf {
            return;
        }
        self.unread.extend_from_slice(bytes);
        if self.state == State::Handshake {
            if self.unread[0] != 19 {
                self.state = State::Deaf;
                return;
            }
            if self.unread.len() < HANDSHAKE_LEN_BYTES {
                return;
            }
            let named = |disk: &Rc<RefCell<Disk>>| {
                disk.borrow().content().info_hash.0[..] == self.unread[INFO_HASH]
            };
            let disk = self.disks.iter().position(named);
            self.state = disk.map_or(State::Deaf, State::Messages);
            self.unread.drain(..HANDSHAKE_LEN_BYTES);
        }
        let State::Messages(disk) = self.state else {
            return;
        };
        let mut at = 0;
        while let Some(len_bytes) = number(&self.unread[at..]) {
            let end = at + 4 + len_bytes as usize;
            let Some(message) = self.unread.get(at + 4..end) else {
                break;
            };
            self.hear(disk, message);
            at = end;
        }
        self.unread.drain(..at);
    }

    fn hear(&self, disk: usize, message: &[u8]) {
        let Some((id, body)) = message.split_first() else {
            return;
        };
        let disk = self.disks[disk].borrow();
        match (id, body) {
            (4, _) => disk.check_told(number(body)),
            (5, bits) => {
                for index in 0..disk.piece_count() {
                    let byte = bits.get(index as usize / 8).copied().unwrap_or(0);
                    if byte & 0x80 >> (index % 8) != 0 {
                        disk.check_told(Some(index));
                    }
                }
            }
            (7, _) => {
                let (piece, offset) = (number(body), number(body.get(4..).unwrap_or_default()));
                disk.check_served(piece, offset, body.get(8..).unwrap_or_default());
            }
            (14, _) => (0..disk.piece_count()).for_each(|index| disk.check_told(Some(index))),
            _ => {}
        }
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.first_chunk()?))
}
