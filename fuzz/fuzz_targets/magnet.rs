//! Any text is a magnet link or an error, and what is written of a link reads back as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mt::base::limits::MAGNET_LEN_BYTES_MAX;
use mt::metainfo::magnet::{Magnet, Oddities};

fuzz_target!(|data: &[u8]| {
    let Ok(mut magnet) = Magnet::parse(&String::from_utf8_lossy(data)) else {
        return;
    };
    magnet.oddities = Oddities::default();
    let written = magnet.to_string();
    if written.len() <= MAGNET_LEN_BYTES_MAX {
        assert_eq!(Magnet::parse(&written).as_ref(), Ok(&magnet), "{written}");
    }
});
