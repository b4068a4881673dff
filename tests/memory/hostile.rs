//! Documents that ask for more memory than their bytes are worth.

use mt::bencode::Writer;

fn torrent(fill_info: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.begin_dict().key(b"info").begin_dict();
    fill_info(&mut writer);
    writer.end().end();
    writer.finish()
}

/// The rest of a v1 info dictionary whose files are all empty.
fn write_empty_v1_end(writer: &mut Writer) {
    writer.key(b"name").bytes(b"n");
    writer.key(b"piece length").integer(1 << 20);
    writer.key(b"pieces").bytes(b"");
}

fn write_v2_end(writer: &mut Writer) {
    writer.key(b"meta version").integer(2);
    writer.key(b"name").bytes(b"n");
    writer.key(b"piece length").integer(1 << 20);
}

/// All files but one need a new name.
pub(crate) fn one_name(file_count: u32) -> Vec<u8> {
    torrent(|writer| {
        writer.key(b"files").begin_list();
        for _ in 0..file_count {
            writer.raw(b"d6:lengthi0e4:pathl1:aee");
        }
        writer.end();
        write_empty_v1_end(writer);
    })
}

/// Padding may come without a path and is given one, which all the others are given too.
pub(crate) fn padding_without_paths(file_count: u32) -> Vec<u8> {
    torrent(|writer| {
        writer.key(b"files").begin_list();
        for _ in 0..file_count {
            writer.raw(b"d4:attr1:p6:lengthi0ee");
        }
        writer.raw(b"d6:lengthi0e4:pathl1:aee");
        writer.end();
        write_empty_v1_end(writer);
    })
}

/// Distinct names in three bytes, in order, that no disk may have: each is cleaned to `___`.
fn unfit_names(count: u32) -> impl Iterator<Item = [u8; 3]> {
    let unfit: Vec<u8> = (1..0x20).chain(0x80..=0xc1).chain(0xf5..=0xff).collect();
    let of = move |index: usize| {
        let base = unfit.len();
        [index / base / base, index / base % base, index % base].map(|digit| unfit[digit])
    };
    (0..count as usize).map(of)
}

pub(crate) fn names_alike_once_clean(file_count: u32) -> Vec<u8> {
    torrent(|writer| {
        writer.key(b"file tree").begin_dict();
        for name in unfit_names(file_count) {
            writer.key(&name).raw(b"d0:d6:lengthi0eee");
        }
        writer.end();
        write_v2_end(writer);
    })
}

pub(crate) fn st_names_alike_once_clean(file_count: u32) -> Vec<u8> {
    let mut out = b"mtST\x01\x01\0\0\0\x01n\0\x10\0\0".to_vec();
    out.extend(file_count.to_be_bytes());
    for name in unfit_names(file_count) {
        out.extend([0, 1, 0, 3]);
        out.extend(name);
        out.extend([0; 8]);
    }
    out
}

/// A valid torrent behind keys that have to be looked at for duplicates.
pub(crate) fn unsorted_keys(key_count: u32) -> Vec<u8> {
    let mut document = b"d".to_vec();
    // A step that shares no factor with a power of two visits all numbers.
    let modulus = key_count.next_power_of_two();
    for index in 0..modulus {
        let key = index.wrapping_mul(0x9e37_79b1) % modulus;
        document.extend(format!("7:{key:07}0:").into_bytes());
    }
    let valid = one_name(1);
    document.extend(&valid[1..]);
    document
}

fn with_outer(key: &[u8], fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.begin_dict();
    writer.key(key);
    fill(&mut writer);
    let valid = one_name(1);
    writer.key(b"info").raw(&valid[7..valid.len() - 1]);
    writer.end();
    writer.finish()
}

/// Trackers in groups of none.
pub(crate) fn empty_tiers(tier_count: u32) -> Vec<u8> {
    with_outer(b"announce-list", |writer| {
        writer
            .begin_list()
            .raw(&b"le".repeat(tier_count as usize))
            .end();
    })
}

/// Each byte is shown as a character of three.
pub(crate) fn comment_that_is_no_text(len_bytes: usize) -> Vec<u8> {
    with_outer(b"comment", |writer| {
        writer.bytes(&vec![0xff; len_bytes]);
    })
}

/// A symbolic link to a path of empty names.
pub(crate) fn long_link(component_count: u32) -> Vec<u8> {
    torrent(|writer| {
        writer.key(b"files").begin_list().begin_dict();
        writer.key(b"attr").bytes(b"l");
        writer.key(b"path").begin_list().bytes(b"a").end();
        writer
            .key(b"symlink path")
            .begin_list()
            .raw(&b"0:".repeat(component_count as usize))
            .end();
        writer.end().end();
        write_empty_v1_end(writer);
    })
}

/// A hybrid with a path of empty names in its v1 half.
pub(crate) fn long_path(component_count: u32) -> Vec<u8> {
    torrent(|writer| {
        writer.key(b"file tree").raw(b"d1:ad0:d6:lengthi0eeee");
        writer.key(b"files").begin_list().begin_dict();
        writer.key(b"length").integer(0);
        writer
            .key(b"path")
            .begin_list()
            .bytes(b"a")
            .raw(&b"0:".repeat(component_count as usize))
            .end();
        writer.end().end();
        write_v2_end(writer);
        writer.key(b"pieces").bytes(b"");
    })
}

/// Every file repeats the long names of its directories, which stand there once.
pub(crate) fn deep_tree(file_count: u32) -> Vec<u8> {
    const DEPTH: usize = 200;
    torrent(|writer| {
        writer.key(b"file tree").begin_dict();
        for _ in 0..DEPTH {
            writer.key(&[b'd'; 200]).begin_dict();
        }
        for index in 0..file_count {
            writer
                .key(format!("{index:06}").as_bytes())
                .raw(b"d0:d6:lengthi0eee");
        }
        for _ in 0..=DEPTH {
            writer.end();
        }
        write_v2_end(writer);
    })
}

pub(crate) fn nested_lists(depth: usize) -> Vec<u8> {
    [b"l".repeat(depth), b"e".repeat(depth)].concat()
}

pub(crate) fn tiny_items(item_count: usize) -> Vec<u8> {
    [b"d4:infol", &b"0:".repeat(item_count)[..], b"ee"].concat()
}

pub(crate) fn string_beyond_the_end(len_bytes: usize) -> Vec<u8> {
    [b"d4:info9999999999:", &vec![b'x'; len_bytes][..]].concat()
}
