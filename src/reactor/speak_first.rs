//! Connections that are worth accepting only once they have said something.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::AsRawFd;

/// The kernel keeps a connection to itself until its first bytes are here, or until it has been
/// silent for about a second and answers once more.
#[cfg(target_os = "linux")]
pub(super) fn await_first_bytes(listener: &impl AsRawFd) -> io::Result<()> {
    let silence_s: libc::c_int = 1;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the size of a number is small"
    )]
    let len_bytes = size_of_val(&silence_s) as libc::socklen_t;
    // SAFETY: the kernel reads a number of the length that is stated, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            listener.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const silence_s).cast(),
            len_bytes,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Elsewhere every connection is accepted as it comes.
#[cfg(not(target_os = "linux"))]
pub(super) fn await_first_bytes(_listener: &impl AsRawFd) -> io::Result<()> {
    Ok(())
}
