//! What stands where a torrent's files are to be made, looked at before anything is touched.

use std::io;

use rustix::fs::{FileType, Stat, readlinkat};

use super::TorrentFiles;
use super::beneath::{Missing, Spot};
use super::destination::Destination;
use crate::metainfo::{File, Info};
use crate::storage::error::Error;

/// What was found of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is nothing to be found, such as padding, or nothing to be done.
    Settled,
    Nothing,
    /// An unfinished file of ours.
    Part,
    /// A file of the right length by the final name.
    Whole,
    /// Something else by the final name, that gives way by force.
    InTheWay {
        has_part: bool,
    },
}

/// Looks for every file; refuses what only force may replace.
pub(super) fn survey(
    files: &TorrentFiles,
    destination: &Destination,
    force: bool,
) -> Result<Vec<Found>, Error> {
    let all = 0..files.metainfo.info.files().len();
    all.map(|file| look_for(files, destination, file, force))
        .collect()
}

fn look_for(
    files: &TorrentFiles,
    destination: &Destination,
    index: usize,
    force: bool,
) -> Result<Found, Error> {
    let info = &files.metainfo.info;
    let file = info.files().get(index);
    if file.attributes.padding {
        return Ok(Found::Settled);
    }
    if !files.is_wanted(index) {
        return Ok(look_for_start(destination, info, index));
    }
    let names = destination.names(info, index);
    let path = destination.whole_path(&names);
    let unfit = |error: io::Error| Error::write(&path, error);
    let spot = match destination.spot(&names, Missing::Fail) {
        Ok(spot) => spot,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(unfit(error)),
    };
    let whole = spot.look().map_err(unfit)?;
    let part = names.part(&spot).look().map_err(unfit)?;
    let part = part.filter(|_| file.len_bytes > 0);
    if let Some(part) = &part {
        let is_ours = kind(part) == FileType::RegularFile;
        if !is_ours || (len_bytes(part) > file.len_bytes && !force) {
            return Err(Error::Unfit {
                path: destination.part_path(&names),
                what: "is no unfinished file of this torrent; move it away".to_owned(),
            });
        }
    }
    let has_part = part.is_some();
    let Some(whole) = whole else {
        return Ok(if has_part {
            Found::Part
        } else {
            Found::Nothing
        });
    };
    match what_stands(&spot, &whole, &file) {
        Standing::Right if file.symlink.is_some() => Ok(Found::Settled),
        Standing::Right if !has_part => Ok(Found::Whole),
        _ if kind(&whole) == FileType::Directory => Err(Error::IsDirectory(path)),
        _ if force => Ok(Found::InTheWay { has_part }),
        Standing::OfLength(found_bytes) => Err(Error::Unfit {
            what: format!(
                "has {found_bytes} bytes where the torrent has {}; use --force to replace it",
                file.len_bytes
            ),
            path,
        }),
        Standing::Right => Err(Error::Unfit {
            what: format!(
                "stands beside its unfinished twin `{}`; move one away",
                destination.part_path(&names).display()
            ),
            path,
        }),
        Standing::Other => Err(Error::Exists(path)),
    }
}

/// Of a file that is not wanted nothing is in the way: what can be used is, and the rest stays.
fn look_for_start(destination: &Destination, info: &Info, index: usize) -> Found {
    let file = info.files().get(index);
    if file.symlink.is_some() || file.len_bytes == 0 {
        return Found::Settled;
    }
    let names = destination.names(info, index);
    let Ok(spot) = destination.spot(&names, Missing::Fail) else {
        return Found::Nothing;
    };
    let looked = |spot: &Spot<'_>| {
        let found = spot.look().ok().flatten();
        found.filter(|found| kind(found) == FileType::RegularFile)
    };
    if looked(&names.part(&spot)).is_some_and(|part| len_bytes(&part) <= file.len_bytes) {
        return Found::Part;
    }
    match looked(&spot) {
        Some(whole) if len_bytes(&whole) == file.len_bytes => Found::Whole,
        _ => Found::Nothing,
    }
}

enum Standing {
    /// What the torrent has there, by its kind and length.
    Right,
    OfLength(u64),
    Other,
}

fn what_stands(spot: &Spot<'_>, found: &Stat, file: &File<'_>) -> Standing {
    match (kind(found), file.symlink) {
        (FileType::RegularFile, None) if len_bytes(found) == file.len_bytes => Standing::Right,
        (FileType::RegularFile, None) => Standing::OfLength(len_bytes(found)),
        (FileType::Symlink, Some(target)) => {
            let says = readlinkat(&spot.directory, spot.name, Vec::new());
            if says.is_ok_and(|says| says.as_bytes() == target.as_bytes()) {
                Standing::Right
            } else {
                Standing::Other
            }
        }
        _ => Standing::Other,
    }
}

fn kind(found: &Stat) -> FileType {
    FileType::from_raw_mode(found.st_mode)
}

fn len_bytes(found: &Stat) -> u64 {
    u64::try_from(found.st_size).unwrap_or_default()
}
