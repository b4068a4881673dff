//! Messages one by one: their bytes, and what is refused.

use super::super::*;
use crate::base::limits::{
    PEER_BITFIELD_LEN_BYTES_MAX, PEER_BLOCK_LEN_BYTES_MAX, PEER_EXTENDED_LEN_BYTES_MAX,
    PEER_SKIPPED_LEN_BYTES_MAX,
};
use crate::base::{Bitfield, Geometry};

const BLOCK: RawBlock = RawBlock {
    piece_index: 0x0102_0304,
    offset_bytes: 0x4000,
    len_bytes: 0x3fff,
};

fn short_messages() -> Vec<(Message, &'static [u8])> {
    let piece_index = 0x0102_0304;
    vec![
        (Message::KeepAlive, b"\0\0\0\0"),
        (Message::Choke, b"\0\0\0\x01\0"),
        (Message::Unchoke, b"\0\0\0\x01\x01"),
        (Message::Interested, b"\0\0\0\x01\x02"),
        (Message::NotInterested, b"\0\0\0\x01\x03"),
        (
            Message::Have { piece_index },
            b"\0\0\0\x05\x04\x01\x02\x03\x04",
        ),
        (
            Message::Request(BLOCK),
            b"\0\0\0\x0d\x06\x01\x02\x03\x04\0\0\x40\0\0\0\x3f\xff",
        ),
        (
            Message::Cancel(BLOCK),
            b"\0\0\0\x0d\x08\x01\x02\x03\x04\0\0\x40\0\0\0\x3f\xff",
        ),
        (Message::Port(6881), b"\0\0\0\x03\x09\x1a\xe1"),
        (
            Message::SuggestPiece { piece_index },
            b"\0\0\0\x05\x0d\x01\x02\x03\x04",
        ),
        (Message::HaveAll, b"\0\0\0\x01\x0e"),
        (Message::HaveNone, b"\0\0\0\x01\x0f"),
        (
            Message::RejectRequest(BLOCK),
            b"\0\0\0\x0d\x10\x01\x02\x03\x04\0\0\x40\0\0\0\x3f\xff",
        ),
        (
            Message::AllowedFast { piece_index },
            b"\0\0\0\x05\x11\x01\x02\x03\x04",
        ),
    ]
}

#[test]
fn short_messages_have_these_bytes() {
    for (message, bytes) in short_messages() {
        let mut written = Vec::new();
        message.write(&mut written);
        assert_eq!(written, bytes, "{message:?}");
        let len_bytes = bytes.len();
        let whole = Frame::Message { len_bytes, message };
        assert_eq!(frame(bytes, Some(9)), Ok(whole));
        assert_eq!(frame(&[bytes, b"more"].concat(), None), Ok(whole));
    }
}

#[test]
fn a_part_says_how_much_it_lacks() {
    for (message, bytes) in short_messages() {
        for len in 0..bytes.len() {
            let min_bytes = match len {
                0..4 => 4,
                4 => 5,
                _ => bytes.len(),
            };
            let expected = Ok(Frame::NeedMore { min_bytes });
            assert_eq!(frame(&bytes[..len], None), expected, "{message:?}, {len}");
        }
    }
}

#[test]
fn of_a_piece_the_head_is_read() {
    let bytes = b"\0\0\x40\x08\x07\x01\x02\x03\x04\0\0\x40\0";
    let min_bytes = PIECE_HEAD_LEN_BYTES;
    assert_eq!(bytes.len(), min_bytes);
    for len in 5..bytes.len() {
        assert_eq!(
            frame(&bytes[..len], None),
            Ok(Frame::NeedMore { min_bytes })
        );
    }
    assert_eq!(frame(bytes, None), Ok(Frame::PieceHead(BLOCK)));
}

#[test]
fn blocks_are_written_as_they_are_read() {
    let geometry = Geometry::new(1 << 20, 1 << 18).unwrap();
    let block = geometry.part(3, 0x8000, 0x4000).unwrap();
    let raw = RawBlock::from(block);
    assert_eq!(raw.within(&geometry), Some(block));
    let message = |bytes: &[u8]| match frame(bytes, None) {
        Ok(Frame::Message { message, .. }) => message,
        other => panic!("{other:?}"),
    };
    assert_eq!(message(&request_bytes(block)), Message::Request(raw));
    assert_eq!(message(&cancel_bytes(block)), Message::Cancel(raw));
    assert_eq!(message(&reject_bytes(raw)), Message::RejectRequest(raw));
    assert_eq!(frame(&piece_head(block), None), Ok(Frame::PieceHead(raw)));
}

#[test]
fn blocks_that_no_message_carries_are_none() {
    let geometry = Geometry::new(1 << 20, 1 << 20).unwrap();
    let raw = |len_bytes| RawBlock {
        piece_index: 0,
        offset_bytes: 0,
        len_bytes,
    };
    let longest = raw(PEER_BLOCK_LEN_BYTES_MAX).within(&geometry).unwrap();
    assert_eq!(
        frame(&piece_head(longest), None),
        Ok(Frame::PieceHead(longest.into()))
    );
    for len_bytes in [0, PEER_BLOCK_LEN_BYTES_MAX + 1, u32::MAX] {
        assert_eq!(raw(len_bytes).within(&geometry), None);
    }
}

#[test]
fn long_messages_are_told_by_their_heads() {
    let all = Bitfield::all(77);
    let mut bytes = Vec::new();
    write_bitfield(&all, &mut bytes);
    assert_eq!(bytes[..6], *b"\0\0\0\x0b\x05\xff");
    let long = long_of(&bytes[..5], Some(77));
    assert_eq!((long.kind, long.len_bytes()), (LongKind::Bitfield, 15));
    assert_eq!(long.body_of(&bytes[..14]), None);
    let body = long.body_of(&bytes).unwrap();
    assert_eq!(Bitfield::from_wire(body, 77), Ok(all));

    let mut bytes = Vec::new();
    write_extended(3, b"payload", &mut bytes);
    assert_eq!(bytes, b"\0\0\0\x09\x14\x03payload");
    assert_eq!(
        frame(&bytes[..5], None),
        Ok(Frame::NeedMore { min_bytes: 6 })
    );
    let long = long_of(&bytes[..6], None);
    assert_eq!(long.kind, LongKind::Extended { extended_id: 3 });
    assert_eq!(long.body_of(&bytes), Some(&b"payload"[..]));
}

fn long_of(bytes: &[u8], piece_count: Option<u32>) -> LongMessage {
    match frame(bytes, piece_count) {
        Ok(Frame::Long(long)) => long,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_nobody_reads_can_be_skipped() {
    for (front, kind) in [
        (b"\0\0\0\x31\x15", LongKind::HashRequest),
        (b"\0\0\0\x31\x16", LongKind::Hashes),
        (b"\0\0\0\x31\x17", LongKind::HashReject),
        (b"\0\0\0\x31\x0a", unknown(0x0a)),
        (b"\0\0\0\x31\x12", unknown(0x12)),
        (b"\0\0\0\x31\xff", unknown(0xff)),
    ] {
        let long = long_of(front, None);
        assert_eq!((long.kind, long.len_bytes()), (kind, 4 + 0x31));
    }
    assert_eq!(long_of(b"\0\0\0\x01\x63", None).body_len_bytes, 0);
}

const fn unknown(id: u8) -> LongKind {
    LongKind::Unknown { id: MessageId(id) }
}

#[test]
fn a_length_that_the_kind_cannot_have_is_refused_at_once() {
    for (id, min, max) in [
        (MessageId::CHOKE, 1, 1),
        (MessageId::UNCHOKE, 1, 1),
        (MessageId::INTERESTED, 1, 1),
        (MessageId::NOT_INTERESTED, 1, 1),
        (MessageId::HAVE, 5, 5),
        (MessageId::BITFIELD, 3, 3),
        (MessageId::REQUEST, 13, 13),
        (MessageId::PIECE, 9, 9 + PEER_BLOCK_LEN_BYTES_MAX),
        (MessageId::CANCEL, 13, 13),
        (MessageId::PORT, 3, 3),
        (MessageId::SUGGEST_PIECE, 5, 5),
        (MessageId::HAVE_ALL, 1, 1),
        (MessageId::HAVE_NONE, 1, 1),
        (MessageId::REJECT_REQUEST, 13, 13),
        (MessageId::ALLOWED_FAST, 5, 5),
        (MessageId::EXTENDED, 2, PEER_EXTENDED_LEN_BYTES_MAX),
        (MessageId::HASH_REQUEST, 49, 49),
        (MessageId::HASHES, 49, PEER_SKIPPED_LEN_BYTES_MAX),
        (MessageId::HASH_REJECT, 49, 49),
        (MessageId(10), 1, PEER_SKIPPED_LEN_BYTES_MAX),
        (MessageId(255), 1, PEER_SKIPPED_LEN_BYTES_MAX),
    ] {
        for len_bytes in [1, min - 1, min, max, max + 1, u32::MAX] {
            if len_bytes == 0 {
                continue;
            }
            let is_due = (min..=max).contains(&len_bytes);
            let bytes = [&len_bytes.to_be_bytes()[..], &[id.0]].concat();
            let refused = Err(FrameError {
                id,
                len_bytes,
                min_bytes: min,
                max_bytes: max,
            });
            let found = frame(&bytes, Some(9));
            assert_eq!(found == refused, !is_due, "{id} of {len_bytes}: {found:?}");
            assert_eq!(found.is_ok(), is_due, "{id} of {len_bytes}: {found:?}");
        }
    }
}

#[test]
fn bitfields_of_unknown_torrents_are_bounded() {
    let front = |len_bytes: u32| [&len_bytes.to_be_bytes()[..], &[5]].concat();
    let longest = 1 + PEER_BITFIELD_LEN_BYTES_MAX;
    assert_eq!(
        long_of(&front(longest), None).body_len_bytes,
        PEER_BITFIELD_LEN_BYTES_MAX as usize
    );
    assert!(frame(&front(longest + 1), None).is_err());
    assert!(frame(&front(1 << 29), Some(u32::MAX)).is_err());
    assert!(frame(&front((1 << 29) + 1), Some(u32::MAX)).is_ok());
}

#[test]
fn errors_say_what_is_wrong() {
    let text = |bytes: &[u8], count| frame(bytes, count).unwrap_err().to_string();
    assert_eq!(
        text(b"\0\0\0\x02\0", None),
        "a message `choke` of 2 bytes where 1 is due"
    );
    assert_eq!(
        text(b"\0\0\0\x01\x04", None),
        "a message `have` of 1 byte where 5 are due"
    );
    assert_eq!(
        text(b"\x47\x45\x54\x20\x2f", None),
        "a message `47`, which is unknown, of 1195725856 bytes where 1 to 1048576 are due"
    );
}
