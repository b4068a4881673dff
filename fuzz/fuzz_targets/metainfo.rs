//! Any bytes are a torrent in one of the formats or an error, and a torrent that can be written in
//! another format reads back as the same swarm, unless it was said to become another.
//!
//! The first byte picks the extension that the file pretends to have.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mt::base::is_deceptive;
use mt::metainfo::magnet::Magnet;
use mt::metainfo::{Document, Format, Metainfo, read};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, document)) = data.split_first() else {
        return;
    };
    let hint = match usize::from(choice) % (1 + Format::ALL.len()) {
        0 => None,
        number => Some(Format::ALL[number - 1]),
    };
    match read(document.to_vec(), hint) {
        Ok(Document::Metainfo(_, metainfo)) => check_metainfo(&metainfo),
        Ok(Document::Magnet(_)) => {}
        Err(error) => assert_can_be_shown(&error.to_string()),
    }
});

fn check_metainfo(metainfo: &Metainfo) {
    check_files(metainfo);
    let remarks = metainfo.oddities.described();
    remarks
        .iter()
        .for_each(|remark| assert_can_be_shown(remark));
    let link = metainfo.magnet().to_string();
    let magnet = Magnet::parse(&link).unwrap();
    assert_eq!(magnet.hashes(), metainfo.info.hashes(), "{link}");
    for target in Format::ALL {
        check_conversion(metainfo, target);
    }
}

fn check_files(metainfo: &Metainfo) {
    let info = &metainfo.info;
    let mut content_bytes = 0;
    let mut end_bytes = 0;
    for file in info.files().iter() {
        assert!(file.offset_bytes >= end_bytes, "{file:?}");
        end_bytes = file.offset_bytes + file.len_bytes;
        if !file.attributes.padding {
            content_bytes += file.len_bytes;
            let needs_root = info.version().has_v2() && file.len_bytes > 0;
            assert_eq!(file.root.is_some(), needs_root, "{file:?}");
        }
        assert_can_be_shown(file.path);
        let is_component = |part: &str| !matches!(part, "" | "." | "..");
        assert!(file.path.split('/').all(is_component), "{file:?}");
        if let Some(root) = file.root
            && file.len_bytes > u64::from(info.piece_length())
        {
            let hashes = metainfo.layers.get(&root).unwrap();
            let pieces = file.len_bytes.div_ceil(u64::from(info.piece_length()));
            assert_eq!(hashes.len() as u64, 32 * pieces);
        }
    }
    assert_eq!(info.files().content_bytes(), content_bytes);
    assert!(end_bytes <= u64::from(info.piece_count()) * u64::from(info.piece_length()));
}

fn check_conversion(metainfo: &Metainfo, target: Format) {
    let obstacles = metainfo.obstacles(target);
    let (hard, soft) = (
        [&obstacles.impossible[..], &obstacles.needs_content].concat(),
        [&obstacles.changes_hash[..], &obstacles.left_out].concat(),
    );
    hard.iter()
        .chain(&soft)
        .for_each(|text| assert_can_be_shown(text));
    let written = match metainfo.write_as(target) {
        Ok(written) => written,
        Err(error) => {
            assert!(!hard.is_empty(), "{error}");
            return;
        }
    };
    assert!(hard.is_empty(), "{hard:?}");
    let again = match read(written, Some(target)).unwrap() {
        Document::Metainfo(format, again) => {
            assert_eq!(format, target);
            again
        }
        Document::Magnet(magnet) => {
            assert_eq!(target, Format::Magnet);
            assert_eq!(magnet.hashes(), metainfo.info.hashes());
            return;
        }
    };
    let same_hash = again.info.hashes() == metainfo.info.hashes();
    assert_eq!(
        same_hash,
        obstacles.changes_hash.is_empty(),
        "{obstacles:?}"
    );
    let trackers =
        |metainfo: &Metainfo| metainfo.outer().all_trackers().cloned().collect::<Vec<_>>();
    let wanted = trackers(metainfo);
    let carried = if target == Format::Mtorrent {
        2
    } else {
        wanted.len()
    };
    assert_eq!(trackers(&again), wanted[..carried.min(wanted.len())]);
}

/// Nothing that a terminal obeys or that turns the words around it.
fn assert_can_be_shown(text: &str) {
    let hostile = |c: char| c.is_control() || is_deceptive(c);
    assert!(!text.contains(hostile), "{text:?}");
}
