//! `.st` files byte by byte.

use mt::base::Url;
use mt::base::limits::TOTAL_SIZE_BYTES_MAX;
use mt::metainfo::{Error, Fault, Metainfo, st};

use crate::build::{content, error};
use crate::samples::{PIECE, layer, root};
use crate::st_build::{St, file, text};

fn refusal(parts: &St) -> Error {
    st::read(parts.encode()).unwrap_err()
}

/// Checks the place and the words after it.
#[track_caller]
fn assert_refused(parts: &St, place: &str, reason: &str) {
    assert_eq!(refusal(parts).to_string(), format!("`{place}`: {reason}"));
}

fn trackers(metainfo: &Metainfo) -> Vec<Vec<&str>> {
    let tiers = metainfo.outer().trackers.iter();
    tiers
        .map(|tier| tier.iter().map(Url::as_str).collect())
        .collect()
}

fn url_tracker(tier: u8, url: &str) -> Vec<u8> {
    [&[tier, 0][..], &text(url.as_bytes())].concat()
}

/// A torrent of empty files by these paths.
fn of_paths(paths: &[&[&str]]) -> St {
    St {
        file_count: u32::try_from(paths.len()).unwrap(),
        files: paths.iter().flat_map(|path| file(path, 0)).collect(),
        hashes: Vec::new(),
        ..St::directory()
    }
}

#[test]
fn a_single_file_and_a_directory() {
    let single = st::read(St::single().encode()).unwrap();
    assert_eq!(
        (single.info.name(), single.info.is_directory()),
        ("one.bin", false)
    );
    assert_eq!(
        (single.info.piece_length(), single.info.piece_count()),
        (16_384, 3)
    );
    let hashes = single.layers.get(&root(&content(40_000, 0), 1));
    assert_eq!(hashes, Some(&layer(&content(40_000, 0), PIECE)[..]));

    let directory = st::read(St::directory().encode()).unwrap();
    let files: Vec<_> = directory
        .info
        .files()
        .iter()
        .map(|file| (file.path, file.len_bytes))
        .collect();
    assert_eq!(directory.info.name(), "dir");
    assert_eq!(files, [("a/b", 70_000), ("a/empty", 0), ("c", 20_000)]);
    let root_of_c = directory.info.files().get(2).root;
    assert_eq!(root_of_c, Some(root(&content(20_000, 1), 1)));
}

#[test]
fn whatever_is_cut_off_is_missed() {
    let trackers = [
        url_tracker(0, "http://t.example/"),
        [&[0, 1, 4, 10, 0, 0, 1][..], &80_u16.to_be_bytes()].concat(),
        [&[0, 2, 6][..], &[1; 16], &80_u16.to_be_bytes()].concat(),
    ];
    let trackers: Vec<&[u8]> = trackers.iter().map(Vec::as_slice).collect();
    for parts in [St::single(), St::directory()] {
        let whole = parts.with_trackers(&trackers).encode();
        assert!(st::read(whole.clone()).is_ok());
        for len_bytes in 0..whole.len() {
            let refusal = st::read(whole[..len_bytes].to_vec()).unwrap_err();
            let said = refusal.to_string();
            let is_end = said.contains("the file ends here") || refusal.place == "hashes";
            assert!(is_end, "{len_bytes} bytes: {said}");
        }
    }
}

#[test]
fn nothing_follows_the_hashes() {
    let mut parts = St::single();
    parts.hashes.push(0);
    assert_refused(
        &parts,
        "hashes",
        "byte 35: has 97 bytes; the hashes of the files would have 96",
    );
    parts.hashes.truncate(64);
    assert_refused(
        &parts,
        "hashes",
        "byte 35: has 64 bytes; the hashes of the files would have 96",
    );
}

#[test]
fn the_first_bytes_say_what_it_is() {
    let mut bytes = St::single().encode();
    bytes[3] = b't';
    assert_eq!(
        st::read(bytes).unwrap_err().to_string(),
        "`magic`: byte 0: this is no `.st` file: it does not begin with `mtST`"
    );
    for version in [0, 2, 255] {
        let parts = St {
            version,
            ..St::single()
        };
        let reason =
            format!("byte 5: the file is of version {version}; this program reads version 1");
        assert_refused(&parts, "version", &reason);
    }
    for flags in [2, 3, 0x80] {
        let parts = St {
            flags,
            ..St::single()
        };
        let reason = format!("byte 6: unknown flags {flags:#04x}");
        assert_refused(&parts, "flags", &reason);
    }
}

#[test]
fn trackers_of_every_kind_and_tier() {
    let records = [
        url_tracker(0, "https://t.example/x"),
        [&[0, 1, 4, 10, 0, 0, 1][..], &4444_u16.to_be_bytes()].concat(),
        [&[3, 2, 6][..], &[0; 15], &[1], &80_u16.to_be_bytes()].concat(),
        // Once is enough, even where a tier is left empty by it.
        url_tracker(4, "https://t.example/x"),
        url_tracker(5, "udp://u.example:1"),
    ];
    let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let metainfo = st::read(St::single().with_trackers(&records).encode()).unwrap();
    assert_eq!(
        trackers(&metainfo),
        [
            vec!["https://t.example/x", "http://10.0.0.1:4444/announce"],
            vec!["udp://[::1]:80/announce"],
            vec!["udp://u.example:1"],
        ]
    );
}

#[test]
fn a_wrong_tracker_is_refused_with_the_reason() {
    let with = |record: &[u8]| St::single().with_trackers(&[record]);
    assert_refused(&with(&[0, 3, 4]), "tracker", "byte 10: unknown transport 3");
    assert_refused(
        &with(&[0, 1, 5]),
        "tracker",
        "byte 11: unknown address family 5",
    );
    assert_refused(
        &with(&[0, 1, 4, 10, 0, 0, 1, 0, 0]),
        "tracker",
        "byte 17: `0` is no port: expected 1 to 65535",
    );
    for (url, shown) in [
        ("ftp://f.example/", "ftp://f.example/"),
        ("", ""),
        ("x\u{202e}\u{1b}", r"x\u{202e}\u{1b}"),
    ] {
        let at = 8 + 2 + 2 + url.len();
        let reason = format!("byte {at}: `{shown}` is not the URL of a tracker");
        assert_refused(&with(&url_tracker(0, url)), "tracker", &reason);
    }
    let falling = [
        url_tracker(1, "http://a.example/"),
        url_tracker(0, "http://b.example/"),
    ];
    assert_refused(
        &St::single().with_trackers(&[&falling[0], &falling[1]]),
        "tracker tier",
        "byte 30: the tiers are not in order",
    );
    let many = St {
        tracker_count: 10_001,
        ..St::single()
    };
    assert_refused(
        &many,
        "trackers",
        "`10001` is more than the 10000 that one torrent may have",
    );
}

#[test]
fn the_name_says_something() {
    for sample in [St::single(), St::directory()] {
        let parts = St {
            name: Vec::new(),
            ..sample
        };
        assert_eq!(refusal(&parts), error("name", Fault::Empty));
    }
    let hostile = St {
        name: b"../\xff".to_vec(),
        ..St::single()
    };
    let metainfo = st::read(hostile.encode()).unwrap();
    assert_eq!(metainfo.info.name(), "..__");
}

#[test]
fn a_fragment_is_a_power_of_two_of_blocks() {
    for wrong in [0, 1, 8_192, 16_385, 49_152, 1 << 31, u32::MAX] {
        let parts = St {
            fragment_len_bytes: wrong,
            ..St::single()
        };
        assert_eq!(
            refusal(&parts),
            error("fragment length", Fault::PieceLengthV2(i64::from(wrong)))
        );
    }
}

#[test]
fn files_fit_the_flags() {
    for sample in [St::single(), St::directory()] {
        let none = St {
            file_count: 0,
            ..sample
        };
        assert_eq!(refusal(&none), error("files", Fault::NoFiles));
    }
    let two = St {
        file_count: 2,
        ..St::single()
    };
    assert_refused(
        &two,
        "files",
        "byte 25: 2 files, but the flags say that this is no directory",
    );
    let deep = St {
        files: file(&["a"], 40_000),
        ..St::single()
    };
    assert_refused(
        &deep,
        "file depth",
        "byte 27: a depth of 1 does not fit the flags",
    );
    let flat = St {
        file_count: 1,
        files: file(&[], 0),
        ..St::directory()
    };
    assert_refused(
        &flat,
        "file depth",
        "byte 23: a depth of 0 does not fit the flags",
    );
}

#[test]
fn files_stand_in_the_order_of_the_tree() {
    assert!(st::read(of_paths(&[&["a", "z"], &["a!"], &["a-b"], &["b"]]).encode()).is_ok());
    for (paths, reason) in [
        (
            vec![&["b"][..], &["a"]],
            "`a` stands after `b`, out of order",
        ),
        (
            vec![&["a!"][..], &["a", "z"]],
            "`a/z` stands after `a!`, out of order",
        ),
        (vec![&["a"][..], &["a"]], "`a` is there twice"),
        (
            vec![&["a"][..], &["a", "b"]],
            "`a` is a file and a directory",
        ),
        (
            vec![&["a", "b"][..], &["a"]],
            "`a` stands after `a/b`, out of order",
        ),
        (vec![&["a", ""][..]], "`a/` has an empty component"),
        (vec![&[""][..]], "`` has an empty component"),
    ] {
        assert_refused(&of_paths(&paths), "files", reason);
    }
}

#[test]
fn one_file_in_a_directory_keeps_the_name_that_it_has() {
    let metainfo = st::read(of_paths(&[&["only"]]).encode()).unwrap();
    assert_eq!(metainfo.info.name(), "only");
    let again = metainfo.write_as(mt::metainfo::Format::St).unwrap();
    assert_eq!(again, of_paths(&[&["only"]]).encode());
}

#[test]
fn huge_numbers_without_bytes_behind_them_cost_nothing() {
    let files = St {
        file_count: u32::MAX,
        hashes: Vec::new(),
        ..St::directory()
    };
    assert_eq!(refusal(&files).place, "file depth");
    let trackers = St {
        tracker_count: 10_000,
        ..St::single()
    };
    assert_eq!(refusal(&trackers).place, "tracker");
    let deep = St {
        files: [&[0xff, 0xff][..], &[0; 20]].concat(),
        ..St::directory()
    };
    assert!(refusal(&deep).to_string().contains("the file ends here"));
    for len_bytes in [TOTAL_SIZE_BYTES_MAX, 1 << 40] {
        let long = St {
            files: file(&[], len_bytes),
            ..St::single()
        };
        let wanted = len_bytes / 16_384 * 32;
        let reason = format!("byte 35: has 96 bytes; the hashes of the files would have {wanted}");
        assert_refused(&long, "hashes", &reason);
    }
    for value in [TOTAL_SIZE_BYTES_MAX + 1, u64::MAX] {
        let too_long = St {
            files: file(&[], value),
            ..St::single()
        };
        let fault = Fault::TooLarge {
            value,
            max: TOTAL_SIZE_BYTES_MAX,
        };
        assert_eq!(refusal(&too_long), error("one.bin", fault));
    }
    let sum = St {
        file_count: 40,
        files: file(&["a"], TOTAL_SIZE_BYTES_MAX).repeat(40),
        ..St::directory()
    };
    assert_eq!(refusal(&sum).place, "hashes");
}

#[test]
fn a_path_deeper_than_a_tree_may_be_is_refused() {
    let names = vec!["d"; 252];
    assert!(st::read(of_paths(&[&names]).encode()).is_ok());
    let names = vec!["d"; 60_000];
    let said = refusal(&of_paths(&[&names])).to_string();
    assert!(
        said.starts_with("`info`: byte ") && said.ends_with("nest deeper than 256 levels"),
        "{said}"
    );
}

#[test]
fn a_hash_of_nothing_is_no_hash() {
    let zero = St {
        files: file(&[], 5),
        hashes: vec![0; 32],
        ..St::single()
    };
    assert_eq!(
        refusal(&zero),
        error("info.file tree.one.bin.pieces root", Fault::ZeroRoot)
    );
}
