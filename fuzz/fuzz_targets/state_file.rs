//! Any bytes are a state file, in whatever pieces they come; and what is written of what was read says
//! the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mt::tracker::state_file::{Reader, write_change};
use mt::tracker::table::Change;

fuzz_target!(|data: &[u8]| {
    let (piece_len, text) = data.split_first().unwrap_or((&0, &[]));
    let (whole, whole_len_bytes) = read(text, text.len());
    let (pieces, _) = read(text, usize::from(*piece_len));
    assert_eq!(whole, pieces);
    assert!(whole_len_bytes <= text.len() as u64);

    let mut written = Vec::new();
    for change in &whole {
        write_change(change, &mut written);
    }
    let (again, again_len_bytes) = read(&written, written.len());
    assert_eq!(again, whole);
    assert_eq!(again_len_bytes, written.len() as u64);
});

fn read(text: &[u8], piece_len: usize) -> (Vec<Change>, u64) {
    let mut reader = Reader::default();
    let mut changes = Vec::new();
    for piece in text.chunks(piece_len.max(1)) {
        reader.read(piece, |change| changes.push(change));
    }
    (changes, reader.whole_len_bytes())
}
