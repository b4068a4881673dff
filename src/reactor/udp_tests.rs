//! Both ways to move a batch do the same.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use super::udp::Received;
use crate::base::DatagramBatch;
use crate::base::limits::{DATAGRAM_BATCH_LEN_MAX, DATAGRAM_LEN_BYTES_MAX};

macro_rules! tests_of {
    ($module:ident) => {
        mod $module {
            use super::super::$module::BatchIo;
            use super::*;

            #[test]
            fn a_batch_is_full_or_the_socket_is_empty() {
                for ip in ["127.0.0.1", "::1"] {
                    let (ours, theirs) = pair(ip);
                    let datagrams = DATAGRAM_BATCH_LEN_MAX + 3;
                    for index in 0..datagrams {
                        theirs.send(&index.to_be_bytes()).unwrap();
                    }
                    let (mut io, mut batch) = (BatchIo::new(), DatagramBatch::default());
                    for expected in [DATAGRAM_BATCH_LEN_MAX, 3] {
                        let received = io.receive(&ours, &mut batch).unwrap();
                        assert_eq!(received.datagrams, expected);
                    }
                    for (index, (from, bytes)) in batch.iter().enumerate() {
                        assert_eq!(from, theirs.local_addr().unwrap());
                        assert_eq!(bytes, index.to_be_bytes());
                    }
                    assert_eq!(batch.len(), datagrams);
                    assert!(is_empty(io.receive(&ours, &mut batch)));
                }
            }

            #[test]
            fn a_datagram_of_excess_length_is_left_out() {
                let (ours, theirs) = pair("127.0.0.1");
                theirs.send(&[1; DATAGRAM_LEN_BYTES_MAX + 1]).unwrap();
                theirs.send(&[2; DATAGRAM_LEN_BYTES_MAX]).unwrap();
                let mut batch = DatagramBatch::default();
                let received = BatchIo::new().receive(&ours, &mut batch).unwrap();
                assert_eq!((received.datagrams, received.too_long), (2, 1));
                let (_, bytes) = batch.get(0).unwrap();
                assert_eq!(bytes, [2; DATAGRAM_LEN_BYTES_MAX]);
            }

            #[test]
            fn sending_starts_where_it_is_told_and_an_error_is_about_the_first() {
                let (ours, theirs) = pair("127.0.0.1");
                let to = theirs.local_addr().unwrap();
                let nowhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
                let mut batch = DatagramBatch::default();
                batch.push(to, b"sent before");
                batch.push(to, b"first");
                batch.push(nowhere, b"lost");
                batch.push(to, b"last");
                let mut io = BatchIo::new();
                assert_eq!(io.send(&ours, &batch, 1).unwrap(), 1);
                assert!(io.send(&ours, &batch, 2).is_err());
                assert_eq!(io.send(&ours, &batch, 3).unwrap(), 1);
                for expected in [&b"first"[..], b"last"] {
                    let mut bytes = [0; 16];
                    let len_bytes = theirs.recv(&mut bytes).unwrap();
                    assert_eq!(&bytes[..len_bytes], expected);
                }
            }
        }
    };
}

#[cfg(target_os = "linux")]
tests_of!(udp_linux);
tests_of!(udp_portable);

fn pair(ip: &str) -> (mio::net::UdpSocket, UdpSocket) {
    let address = SocketAddr::new(ip.parse().unwrap(), 0);
    let ours = mio::net::UdpSocket::bind(address).unwrap();
    let theirs = UdpSocket::bind(address).unwrap();
    theirs.connect(ours.local_addr().unwrap()).unwrap();
    let patience = Some(Duration::from_secs(20));
    theirs.set_read_timeout(patience).unwrap();
    (ours, theirs)
}

fn is_empty(received: io::Result<Received>) -> bool {
    match received {
        Ok(received) => received.datagrams == 0,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}
