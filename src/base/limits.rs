//! Every limit on what comes from outside, and on the memory that mt takes for it, named in one
//! place.

/// The largest metainfo file that is read; memory while reading stays under four times this.
pub const METAINFO_LEN_BYTES_MAX: u64 = 256 << 20;

/// The largest document that is made of a metainfo file: a `.st` grows a little when its facts are
/// spelled out as bencode.
pub const METAINFO_DOCUMENT_LEN_BYTES_MAX: usize = 1 << 30;

/// How deep lists and dictionaries may nest. Directories of a v2 file tree take one level each.
pub const BENCODE_DEPTH_MAX: usize = 256;

/// How many names one path of a v2 torrent may have: the torrent, `info`, the tree and what it says of
/// a file are dictionaries around and below them.
pub const V2_PATH_COMPONENTS_MAX: usize = BENCODE_DEPTH_MAX - 4;

/// How many values one document may hold: a hybrid torrent of a million files has some 27 million.
pub const BENCODE_NODES_MAX: usize = 64 << 20;

/// The longest decimal length prefix of a string: enough for any string that fits the document.
pub const BENCODE_LENGTH_DIGITS_MAX: usize = 10;

/// Piece lengths beyond this make no sense as a unit of verification.
pub const PIECE_LENGTH_BYTES_MAX: u32 = 1 << 30;

/// The smallest piece length of a v2 torrent, and what one leaf of its Merkle trees covers.
pub const PIECE_LENGTH_V2_BYTES_MIN: u32 = 16 << 10;

/// The most bytes that one torrent may describe; leaves room for sums and offsets in 64 bits.
pub const TOTAL_SIZE_BYTES_MAX: u64 = 1 << 60;

/// The longest name of one file or directory on common file systems.
pub const PATH_COMPONENT_LEN_BYTES_MAX: usize = 255;

/// The most text that the paths of one torrent may hold: where they start is kept in 32 bits.
pub const PATHS_TEXT_LEN_BYTES_MAX: u32 = 512 << 20;
const _: () = assert!(PATHS_TEXT_LEN_BYTES_MAX as u64 == 2 * METAINFO_LEN_BYTES_MAX);

/// How much text of paths is borne of any torrent, however small.
pub const PATHS_TEXT_LEN_BYTES_BORNE: usize = 32 << 20;

/// The longest target of a link that Linux stores, without its terminator.
pub const LINK_TARGET_LEN_BYTES_MAX: usize = 4095;

/// How many tiers of trackers the byte in a `.st` tells apart.
pub const ST_TIERS_MAX: usize = 256;

/// How many names one path of a v1 torrent may have: more than any path that a system opens is likely
/// to have. A v2 path nests its directories, and the nesting is limited.
pub const V1_PATH_COMPONENTS_MAX: usize = 1024;

/// A magnet link longer than this is refused.
pub const MAGNET_LEN_BYTES_MAX: usize = 1 << 20;

/// How many trackers, web seeds, peers or file ranges of one torrent or magnet are kept.
pub const OUTER_LIST_LEN_MAX: usize = 10_000;

/// How many entries of such a list of URLs are looked at, those that are not kept included.
pub const OUTER_LIST_ENTRIES_MAX: usize = 100_000;

/// The most text that the trackers, or the web seeds, of one torrent may have together.
pub const OUTER_LIST_URLS_LEN_BYTES_MAX: usize = 8 << 20;

/// The longest comment, or name of the program that made a torrent, that is kept.
pub const OUTER_TEXT_LEN_BYTES_MAX: usize = 1 << 20;

/// The longest URL that is kept.
pub const URL_LEN_BYTES_MAX: usize = 8 << 10;

/// How much content may be mapped at once while it is hashed, by all workers together.
pub const MAPPED_BYTES_MAX: usize = 64 << 20;

/// How much content may be copied at once while it is hashed, by all workers together: what stays
/// in the caches of their cores until it is hashed.
pub const COPIED_BYTES_MAX: usize = 4 << 20;

/// How many pieces one worker hashes side by side: each takes some 200 bytes besides its content,
/// and pieces may be of one byte.
pub const UNITS_PER_BATCH_MAX: usize = 4096;

/// How many parts of files one worker takes at once: pieces may be of very many small files.
pub const PARTS_PER_ROUND_MAX: usize = 8 << 10;

/// How many entries of one directory are held at once while they are looked at.
pub const ENTRIES_LOOKED_AT_MAX: usize = 4 << 10;

/// How many windows can be watched at once for files that are cut short; more of them are refused,
/// not left unwatched.
pub const WATCHES_MAX: usize = 4096;

/// The longest host name (RFC 1035), and the longest part of one between dots.
pub const HOST_NAME_LEN_BYTES_MAX: usize = 253;
pub const HOST_LABEL_LEN_BYTES_MAX: usize = 63;

/// How many spans one receive plan may have.
pub const RECV_PLAN_SPANS_MAX: usize = 16;

/// How many pieces of bytes one send plan may have: they become one system call.
pub const SEND_PLAN_PARTS_MAX: usize = 16;

/// The most bytes that are received in one call, for all connections together.
pub const RECV_SCRATCH_LEN_BYTES: usize = 256 << 10;

/// How many bytes one connection may receive and send before the others get their turn.
pub const CONN_TURN_BYTES_MAX: usize = 512 << 10;

/// How many rounds of sending and receiving one connection gets before the others get their turn.
pub const CONN_TURN_ROUNDS_MAX: usize = 16;

/// How many connections one listener accepts before the others get their turn.
pub const ACCEPT_TURN_MAX: usize = 64;

/// How many sources of work are served before the kernel is asked what else there is.
pub const TURN_SOURCES_MAX: usize = 512;

/// How many connections may wait to be accepted; the kernel has a limit of its own.
pub const ACCEPT_BACKLOG_MAX: i32 = 4096;

/// How many datagrams are received, answered or sent in one call.
pub const DATAGRAM_BATCH_LEN_MAX: usize = 32;

/// A longer datagram is dropped: no protocol of ours sends one that a common link cannot carry.
pub const DATAGRAM_LEN_BYTES_MAX: usize = 2 << 10;

/// How many batches of datagrams one socket may receive before the others get their turn.
pub const DATAGRAM_TURN_BATCHES_MAX: usize = 16;

/// How many datagrams may wait for a socket that takes no more; further ones are lost.
pub const DATAGRAMS_WAITING_MAX: usize = 1024;

/// How many finished jobs and messages may wait for one core; whoever sends more waits.
pub const COMPLETIONS_WAITING_MAX: usize = 1024;

/// How many finished jobs and messages one core takes before the others get their turn.
pub const COMPLETIONS_TURN_MAX: usize = 256;
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

/// How many of those who left lately are remembered for the other tracker of a pair.
pub const PAIR_STOPS_KEPT_MAX: usize = 8 << 10;

/// The longest body of a response of the other tracker of a pair; a refusal is a sentence.
pub const PAIR_RESPONSE_BODY_LEN_BYTES_MAX: usize = 4 << 10;
