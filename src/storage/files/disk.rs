//! Which file systems map well.

use std::fs::File;

use rustix::fs::fstatfs;

/// How content is read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IoChoice {
    /// Mapped where the file system is known to map well.
    #[default]
    Auto,
    Mapped,
    /// Through buffers, always.
    Positional,
}

/// What goes through mappings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) receiving: bool,
    pub(super) sending: bool,
}

impl Mapping {
    const ALL: Self = Self {
        receiving: true,
        sending: true,
    };
    pub(super) const NONE: Self = Self {
        receiving: false,
        sending: false,
    };

    /// For files like this one, or below this directory.
    pub(super) fn for_file(file: &File, choice: IoChoice) -> Self {
        match choice {
            IoChoice::Mapped => Self::ALL,
            IoChoice::Positional => Self::NONE,
            IoChoice::Auto => fstatfs(file).map_or(Self::NONE, |found| Self::of(found.f_type)),
        }
    }

    /// Where mapped and positional access agree, and space that was allocated is there when it is
    /// written to. The rest (network and FUSE file systems, layers over others) is not asked what
    /// it promises: buffers are about as fast.
    fn of(file_system: i64) -> Self {
        match file_system {
            EXT4 | XFS | BTRFS | F2FS => Self::ALL,
            // A fresh page is zeroed before it is written to, which costs more than a copy.
            TMPFS => Self {
                receiving: false,
                sending: true,
            },
            _ => Self::NONE,
        }
    }

    /// What both allow.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            receiving: self.receiving && other.receiving,
            sending: self.sending && other.sending,
        }
    }
}

const EXT4: i64 = 0xef53;
const XFS: i64 = 0x5846_5342;
const BTRFS: i64 = 0x9123_683e;
const F2FS: i64 = 0xf2f5_2010;
const TMPFS: i64 = 0x0102_1994;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_to_map_well_is_not_mapped() {
        const NFS: i64 = 0x6969;
        const FUSE: i64 = 0x6573_5546;
        for file_system in [NFS, FUSE, 0] {
            assert_eq!(Mapping::of(file_system), Mapping::NONE);
        }
        assert_eq!(Mapping::of(EXT4), Mapping::ALL);
        assert_eq!(
            Mapping::of(EXT4).and(Mapping::of(TMPFS)),
            Mapping::of(TMPFS)
        );
    }
}
