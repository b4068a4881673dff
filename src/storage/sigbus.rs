//! Reads of a mapping whose file was cut short under it.
//!
//! A user-space read of a page that its file no longer has, or that the disk cannot give, raises
//! SIGBUS. No check before the read can rule that out, because another process may truncate the
//! file between the check and the read. So each window is watched: the handler puts zeros in the
//! place of what is gone, notes that the window is spoiled, and lets the read go on. Nothing jumps
//! out of anything; whoever read finds [`Watch::is_spoiled`] and throws the result away.
//!
//! A SIGBUS anywhere else is none of ours: it ends the process as it always did.
#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use crate::base::limits::WATCHES_MAX;

struct Slot {
    /// Both 0 while the slot is free. `end` is set first and cleared last.
    start: AtomicUsize,
    end: AtomicUsize,
    writable: AtomicBool,
    spoiled: AtomicBool,
}

impl Slot {
    /// What is watched. Another thread may give the slot another range meanwhile: a start and an
    /// end that are not of one range would cover memory that is nobody's window.
    fn range(&self) -> Option<Range<usize>> {
        let start = self.start.load(Ordering::Acquire);
        let end = self.end.load(Ordering::Acquire);
        (start != 0 && start == self.start.load(Ordering::Acquire)).then_some(start..end)
    }
}

static SLOTS: [Slot; WATCHES_MAX] = [const {
    Slot {
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        writable: AtomicBool::new(false),
        spoiled: AtomicBool::new(false),
    }
}; WATCHES_MAX];

static FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());
static INSTALL: Once = Once::new();

/// Watches a range of addresses until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    slot: usize,
}

impl Watch {
    /// Watches a mapping of whole pages, which must stay mapped for as long as the watch lives.
    ///
    /// # Safety
    ///
    /// The range must be one mapping of a file that nobody writes through and only raw pointers
    /// read: where the file is cut short, the handler puts other pages, of zeros, in its place. That
    /// the pages are shared with the file and may change at any time is no concern of the watch.
    pub(super) unsafe fn over(addresses: Range<usize>) -> Option<Self> {
        // SAFETY: as the caller says.
        unsafe { Self::start(addresses, false) }
    }

    /// The same for a mapping that is written through too, by the kernel or by raw pointers: where
    /// the file is cut short, writes go on into pages that are nobody's, and are lost.
    ///
    /// # Safety
    ///
    /// The range must be one writable mapping of a file that only raw pointers read and write.
    pub(super) unsafe fn over_writable(addresses: Range<usize>) -> Option<Self> {
        // SAFETY: as the caller says.
        unsafe { Self::start(addresses, true) }
    }

    /// # Safety
    ///
    /// As [`Self::over`] or [`Self::over_writable`] has it.
    unsafe fn start(addresses: Range<usize>, writable: bool) -> Option<Self> {
        INSTALL.call_once(|| {
            install();
            *lock_free() = (0..WATCHES_MAX).rev().collect();
        });
        let index = lock_free().pop()?;
        let slot = &SLOTS[index];
        slot.spoiled.store(false, Ordering::Relaxed);
        slot.writable.store(writable, Ordering::Relaxed);
        slot.end.store(addresses.end, Ordering::Release);
        slot.start.store(addresses.start, Ordering::Release);
        Some(Self { slot: index })
    }

    /// Whether a read or a write met a page that was gone: what was read from then on may be zeros.
    pub(super) fn is_spoiled(&self) -> bool {
        SLOTS[self.slot].spoiled.load(Ordering::Acquire)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let slot = &SLOTS[self.slot];
        slot.start.store(0, Ordering::Release);
        slot.end.store(0, Ordering::Release);
        lock_free().push(self.slot);
    }
}

fn lock_free() -> std::sync::MutexGuard<'static, Vec<usize>> {
    // The list is whole at every moment: a panic elsewhere leaves nothing half done in it.
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn install() {
    let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = on_sigbus;
    // SAFETY: all zeros is a valid sigaction; the handler has the signature that SA_SIGINFO asks
    // for and calls only what may be called in a signal handler.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut());
    }
}

extern "C" fn on_sigbus(
    _signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    // SAFETY: the kernel gives a valid siginfo, and a SIGBUS of a fault carries an address.
    let address = unsafe { (*info).si_addr() } as usize;
    let watched = SLOTS
        .iter()
        .find_map(|slot| Some((slot, slot.range().filter(|range| range.contains(&address))?)));
    match watched {
        Some((slot, range)) if put_zeros(address, range.end, protection_of(slot)) => {
            slot.spoiled.store(true, Ordering::Release);
        }
        // The read is repeated, and ends the process with the right signal.
        // SAFETY: restoring the default action is allowed in a handler.
        _ => unsafe {
            libc::signal(libc::SIGBUS, libc::SIG_DFL);
        },
    }
}

/// A slot is not given another range while somebody is reading or writing its memory.
fn protection_of(slot: &Slot) -> libc::c_int {
    if slot.writable.load(Ordering::Relaxed) {
        libc::PROT_READ | libc::PROT_WRITE
    } else {
        libc::PROT_READ
    }
}

/// Maps zeros over the watched memory from the page of `address` on.
fn put_zeros(address: usize, end: usize, protection: libc::c_int) -> bool {
    // SAFETY: sysconf and mmap are plain system calls that touch no state of the program. The
    // range lies in a mapping that its watcher keeps alive and uses through raw pointers only, so
    // nothing relies on what its bytes are; taking its pages away leaves the file as it is.
    unsafe {
        let errno = libc::__errno_location();
        let saved_errno = *errno;
        let Ok(page_len) = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)) else {
            return false;
        };
        let start = address - address % page_len;
        let mapped = libc::mmap(
            start as *mut libc::c_void,
            end - start,
            protection,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        );
        *errno = saved_errno;
        mapped != libc::MAP_FAILED
    }
}
