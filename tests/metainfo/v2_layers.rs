//! The piece layers of v2 torrents, held to the roots of the files.

use mt::bencode::Kind;
use mt::metainfo::Fault;

use crate::build::{Node, assert_refused, content, dict};
use crate::samples::{PIECE, layer, layers, leaf, root, v1_single, v2_directory, v2_single};

/// The single file's layer becomes `layer`.
fn with_layer(layer: impl Into<Node>) -> Node {
    let root = root(&content(40_000, 0), 1);
    let entries = [(root.as_bytes().to_vec(), layer.into())];
    v2_single().with(&["piece layers"], Node::Dict(entries.into()))
}

fn place_of_layer() -> String {
    format!("piece layers.{}", root(&content(40_000, 0), 1))
}

#[test]
fn a_layer_gives_the_hashes_of_the_pieces() {
    for (sample, len_bytes, piece_length) in [
        (v2_single(), 40_000, PIECE),
        (v2_directory(), 70_000, 2 * PIECE),
    ] {
        let metainfo = sample.read();
        let file = content(len_bytes, 0);
        let found = metainfo.layers.get(&root(&file, 1));
        assert_eq!(found, Some(&layer(&file, piece_length)[..]));
    }
}

#[test]
fn all_shapes_of_trees_add_up() {
    for pieces in 1..=9_usize {
        for piece_length in [PIECE, 4 * PIECE] {
            for less in [0, 1, PIECE - 1] {
                let file = content(pieces * piece_length + 1 - less, pieces);
                if file.len() <= piece_length {
                    continue;
                }
                let tree = dict([("f", leaf(&file))]);
                let sample = v2_single()
                    .with(&["info", "file tree"], tree)
                    .with(
                        &["info", "piece length"],
                        i64::try_from(piece_length).unwrap(),
                    )
                    .with(&["piece layers"], layers([&file], piece_length));
                let metainfo = sample.read();
                assert!(metainfo.layers.get(&root(&file, 1)).is_some());
            }
        }
    }
}

#[test]
fn a_file_of_more_than_one_piece_needs_its_layer() {
    let missing = Fault::LayerMissing {
        root: root(&content(40_000, 0), 1).to_string(),
        size_bytes: 40_000,
    };
    for sample in [
        v2_single().without(&["piece layers"]),
        v2_single().with(&["piece layers"], dict([])),
    ] {
        assert_refused(&sample, "info.file tree.one.bin", missing.clone());
    }
}

#[test]
fn a_file_of_one_piece_has_none() {
    let small = content(PIECE, 0);
    let sample = v2_single().with(&["info", "file tree"], dict([("f", leaf(&small))]));
    let root = root(&small, 1);
    assert_refused(
        &sample
            .clone()
            .with(&["piece layers"], layers([&small], PIECE)),
        &format!("piece layers.{root}"),
        Fault::LayerOfNobody,
    );
    for none in [
        sample.clone().without(&["piece layers"]),
        sample.with(&["piece layers"], dict([])),
    ] {
        assert_eq!(none.read().layers.get(&root), None);
    }
}

#[test]
fn the_layers_are_a_dictionary_of_strings() {
    let wrong = |wanted, found| Fault::WrongType { wanted, found };
    assert_refused(
        &v2_single().with(&["piece layers"], 1),
        "piece layers",
        wrong(Kind::Dict, Kind::Integer),
    );
    assert_refused(
        &with_layer(1),
        &place_of_layer(),
        wrong(Kind::Bytes, Kind::Integer),
    );
}

#[test]
fn a_key_is_a_root_of_a_file() {
    let layers = v2_single().get(&["piece layers"]);
    let with_key = |key: Vec<u8>| {
        let Node::Dict(mut entries) = layers.clone() else {
            panic!("layers are a dictionary");
        };
        entries.insert(key, vec![7; 64].into());
        v2_single().with(&["piece layers"], Node::Dict(entries))
    };
    for len_bytes in [0, 31, 33, 1_000] {
        let shown = "07".repeat(len_bytes.min(32));
        assert_refused(
            &with_key(vec![7; len_bytes]),
            &format!("piece layers.{shown}"),
            Fault::LayerKeyLength(len_bytes),
        );
    }
    assert_refused(
        &with_key(vec![7; 32]),
        &format!("piece layers.{}", "07".repeat(32)),
        Fault::LayerOfNobody,
    );
}

#[test]
fn a_layer_is_whole_hashes_for_the_whole_file() {
    for len_bytes in [1, 31, 95, 97] {
        let fault = Fault::NotWholeHashes {
            len_bytes,
            unit_bytes: 32,
        };
        assert_refused(&with_layer(vec![7; len_bytes]), &place_of_layer(), fault);
    }
    for found in [0, 1, 2, 4] {
        let fault = Fault::WrongHashCount {
            found,
            wanted: 3,
            size_bytes: 40_000,
            piece_length_bytes: 16_384,
        };
        let hashes = vec![7; 32 * usize::try_from(found).unwrap()];
        assert_refused(&with_layer(hashes), &place_of_layer(), fault);
    }
}

#[test]
fn a_layer_adds_up_to_its_root() {
    let right = layer(&content(40_000, 0), PIECE);
    for at in [0, 31, 32, 95] {
        let mut wrong = right.clone();
        wrong[at] ^= 1;
        let refusal = with_layer(wrong).refusal();
        assert_eq!(refusal.place, place_of_layer());
        let Fault::LayerMismatch { computed } = refusal.fault else {
            panic!("byte {at}: {refusal}");
        };
        assert_ne!(computed, root(&content(40_000, 0), 1).to_string());
    }
    let swapped = [&right[32..64], &right[..32], &right[64..]].concat();
    let Fault::LayerMismatch { .. } = with_layer(swapped).refusal().fault else {
        panic!("the order counts");
    };
}

#[test]
fn equal_files_share_a_layer_and_a_root_is_of_one_length() {
    let file = content(40_000, 0);
    let twins = dict([("a", leaf(&file)), ("b", leaf(&file))]);
    let metainfo = v2_single()
        .with(&["info", "file tree"], twins.clone())
        .read();
    assert_eq!(metainfo.info.piece_count(), 6);
    let longer = twins.with(&["b", "", "length"], 60_000);
    let fault = Fault::WrongHashCount {
        found: 3,
        wanted: 4,
        size_bytes: 60_000,
        piece_length_bytes: 16_384,
    };
    assert_refused(
        &v2_single().with(&["info", "file tree"], longer),
        &place_of_layer(),
        fault,
    );
}

#[test]
fn beside_a_v1_torrent_they_mean_nothing() {
    let layers = v2_single().get(&["piece layers"]);
    let metainfo = v1_single().with(&["piece layers"], layers).read();
    assert!(metainfo.layers.raw().is_empty());
    assert_eq!(
        metainfo.oddities.described(),
        ["`piece layers`: stand beside a torrent without a v2 half; ignored"]
    );
}

#[test]
fn their_keys_may_be_in_any_order() {
    let files = [content(40_000, 0), content(40_000, 1), content(40_000, 2)];
    let tree = dict([
        ("a", leaf(&files[0])),
        ("b", leaf(&files[1])),
        ("c", leaf(&files[2])),
    ]);
    let all = layers([&files[0][..], &files[1], &files[2]], PIECE);
    let Node::Dict(entries) = all else {
        panic!("layers are a dictionary");
    };
    let mut falling = b"d".to_vec();
    for (key, hashes) in entries.iter().rev() {
        falling.extend(Node::from(key.clone()).encode());
        falling.extend(hashes.encode());
    }
    falling.push(b'e');
    let metainfo = v2_single()
        .with(&["info", "file tree"], tree)
        .with(&["piece layers"], Node::Raw(falling))
        .read();
    for file in &files {
        let found = metainfo.layers.get(&root(file, 1));
        assert_eq!(found, Some(&layer(file, PIECE)[..]));
    }
}
