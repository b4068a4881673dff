//! Copies between lists of memory that are cut differently, and of memory that is gone.

use std::ptr::NonNull;

use memmap2::{MmapOptions, MmapRaw};

use super::iovecs::{PlaceGone, Sources, Targets};
use crate::base::{Memory, PlaceId, PlaceRange, RecvSpan, SendPart};

const LEN_BYTES: u32 = 4 * 4096;

struct Place(MmapRaw);

impl Memory for Place {
    fn locate(&self, range: PlaceRange) -> Option<NonNull<u8>> {
        let start = self.0.as_mut_ptr();
        NonNull::new(start.wrapping_add(range.offset_bytes as usize))
    }

    fn locate_for_receiving(&self, range: PlaceRange) -> Option<NonNull<u8>> {
        self.locate(range)
    }
}

fn place_of(file: &std::fs::File) -> Place {
    file.set_len(LEN_BYTES.into()).unwrap();
    Place(MmapOptions::new().map_raw(file).unwrap())
}

const fn range(offset_bytes: u32, len_bytes: u32) -> PlaceRange {
    PlaceRange {
        place: PlaceId::new(0, 0),
        offset_bytes,
        len_bytes,
    }
}

macro_rules! tests_of_copies {
    ($module:ident) => {
        mod $module {
            use super::super::$module::copy;
            use super::*;

            #[test]
            fn what_is_gathered_is_in_the_order_of_the_list() {
                let place = place_of(&tempfile::tempfile().unwrap());
                let one_by_one = range(5, 3);
                let mut target = Targets::of_place(one_by_one, 3, &place).unwrap();
                copy(&Sources::of_bytes(b"defg"), &mut target).unwrap();

                let parts = [
                    SendPart::Bytes(b"abc"),
                    SendPart::Region(one_by_one),
                    SendPart::Bytes(b"ghi"),
                ];
                let sources = Sources::lay_out(&parts, &place).unwrap();
                let mut gathered = [0; 8];
                copy(&sources, &mut Targets::of_bytes(&mut gathered)).unwrap();
                assert_eq!(&gathered, b"abcdefgh");
            }

            #[test]
            fn what_is_scattered_fills_one_target_after_the_other() {
                let place = place_of(&tempfile::tempfile().unwrap());
                let spans = [
                    RecvSpan::Scratch { len_bytes: 2 },
                    RecvSpan::Block(range(4094, 4)),
                    RecvSpan::Discard { len_bytes: 3 },
                ];
                let mut scratch = [0; 16];
                let mut targets = Targets::lay_out(&spans, &mut scratch, &place).unwrap();
                copy(&Sources::of_bytes(b"abcdefghi"), &mut targets).unwrap();
                let sources = Sources::from(targets);
                let mut gathered = [0; 9];
                copy(&sources, &mut Targets::of_bytes(&mut gathered)).unwrap();
                assert_eq!(&gathered, b"abcdefghi");
                assert_eq!(&scratch[..6], b"abghi\0");
            }
        }
    };
}

tests_of_copies!(copy_portable);
#[cfg(target_os = "linux")]
tests_of_copies!(copy_linux);

#[test]
fn a_plan_that_needs_more_scratch_than_there_is_ends_there() {
    let place = place_of(&tempfile::tempfile().unwrap());
    let spans = [
        RecvSpan::Scratch { len_bytes: 10 },
        RecvSpan::Discard { len_bytes: 10 },
        RecvSpan::Block(range(0, 10)),
    ];
    let mut scratch = [0; 16];
    let targets = Targets::lay_out(&spans, &mut scratch, &place).unwrap();
    assert_eq!((targets.len_bytes(), targets.has_places()), (16, false));
}

#[cfg(target_os = "linux")]
#[test]
fn memory_that_is_gone_ends_the_copy_and_not_the_process() {
    use super::copy_linux::copy;

    let file = tempfile::tempfile().unwrap();
    let place = place_of(&file);
    file.set_len(4096).unwrap();
    let mut bytes = [0; 10];
    for (offset_bytes, outcome) in [(0, Ok(())), (4090, Err(PlaceGone)), (4096, Err(PlaceGone))] {
        let part = [SendPart::Region(range(offset_bytes, 10))];
        let sources = Sources::lay_out(&part, &place).unwrap();
        assert_eq!(
            copy(&sources, &mut Targets::of_bytes(&mut bytes)),
            outcome,
            "from {offset_bytes}"
        );
        let mut target = Targets::of_place(range(offset_bytes, 10), 10, &place).unwrap();
        assert_eq!(
            copy(&Sources::of_bytes(&bytes), &mut target),
            outcome,
            "to {offset_bytes}"
        );
    }
}
