//! `mt client seed` and `mt client get`: files prepared, ports bound, and the engine run on the
//! reactor until there is nothing left to do.

mod args;
mod choice;
mod prepare;
mod run;
mod show;
mod summary;

use std::sync::Arc;

use anyhow::{Result, bail};

use super::input::read_metainfo;
use super::output::write_stdout;
use crate::engine::{TorrentSetup, Wishes};
use crate::metainfo::{Format, Metainfo};

pub(super) use args::{GetArgs, SeedArgs};
use choice::Choice;
use run::{Ports, Transfer, run};
use summary::Outcome;

pub(super) fn seed(args: &SeedArgs) -> Result<()> {
    let (format, metainfo) = read_metainfo(&args.file)?;
    require_pieces(&metainfo, format)?;
    let metainfo = Arc::new(*metainfo);
    let ports = Ports::bind(args.common.listen)?;
    let prepared = prepare::for_seeding(&metainfo, args)?;
    if prepared.have.is_empty() && prepared.files.geometry().is_some() {
        bail!(
            "`{}` has not one whole piece of the torrent: `mt client verify` says what is wrong",
            args.data.display()
        );
    }
    if !prepared.have.is_full() {
        log::warn!(
            "`{}` has {} of the {} pieces, and only these are given: `mt client verify` says what \
             is wrong",
            args.data.display(),
            prepared.have.count(),
            prepared.have.len()
        );
    }
    let outcome = run(Transfer {
        setup: prepare::setup(&metainfo, format, &prepared, Wishes::Nothing),
        files: prepared.files,
        ports,
        common: &args.common,
        ends_when_complete: false,
        gives_up_after: None,
        is_seed: true,
    })?;
    tell(&outcome, &metainfo, args.common.json)?;
    outcome.into_result()
}

pub(super) fn get(args: &GetArgs) -> Result<()> {
    let (format, metainfo) = read_metainfo(&args.file)?;
    require_pieces(&metainfo, format)?;
    let metainfo = Arc::new(*metainfo);
    let choice = Choice::of(&metainfo.info, &args.choice)?;
    let ports = Ports::bind(args.common.listen)?;
    let prepared = prepare::for_getting(&metainfo, args, choice.selection())?;
    let wishes = choice.wishes(&metainfo.info);
    let setup = prepare::setup(&metainfo, format, &prepared, wishes);
    let outcome = run(Transfer {
        setup: setup.map(|setup| TorrentSetup {
            peers: args.peers.clone(),
            is_sequential: args.sequential,
            ..setup
        }),
        files: prepared.files,
        ports,
        common: &args.common,
        ends_when_complete: args.exit,
        gives_up_after: args.give_up,
        is_seed: prepared.lacks_nothing,
    })?;
    tell(&outcome, &metainfo, args.common.json)?;
    outcome.into_result()
}

/// The summary at the end.
fn tell(outcome: &Outcome, metainfo: &Metainfo, json: bool) -> Result<()> {
    if json {
        return write_stdout(|out| outcome.write_json(out, metainfo.info.name()));
    }
    outcome.show(metainfo.info.name());
    Ok(())
}

/// Where what was asked for cannot be carried by what was named.
fn require_pieces(metainfo: &Metainfo, format: Format) -> Result<()> {
    if !metainfo.info.version().has_v1() {
        bail!(
            "the {} file has only v2 hashes, which `seed` and `get` cannot use yet: use a v1 or \
             hybrid torrent of the same content",
            format.name()
        );
    }
    Ok(())
}
