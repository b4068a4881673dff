//! The Merkle trees of BEP 52, one for each file.
//!
//! The leaves of a tree are the SHA-256 of the file's blocks of 16 KiB, the last block as short as
//! it is. Above the last leaf stand zero leaves, up to a power of two. A *piece layer* is the layer
//! whose nodes each cover one piece; a torrent carries it for files of more than one piece.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use super::constants::SHA256_INITIAL;
use super::engine::{Cascade, Hasher};
use super::kernel::{BLOCK_LEN_BYTES, Columns, Heads, LANES_MAX};
use super::span::{Cursor, Span};
use super::stream::{Algorithm, Sha256};
use crate::base::Sha256Digest;
use crate::base::limits::PIECE_LENGTH_V2_BYTES_MIN;

/// What one leaf covers.
pub const LEAF_LEN_BYTES: usize = PIECE_LENGTH_V2_BYTES_MIN as usize;

/// Trees are never higher: this many leaves would be more than a 64-bit length can hold.
pub const HEIGHT_MAX: u32 = 50;

/// How many layers lie between the leaves and nodes that cover one piece.
///
/// # Panics
///
/// Where no v2 torrent can have that piece length.
pub fn piece_height(piece_length_bytes: u32) -> u32 {
    assert!(
        piece_length_bytes.is_power_of_two() && piece_length_bytes >= PIECE_LENGTH_V2_BYTES_MIN,
        "a piece of {piece_length_bytes} bytes is no power-of-two number of leaves"
    );
    piece_length_bytes.trailing_zeros() - LEAF_LEN_BYTES.trailing_zeros()
}

/// The root of a tree of that height without any data: what stands where a layer has no node.
pub fn zero_subtree(height: u32) -> Sha256Digest {
    static ROOTS: OnceLock<Vec<Sha256Digest>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let parent_of_twins = |child: &Sha256Digest| Some(parent(child, child));
        std::iter::successors(Some(Sha256Digest::ZERO), parent_of_twins)
            .take(HEIGHT_MAX as usize + 1)
            .collect()
    });
    assert!(height <= HEIGHT_MAX, "no tree is {height} layers high");
    roots[height as usize]
}

/// The node above two others.
pub fn parent(left: &Sha256Digest, right: &Sha256Digest) -> Sha256Digest {
    let mut bytes = [0; 2 * Sha256Digest::LEN];
    bytes[..Sha256Digest::LEN].copy_from_slice(&left.0);
    bytes[Sha256Digest::LEN..].copy_from_slice(&right.0);
    super::sha256(&bytes)
}

/// The layer above this one, whose nodes are `height` above the leaves. Where the last node has no
/// sibling, it gets the empty subtree for one.
pub fn parent_layer(layer: &[Sha256Digest], height: u32) -> Vec<Sha256Digest> {
    Hasher::chosen().parent_layer(layer, height)
}

/// The root over the first nodes of a layer: `height` above the leaves, and followed by empty
/// subtrees up to the next power of two.
///
/// That is a file's `pieces root`, be the layer that of its leaves (height 0) or its piece layer
/// ([`piece_height`]); but the root of a file of at most one piece has no layer but its leaves. The
/// root over nothing is the empty subtree itself.
pub fn root(layer: &[Sha256Digest], height: u32) -> Sha256Digest {
    let width_log2 = layer.len().next_power_of_two().trailing_zeros();
    Hasher::chosen().root_at(layer.to_vec(), height, height + width_log2)
}

/// Something that has a root: a piece, or a file of at most one.
#[derive(Clone, Copy, Debug)]
pub struct Subtree<'a> {
    spans: &'a [Span<'a>],
    len_bytes: usize,
    height: u32,
}

impl<'a> Subtree<'a> {
    /// A piece of a file that has several. The last one may be shorter: zero leaves follow.
    ///
    /// # Panics
    ///
    /// Where the bytes are more than a piece, or no v2 torrent can have that piece length.
    pub fn piece(spans: &'a [Span<'a>], piece_length_bytes: u32) -> Self {
        let height = piece_height(piece_length_bytes);
        let len_bytes = total_len_bytes(spans);
        assert!(
            len_bytes.div_ceil(LEAF_LEN_BYTES) <= 1 << height,
            "{len_bytes} bytes are more than a piece of {piece_length_bytes}"
        );
        Self {
            spans,
            len_bytes,
            height,
        }
    }

    /// A file of at most one piece: its tree is as high as its own blocks make it.
    pub fn whole_file(spans: &'a [Span<'a>]) -> Self {
        let len_bytes = total_len_bytes(spans);
        let leaf_count = len_bytes.div_ceil(LEAF_LEN_BYTES);
        Self {
            spans,
            len_bytes,
            height: leaf_count.next_power_of_two().trailing_zeros(),
        }
    }

    fn leaf_count(&self) -> usize {
        self.len_bytes.div_ceil(LEAF_LEN_BYTES)
    }
}

fn total_len_bytes(spans: &[Span<'_>]) -> usize {
    spans.iter().map(Span::len_bytes).sum()
}

/// The leaves over some bytes of one file, from a multiple of the leaf's length on.
pub fn leaf_layer(spans: &[Span<'_>]) -> Vec<Sha256Digest> {
    Hasher::chosen().leaf_layer(spans)
}

/// The root of each subtree, in the same place; the leaves of all are hashed side by side.
///
/// # Panics
///
/// Where there are not as many roots as subtrees.
pub fn roots_many(subtrees: &[Subtree<'_>], roots: &mut [Sha256Digest]) {
    Hasher::chosen().roots_many(subtrees, roots);
}

impl Hasher {
    /// See [`leaf_layer`].
    pub fn leaf_layer(&self, spans: &[Span<'_>]) -> Vec<Sha256Digest> {
        let leaf_count = total_len_bytes(spans).div_ceil(LEAF_LEN_BYTES);
        let mut leaves = vec![Sha256Digest::ZERO; leaf_count];
        self.digest_cursors::<Sha256>(leaf_cursors(spans), &mut leaves);
        leaves
    }

    /// See [`roots_many`].
    ///
    /// # Panics
    ///
    /// Where there are not as many roots as subtrees.
    pub fn roots_many(&self, subtrees: &[Subtree<'_>], roots: &mut [Sha256Digest]) {
        assert_eq!(subtrees.len(), roots.len(), "a root for each subtree");
        let mut leaves = vec![Sha256Digest::ZERO; subtrees.iter().map(Subtree::leaf_count).sum()];
        let cursors = subtrees
            .iter()
            .flat_map(|subtree| leaf_cursors(subtree.spans));
        self.digest_cursors::<Sha256>(cursors, &mut leaves);
        let mut rest = &leaves[..];
        for (subtree, root) in subtrees.iter().zip(roots) {
            let (own, others) = rest.split_at(subtree.leaf_count());
            rest = others;
            *root = self.root_at(own.to_vec(), 0, subtree.height);
        }
    }

    /// See [`parent_layer`].
    pub fn parent_layer(&self, layer: &[Sha256Digest], height: u32) -> Vec<Sha256Digest> {
        let mut parents = vec![Sha256Digest::ZERO; layer.len().div_ceil(2)];
        let (pairs, single) = layer.as_chunks::<2>();
        hash_pairs(&self.sha256, pairs, &mut parents[..pairs.len()]);
        if let ([single], Some(last)) = (single, parents.last_mut()) {
            *last = parent(single, &zero_subtree(height));
        }
        parents
    }

    /// The node at `root_height` over a layer at `height`, which must fit below it.
    fn root_at(&self, mut layer: Vec<Sha256Digest>, height: u32, root_height: u32) -> Sha256Digest {
        for height in height..root_height {
            layer = self.parent_layer(&layer, height);
        }
        match layer[..] {
            [] => zero_subtree(root_height),
            [root] => root,
            _ => unreachable!("the layer is wider than its tree"),
        }
    }
}

fn leaf_cursors<'a>(spans: &'a [Span<'a>]) -> impl Iterator<Item = Cursor<'a>> {
    let mut cursor = Cursor::new(spans);
    std::iter::from_fn(move || (!cursor.head().is_empty()).then(|| cursor.take(LEAF_LEN_BYTES)))
}

/// The second block of every message of 64 bytes: padding, and the length of 512 bits.
static PADDING_OF_A_PAIR: [u8; BLOCK_LEN_BYTES] = {
    let mut block = [0; BLOCK_LEN_BYTES];
    block[0] = 0x80;
    block[BLOCK_LEN_BYTES - 2] = 2;
    block
};

/// Two nodes are exactly one block, and lie in memory as one; what follows is always the same.
fn hash_pairs(
    cascade: &Cascade,
    mut pairs: &[[Sha256Digest; 2]],
    mut parents: &mut [Sha256Digest],
) {
    const { assert!(size_of::<[Sha256Digest; 2]>() == BLOCK_LEN_BYTES) };
    assert_eq!(pairs.len(), parents.len());
    let mut columns = Columns::ZERO;
    for stage in cascade.stages() {
        while pairs.len() >= stage.worth_from {
            let (now, later) = pairs.split_at(pairs.len().min(stage.kernel.lanes()));
            // A lane without a pair reads along with the first and is ignored.
            let mut heads: Heads = [now.as_ptr().cast(); LANES_MAX];
            for (head, pair) in heads.iter_mut().zip(now) {
                *head = std::ptr::from_ref(pair).cast();
            }
            columns.fill(&SHA256_INITIAL);
            // SAFETY: each head is that of a pair, which is one block long, or of the padding.
            unsafe {
                stage.kernel.compress(&mut columns, &heads, 1);
                stage
                    .kernel
                    .compress(&mut columns, &[PADDING_OF_A_PAIR.as_ptr(); LANES_MAX], 1);
            }
            let (digests, rest) = parents.split_at_mut(now.len());
            for (lane, digest) in digests.iter_mut().enumerate() {
                *digest = Sha256::digest(&columns.state(lane));
            }
            (pairs, parents) = (later, rest);
        }
    }
    assert!(pairs.is_empty());
}

#[cfg(test)]
#[path = "merkle_tests.rs"]
mod tests;
