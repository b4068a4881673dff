//! Every limit on what comes from outside, named in one place.

/// The largest metainfo file that is read; memory while reading stays under four times this.
pub const METAINFO_LEN_BYTES_MAX: u64 = 256 << 20;

/// The largest document that is made of a metainfo file: a `.st` grows a little when its facts are
/// spelled out as bencode.
pub const METAINFO_DOCUMENT_LEN_BYTES_MAX: usize = 1 << 30;

/// How deep lists and dictionaries may nest. Directories of a v2 file tree take one level each.
pub const BENCODE_DEPTH_MAX: usize = 256;

/// How many values one document may hold: a hybrid torrent of a million files has some 27 million.
pub const BENCODE_NODES_MAX: usize = 64 << 20;

/// The longest decimal length prefix of a string: enough for any string that fits the document.
pub const BENCODE_LENGTH_DIGITS_MAX: usize = 10;

/// Piece lengths beyond this make no sense as a unit of verification.
pub const PIECE_LENGTH_BYTES_MAX: u32 = 1 << 30;

/// The smallest piece length of a v2 torrent: one block, one leaf of the Merkle tree.
pub const PIECE_LENGTH_V2_BYTES_MIN: u32 = 16 << 10;

/// The most bytes that one torrent may describe; leaves room for sums and offsets in 64 bits.
pub const TOTAL_SIZE_BYTES_MAX: u64 = 1 << 60;

/// The longest name of one file or directory on common file systems.
pub const PATH_COMPONENT_LEN_BYTES_MAX: usize = 255;

/// A magnet link longer than this is refused.
pub const MAGNET_LEN_BYTES_MAX: usize = 1 << 20;

/// How many trackers, web seeds, peers or file ranges of one torrent or magnet are kept.
pub const OUTER_LIST_LEN_MAX: usize = 10_000;

/// The longest URL that is kept.
pub const URL_LEN_BYTES_MAX: usize = 8 << 10;

/// The longest request line of an HTTP request to the tracker: a scrape of 64 info-hashes, every
/// byte escaped, and some room for the path.
pub const HTTP_TARGET_LEN_BYTES_MAX: usize = 6 << 10;

/// The longest HTTP request head, the request line included.
pub const HTTP_HEAD_LEN_BYTES_MAX: usize = 8 << 10;

/// How many header fields an HTTP request may carry; browsers behind two proxies send some 30.
pub const HTTP_HEADERS_MAX: usize = 64;

/// How many swarms one scrape may ask for: as many as one UDP packet carries without fragments.
pub const SCRAPE_HASHES_MAX: usize = 74;

/// How many bytes of URL data (path and query of a UDP tracker's URL) are looked at.
pub const UDP_URL_DATA_LEN_BYTES_MAX: usize = 512;

/// How many peers one announce is answered with at most.
pub const ANNOUNCE_PEERS_MAX: u32 = 200;

/// How many peers an announce gets that does not say how many it wants.
pub const ANNOUNCE_PEERS_DEFAULT: u32 = 50;

/// How many peers one swarm, and how many swarms one tracker, can hold: positions have 24 bits.
pub const TRACKER_POSITIONS_MAX: usize = (1 << 24) - 1;

/// The longest line of a tracker's state file; the longest real one has 100 bytes.
pub const STATE_LINE_LEN_BYTES_MAX: usize = 128;

/// How many changes of the swarms may wait for the writer of the state file.
pub const STATE_CHANGES_QUEUED_MAX: usize = 1 << 16;

/// How many announces may wait to be told to the other tracker of a pair.
pub const PAIR_ANNOUNCES_QUEUED_MAX: usize = 8 << 10;

/// How many announces the other tracker of a pair is told before it has answered the first.
pub const PAIR_ANNOUNCES_IN_FLIGHT_MAX: usize = 256;
