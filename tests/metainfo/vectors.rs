//! Info-hashes that libtorrent gave: of the samples, and of torrents that it made of the same
//! files itself.

use mt::metainfo::{Format, Metainfo, Version, mtorrent, st};

use crate::build::{Node, path};
use crate::samples;
use crate::st_build::St;

const V1_SINGLE: &str = "fc44b77465e3e0be715cb4067435b044341695b5";
const V1_DIRECTORY: &str = "d8a6528d1e4b1958e2cd080cb5ee444c2884ae7a";
const V1_OF_512_KIB: &str = "fa81c1c720689437e91c11b2d7bf753d2b84f984";
const V2_SINGLE: &str = "a23c33b56d9c3ac599920a792ae2acfed171912641b96a5c2f72b96bb76e640f";
const V2_DIRECTORY: &str = "2e19540cea5428629c1f6c8690ace44187ce8d3aff74c3b7ae93a9c343c857dc";
const HYBRID: [&str; 2] = [
    "5adc55946d4f2cd25c2f873029f20f320cf373db",
    "d297405458abaf8d14600ff49ee5b5a6dd59df67644f44c9939e696a36776319",
];
/// With padding behind the last file too.
const HYBRID_TAIL_PADDED: [&str; 2] = [
    "d56954ae0311d59343fff6defcabeac5f46512e7",
    "1deec1baaeaaa8e2001d6e1a215c036307216fa753012f230272f9c4adaea160",
];
const HYBRID_SINGLE: [&str; 2] = [
    "bb20f1c5fe42a2db19980a6dd931afefe3d9b59c",
    "356d9b3d283972b6b5cec4755e729bfff72ab46a06cca4124f7100c75b23b7a6",
];

/// Both info-hashes as digits, empty where there is none.
fn hashes(metainfo: &Metainfo) -> [String; 2] {
    let hashes = metainfo.info.hashes();
    [
        hashes.v1.map(|hash| hash.to_string()).unwrap_or_default(),
        hashes.v2.map(|hash| hash.to_string()).unwrap_or_default(),
    ]
}

#[track_caller]
fn assert_hashes(sample: &Node, version: Version, wanted: [&str; 2]) {
    let metainfo = sample.read();
    assert_eq!(metainfo.info.version(), version);
    assert_eq!(hashes(&metainfo), wanted);
}

#[test]
fn of_v1() {
    assert_hashes(&samples::v1_single(), Version::V1, [V1_SINGLE, ""]);
    assert_hashes(&samples::v1_directory(), Version::V1, [V1_DIRECTORY, ""]);
    assert_hashes(&samples::v1_of_512_kib(), Version::V1, [V1_OF_512_KIB, ""]);
}

#[test]
fn of_v2() {
    assert_hashes(&samples::v2_single(), Version::V2, ["", V2_SINGLE]);
    assert_hashes(&samples::v2_directory(), Version::V2, ["", V2_DIRECTORY]);
}

#[test]
fn of_hybrids() {
    assert_hashes(&samples::hybrid(), Version::Hybrid, HYBRID);
    assert_hashes(&samples::hybrid_single(), Version::Hybrid, HYBRID_SINGLE);
}

#[test]
fn of_a_hybrid_with_padding_to_its_very_end() {
    let sample = samples::hybrid();
    let Node::List(mut files) = sample.get(&["info", "files"]) else {
        panic!("a directory has files");
    };
    files.push(samples::padding(13_384));
    let padded_end = [crate::build::content(3_000, 5), vec![0; 13_384]].concat();
    let Node::Bytes(mut pieces) = sample.get(&["info", "pieces"]) else {
        panic!("pieces are a string");
    };
    pieces.truncate(2 * 20);
    pieces.extend(samples::v1_pieces(&padded_end, samples::PIECE));
    let sample = sample
        .with(&["info", "files"], Node::List(files))
        .with(&["info", "pieces"], pieces);
    assert_hashes(&sample, Version::Hybrid, HYBRID_TAIL_PADDED);
}

#[test]
fn the_outer_dictionary_changes_none() {
    let dressed = samples::v1_single()
        .with(&["comment"], "other")
        .with(&["url-list"], path(["http://w.example/"]));
    assert_hashes(&dressed, Version::V1, [V1_SINGLE, ""]);
}

#[test]
fn of_an_mtorrent_it_is_that_of_its_bep_3_torrent() {
    let text = samples::mtorrent();
    let metainfo = mtorrent::read(text.as_bytes()).unwrap();
    assert_eq!(hashes(&metainfo), [V1_OF_512_KIB, ""]);
    assert_eq!(metainfo.to_torrent(), samples::v1_of_512_kib().encode());
    let written = samples::v1_of_512_kib().read().write_as(Format::Mtorrent);
    assert_eq!(String::from_utf8(written.unwrap()).unwrap(), text);
}

#[test]
fn of_an_st_it_is_that_of_its_v2_torrent() {
    for (parts, torrent, wanted) in [
        (St::single(), samples::v2_single(), V2_SINGLE),
        (St::directory(), samples::v2_directory(), V2_DIRECTORY),
    ] {
        let metainfo = st::read(parts.encode()).unwrap();
        assert_eq!(hashes(&metainfo), ["", wanted]);
        assert_eq!(metainfo.to_torrent(), torrent.encode());
        let written = torrent.read().write_as(Format::St).unwrap();
        assert_eq!(written, parts.encode());
    }
}

#[test]
fn of_a_magnet_they_are_the_torrents() {
    let link = samples::hybrid().read().magnet().to_string();
    assert_eq!(
        link,
        format!(
            "magnet:?xt=urn:btih:{}&xt=urn:btmh:1220{}&dn=both",
            HYBRID[0], HYBRID[1]
        )
    );
}
