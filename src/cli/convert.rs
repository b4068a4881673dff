//! `mt client convert`: a torrent in another format.

use std::path::Path;

use anyhow::{Result, anyhow, bail};

use super::args::ConvertArgs;
use super::input::read_metainfo;
use super::output::{check_writable, write_whole};
use crate::metainfo::{Format, Metainfo};

pub(super) fn run(args: &ConvertArgs) -> Result<()> {
    let target = format_of(&args.output)?;
    check_writable(&args.output, args.force)?;
    let (_, metainfo) = read_metainfo(&args.input)?;
    let bytes = convert(args, &metainfo, target)?;
    write_whole(&args.output, &bytes, args.force)
}

fn format_of(path: &Path) -> Result<Format> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.and_then(Format::from_extension).ok_or_else(|| {
        anyhow!(
            "`{}`: the extension picks the format; it must be .torrent, .mtorrent, .st or .magnet",
            path.display()
        )
    })
}

fn convert(args: &ConvertArgs, metainfo: &Metainfo, target: Format) -> Result<Vec<u8>> {
    let obstacles = metainfo.obstacles(target);
    let name = format!(
        "`{}` cannot become a .{}",
        args.input.display(),
        target.name()
    );
    if !obstacles.impossible.is_empty() {
        bail!("{name}: {}", obstacles.impossible.join("; "));
    }
    if !obstacles.changes_hash.is_empty() && !args.new_hash {
        bail!(
            "{name} of the same info-hash; it cannot carry {}. Use --new-hash{} to make another \
             torrent, with a swarm of its own",
            obstacles.changes_hash.join("; "),
            if obstacles.needs_content.is_empty() {
                ""
            } else {
                " and --data PATH"
            },
        );
    }
    if !obstacles.needs_content.is_empty() && args.data.is_none() {
        bail!(
            "{name} without the content, which gives {}. Use --data PATH",
            obstacles.needs_content.join("; ")
        );
    }
    for left_out in &obstacles.left_out {
        log::warn!("a .{} cannot carry {left_out}; left out", target.name());
    }
    Ok(metainfo.write_as(target)?)
}
