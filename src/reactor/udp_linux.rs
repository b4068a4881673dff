//! Datagrams by the batch: one system call for up to 32.
#![allow(unsafe_code)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the constants of the system, and the length of a batch, are small"
)]

use std::io;
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd as _;
use std::ptr;

use mio::net::UdpSocket;

use super::udp::Received;
use crate::base::DatagramBatch;
use crate::base::limits::{DATAGRAM_BATCH_LEN_MAX, DATAGRAM_LEN_BYTES_MAX};

const BATCH: usize = DATAGRAM_BATCH_LEN_MAX;

/// From one buffer to the next. At a distance that is a power of two, the fronts of all buffers would
/// compete for few places of the processor's cache; so there is a line more between them.
const STRIDE_BYTES: usize = DATAGRAM_LEN_BYTES_MAX + 64;

#[derive(Debug)]
pub(super) struct BatchIo {
    buffers: Box<[[u8; STRIDE_BYTES]; BATCH]>,
    addresses: [RawAddress; BATCH],
}

/// An address as the kernel writes it, with room for either family. Linux fixes this layout:
/// family, port, then for IPv4 the address, and for IPv6 flow, address and scope.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(4))]
struct RawAddress {
    family: u16,
    port: [u8; 2],
    rest: [u8; 24],
}

const _: () = assert!(mem::size_of::<RawAddress>() == mem::size_of::<libc::sockaddr_in6>());

const IPV4: u16 = libc::AF_INET as u16;
const IPV6: u16 = libc::AF_INET6 as u16;
const IPV4_LEN_BYTES: u32 = mem::size_of::<libc::sockaddr_in>() as u32;
const IPV6_LEN_BYTES: u32 = mem::size_of::<libc::sockaddr_in6>() as u32;

impl RawAddress {
    fn new(address: SocketAddr) -> (Self, u32) {
        let mut raw = Self {
            port: address.port().to_be_bytes(),
            ..Self::default()
        };
        match address {
            SocketAddr::V4(address) => {
                raw.family = IPV4;
                raw.rest[..4].copy_from_slice(&address.ip().octets());
                (raw, IPV4_LEN_BYTES)
            }
            SocketAddr::V6(address) => {
                raw.family = IPV6;
                raw.rest[..4].copy_from_slice(&address.flowinfo().to_ne_bytes());
                raw.rest[4..20].copy_from_slice(&address.ip().octets());
                raw.rest[20..].copy_from_slice(&address.scope_id().to_ne_bytes());
                (raw, IPV6_LEN_BYTES)
            }
        }
    }

    fn read(&self) -> Option<SocketAddr> {
        let port = u16::from_be_bytes(self.port);
        let (first, rest) = self.rest.split_first_chunk::<4>()?;
        match self.family {
            IPV4 => Some(SocketAddrV4::new(Ipv4Addr::from(*first), port).into()),
            IPV6 => {
                let (octets, rest) = rest.split_first_chunk::<16>()?;
                let (ip, flow) = (Ipv6Addr::from(*octets), u32::from_ne_bytes(*first));
                let scope = u32::from_ne_bytes(*rest.first_chunk()?);
                Some(SocketAddrV6::new(ip, port, flow, scope).into())
            }
            _ => None,
        }
    }
}

impl BatchIo {
    pub(super) fn new() -> Self {
        Self {
            buffers: Box::new([[0; STRIDE_BYTES]; BATCH]),
            addresses: [RawAddress::default(); BATCH],
        }
    }

    /// Receives a batch. One that is not full emptied the socket.
    pub(super) fn receive(
        &mut self,
        socket: &UdpSocket,
        into: &mut DatagramBatch,
    ) -> io::Result<Received> {
        let mut spans = [EMPTY_SPAN; BATCH];
        let mut headers = [empty_header(); BATCH];
        for index in 0..BATCH {
            spans[index].iov_base = self.buffers[index].as_mut_ptr().cast();
            spans[index].iov_len = DATAGRAM_LEN_BYTES_MAX;
            let header = &mut headers[index].msg_hdr;
            header.msg_name = ptr::from_mut(&mut self.addresses[index]).cast();
            header.msg_namelen = IPV6_LEN_BYTES;
            header.msg_iov = &raw mut spans[index];
            header.msg_iovlen = 1;
        }
        // SAFETY: each header points to an address and a span of its own, each span to a buffer of
        // the length that it states; all of them outlive the call, and nothing else borrows them.
        let count = unsafe {
            let flags = libc::MSG_DONTWAIT;
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as u32,
                flags as _,
                ptr::null_mut(),
            )
        };
        let datagrams = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        let mut too_long = 0;
        for (index, header) in headers[..datagrams].iter().enumerate() {
            if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                too_long += 1;
            } else if let Some(from) = self.addresses[index].read() {
                into.push(from, &self.buffers[index][..header.msg_len as usize]);
            }
        }
        Ok(Received {
            datagrams,
            too_long,
        })
    }

    /// Sends some from index `first` (within the batch) on; an error is about that one.
    pub(super) fn send(
        &mut self,
        socket: &UdpSocket,
        batch: &DatagramBatch,
        first: usize,
    ) -> io::Result<usize> {
        let mut spans = [EMPTY_SPAN; BATCH];
        let mut headers = [empty_header(); BATCH];
        let mut count = 0;
        for (index, (to, bytes)) in batch.iter().skip(first).take(BATCH).enumerate() {
            let (address, address_len_bytes) = RawAddress::new(to);
            self.addresses[index] = address;
            spans[index].iov_base = bytes.as_ptr().cast_mut().cast();
            spans[index].iov_len = bytes.len();
            let header = &mut headers[index].msg_hdr;
            header.msg_name = ptr::from_mut(&mut self.addresses[index]).cast();
            header.msg_namelen = address_len_bytes;
            header.msg_iov = &raw mut spans[index];
            header.msg_iovlen = 1;
            count += 1;
        }
        // SAFETY: the first `count` headers each point to an address and a span of their own, each
        // span to bytes of the batch, which are only read; all of them outlive the call.
        let sent = unsafe {
            let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
            libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, flags as _)
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

const EMPTY_SPAN: libc::iovec = libc::iovec {
    iov_base: ptr::null_mut(),
    iov_len: 0,
};

const fn empty_header() -> libc::mmsghdr {
    // SAFETY: a header is numbers and pointers, for which all zeros is a value.
    unsafe { mem::zeroed() }
}
