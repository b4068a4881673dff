//! Streams of messages: however they are cut, the same comes out.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::*;
use crate::base::{Bitfield, Geometry};

const PIECE_COUNT: u32 = 77;

/// What one message of a stream says, its body included.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Message(Message),
    Piece(RawBlock, Vec<u8>),
    Long(LongKind, Vec<u8>),
}

impl Said {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Message(message) => message.write(out),
            Self::Piece(block, content) => {
                let geometry = Geometry::new(1 << 50, 1 << 31).unwrap();
                out.extend(piece_head(block.within(&geometry).unwrap()));
                out.extend_from_slice(content);
            }
            Self::Long(LongKind::Bitfield, body) => {
                write_bitfield(&Bitfield::from_wire(body, PIECE_COUNT).unwrap(), out);
            }
            Self::Long(LongKind::Extended { extended_id }, body) => {
                write_extended(*extended_id, body, out);
            }
            Self::Long(kind, body) => {
                let id = match kind {
                    LongKind::HashRequest => MessageId::HASH_REQUEST,
                    LongKind::Hashes => MessageId::HASHES,
                    LongKind::HashReject => MessageId::HASH_REJECT,
                    LongKind::Unknown { id } => *id,
                    _ => unreachable!("written above"),
                };
                out.extend((1 + u32::try_from(body.len()).unwrap()).to_be_bytes());
                out.push(id.0);
                out.extend_from_slice(body);
            }
        }
    }
}

/// A connection that collects everything.
#[derive(Default)]
struct Listener {
    received: Vec<u8>,
    said: Vec<Said>,
    /// Below this many bytes it need not look again.
    min_bytes: usize,
}

impl Listener {
    fn hear(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        self.received.extend_from_slice(bytes);
        while self.received.len() >= self.min_bytes && self.take_one()? {}
        Ok(())
    }

    fn take_one(&mut self) -> Result<bool, FrameError> {
        let (said, len_bytes) = match frame(&self.received, Some(PIECE_COUNT))? {
            Frame::NeedMore { min_bytes } => return Ok(self.wait_for(min_bytes)),
            Frame::Message { len_bytes, message } => (Said::Message(message), len_bytes),
            Frame::PieceHead(block) => {
                let end = PIECE_HEAD_LEN_BYTES + block.len_bytes as usize;
                match self.received.get(PIECE_HEAD_LEN_BYTES..end) {
                    Some(content) => (Said::Piece(block, content.to_vec()), end),
                    None => return Ok(self.wait_for(end)),
                }
            }
            Frame::Long(long) => match long.body_of(&self.received) {
                Some(body) => (Said::Long(long.kind, body.to_vec()), long.len_bytes()),
                None => return Ok(self.wait_for(long.len_bytes())),
            },
        };
        self.min_bytes = 0;
        self.said.push(said);
        self.received.drain(..len_bytes);
        Ok(true)
    }

    fn wait_for(&mut self, min_bytes: usize) -> bool {
        assert!(min_bytes > self.received.len(), "it lacks something");
        self.min_bytes = min_bytes;
        false
    }
}

fn raw_block() -> impl Strategy<Value = RawBlock> {
    (any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(piece_index, offset_bytes, len_bytes)| {
        RawBlock {
            piece_index,
            offset_bytes,
            len_bytes,
        }
    })
}

fn message() -> impl Strategy<Value = Message> {
    use Message::*;
    prop_oneof![
        proptest::sample::select(vec![
            KeepAlive,
            Choke,
            Unchoke,
            Interested,
            NotInterested,
            HaveAll,
            HaveNone
        ]),
        any::<u32>().prop_map(|piece_index| Have { piece_index }),
        any::<u32>().prop_map(|piece_index| SuggestPiece { piece_index }),
        any::<u32>().prop_map(|piece_index| AllowedFast { piece_index }),
        any::<u16>().prop_map(Port),
        raw_block().prop_map(Request),
        raw_block().prop_map(Cancel),
        raw_block().prop_map(RejectRequest),
    ]
}

fn bytes(len: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), len)
}

fn long() -> impl Strategy<Value = Said> {
    let bitfield = bytes(10).prop_map(|mut body| {
        body[9] &= 0xf8;
        (LongKind::Bitfield, body)
    });
    let extended = (any::<u8>(), bytes(0..50))
        .prop_map(|(extended_id, body)| (LongKind::Extended { extended_id }, body));
    let unknown = (24..=u8::MAX, bytes(0..50))
        .prop_map(|(id, body)| (LongKind::Unknown { id: MessageId(id) }, body));
    prop_oneof![
        bitfield,
        extended,
        unknown,
        bytes(48).prop_map(|body| (LongKind::HashRequest, body)),
        bytes(48..200).prop_map(|body| (LongKind::Hashes, body)),
        bytes(48).prop_map(|body| (LongKind::HashReject, body)),
    ]
    .prop_map(|(kind, body)| Said::Long(kind, body))
}

fn piece() -> impl Strategy<Value = Said> {
    (0..1000_u32, 0..1_000_000_u32, bytes(1..50)).prop_map(|(piece_index, offset, content)| {
        let block = RawBlock {
            piece_index,
            offset_bytes: offset,
            len_bytes: u32::try_from(content.len()).unwrap(),
        };
        Said::Piece(block, content)
    })
}

fn stream() -> impl Strategy<Value = Vec<Said>> {
    vec(
        prop_oneof![message().prop_map(Said::Message), long(), piece()],
        1..40,
    )
}

fn written(stream: &[Said]) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.iter().for_each(|said| said.write(&mut bytes));
    bytes
}

fn heard<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Said> {
    let mut listener = Listener::default();
    chunks
        .into_iter()
        .for_each(|chunk| listener.hear(chunk).unwrap());
    assert!(listener.received.is_empty(), "nothing is left");
    listener.said
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_stream_may_be_cut_anywhere(stream in stream()) {
        let bytes = written(&stream);
        prop_assert_eq!(&heard(bytes.chunks(1)), &stream);
        for at in 0..=bytes.len() {
            let (front, back) = bytes.split_at(at);
            prop_assert_eq!(&heard([front, back]), &stream, "cut at {}", at);
        }
    }

    #[test]
    fn a_stream_may_come_in_pieces_of_any_length(
        stream in stream(),
        lens in vec(1..30_usize, 1..20),
    ) {
        let bytes = written(&stream);
        let mut rest = &bytes[..];
        let mut chunks = Vec::new();
        for len in lens.iter().cycle() {
            let (chunk, behind) = rest.split_at(rest.len().min(*len));
            chunks.push(chunk);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(heard(chunks), stream);
    }

    #[test]
    fn any_bytes_say_the_same_in_one_piece_and_byte_by_byte(
        lens in vec((0..60_u32, any::<u8>(), bytes(0..60)), 1..20),
    ) {
        let mut bytes = Vec::new();
        for (len, id, body) in lens {
            bytes.extend(len.to_be_bytes());
            bytes.push(id % 26);
            bytes.extend(body);
        }
        let mut at_once = Listener::default();
        let mut byte_by_byte = Listener::default();
        let end_at_once = at_once.hear(&bytes);
        let end = bytes.chunks(1).try_for_each(|byte| byte_by_byte.hear(byte));
        prop_assert_eq!(at_once.said, byte_by_byte.said);
        prop_assert_eq!(end_at_once, end);
    }
}
