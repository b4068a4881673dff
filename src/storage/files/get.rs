//! Files for content that is to be got: made, and checked for what they hold already.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FallocateFlags, OFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;

use super::beneath::{Missing, Spot};
use super::check::{CheckProgress, whole_pieces};
use super::destination::{Destination, Names, rename};
use super::disk::{IoChoice, Mapping};
use super::runs::MAPPED_FILE_LEN_BYTES_MIN;
use super::seed::require_v1;
use super::survey::{Found, survey};
use super::{Descriptors, Home, Prepared, Segment, Selection, TorrentFiles, finish};
use crate::base::{Bitfield, PieceIndex};
use crate::engine::TorrentId;
use crate::metainfo::{Info, Metainfo};
use crate::storage::error::Error;

#[derive(Clone, Debug, Default)]
pub struct GetOptions {
    /// Whether what is in the way may be replaced.
    pub force: bool,
    pub io: IoChoice,
    pub selection: Selection,
}

/// Makes the files of a torrent that are wanted beneath `directory`, with all the space that they
/// need. What is there already is a start: it is hashed, and kept where it is right. Something else
/// is an error, and left alone, unless force is allowed. Where nothing is missing, it is finished.
pub fn for_getting(
    metainfo: &Arc<Metainfo>,
    directory: &Path,
    options: &GetOptions,
    progress: &CheckProgress<'_>,
) -> Result<Prepared, Error> {
    let info = &metainfo.info;
    require_v1(info, directory)?;
    make_directory(directory)?;
    let destination = Destination::new(directory, info);
    let destination = destination.map_err(|error| Error::write(directory, error))?;
    let mapping = Mapping::for_file(destination.root(), options.io);
    let mut files = TorrentFiles::new(metainfo, Home::Made(destination), mapping);
    files.selection = options.selection.clone();
    let Home::Made(destination) = &files.home else {
        unreachable!("it was made so");
    };
    let mut found = survey(&files, destination, options.force)?;
    let known = identities_of_what_is_there(&files, destination, &found)?;
    files.identities = known;
    let descriptors = Descriptors::new(1);
    let is_worth_it = |piece| may_be_there(&files, &descriptors, piece);
    let mut have = whole_pieces(&files, is_worth_it, progress);
    files.leave_unwanted_alone(&mut found, &mut have);
    refuse_others(&files, &found, &have, options.force)?;
    let made = Making::new(&files, options).make_all(&found, &have)?;
    files.identities = made.identities;
    files.mapping = made.mapping;
    let lacks_nothing = files.lacks_nothing(&have);
    if lacks_nothing {
        finish(&files, TorrentId(0), &descriptors).map_err(|fault| Error::Unfit {
            path: fault.path.into(),
            what: fault.reason,
        })?;
    }
    let runs = if files.mapping.receiving {
        files.runs()
    } else {
        Vec::new()
    };
    Ok(Prepared {
        files: Arc::new(files),
        have,
        lacks_nothing,
        runs,
    })
}

fn make_directory(path: &Path) -> Result<(), Error> {
    let Err(error) = fs::create_dir_all(path) else {
        return Ok(());
    };
    let what = match error.kind() {
        io::ErrorKind::AlreadyExists if path.exists() => "is no directory; name another one",
        io::ErrorKind::AlreadyExists => "is a link that leads nowhere; name another directory",
        io::ErrorKind::NotADirectory => {
            "something on the way to it is no directory; name another one"
        }
        _ => return Err(Error::write(path, error)),
    };
    Err(Error::Unfit {
        path: path.to_owned(),
        what: what.to_owned(),
    })
}

/// Opens what is there once, and brings unfinished files to their length, so that all of what
/// they hold can be checked.
fn identities_of_what_is_there(
    files: &TorrentFiles,
    destination: &Destination,
    found: &[Found],
) -> Result<Vec<u64>, Error> {
    let info = &files.metainfo.info;
    let mut identities = vec![0; found.len()];
    for (file, found) in found.iter().enumerate() {
        let is_part = matches!(found, Found::Part | Found::InTheWay { has_part: true });
        if !is_part && *found != Found::Whole {
            continue;
        }
        destination.set_part(file, is_part);
        let write = |error| Error::write(&files.path_of(file), error);
        let opened = match destination.open(info, file) {
            // It is not needed.
            Err(_) if !is_part && !files.is_wanted(file) => continue,
            opened => opened.map_err(write)?,
        };
        if is_part {
            let len_bytes = info.files().get(file).len_bytes;
            opened.set_len(len_bytes).map_err(write)?;
        }
        identities[file] = files.identity_of(&opened.metadata().map_err(write)?);
    }
    Ok(identities)
}

/// A piece that lies in a file which is not there yet, or in a part of an unfinished one that was
/// never written to, is not there.
fn may_be_there(files: &TorrentFiles, descriptors: &Descriptors, piece: PieceIndex) -> bool {
    let Home::Made(destination) = &files.home else {
        return false;
    };
    files.segments_of(piece).all(|segment| {
        if segment.is_padding || !files.is_there(segment.file) {
            return segment.is_padding;
        }
        // Zeros that somebody else chose not to store are content.
        if !destination.is_part(segment.file) {
            return true;
        }
        let file = descriptors.get(TorrentId(0), files, segment.file);
        file.is_ok_and(|file| has_data(&file, &segment))
    })
}

/// Whether some of it was written; true where the file system does not tell.
fn has_data(file: &File, segment: &Segment) -> bool {
    match seek(file, SeekFrom::Data(segment.offset_in_file_bytes)) {
        Ok(next) => next < segment.offset_in_file_bytes + segment.len_bytes as u64,
        Err(error) => error != Errno::NXIO,
    }
}

/// How much of a file is there, by the pieces that it has a part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    All,
    Some,
    None,
}

fn share_of(files: &TorrentFiles, file: usize, have: &Bitfield) -> Share {
    if files.pieces_of(file).all(|piece| have.has(piece)) {
        Share::All
    } else if files.pieces_of(file).any(|piece| have.has(piece)) {
        Share::Some
    } else {
        Share::None
    }
}

/// A file by the final name of which nothing is right is not ours to finish.
fn refuse_others(
    files: &TorrentFiles,
    found: &[Found],
    have: &Bitfield,
    force: bool,
) -> Result<(), Error> {
    for (file, found) in found.iter().enumerate() {
        if *found == Found::Whole
            && !force
            && files.is_wanted(file)
            && share_of(files, file, have) == Share::None
        {
            return Err(Error::Unfit {
                path: files.path_of(file),
                what: "exists, and no piece of it is what the torrent has; use --force to \
                       replace it"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

/// What came of making the files.
struct Made {
    identities: Vec<u64>,
    mapping: Mapping,
}

/// Makes what is missing; takes it away again where it comes to nothing.
struct Making<'a> {
    files: &'a TorrentFiles,
    info: &'a Info,
    options: &'a GetOptions,
    identities: Vec<u64>,
    mapping: Mapping,
    /// New unfinished files.
    created: Vec<usize>,
}

impl<'a> Making<'a> {
    fn new(files: &'a TorrentFiles, options: &'a GetOptions) -> Self {
        Self {
            files,
            info: &files.metainfo.info,
            options,
            identities: files.identities.clone(),
            mapping: files.mapping,
            created: Vec::new(),
        }
    }

    fn make_all(mut self, found: &[Found], have: &Bitfield) -> Result<Made, Error> {
        let Home::Made(destination) = &self.files.home else {
            unreachable!("what was found is not made");
        };
        for (file, found) in found.iter().enumerate() {
            let made = if self.files.is_wanted(file) {
                self.make(destination, file, *found, have)
            } else {
                self.make_beside(destination, file, *found, have)
            };
            if let Err(error) = made {
                self.undo(destination);
                return Err(error);
            }
        }
        Ok(Made {
            identities: self.identities,
            mapping: self.mapping,
        })
    }

    fn make(
        &mut self,
        destination: &Destination,
        file: usize,
        found: Found,
        have: &Bitfield,
    ) -> Result<(), Error> {
        if found == Found::Settled {
            return Ok(());
        }
        let names = destination.names(self.info, file);
        let write = |error| Error::write(&destination.whole_path(&names), error);
        let spot = destination.spot(&names, Missing::Make).map_err(write)?;
        if matches!(found, Found::InTheWay { .. }) {
            spot.remove().map_err(write)?;
        }
        let entry = self.info.files().get(file);
        if entry.symlink.is_some() {
            return Ok(());
        }
        if found == Found::Whole {
            if share_of(self.files, file, have) == Share::All {
                return Ok(());
            }
            rename(&spot, &names.part(&spot)).map_err(write)?;
        }
        if entry.len_bytes == 0 {
            let empty = spot.open(OFlags::RDWR | OFlags::CREATE | OFlags::EXCL);
            return self.identify(file, &empty.map_err(write)?).map_err(write);
        }
        destination.set_part(file, true);
        let is_new = matches!(found, Found::Nothing | Found::InTheWay { has_part: false });
        let opened = self.open_part(file, &names.part(&spot), is_new);
        let opened = opened.map_err(write)?;
        self.reserve(destination, &names, &opened, entry.len_bytes)?;
        self.identify(file, &opened).map_err(write)
    }

    /// Makes room for the parts that a file which is not wanted has in pieces that are.
    fn make_beside(
        &mut self,
        destination: &Destination,
        file: usize,
        found: Found,
        have: &Bitfield,
    ) -> Result<(), Error> {
        let lacking: Vec<PieceIndex> = self.files.lacking_pieces_of(file, have).collect();
        let entry = self.info.files().get(file);
        if lacking.is_empty() || entry.attributes.padding {
            return Ok(());
        }
        destination.set_part(file, true);
        let names = destination.names(self.info, file);
        let write = |error| Error::write(&destination.part_path(&names), error);
        let spot = destination.spot(&names, Missing::Make).map_err(write)?;
        let opened = self.open_part(file, &names.part(&spot), found == Found::Nothing);
        let opened = opened.map_err(write)?;
        opened.set_len(entry.len_bytes).map_err(write)?;
        for piece in lacking {
            for segment in self.files.segments_of(piece) {
                if segment.file == file {
                    let from_bytes = segment.offset_in_file_bytes;
                    // What is not mapped needs no promise.
                    reserve(&opened, from_bytes, segment.len_bytes as u64).map_err(write)?;
                }
            }
        }
        self.identify(file, &opened).map_err(write)
    }

    fn open_part(&mut self, file: usize, part: &Spot<'_>, is_new: bool) -> io::Result<File> {
        if !is_new {
            return part.open(OFlags::RDWR);
        }
        let opened = part.open(OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)?;
        self.created.push(file);
        Ok(opened)
    }

    fn identify(&mut self, file: usize, opened: &File) -> io::Result<()> {
        self.identities[file] = self.files.identity_of(&opened.metadata()?);
        Ok(())
    }

    /// Takes the space on the disk, and notes what cannot be mapped.
    fn reserve(
        &mut self,
        destination: &Destination,
        names: &Names,
        opened: &File,
        len_bytes: u64,
    ) -> Result<(), Error> {
        let path = || destination.part_path(names);
        let reserved = reserve(opened, 0, len_bytes);
        let is_reserved = reserved.map_err(|error| Error::write(&path(), error))?;
        // Of smaller files nobody needs to know whether they can be mapped.
        if len_bytes >= MAPPED_FILE_LEN_BYTES_MIN {
            self.mapping = self.mapping.and(Mapping::for_file(opened, self.options.io));
        }
        if is_reserved {
            return Ok(());
        }
        self.mapping = Mapping::NONE;
        match self.options.io {
            IoChoice::Mapped => Err(Error::Unfit {
                path: path(),
                what: "cannot be mapped safely: its file system reserves no space".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Best effort: whoever hears of the failure is not helped by hearing of this one.
    fn undo(&self, destination: &Destination) {
        for file in &self.created {
            let names = destination.names(self.info, *file);
            if let Ok(spot) = destination.spot(&names, Missing::Fail)
                && let Err(error) = names.part(&spot).remove()
            {
                log::warn!(
                    "`{}` is left behind: {error}",
                    destination.part_path(&names).display()
                );
            }
        }
    }
}

/// Brings a file to this length at least with the space from an offset on taken; false where the
/// file system cannot promise that.
fn reserve(file: &File, offset_bytes: u64, len_bytes: u64) -> io::Result<bool> {
    loop {
        match fallocate(file, FallocateFlags::empty(), offset_bytes, len_bytes) {
            Ok(()) => return Ok(true),
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                let is_short = file.metadata()?.len() < offset_bytes + len_bytes;
                if is_short {
                    file.set_len(offset_bytes + len_bytes)?;
                }
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
    }
}
