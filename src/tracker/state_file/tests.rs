use std::time::Instant;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::base::Sha1Digest;
use crate::base::limits::STATE_LINE_LEN_BYTES_MAX;
use crate::tracker::table::{Bounds, Change, Fact, Role, Table, Time};
use crate::tracker::{Peer, Secret};

const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

fn read(text: &[u8]) -> (Vec<Change>, Reader) {
    let mut reader = Reader::default();
    let mut changes = Vec::new();
    reader.read(text, |change| changes.push(change));
    (changes, reader)
}

fn change(fact: Fact) -> Change {
    Change {
        info_hash: HASH.parse().unwrap(),
        fact,
    }
}

fn peer(text: &str) -> Peer {
    Peer::from(text.parse::<std::net::SocketAddr>().unwrap())
}

#[test]
fn lines_by_value() {
    let text = format!(
        "seeder {HASH} 192.0.2.1:6881\nleecher {HASH} [2001:db8::1]:6881\n\
         gone {HASH} 10.0.0.255:65535\ndownloads {HASH} 4294967295\n"
    );
    let changes = [
        change(Fact::Here(peer("192.0.2.1:6881"), Role::Seeder)),
        change(Fact::Here(peer("[2001:db8::1]:6881"), Role::Leecher)),
        change(Fact::Gone(peer("10.0.0.255:65535"))),
        change(Fact::Downloads(u32::MAX)),
    ];
    let mut written = Vec::new();
    for change in &changes {
        write_change(change, &mut written);
    }
    assert_eq!(String::from_utf8(written).unwrap(), text);
    let (read, reader) = read(text.as_bytes());
    assert_eq!(read, changes);
    assert_eq!(
        (reader.whole_len_bytes(), reader.unreadable_lines()),
        (text.len() as u64, 0)
    );
}

#[test]
fn the_files_of_others_are_known_from_our_own() {
    let good = format!("seeder {HASH} 192.0.2.1:1\n");
    let ours = [
        "",
        "# mt tr",
        HEADER,
        "leech",
        &good,
        &good[..good.len() - 1],
        &format!("{HEADER}rubbish\n"),
        &format!("rubbish\n{good}rub"),
    ];
    for text in ours {
        assert!(!read(text.as_bytes()).1.is_foreign(), "{text}");
    }
    let foreign = [
        "\n",
        "word",
        "one\nseeder ",
        "# a list\n",
        "#!/bin/sh\nexit\n",
        "seeder\n",
    ];
    for text in foreign {
        assert!(read(text.as_bytes()).1.is_foreign(), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_counted_and_passed_over() {
    let good = format!("seeder {HASH} 192.0.2.1:1\n");
    let long = "x".repeat(STATE_LINE_LEN_BYTES_MAX * 3);
    let bad = [
        "x",
        "seeder",
        "seeder ",
        &format!("seeder {HASH}"),
        &format!("seeder {HASH} "),
        &format!("seeder {HASH} 192.0.2.1"),
        &format!("seeder {HASH} 192.0.2.256:1"),
        &format!("seeder {HASH} 192.0.2.1:65536"),
        &format!("seeder {HASH} 192.0.2.1:0"),
        &format!("seeder {HASH} 192.0.2.1.1:1"),
        &format!("seeder {HASH} [::1]"),
        &format!("seeder {HASH} 224.0.0.1:1"),
        &format!("seeder {HASH}0 192.0.2.1:1"),
        &format!("Seeder {HASH} 192.0.2.1:1"),
        &format!("downloads {HASH} -1"),
        &format!("downloads {HASH} 4294967296"),
        "\0\0\0\0",
        &long,
    ];
    let mut text = format!("{HEADER}\n\r\n");
    for line in bad {
        text += &format!("{line}\n{good}");
    }
    let (changes, reader) = read(text.as_bytes());
    assert_eq!(changes.len(), bad.len());
    assert_eq!(reader.unreadable_lines(), bad.len() as u64);
    assert_eq!(reader.whole_len_bytes(), text.len() as u64);
}

#[test]
fn a_torn_line_does_not_count() {
    let whole = format!("seeder {HASH} 192.0.2.1:1\n");
    for cut in 0..whole.len() {
        let text = format!("{whole}{}", &whole[..cut]);
        let (changes, reader) = read(text.as_bytes());
        assert_eq!(changes.len(), 1);
        assert_eq!(reader.whole_len_bytes(), whole.len() as u64);
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    let peer = prop_oneof![
        any::<[u8; 6]>().prop_map(Peer::V4),
        any::<[u8; 18]>().prop_map(Peer::V6),
    ];
    let peer = peer.prop_filter("usable", |peer| {
        let address = peer.address();
        crate::tracker::addresses::is_usable(address.ip(), address.port())
            && Peer::from(address) == *peer
    });
    let role = prop_oneof![Just(Role::Seeder), Just(Role::Leecher)];
    let fact = prop_oneof![
        (peer.clone(), role).prop_map(|(peer, role)| Fact::Here(peer, role)),
        peer.prop_map(Fact::Gone),
        any::<u32>().prop_map(Fact::Downloads),
    ];
    (any::<[u8; 20]>(), fact).prop_map(|(hash, fact)| Change {
        info_hash: Sha1Digest(hash),
        fact,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_in_whatever_pieces(
        changes in vec(any_change(), 0..20),
        piece_len in 1_usize..200,
    ) {
        let mut text = HEADER.as_bytes().to_vec();
        for change in &changes {
            write_change(change, &mut text);
        }
        let mut reader = Reader::default();
        let mut read = Vec::new();
        for piece in text.chunks(piece_len) {
            reader.read(piece, |change| read.push(change));
        }
        prop_assert_eq!(read, changes);
        prop_assert_eq!(reader.whole_len_bytes(), text.len() as u64);
        prop_assert_eq!(reader.unreadable_lines(), 0);
    }

    #[test]
    fn any_bytes_read_the_same_in_any_pieces(
        text in vec(prop_oneof![Just(b'\n'), Just(b' '), any::<u8>()], 0..600),
        piece_len in 1_usize..200,
    ) {
        let (whole, whole_reader) = read(&text);
        let mut reader = Reader::default();
        let mut pieces = Vec::new();
        for piece in text.chunks(piece_len) {
            reader.read(piece, |change| pieces.push(change));
        }
        prop_assert_eq!(pieces, whole);
        prop_assert_eq!(reader.whole_len_bytes(), whole_reader.whole_len_bytes());
        prop_assert_eq!(reader.unreadable_lines(), whole_reader.unreadable_lines());
    }
}

/// The time is for people who run it; what must hold is that everybody is there again.
#[test]
fn many_peers_are_there_again() {
    let peers: u32 = if cfg!(debug_assertions) {
        50_000
    } else {
        1_000_000
    };
    let mut text = Vec::new();
    for number in 0..peers {
        let mut info_hash = Sha1Digest([7; 20]);
        info_hash.0[..4].copy_from_slice(&(number / 5).to_be_bytes());
        let [a, b, c, d] = number.to_be_bytes();
        let fact = Fact::Here(Peer::V4([10 + a, b, c, d, 26, 225]), Role::Leecher);
        write_change(&Change { info_hash, fact }, &mut text);
    }
    let bounds = Bounds {
        lifetime_s: 2700,
        sweep_s: 240,
        peers_max: 2_000_000,
        swarms_max: 2_000_000,
    };
    let mut table = Table::new(
        bounds,
        Secret([1, 2, 3, 4].map(|n: u64| n << 60 | 0x9e37_79b9_7f4a)),
    );
    let start = Instant::now();
    let mut reader = Reader::default();
    for piece in text.chunks(64 << 10) {
        reader.read(piece, |change| {
            table.restore(Time(0), &change);
        });
    }
    println!("{peers} peers, {} bytes, {:?}", text.len(), start.elapsed());
    assert_eq!(table.totals().peers(), peers as usize);
    assert_eq!(table.totals().swarms, peers as usize / 5);
}
