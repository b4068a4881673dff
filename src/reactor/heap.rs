//! The heap of a process that maps files.
//!
//! The kernel changes what a process has mapped under one lock, and who makes a window resident holds
//! that for milliseconds. A heap that grows or shrinks has to wait for it. So it gets all the
//! addresses that it will need before any window is there: they take memory only when they are used.
#![allow(unsafe_code)]

/// More than a loop that carries content holds at a time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const SPARE_LEN_BYTES: libc::c_int = 16 << 20;

/// The largest that glibc allows: what is longer is mapped by itself.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_LEN_BYTES_MIN: libc::c_int = 32 << 20;

/// For the whole process, and the heap of the thread that asks.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn grow_at_once() {
    // SAFETY: the calls set numbers by which memory is taken and given back from now on.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_LEN_BYTES_MIN);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        libc::mallopt(libc::M_TOP_PAD, SPARE_LEN_BYTES);
    }
    // Nothing is given back, so the heap has room from now on. The compiler must not know better.
    let spare = Vec::<u8>::with_capacity(usize::try_from(SPARE_LEN_BYTES).unwrap_or(0));
    drop(std::hint::black_box(spare));
}

/// Other allocators have rules of their own.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn grow_at_once() {}
