//! Log lines on standard error.

use log::LevelFilter;
use simplelog::{ConfigBuilder, WriteLogger};

pub(super) fn start(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    let config = ConfigBuilder::new()
        .set_time_level(LevelFilter::Debug)
        .set_target_level(LevelFilter::Debug)
        .set_thread_level(LevelFilter::Off)
        .set_location_level(LevelFilter::Off)
        .build();
    // It fails only where a logger is there already, and then that one does.
    let _ = WriteLogger::init(level, config, std::io::stderr());
}
