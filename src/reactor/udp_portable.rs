//! Datagrams one by one, where the system knows no batches.

use std::io;

use mio::net::UdpSocket;

use super::udp::Received;
use crate::base::DatagramBatch;
use crate::base::limits::{DATAGRAM_BATCH_LEN_MAX, DATAGRAM_LEN_BYTES_MAX};

#[derive(Debug)]
pub(super) struct BatchIo {
    /// A byte longer than the longest, to tell one that is too long.
    buffer: Box<[u8]>,
}

impl BatchIo {
    pub(super) fn new() -> Self {
        Self {
            buffer: vec![0; DATAGRAM_LEN_BYTES_MAX + 1].into_boxed_slice(),
        }
    }

    /// Receives a batch. One that is not full emptied the socket.
    pub(super) fn receive(
        &mut self,
        socket: &UdpSocket,
        into: &mut DatagramBatch,
    ) -> io::Result<Received> {
        let mut received = Received {
            datagrams: 0,
            too_long: 0,
        };
        while received.datagrams < DATAGRAM_BATCH_LEN_MAX {
            match socket.recv_from(&mut self.buffer) {
                Ok((len_bytes, from)) => {
                    received.datagrams += 1;
                    if len_bytes > DATAGRAM_LEN_BYTES_MAX {
                        received.too_long += 1;
                    } else {
                        into.push(from, &self.buffer[..len_bytes]);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Systems that report an earlier datagram's fate here report it once.
                Err(_) => received.datagrams += 1,
            }
        }
        Ok(received)
    }

    /// Sends some from index `first` (within the batch) on; an error is about that one.
    pub(super) fn send(
        &mut self,
        socket: &UdpSocket,
        batch: &DatagramBatch,
        first: usize,
    ) -> io::Result<usize> {
        for (sent, (to, bytes)) in batch.iter().skip(first).enumerate() {
            match socket.send_to(bytes, to) {
                Ok(_) => {}
                Err(error) if sent == 0 => return Err(error),
                Err(_) => return Ok(sent),
            }
        }
        Ok(batch.len() - first)
    }
}
