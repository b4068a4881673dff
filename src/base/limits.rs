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

/// Shorter parts of files are copied, to be hashed or sent: to map and unmap them would cost more
/// than their bytes.
pub const MAPPED_LEN_BYTES_MIN: usize = 128 << 10;

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

/// How many spans one receive plan may have: 32 blocks and what stands before each.
pub const RECV_PLAN_SPANS_MAX: usize = 64;

/// How many parts one send plan may have: they become one system call.
pub const SEND_PLAN_PARTS_MAX: usize = 32;

/// The most bytes of one receive plan that may turn out to belong elsewhere, and are then kept
/// until the core has a place for them.
pub const RECV_MISPLACED_LEN_BYTES_MAX: usize = 1 << 20;

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

/// How many peers that a walk through the tracker's table would miss are remembered for it.
pub const WALK_MOVED_UP_MAX: usize = 8 << 10;

/// How many announces the other tracker of a pair is told before it has answered the first.
pub const PAIR_ANNOUNCES_IN_FLIGHT_MAX: usize = 256;

/// How many requests stand with one peer at least, and at most, as long as it takes that many.
pub const PIPELINE_BLOCKS_MIN: u32 = 24;
pub const PIPELINE_BLOCKS_MAX: u32 = 2048;

/// How many places of memory there are at once, of all kinds; and how many of them are to receive
/// into, so that some are left to send from, whatever comes in however small pieces.
pub const PLACES_MAX: usize = 4096;
pub const RECEIVING_PLACES_MAX: usize = 1024;

/// How much content in short pieces shares one buffer.
pub const SHARED_BUFFER_LEN_BYTES: u32 = 256 << 10;

/// How much of a file one window to receive into covers: shorter ones lose huge folios.
pub const WINDOW_LEN_BYTES: u32 = 16 << 20;

/// How many requests a peer takes that does not say how many.
pub const PEER_REQUESTS_DEFAULT: u32 = 250;

/// How many requests of one peer stand at most; we tell peers so.
pub const PEER_REQUESTS_MAX: u32 = 2048;

/// How many messages of a peer are borne that are of no use (requests that are refused, what it said
/// already, what nobody reads), and how many of them are forgiven in a second.
pub const WORDS_OF_NO_USE_BORNE: u32 = 16 << 10;
pub const WORDS_FORGIVEN_PER_S: u32 = 64;

/// For how many of them it counts to tell again what one has, all told.
pub const WORDS_FOR_ALL_AGAIN: u32 = 64;

/// How many blocks and refusals of a peer are borne that answer nothing, besides as many as it sent
/// blocks that were asked for; and how many at most.
pub const ANSWERS_UNASKED_BORNE: u32 = 64;
pub const ANSWERS_UNASKED_MAX: u32 = 2 * PIPELINE_BLOCKS_MAX;

/// How many pieces a peer that has none yet may ask for while it is choked, as far as that is no more
/// than a share of all; and how often it may have them so.
pub const ALLOWED_FAST_PIECES: u32 = 10;
pub const ALLOWED_FAST_SHARE: u32 = 8;
pub const ALLOWED_FAST_TIMES_MAX: u64 = 2;

/// How many pieces are remembered that a peer allows us to ask for while it chokes us.
pub const ALLOWED_FAST_HEARD_MAX: usize = 64;

/// How many bytes of words one connection receives at once while no block can be among them.
pub const PEER_WORDS_LEN_BYTES: usize = 16 << 10;

/// How many bytes of words may wait for one peer to read them.
pub const OUTBOX_LEN_BYTES_MAX: usize = 1 << 20;

/// The longest block that a peer may send or ask for. Clients ask for 16 KiB; some old ones asked
/// for 128.
pub const PEER_BLOCK_LEN_BYTES_MAX: u32 = 128 << 10;

/// The longest bitfield of a peer while nobody knows how many pieces there are: the hashes of more
/// of them would not fit into what is read of a metainfo file.
#[expect(clippy::cast_possible_truncation, reason = "under 2 MiB")]
pub const PEER_BITFIELD_LEN_BYTES_MAX: u32 = (METAINFO_LEN_BYTES_MAX / 20 / 8) as u32 + 1;

/// The longest message of the extension protocol. The extensions in use send far shorter ones: 16
/// KiB of metadata, or a few hundred peers.
pub const PEER_EXTENDED_LEN_BYTES_MAX: u32 = 1 << 20;

/// The longest message that is skipped because nobody here reads its kind.
pub const PEER_SKIPPED_LEN_BYTES_MAX: u32 = 1 << 20;

/// The longest extension handshake, and how much nests and stands in it. Real ones have some 300
/// bytes, 2 levels and 40 values, keys included.
pub const EXTENSION_HANDSHAKE_LEN_BYTES_MAX: usize = 64 << 10;
pub const EXTENSION_HANDSHAKE_DEPTH_MAX: usize = 16;
pub const EXTENSION_HANDSHAKE_NODES_MAX: usize = 4096;

/// How many extensions of a peer are looked at, and how long their names may be.
pub const EXTENSION_NAMES_MAX: usize = 64;
pub const EXTENSION_NAME_LEN_BYTES_MAX: usize = 64;

/// The longest name and version that a peer may give its program; longer ones are ignored.
pub const EXTENSION_CLIENT_LEN_BYTES_MAX: usize = 256;

/// How many connections may be asked for the same block at the end of a torrent: each one more than
/// the first may send it in vain.
pub const BLOCK_ASKED_MAX: usize = 4;

/// How many pieces one hash job takes: as many as the widest hasher has lanes.
pub const HASH_JOB_PIECES_MAX: usize = 16;

/// How much of what is still free to be asked for has its place before it is needed.
pub const LANDING_AHEAD_BYTES: u64 = 32 << 20;

/// How many of the blocks that a peer waits for are brought into memory ahead of the socket.
pub const UPLOADS_AHEAD: usize = 64;

/// How much content is brought into memory at once to send from it: at most, and at least where
/// many peers want different parts.
pub const READ_LEN_BYTES_MAX: u32 = 4 << 20;
pub const READ_LEN_BYTES_MIN: u32 = 256 << 10;

/// How many of these are brought into memory ahead of a peer that reads on.
pub const READS_AHEAD: usize = 3;

/// The longest head of an HTTP response that is read, and the longest trailer of one in chunks.
pub const HTTP_RESPONSE_HEAD_LEN_BYTES_MAX: usize = 16 << 10;

/// The longest line before a chunk of an HTTP response: a length, and what nobody asked for.
pub const HTTP_CHUNK_LINE_LEN_BYTES_MAX: usize = 256;

/// The longest reply of an HTTP tracker that is read: some 20,000 peers in the wordy form.
pub const TRACKER_REPLY_LEN_BYTES_MAX: usize = 1 << 20;

/// How deep the reply of a tracker may nest, and how many values it may hold.
pub const TRACKER_REPLY_DEPTH_MAX: usize = 8;
pub const TRACKER_REPLY_NODES_MAX: usize = 256 << 10;

/// How many peers of one reply of a tracker are taken.
pub const TRACKER_REPLY_PEERS_MAX: usize = 1000;

/// The longest word of a tracker to people that is kept.
pub const TRACKER_TEXT_LEN_BYTES_MAX: usize = 1 << 10;

/// The longest id that a tracker may want to be told again.
pub const TRACKER_ID_LEN_BYTES_MAX: usize = 256;

/// How many trackers of one torrent are asked; each may have an exchange of its own under way.
pub const ANNOUNCER_TRACKERS_MAX: usize = 64;

/// How many addresses of one tracker are tried.
pub const TRACKER_ADDRESSES_MAX: usize = 8;

/// How often one announce is sent elsewhere.
pub const TRACKER_REDIRECTS_MAX: u8 = 5;

/// How many digests of blocks of wrong pieces are kept until the pieces come whole: some 30 bytes
/// each.
pub const SUSPECT_DIGESTS_MAX: usize = 1 << 16;

/// How many addresses of one torrent's peers are known at once.
pub const ROSTER_LEN_MAX: usize = 2000;

/// How many addresses may be barred at once, and how many different offences bar all of one.
pub const BANS_MAX: usize = 1000;
pub const OFFENCES_PER_ADDRESS_MAX: usize = 4;

/// How many of its own addresses a process may find out by dialling them.
pub const OWN_ADDRESSES_MAX: usize = 64;

/// Of how many peers, past and present, a torrent remembers the address to know who sent what.
pub const CONTRIBUTORS_KEPT_MAX: usize = 4096;

/// How many files that content is received into or sent from stay open between uses.
pub const CONTENT_FILES_OPEN_MAX: usize = 256;

/// How many ranges of files may be on their way to the disk at once: each holds a descriptor.
pub const WRITEBACK_RANGES_MAX: usize = 256;

/// How many names may wait to be looked up, and how many are being looked up at once: each of
/// those has a thread.
pub const RESOLVES_WAITING_MAX: usize = 256;
pub const RESOLVED_AT_ONCE_MAX: usize = 4;

/// How many of those who left lately are remembered for the other tracker of a pair.
pub const PAIR_STOPS_KEPT_MAX: usize = 8 << 10;

/// The longest body of a response of the other tracker of a pair; a refusal is a sentence.
pub const PAIR_RESPONSE_BODY_LEN_BYTES_MAX: usize = 4 << 10;

/// From how many places one peer is sent to at a time: one that asks for a bit of everything, and
/// reads none of it, keeps no more memory than this from the others.
pub const UPLOAD_PLACES_MAX: usize = 4;

/// How many blocks one receive plan guesses ahead: as many as it has room for, each behind its head.
pub const LOOK_AHEAD_BLOCKS_MAX: usize = RECV_PLAN_SPANS_MAX / 2;

/// How many requests in a row a peer may refuse before it is asked more slowly.
pub const REFUSALS_BORNE_MAX: u32 = 64;
