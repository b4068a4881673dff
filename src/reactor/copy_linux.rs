//! Copies to and from places by the kernel. A copy of our own would raise SIGBUS where the file of
//! a mapping was cut short; the kernel's stops there.
#![allow(unsafe_code)]

use std::io;

use super::copy_portable;
use super::iovecs::{PlaceGone, Sources, Targets};

/// Fills `to` from the front of `from`, which is at least as long.
pub(super) fn copy(from: &Sources<'_>, to: &mut Targets<'_>) -> Result<(), PlaceGone> {
    let (local, remote) = (to.raw(), from.raw());
    // SAFETY: the process is this one. The entries of `to` name memory that can be written and is
    // nobody else's, those of `from` memory that can be read, or that the kernel finds to be gone.
    let copied = unsafe {
        libc::process_vm_readv(
            std::process::id().cast_signed(),
            local.as_ptr(),
            local.len() as libc::c_ulong,
            remote.as_ptr(),
            remote.len() as libc::c_ulong,
            0,
        )
    };
    if usize::try_from(copied) == Ok(to.len_bytes()) {
        return Ok(());
    }
    let is_refused = copied < 0
        && matches!(
            io::Error::last_os_error().raw_os_error(),
            Some(libc::ENOSYS | libc::EPERM)
        );
    if is_refused {
        // Some containers allow no such call, not even about the process itself.
        return copy_portable::copy(from, to);
    }
    Err(PlaceGone)
}
