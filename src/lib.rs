//! The tour of the house.
//!
//! A room imports only from the floors below its own; `tests/house.rs` holds that.
//!
//! | floor | room | what lives there |
//! |---|---|---|
//! | 0 | [`base`] | the words everyone uses: digests as values, hex, URLs, limits; and the seam: [`base::Core`] |
//! | 1 | [`hash`] | SHA-1 and SHA-256 |
//! | 1 | [`bencode`] | the strict, zero-copy reader and the writer |
//! | 2 | [`metainfo`] | bytes <-> values: `.torrent`, `.mtorrent`, `.st`, magnets, safe paths |
//! | 2 | [`wire`] | bytes <-> values, without state: messages of peers, tracker packets, HTTP |
//! | 3 | [`peer`] | one connection to a peer: what is received, asked for and sent next |
//! | 4 | [`swarm`] | one torrent: block states and leases, picker, choker, roster of peers |
//! | 4 | [`tracker`] | both ends of a tracker: the table of swarms and its server, the announcer |
//! | 5 | [`engine`] | a client process: many swarms behind one core |
//! | 6 | [`storage`] | content on disks: scanned, read through bounded windows, hashed, verified |
//! | 6 | [`reactor`] | the loop over real sockets: the only room that touches one |
//! | 7 | [`sim`] | the other host: virtual network, time and disks, with a checker |
//! | 8 | [`cli`] | the commands |

pub mod base;
pub mod bencode;
pub mod cli;
pub mod engine;
pub mod hash;
pub mod metainfo;
pub mod peer;
pub mod reactor;
pub mod sim;
pub mod storage;
pub mod swarm;
pub mod tracker;
pub mod wire;
