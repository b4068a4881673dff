//! All that is wanted has arrived: make it durable, then give it its final names and attributes.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use rustix::fs::{symlinkat, syncfs};
use rustix::io::Errno;

use super::beneath::{Missing, Spot};
use super::destination::{Destination, rename};
use super::{Descriptors, Home, TorrentFiles};
use crate::engine::{StorageFault, TorrentId};

/// From so many unfinished files on, the whole file system is synchronized once instead.
const SYNCED_ONE_BY_ONE_MAX: usize = 64;

/// Does nothing where nothing is unfinished.
pub(in crate::storage) fn finish(
    files: &TorrentFiles,
    torrent: TorrentId,
    descriptors: &Descriptors,
) -> Result<(), StorageFault> {
    files.remembered()?;
    let Home::Made(destination) = &files.home else {
        return Ok(());
    };
    let all = 0..files.metainfo.info.files().len();
    let parts: Vec<usize> = all.filter(|file| destination.is_part(*file)).collect();
    let finishing = Finishing { files, destination };
    finishing.synchronize(&parts, torrent, descriptors)?;
    let mut changed = Changed::default();
    for file in 0..files.metainfo.info.files().len() {
        let finished = finishing.finish_file(file, &mut changed);
        finished.map_err(|error| files.fault_of(file, error.to_string()))?;
    }
    changed
        .synchronize()
        .map_err(|error| finishing.fault(&error))?;
    descriptors.forget(torrent);
    Ok(())
}

struct Finishing<'a> {
    files: &'a TorrentFiles,
    destination: &'a Destination,
}

impl Finishing<'_> {
    fn synchronize(
        &self,
        parts: &[usize],
        torrent: TorrentId,
        descriptors: &Descriptors,
    ) -> Result<(), StorageFault> {
        if parts.len() > SYNCED_ONE_BY_ONE_MAX {
            return syncfs(self.destination.root()).map_err(|error| self.fault(&error.into()));
        }
        for part in parts {
            let file = descriptors.get(torrent, self.files, *part)?;
            let synced = file.sync_data();
            synced.map_err(|error| self.files.fault_of(*part, error.to_string()))?;
        }
        Ok(())
    }

    fn finish_file(&self, file: usize, changed: &mut Changed) -> io::Result<()> {
        let info = &self.files.metainfo.info;
        let entry = info.files().get(file);
        let is_part = self.destination.is_part(file);
        if !is_part && entry.symlink.is_none() && !entry.attributes.executable {
            return Ok(());
        }
        if entry.attributes.padding || !self.files.is_wanted(file) {
            return Ok(());
        }
        let names = self.destination.names(info, file);
        let spot = self.destination.spot(&names, Missing::Make)?;
        if let Some(target) = entry.symlink {
            return make_link(&spot, target, changed);
        }
        if entry.attributes.executable {
            make_executable(&self.destination.open(info, file)?)?;
        }
        if is_part {
            rename(&names.part(&spot), &spot)?;
            self.destination.set_part(file, false);
            changed.note(&spot)?;
        }
        Ok(())
    }

    fn fault(&self, error: &io::Error) -> StorageFault {
        StorageFault {
            path: self.destination.path().display().to_string(),
            reason: error.to_string(),
        }
    }
}

/// The target is a safe one: it was checked when the torrent was read.
fn make_link(spot: &Spot<'_>, target: &str, changed: &mut Changed) -> io::Result<()> {
    match symlinkat(target, &spot.directory, spot.name) {
        Ok(()) => changed.note(spot),
        // What stands there was looked at when the torrent was added.
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// For whoever may read it.
fn make_executable(file: &File) -> io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    let mode = permissions.mode();
    let wanted_mode = mode | (mode & 0o444) >> 2;
    if wanted_mode == mode {
        return Ok(());
    }
    permissions.set_mode(wanted_mode);
    file.set_permissions(permissions)
}

/// Directories with new names in them, which are made durable one after the other: the files of a
/// directory mostly stand together.
#[derive(Default)]
struct Changed(Option<Arc<File>>);

impl Changed {
    fn note(&mut self, spot: &Spot<'_>) -> io::Result<()> {
        let is_known = |known: &Arc<File>| Arc::ptr_eq(known, &spot.directory);
        if self.0.as_ref().is_some_and(is_known) {
            return Ok(());
        }
        let before = self.0.replace(Arc::clone(&spot.directory));
        before.map_or(Ok(()), |directory| directory.sync_all())
    }

    fn synchronize(self) -> io::Result<()> {
        self.0.map_or(Ok(()), |directory| directory.sync_all())
    }
}
