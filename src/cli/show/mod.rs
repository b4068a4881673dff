//! `mt client show`: what a torrent or a magnet link says.

mod json;
mod people;
mod tree;

use std::io::{self, BufWriter, Write as _};

use anyhow::Result;

use super::args::ShowArgs;
use super::input::read_document;
use crate::metainfo::Document;

pub(super) fn run(args: &ShowArgs) -> Result<()> {
    let document = read_document(&args.input)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        json::write(&mut out, &document)?;
    } else if args.magnet {
        match &document {
            Document::Metainfo(_, metainfo) => writeln!(out, "{}", metainfo.magnet())?,
            Document::Magnet(magnet) => writeln!(out, "{magnet}")?,
        }
    } else {
        match &document {
            Document::Metainfo(format, metainfo) => {
                people::write_metainfo(&mut out, *format, metainfo)?;
            }
            Document::Magnet(magnet) => people::write_magnet(&mut out, magnet)?,
        }
    }
    out.flush()?;
    Ok(())
}
