//! Making torrents from content.

use std::sync::{Mutex, PoisonError};

use super::error::Error;
use super::file_table::FileTable;
use super::hash_units::{Algorithms, Budget, IoMode, Job, Progress, UnitHash};
use super::layout::{Layout, Shape};
use crate::base::{Sha1Digest, Sha256Digest};
use crate::metainfo::Version;
use crate::metainfo::build::{Files, Hashes, PlannedFile};

/// The hashes of content for every version that was asked for.
#[derive(Clone, Debug, Default)]
pub struct ContentHashes {
    v1: Vec<Sha1Digest>,
    v1_padded: Vec<Sha1Digest>,
    v2: Vec<Sha256Digest>,
}

impl ContentHashes {
    /// What a torrent of that version, which was asked for, is made of.
    pub fn of(&self, version: Version) -> Hashes<'_> {
        match version {
            Version::V1 => Hashes {
                v1: &self.v1,
                v2: &[],
            },
            Version::V2 => Hashes {
                v1: &[],
                v2: &self.v2,
            },
            Version::Hybrid => Hashes {
                v1: &self.v1_padded,
                v2: &self.v2,
            },
        }
    }
}

/// Content that is to be hashed.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    files: &'a FileTable,
    with_attributes: bool,
}

impl Files for Content<'_> {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn get(&self, index: usize) -> PlannedFile<'_> {
        PlannedFile {
            path: self.files.path(index),
            len_bytes: self.files.len_bytes(index),
            executable: self.with_attributes && self.files.is_executable(index),
            symlink: self.files.symlink(index),
        }
    }
}

impl<'a> Content<'a> {
    /// With what some formats cannot carry, or without.
    pub fn new(files: &'a FileTable, with_attributes: bool) -> Self {
        Self {
            files,
            with_attributes,
        }
    }

    pub fn len_bytes(&self) -> u64 {
        self.files.lens_bytes().sum()
    }

    /// How much [`Self::hash`] is going to read for these versions.
    pub fn bytes_to_hash(&self, versions: &[Version]) -> u64 {
        let passes = self.passes(versions);
        self.len_bytes() * (u64::from(passes.aligned.is_some()) + u64::from(passes.contiguous))
    }

    fn passes(&self, versions: &[Version]) -> Passes {
        let wants = |version| versions.contains(&version);
        let one_file = self.files.len() == 1;
        let merkle = wants(Version::V2) || wants(Version::Hybrid);
        // The pieces of one file are the same in every version.
        let sha1 = wants(Version::Hybrid) || (wants(Version::V1) && one_file);
        Passes {
            aligned: merkle.then_some(Algorithms {
                sha1,
                sha1_padded: sha1,
                merkle,
            }),
            contiguous: wants(Version::V1) && !(merkle && one_file),
        }
    }

    /// Hashes the content for these versions: in one pass, unless both a v1 and another torrent
    /// of a directory are wanted, whose pieces are not the same stretches of bytes.
    pub fn hash(
        &self,
        versions: &[Version],
        piece_length: u32,
        mode: IoMode,
        progress: &Progress,
    ) -> Result<ContentHashes, Error> {
        let passes = self.passes(versions);
        let pass = |shape, algorithms| {
            let layout = Layout::new(shape, self.files.lens_bytes(), piece_length);
            let budget = Budget::default();
            run(&Job {
                layout: &layout,
                sources: self.files,
                algorithms,
                mode,
                budget,
                progress,
                unreadable: None,
            })
        };
        let mut hashes = ContentHashes::default();
        if let Some(algorithms) = passes.aligned {
            (hashes.v1_padded, hashes.v2) = pass(Shape::Aligned, algorithms)?;
        }
        if passes.contiguous {
            let algorithms = Algorithms {
                sha1: true,
                sha1_padded: false,
                merkle: false,
            };
            (hashes.v1, _) = pass(Shape::Contiguous, algorithms)?;
        } else if versions.contains(&Version::V1) {
            hashes.v1.clone_from(&hashes.v1_padded);
        }
        Ok(hashes)
    }
}

/// How often content is read, and for what.
struct Passes {
    /// By the pieces of v2, where each file starts one.
    aligned: Option<Algorithms>,
    /// By the pieces of v1, which run across files.
    contiguous: bool,
}

fn run(job: &Job<'_>) -> Result<(Vec<Sha1Digest>, Vec<Sha256Digest>), Error> {
    let count = usize::try_from(job.layout.unit_count()).unwrap_or(usize::MAX);
    let sha1 = if job.algorithms.sha1 { count } else { 0 };
    let merkle = if job.algorithms.merkle { count } else { 0 };
    let found = Mutex::new((
        vec![Sha1Digest([0; 20]); sha1],
        vec![Sha256Digest::ZERO; merkle],
    ));
    job.run(|first, hashes| {
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, hash) in (usize::try_from(first).unwrap_or(usize::MAX)..).zip(hashes) {
            if let UnitHash::Known { sha1, merkle } = hash {
                sha1.iter().for_each(|hash| found.0[index] = *hash);
                merkle.iter().for_each(|hash| found.1[index] = *hash);
            }
        }
    })?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// A piece length with which the hashes are neither many nor coarse: some thousand pieces, from
/// 64 KiB to 16 MiB.
pub fn piece_length_for(total_bytes: u64) -> u32 {
    const PIECES: u64 = 1500;
    let length = (total_bytes / PIECES)
        .next_power_of_two()
        .clamp(64 << 10, 16 << 20);
    u32::try_from(length).unwrap_or(16 << 20)
}

#[cfg(test)]
mod tests {
    use super::super::scan::{ScanOptions, scan};
    use super::*;

    #[test]
    fn what_is_counted_while_hashing_is_what_was_told_before() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("set")).unwrap();
        for (name, len_bytes) in [("one", 100_000), ("set/a", 70_000), ("set/b", 50_000)] {
            std::fs::write(folder.path().join(name), vec![7; len_bytes]).unwrap();
        }
        let files_of = |name| {
            let scan = scan(&folder.path().join(name), &ScanOptions::default()).unwrap();
            scan.files
        };
        let (one, set) = (files_of("one"), files_of("set"));
        let (one, set) = (Content::new(&one, false), Content::new(&set, false));
        let [v1, v2, hybrid] = [Version::V1, Version::V2, Version::Hybrid];
        let cases = [
            (&one, &[v1, v2, hybrid][..], 100_000),
            (&one, &[v1], 100_000),
            (&set, &[v1], 120_000),
            (&set, &[v2, hybrid], 120_000),
            (&set, &[v1, v2], 240_000),
            (&set, &[], 0),
        ];
        for (content, versions, expected) in cases {
            let progress = Progress::default();
            content
                .hash(versions, 16 << 10, IoMode::Auto, &progress)
                .unwrap();
            let hashed_bytes = progress.hashed_bytes.into_inner();
            assert_eq!(hashed_bytes, expected, "{versions:?}");
            assert_eq!(content.bytes_to_hash(versions), expected, "{versions:?}");
        }
    }

    #[test]
    fn piece_lengths_grow_with_the_content() {
        let cases = [
            (0, 64 << 10),
            (80 << 20, 64 << 10),
            (2 << 30, 2 << 20),
            (20 << 30, 16 << 20),
            (u64::MAX >> 4, 16 << 20),
        ];
        for (total, length) in cases {
            assert_eq!(piece_length_for(total), length, "{total}");
        }
    }
}
