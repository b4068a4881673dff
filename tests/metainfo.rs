//! What `mt` makes of torrents, in every format, whole and broken.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test fails as the test does"
)]

#[path = "metainfo/build.rs"]
mod build;
#[path = "metainfo/convert.rs"]
mod convert;
#[path = "metainfo/hybrid.rs"]
mod hybrid;
#[path = "metainfo/made.rs"]
mod made;
#[path = "metainfo/mtorrent.rs"]
mod mtorrent;
#[path = "metainfo/odd_outer.rs"]
mod odd_outer;
#[path = "metainfo/roundtrip.rs"]
mod roundtrip;
#[path = "metainfo/samples.rs"]
mod samples;
#[path = "metainfo/shown.rs"]
mod shown;
#[path = "metainfo/st.rs"]
mod st;
#[path = "metainfo/st_build.rs"]
mod st_build;
#[path = "metainfo/to_st.rs"]
mod to_st;
#[path = "metainfo/torrent_v1.rs"]
mod torrent_v1;
#[path = "metainfo/torrent_v2.rs"]
mod torrent_v2;
#[path = "metainfo/v1_files.rs"]
mod v1_files;
#[path = "metainfo/v2_layers.rs"]
mod v2_layers;
#[path = "metainfo/vectors.rs"]
mod vectors;
