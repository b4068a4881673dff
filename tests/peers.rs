//! mt beside the programs that others use: each reads what the other writes, and finds the same.
//!
//! libtorrent is asked through its Python module. It is the judge as well: what a third program
//! wrote must look to mt as it looks to libtorrent.

#[path = "peers/content.rs"]
mod content;
#[path = "peers/made_by_mt.rs"]
mod made_by_mt;
#[path = "peers/made_by_others.rs"]
mod made_by_others;
#[path = "peers/programs.rs"]
mod programs;
#[path = "peers/verified.rs"]
mod verified;

/// All that one file or directory can be made.
const VERSIONS: [&str; 3] = ["v1", "v2", "hybrid"];
