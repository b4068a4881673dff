//! Standard output, for results and nothing else.

use std::io::{self, BufWriter, StdoutLock, Write as _};

use anyhow::{Context as _, Result};

/// Has a result written, all of it or with an error that names standard output.
pub(super) fn write_stdout(
    write: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> Result<()>,
) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out)
        .and_then(|()| Ok(out.flush()?))
        .context("standard output")
}
