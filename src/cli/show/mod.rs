//! `mt client show`: what a torrent or a magnet link says.

mod json;
mod people;
mod tree;

use std::io::Write as _;

use anyhow::Result;

use super::args::ShowArgs;
use super::input::read_document;
use super::output::write_stdout;
use crate::metainfo::Document;

pub(super) fn run(args: &ShowArgs) -> Result<()> {
    let document = read_document(&args.input)?;
    write_stdout(|out| {
        if args.json {
            return json::write(out, &document);
        }
        match &document {
            Document::Metainfo(_, metainfo) if args.magnet => {
                writeln!(out, "{}", metainfo.magnet())?;
            }
            Document::Magnet(magnet) if args.magnet => writeln!(out, "{magnet}")?,
            Document::Metainfo(format, metainfo) => {
                people::write_metainfo(out, *format, metainfo)?;
            }
            Document::Magnet(magnet) => people::write_magnet(out, magnet)?,
        }
        Ok(())
    })
}
