//! Copies to and from places without the kernel: where the memory of a place is gone, that is told
//! as of any other access to such memory, by a signal.
#![allow(unsafe_code)]

use super::iovecs::{PlaceGone, Sources, Targets};

/// Fills `to` from the front of `from`, which is at least as long.
pub(super) fn copy(from: &Sources<'_>, to: &mut Targets<'_>) -> Result<(), PlaceGone> {
    let mut sources = from.raw().iter();
    let mut source = std::ptr::null::<u8>();
    let mut source_len = 0;
    for target in to.raw() {
        let mut target_at = target.iov_base.cast::<u8>();
        let mut target_len = target.iov_len;
        while target_len > 0 {
            if source_len == 0 {
                let next = sources.next().ok_or(PlaceGone)?;
                (source, source_len) = (next.iov_base.cast_const().cast(), next.iov_len);
            }
            let len_bytes = target_len.min(source_len);
            // SAFETY: both have that many bytes left, to be read there and to be written here. They
            // do not overlap: one of the two is always bytes of ours that are borrowed for this.
            unsafe {
                std::ptr::copy_nonoverlapping(source, target_at, len_bytes);
                source = source.add(len_bytes);
                target_at = target_at.add(len_bytes);
            }
            source_len -= len_bytes;
            target_len -= len_bytes;
        }
    }
    Ok(())
}
