//! A client process: many swarms behind one [`Core`](crate::base::Core).

mod job;

pub use job::{
    Done, Job, MappableRun, PieceInPlace, PieceVerdict, PlaceSource, ResolveId, StorageFault,
    TorrentId,
};
