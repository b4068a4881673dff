//! What a file is called until it is whole.

use std::fmt::Write as _;

use crate::base::limits::PATH_COMPONENT_LEN_BYTES_MAX;
use crate::hash::sha1;
use crate::metainfo::Info;

const SUFFIX: &str = ".mtpart";

/// How much of the hash of a name that is too long stands in its place.
const TAG_LEN_BYTES: usize = 8;

/// The suffix of a torrent's unfinished files: one that none of its files ends with by itself.
pub(super) fn suffix_for(info: &Info) -> String {
    let is_taken = |name: &str| name.to_ascii_lowercase().ends_with(SUFFIX);
    if info.files().iter().any(|file| is_taken(file.path)) {
        // No torrent can name itself.
        let tag = tag(&sha1(info.raw()).0);
        format!(".{tag}{SUFFIX}")
    } else {
        SUFFIX.to_owned()
    }
}

/// The name of a file while it is unfinished. A name too long for the suffix is cut, and told from
/// others that begin alike by its hash.
pub(super) fn part_name(name: &str, suffix: &str) -> String {
    let room_bytes = PATH_COMPONENT_LEN_BYTES_MAX - suffix.len();
    if name.len() <= room_bytes {
        return format!("{name}{suffix}");
    }
    let tag = tag(&sha1(name.as_bytes()).0);
    let mut kept = room_bytes - tag.len() - 1;
    while !name.is_char_boundary(kept) {
        kept -= 1;
    }
    format!("{}~{tag}{suffix}", &name[..kept])
}

fn tag(hash: &[u8]) -> String {
    hash[..TAG_LEN_BYTES]
        .iter()
        .fold(String::new(), |mut tag, byte| {
            // Writing to a string does not fail.
            let _ = write!(tag, "{byte:02x}");
            tag
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_get_the_suffix_and_long_ones_stay_apart() {
        assert_eq!(part_name("a.iso", SUFFIX), "a.iso.mtpart");
        let fits = "x".repeat(248);
        assert_eq!(part_name(&fits, SUFFIX).len(), 255);
        for long in ["x".repeat(249), "ä".repeat(127)] {
            let [one, other] = [part_name(&long, SUFFIX), part_name(&(long + "y"), SUFFIX)];
            assert!(one.len() <= 255 && one.ends_with(SUFFIX), "{one}");
            assert_ne!(one, other);
        }
    }
}
