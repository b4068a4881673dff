//! Torrents made of hashes that were just computed.

use mt::base::{Sha1Digest, Sha256Digest};
use mt::metainfo::build::{Hashes, Plan, PlannedFile, build};
use mt::metainfo::{Error, Fault, Outer, Version};

use crate::build::error;

const SHA1: Sha1Digest = Sha1Digest([7; 20]);
const SHA256: Sha256Digest = Sha256Digest([7; 32]);

/// A torrent of files of one piece each.
fn made(
    version: Version,
    is_directory: bool,
    paths: &[&str],
    (v1, v2): (usize, usize),
) -> Result<Vec<String>, Error> {
    fn file<'a>(path: &&'a str) -> PlannedFile<'a> {
        PlannedFile {
            path: path.as_bytes(),
            len_bytes: 16_384,
            ..PlannedFile::default()
        }
    }
    let plan = Plan {
        version,
        name: b"n",
        is_directory,
        files: &paths.iter().map(file).collect::<Vec<_>>(),
        piece_length: 16_384,
        private: false,
        source: None,
    };
    let (v1, v2) = (vec![SHA1; v1], vec![SHA256; v2]);
    let hashes = Hashes { v1: &v1, v2: &v2 };
    let metainfo = build(&plan, hashes, Outer::default())?;
    let files = metainfo.info.files().iter();
    Ok(files.map(|file| file.path.to_owned()).collect())
}

#[test]
fn a_plan_that_fits_its_hashes_is_made() {
    for version in [Version::V1, Version::V2, Version::Hybrid] {
        let hashes = (2, 2);
        let paths = made(version, true, &["a", "b/c"], hashes).unwrap();
        assert_eq!(paths, ["a", "b/c"]);
        assert_eq!(made(version, false, &[""], (1, 1)).unwrap(), ["n"]);
    }
}

#[test]
fn one_file_is_one() {
    for version in [Version::V1, Version::V2, Version::Hybrid] {
        for (paths, count) in [(&[][..], 0), (&["a", "b"][..], 2)] {
            let what = format!("a torrent of one file is made of one, not of {count}");
            let refused = Err(error("files", Fault::Text(what)));
            assert_eq!(made(version, false, paths, (2, 2)), refused);
        }
    }
}

#[test]
fn hashes_are_as_many_as_the_pieces() {
    for (count, what) in [(1, "fewer"), (3, "more")] {
        let what = format!("there are {what} hashes than pieces");
        let refused = Err(error("piece layers", Fault::Text(what)));
        let paths = ["a", "b"];
        assert_eq!(made(Version::V2, true, &paths, (0, count)), refused);
        let v1 = made(Version::V1, true, &paths, (count, 0)).unwrap_err();
        assert_eq!(v1.place, "info.pieces");
    }
}
