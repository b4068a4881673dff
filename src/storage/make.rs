//! Making torrents from content.

use std::sync::{Mutex, PoisonError};

use super::error::Error;
use super::file_table::FileTable;
use super::hash_units::{Algorithms, Budget, IoMode, Job, Progress, UnitHash};
use super::layout::{Layout, Shape};
use super::trees::Trees;
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
        let contiguous = wants(Version::V1) && !(merkle && one_file);
        Passes {
            aligned: (merkle && (sha1 || !contiguous)).then_some(Algorithms {
                sha1,
                sha1_padded: sha1,
                merkle,
            }),
            contiguous,
            with_trees: contiguous && merkle && !sha1,
        }
    }

    /// Hashes the content for these versions, in one pass. Only a v1 torrent and a hybrid of one
    /// directory, which no command makes at once, take two: each has SHA-1s of its own.
    pub fn hash(
        &self,
        versions: &[Version],
        piece_length: u32,
        mode: IoMode,
        progress: &Progress,
    ) -> Result<ContentHashes, Error> {
        let passes = self.passes(versions);
        let layout = |shape| Layout::new(shape, self.files.lens_bytes(), piece_length);
        let mut hashes = ContentHashes::default();
        if let Some(algorithms) = passes.aligned {
            let aligned = layout(Shape::Aligned);
            let job = self.job(&aligned, algorithms, mode, progress);
            (hashes.v1_padded, hashes.v2) = run(&job)?;
        }
        if passes.contiguous {
            let algorithms = Algorithms {
                sha1: true,
                sha1_padded: false,
                merkle: false,
            };
            let contiguous = layout(Shape::Contiguous);
            let job = self.job(&contiguous, algorithms, mode, progress);
            if passes.with_trees {
                let aligned = layout(Shape::Aligned);
                let trees = Trees::new(&aligned);
                (hashes.v1, _) = run(&Job {
                    trees: Some(&trees),
                    ..job
                })?;
                hashes.v2 = trees.into_roots();
            } else {
                (hashes.v1, _) = run(&job)?;
            }
        } else if versions.contains(&Version::V1) {
            hashes.v1.clone_from(&hashes.v1_padded);
        }
        Ok(hashes)
    }

    fn job<'j>(
        &'j self,
        layout: &'j Layout<'j>,
        algorithms: Algorithms,
        mode: IoMode,
        progress: &'j Progress,
    ) -> Job<'j> {
        Job {
            layout,
            sources: self.files,
            algorithms,
            trees: None,
            mode,
            budget: Budget::default(),
            progress,
            unreadable: None,
        }
    }
}

/// How often content is read, and for what.
struct Passes {
    /// By the pieces of v2, where each file starts one.
    aligned: Option<Algorithms>,
    /// By the pieces of v1, which run across files.
    contiguous: bool,
    /// Whether the trees of v2 are made of what is read by the pieces of v1.
    with_trees: bool,
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
            (&set, &[v1, v2], 120_000),
            (&set, &[v1, hybrid], 240_000),
            (&set, &[], 0),
        ];
        for (content, versions, expected) in cases {
            let progress = Progress::default();
            content
                .hash(versions, 16 << 10, IoMode::Auto, &progress)
                .unwrap();
            let hashed_bytes = progress.hashed_bytes.into_inner();
            assert_eq!(hashed_bytes, expected, "{versions:?}");
            let read_bytes = progress.read_bytes.into_inner();
            assert_eq!(read_bytes, expected, "{versions:?}");
            assert_eq!(content.bytes_to_hash(versions), expected, "{versions:?}");
        }
    }

    /// Bytes that no two leaves have alike.
    fn content_of(file: usize, len_bytes: usize) -> Vec<u8> {
        let words = (0..len_bytes.div_ceil(8)).map(|word| (file * 1_000_003 + word) as u64);
        let mut bytes: Vec<u8> = words
            .flat_map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
            .collect();
        bytes.truncate(len_bytes);
        bytes
    }

    #[test]
    fn one_pass_over_a_directory_gives_what_two_give() {
        let folder = tempfile::tempdir().unwrap();
        let lens_bytes = [
            0, 1, 16_383, 0, 16_384, 16_385, 70_001, 1_048_581, 5, 2_500_000, 262_144, 777_777,
        ];
        for (file, len_bytes) in lens_bytes.into_iter().enumerate() {
            let path = folder.path().join(format!("{file:02}"));
            std::fs::write(path, content_of(file, len_bytes)).unwrap();
        }
        let scan = scan(folder.path(), &ScanOptions::default()).unwrap();
        let content = Content::new(&scan.files, false);
        for piece_length in [16 << 10, 32 << 10, 256 << 10, 1 << 20, 8 << 20] {
            for mode in [IoMode::Auto, IoMode::Positional] {
                let progress = Progress::default();
                let hash = |versions: &[Version], progress: &Progress| {
                    content
                        .hash(versions, piece_length, mode, progress)
                        .unwrap()
                };
                let both = hash(&[Version::V1, Version::V2], &progress);
                let read_bytes = progress.read_bytes.into_inner();
                assert_eq!(read_bytes, content.len_bytes(), "each byte is read once");
                let v1 = hash(&[Version::V1], &Progress::default());
                let v2 = hash(&[Version::V2], &Progress::default());
                assert!(both.v1 == v1.v1, "{piece_length} {mode:?}");
                assert!(both.v2 == v2.v2, "{piece_length} {mode:?}");
                assert!(!both.v1.is_empty() && !both.v2.is_empty());
            }
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
