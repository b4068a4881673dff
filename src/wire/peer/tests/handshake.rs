use super::super::{Capabilities, Handshake, HandshakeHead, NotAHandshake, PeerId};
use crate::base::Sha1Digest;

fn handshake() -> Handshake {
    Handshake {
        capabilities: Capabilities::DHT
            .with(Capabilities::FAST)
            .with(Capabilities::V2)
            .with(Capabilities::EXTENSIONS),
        info_hash: Sha1Digest([0xab; 20]),
        peer_id: PeerId(*b"-TR4050-p3cgb6fl7v0k"),
    }
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    let expected = [
        &b"\x13BitTorrent protocol"[..],
        &[0, 0, 0, 0, 0, 0x10, 0, 0x15],
        &[0xab; 20],
        b"-TR4050-p3cgb6fl7v0k",
    ]
    .concat();
    assert_eq!(handshake().to_bytes(), &expected[..]);
    assert_eq!(Handshake::parse(&expected), Ok(Some(handshake())));
}

#[test]
fn what_follows_belongs_to_somebody_else() {
    let mut bytes = handshake().to_bytes().to_vec();
    bytes.extend([0, 0, 0, 1, 2]);
    assert_eq!(Handshake::parse(&bytes), Ok(Some(handshake())));
}

#[test]
fn each_part_is_read_as_soon_as_it_is_there() {
    let bytes = handshake().to_bytes();
    for len in 0..bytes.len() {
        let received = &bytes[..len];
        assert_eq!(Handshake::parse(received), Ok(None), "{len} bytes");
        let head = HandshakeHead::parse(received).unwrap();
        assert_eq!(head.is_some(), len >= 48, "{len} bytes");
    }
    let head = HandshakeHead::parse(&bytes).unwrap().unwrap();
    assert_eq!(head.info_hash, handshake().info_hash);
    assert_eq!(head.capabilities, handshake().capabilities);
}

#[test]
fn garbage_is_refused_at_its_first_byte() {
    let bytes = handshake().to_bytes();
    for at in 0..20 {
        let mut wrong = bytes;
        wrong[at] ^= 0x20;
        let found = wrong[at];
        let refused = NotAHandshake { at, found };
        assert_eq!(HandshakeHead::parse(&wrong[..=at]), Err(refused));
        assert_eq!(Handshake::parse(&wrong[..=at]), Err(refused));
        assert_eq!(Handshake::parse(&wrong[..at]), Ok(None));
    }
    let error = Handshake::parse(b"GET / HTTP/1.1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`G` at byte 0 does not belong to the name of the protocol"
    );
}

#[test]
fn capabilities_are_bits() {
    let theirs = Capabilities::from_bytes([0x80, 0, 0, 0, 0, 0x10, 0, 0x05]);
    assert!(theirs.has(Capabilities::EXTENSIONS) && theirs.has(Capabilities::FAST));
    assert!(theirs.has(Capabilities::DHT) && !theirs.has(Capabilities::V2));
    assert_eq!(theirs.to_bytes(), [0x80, 0, 0, 0, 0, 0x10, 0, 0x05]);
    let ours = Capabilities::FAST.with(Capabilities::V2);
    assert_eq!(theirs.shared(ours), Capabilities::FAST);
    assert!(!theirs.has(ours) && theirs.has(Capabilities::NONE));
}
