//! What is done before the loop runs: content found or made room for, and checked.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;

use super::args::{GetArgs, SeedArgs};
use crate::cli::progress::with_bar;
use crate::engine::{TorrentSetup, Wishes};
use crate::metainfo::{Format, Metainfo};
use crate::storage::{self, CheckProgress, GetOptions, Prepared, Progress, Selection};

pub(super) fn for_seeding(metainfo: &Arc<Metainfo>, args: &SeedArgs) -> Result<Prepared> {
    if std::fs::symlink_metadata(&args.data).is_err() {
        anyhow::bail!("`{}` is not there", args.data.display());
    }
    Ok(checked(metainfo, |progress| {
        storage::for_seeding(metainfo, &args.data, args.common.io.into(), progress)
    })?)
}

pub(super) fn for_getting(
    metainfo: &Arc<Metainfo>,
    args: &GetArgs,
    selection: Selection,
) -> Result<Prepared> {
    let options = GetOptions {
        force: args.force,
        io: args.common.io.into(),
        selection,
    };
    Ok(checked(metainfo, |progress| {
        storage::for_getting(metainfo, &args.destination, &options, progress)
    })?)
}

fn checked<E>(
    metainfo: &Metainfo,
    check: impl FnOnce(&CheckProgress<'_>) -> Result<Prepared, E>,
) -> Result<Prepared, E> {
    let progress = Progress::default();
    let total_bytes = metainfo.info.files().content_bytes();
    with_bar("checking", total_bytes, &progress, || {
        check(&|checked| {
            progress
                .hashed_bytes
                .store(checked.done_bytes, Ordering::Relaxed);
        })
    })
}

/// `None` where all files are empty, so that there is nothing to transfer.
pub(super) fn setup(
    metainfo: &Metainfo,
    format: Format,
    prepared: &Prepared,
    wishes: Wishes,
) -> Option<TorrentSetup> {
    let geometry = prepared.files.geometry()?;
    let info = &metainfo.info;
    let padding = info.files().iter().filter(|file| file.attributes.padding);
    Some(TorrentSetup {
        name: info.name().to_owned(),
        info_hash: info.hashes().v1?,
        geometry,
        wishes,
        padding: padding
            .map(|file| (file.offset_bytes, file.offset_bytes + file.len_bytes))
            .collect(),
        have: prepared.have.clone(),
        runs: prepared.runs.clone(),
        is_private: info.is_private(),
        trackers: metainfo.outer().trackers.clone(),
        tells_every_tracker: format == Format::Mtorrent,
        peers: Vec::new(),
        is_sequential: false,
    })
}
