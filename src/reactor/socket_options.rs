//! Wishes about sockets that only speed depends on: where a system does not know one, nothing else
//! changes.
#![allow(unsafe_code)]

use std::os::fd::AsRawFd;

/// How much a connection for content may have in the kernel that is not on its way yet.
///
/// What is in there is sent even when the peer takes its request back, and slow peers would fill
/// megabytes each. The bound is on what waits, and not on the whole queue (`SO_SNDBUF`), because a
/// long path has much on its way. To loopback, where nothing waits, it makes no difference.
#[cfg(target_os = "linux")]
const UNSENT_LEN_BYTES_MAX: libc::c_int = 256 << 10;

/// The kernel keeps a connection to itself until its first bytes are here, or until it has been
/// silent for about a second and answers once more. Elsewhere every connection is accepted as it
/// comes.
pub(super) fn await_first_bytes(listener: &impl AsRawFd) {
    #[cfg(target_os = "linux")]
    set_number(listener, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, 1);
}

/// The kernel takes little more to send than it can send at once. What a listener accepts inherits
/// it.
pub(super) fn keep_little_unsent(socket: &impl AsRawFd) {
    #[cfg(target_os = "linux")]
    set_number(
        socket,
        libc::IPPROTO_TCP,
        libc::TCP_NOTSENT_LOWAT,
        UNSENT_LEN_BYTES_MAX,
    );
}

/// Datagrams over IPv4 are never cut on their way, and need no number by which parts would be put
/// together: to draw one costs the kernel a fiftieth of all that an answer costs it. What a router
/// says of shorter ways is not believed, because anybody can say it; datagrams that are not larger
/// than those of IPv6 may be pass nearly everywhere.
pub(super) fn send_uncut(socket: &impl AsRawFd) {
    #[cfg(target_os = "linux")]
    set_number(
        socket,
        libc::IPPROTO_IP,
        libc::IP_MTU_DISCOVER,
        libc::IP_PMTUDISC_PROBE,
    );
}

#[cfg(target_os = "linux")]
fn set_number(socket: &impl AsRawFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the size of a number is small"
    )]
    let len_bytes = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the kernel reads a number of the length that is stated, which outlives the call. That
    // it refuses is of no consequence.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            len_bytes,
        );
    }
}
