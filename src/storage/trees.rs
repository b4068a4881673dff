//! The Merkle trees of v2 pieces from the bytes of v1 pieces, so that one pass over a directory gives
//! both.
//!
//! Pieces of v1 run across files, and what one worker reads begins and ends anywhere in a file. Leaves
//! that it has all of are hashed side by side; of one that it has a part of, the front is hashed and
//! waits for the rest, or the rest is copied and waits for the front. Leaves become nodes as soon as
//! both children are there. So what is kept is bounded: less than a leaf for each end of each stretch
//! that is being read, and some dozens of nodes for each piece that is not complete.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::layout::{Layout, Segment};
use crate::base::Sha256Digest;
use crate::hash::merkle::{LEAF_LEN_BYTES, parent, piece_height, zero_subtree};
use crate::hash::{Feed, Hasher, Sha256, Span, Stream};

/// The trees of one job, for all of its workers.
#[derive(Debug)]
pub struct Trees<'a> {
    layout: &'a Layout<'a>,
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// What lies over the ends of batches.
    unfinished: Unfinished,
    roots: Vec<Sha256Digest>,
}

impl<'a> Trees<'a> {
    /// Of the pieces of an aligned layout.
    pub(super) fn new(layout: &'a Layout<'a>) -> Self {
        let count = usize::try_from(layout.unit_count()).unwrap_or(usize::MAX);
        Self {
            layout,
            shared: Mutex::new(Shared {
                unfinished: Unfinished::default(),
                roots: vec![Sha256Digest::ZERO; count],
            }),
        }
    }

    pub(super) fn grow(&'a self, hasher: &'a Hasher) -> Growth<'a> {
        Growth {
            trees: self,
            hasher,
            unfinished: Unfinished::default(),
            roots: Vec::new(),
        }
    }

    /// The hashes of all pieces, once every byte of them was taken.
    pub(super) fn into_roots(self) -> Vec<Sha256Digest> {
        let shared = self.shared.into_inner();
        let shared = shared.unwrap_or_else(PoisonError::into_inner);
        assert!(shared.unfinished.is_empty(), "every byte was taken");
        shared.roots
    }
}

/// What one worker has of the trees from one batch.
#[derive(Debug)]
pub(super) struct Growth<'a> {
    trees: &'a Trees<'a>,
    hasher: &'a Hasher,
    unfinished: Unfinished,
    /// By piece.
    roots: Vec<(u64, Sha256Digest)>,
}

/// Which leaf: a file, and how many leaves of it come before.
type LeafId = (usize, u64);

/// A leaf, or what is at hand of it.
#[derive(Debug)]
struct Cut {
    leaf: LeafId,
    within_leaf_bytes: Range<usize>,
    spans: Range<usize>,
}

impl Growth<'_> {
    /// Takes the bytes of segments. Those that follow each other in a file are better together.
    pub(super) fn take(&mut self, segments: &[Segment], spans: &[Span<'_>]) {
        assert_eq!(segments.len(), spans.len(), "only files have trees");
        let (cuts, spans) = self.cut(segments, spans);
        let is_whole =
            |cut: &Cut| cut.within_leaf_bytes == (0..leaf_len_bytes(self.trees.layout, cut.leaf));
        let (whole, split): (Vec<Cut>, Vec<Cut>) = cuts.into_iter().partition(is_whole);
        let inputs: Vec<&[Span<'_>]> = whole.iter().map(|cut| &spans[cut.spans.clone()]).collect();
        let mut digests = vec![Sha256Digest::ZERO; whole.len()];
        self.hasher.digest_many::<Sha256>(&inputs, &mut digests);
        for (cut, digest) in whole.iter().zip(digests) {
            self.put_leaf(cut.leaf, digest);
        }
        self.take_split(&split, &spans);
    }

    /// Cuts bytes where leaves begin; those of one leaf that follow each other stay together.
    fn cut<'s>(&self, segments: &[Segment], spans: &[Span<'s>]) -> (Vec<Cut>, Vec<Span<'s>>) {
        let mut cuts: Vec<Cut> = Vec::new();
        let mut cut_spans = Vec::new();
        for (segment, span) in segments.iter().zip(spans) {
            let mut offset_bytes = segment.offset_bytes;
            let mut rest = *span;
            while !rest.is_empty() {
                let leaf = (segment.file, offset_bytes / LEAF_LEN_BYTES as u64);
                let start = within_leaf(offset_bytes);
                let (head, tail) = rest.split_at(leaf_len_bytes(self.trees.layout, leaf) - start);
                let end = start + head.len_bytes();
                cut_spans.push(head);
                match cuts.last_mut() {
                    Some(last) if last.leaf == leaf && last.within_leaf_bytes.end == start => {
                        last.within_leaf_bytes.end = end;
                        last.spans.end = cut_spans.len();
                    }
                    _ => cuts.push(Cut {
                        leaf,
                        within_leaf_bytes: start..end,
                        spans: cut_spans.len() - 1..cut_spans.len(),
                    }),
                }
                offset_bytes += head.len_bytes() as u64;
                rest = tail;
            }
        }
        (cuts, cut_spans)
    }

    fn take_split(&mut self, cuts: &[Cut], spans: &[Span<'_>]) {
        let mut fed: Vec<(&Cut, SplitLeaf)> = Vec::new();
        for cut in cuts {
            let mut leaf = self.unfinished.take_leaf(cut.leaf);
            let start = cut.within_leaf_bytes.start;
            if leaf.front.len_bytes() == start as u64 {
                fed.push((cut, leaf));
            } else {
                let bytes = Span::concat(&spans[cut.spans.clone()]);
                leaf.later.push((start, bytes));
                self.put_split(cut.leaf, leaf);
            }
        }
        let mut feeds: Vec<Feed<'_, Sha256>> = fed
            .iter_mut()
            .map(|(cut, leaf)| Feed {
                stream: &mut leaf.front,
                spans: &spans[cut.spans.clone()],
            })
            .collect();
        self.hasher.update_many(&mut feeds);
        for (cut, leaf) in fed {
            self.put_split(cut.leaf, leaf);
        }
    }

    fn put_split(&mut self, id: LeafId, leaf: SplitLeaf) {
        let (layout, hasher) = (self.trees.layout, self.hasher);
        if let Some(digest) = self.unfinished.put_split(layout, hasher, id, leaf) {
            self.put_leaf(id, digest);
        }
    }

    fn put_leaf(&mut self, id: LeafId, digest: Sha256Digest) {
        let piece = Piece::of(self.trees.layout, id);
        let nodes = Nodes::of_leaf(id.1 - piece.first_leaf, digest);
        if let Some(root) = self.unfinished.put_nodes(&piece, nodes) {
            self.roots.push((piece.index, root));
        }
    }

    /// Leaves to the others what is not complete.
    pub(super) fn finish(mut self) {
        let theirs = self.trees.shared.lock();
        let mut theirs = theirs.unwrap_or_else(PoisonError::into_inner);
        let ours = std::mem::take(&mut self.unfinished);
        std::mem::swap(&mut self.unfinished, &mut theirs.unfinished);
        for (id, leaf) in ours.leaves {
            self.put_split(id, leaf);
        }
        for (index, (piece, nodes)) in ours.pieces {
            if let Some(root) = self.unfinished.put_nodes(&piece, nodes) {
                self.roots.push((index, root));
            }
        }
        std::mem::swap(&mut self.unfinished, &mut theirs.unfinished);
        for (index, root) in self.roots {
            theirs.roots[usize::try_from(index).unwrap_or(usize::MAX)] = root;
        }
    }
}

/// Leaves and pieces of which not all is there.
#[derive(Debug, Default)]
struct Unfinished {
    leaves: BTreeMap<LeafId, SplitLeaf>,
    pieces: BTreeMap<u64, (Piece, Nodes)>,
}

impl Unfinished {
    fn is_empty(&self) -> bool {
        self.leaves.is_empty() && self.pieces.is_empty()
    }

    fn take_leaf(&mut self, id: LeafId) -> SplitLeaf {
        self.leaves.remove(&id).unwrap_or_default()
    }

    /// Joins a leaf with what is there of it; gives the digest once it is complete.
    fn put_split(
        &mut self,
        layout: &Layout<'_>,
        hasher: &Hasher,
        id: LeafId,
        leaf: SplitLeaf,
    ) -> Option<Sha256Digest> {
        let mut leaf = self.take_leaf(id).joined(leaf);
        leaf.feed_later(hasher);
        if leaf.front.len_bytes() == leaf_len_bytes(layout, id) as u64 {
            return Some(hasher.finish(&leaf.front));
        }
        self.leaves.insert(id, leaf);
        None
    }

    /// The same for the nodes of a piece; gives its root.
    fn put_nodes(&mut self, piece: &Piece, nodes: Nodes) -> Option<Sha256Digest> {
        let nodes = match self.pieces.remove(&piece.index) {
            Some((_, others)) => others.joined(nodes),
            None => nodes,
        };
        if nodes.leaf_count == piece.leaf_count {
            return Some(nodes.root(piece.height));
        }
        self.pieces.insert(piece.index, (*piece, nodes));
        None
    }
}

/// A leaf whose bytes come in parts, in any order.
#[derive(Debug, Default)]
struct SplitLeaf {
    front: Stream<Sha256>,
    /// Copies of what comes later, each with where it begins.
    later: Vec<(usize, Vec<u8>)>,
}

impl SplitLeaf {
    fn joined(mut self, mut other: Self) -> Self {
        // Only one of the two can have the first byte.
        if self.front.len_bytes() == 0 {
            std::mem::swap(&mut self.front, &mut other.front);
        }
        self.later.append(&mut other.later);
        self
    }

    fn feed_later(&mut self, hasher: &Hasher) {
        let fed_bytes = |leaf: &Self| leaf.front.len_bytes();
        while let Some(next) = self
            .later
            .iter()
            .position(|(start, _)| *start as u64 == fed_bytes(self))
        {
            let (_, bytes) = self.later.swap_remove(next);
            hasher.update_many(&mut [Feed {
                stream: &mut self.front,
                spans: &[Span::from(bytes.as_slice())],
            }]);
        }
    }
}

/// What a tree is over: a piece, or a file of at most one.
#[derive(Clone, Copy, Debug)]
struct Piece {
    index: u64,
    /// Of those of the file.
    first_leaf: u64,
    leaf_count: u64,
    height: u32,
}

impl Piece {
    fn of(layout: &Layout<'_>, (file, leaf): LeafId) -> Self {
        let height = piece_height(layout.unit_len_bytes());
        let index_in_file = leaf >> height;
        let first_leaf = index_in_file << height;
        let file_leaf_count = layout.file_len_bytes(file).div_ceil(LEAF_LEN_BYTES as u64);
        let is_whole_file = file_leaf_count <= 1 << height;
        Self {
            index: layout.first_unit(file) + index_in_file,
            first_leaf,
            leaf_count: (file_leaf_count - first_leaf).min(1 << height),
            // A piece of a longer file is a full tree, whatever is missing at its end.
            height: if is_whole_file {
                file_leaf_count.next_power_of_two().trailing_zeros()
            } else {
                height
            },
        }
    }
}

/// Those nodes of a tree of which the sibling is not there.
#[derive(Debug, Default)]
struct Nodes {
    nodes: Vec<Node>,
    /// How many leaves are below them.
    leaf_count: u64,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    height: u32,
    index: u64,
    digest: Sha256Digest,
}

impl Nodes {
    fn of_leaf(index: u64, digest: Sha256Digest) -> Self {
        Self {
            nodes: vec![Node {
                height: 0,
                index,
                digest,
            }],
            leaf_count: 1,
        }
    }

    fn joined(mut self, other: Self) -> Self {
        self.leaf_count += other.leaf_count;
        other.nodes.into_iter().for_each(|node| self.put(node));
        self
    }

    fn put(&mut self, mut node: Node) {
        let is_sibling = |other: &Node, node: &Node| {
            (other.height, other.index) == (node.height, node.index ^ 1)
        };
        while let Some(at) = self
            .nodes
            .iter()
            .rposition(|other| is_sibling(other, &node))
        {
            let sibling = self.nodes.swap_remove(at);
            node = node.parent_with(&sibling.digest);
        }
        self.nodes.push(node);
    }

    /// The root of a tree of that height once all leaves are there.
    fn root(mut self, height: u32) -> Sha256Digest {
        self.nodes.sort_unstable_by_key(|node| node.height);
        let mut nodes = self.nodes.into_iter().peekable();
        let Some(mut top) = nodes.next() else {
            return zero_subtree(height);
        };
        while top.height < height {
            // To the right of the last leaf is nothing.
            let sibling = nodes.next_if(|node| node.height == top.height);
            let digest = sibling.map_or_else(|| zero_subtree(top.height), |node| node.digest);
            top = top.parent_with(&digest);
        }
        top.digest
    }
}

impl Node {
    fn parent_with(self, sibling: &Sha256Digest) -> Self {
        Self {
            height: self.height + 1,
            index: self.index / 2,
            digest: if self.index.is_multiple_of(2) {
                parent(&self.digest, sibling)
            } else {
                parent(sibling, &self.digest)
            },
        }
    }
}

fn leaf_len_bytes(layout: &Layout<'_>, (file, leaf): LeafId) -> usize {
    let start_bytes = leaf * LEAF_LEN_BYTES as u64;
    let left_bytes = layout.file_len_bytes(file) - start_bytes;
    usize::try_from(left_bytes).map_or(LEAF_LEN_BYTES, |left| left.min(LEAF_LEN_BYTES))
}

fn within_leaf(offset_bytes: u64) -> usize {
    usize::try_from(offset_bytes % LEAF_LEN_BYTES as u64).unwrap_or(LEAF_LEN_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::merkle;

    #[test]
    fn nodes_in_any_order_give_the_root() {
        for leaf_count in 1..40_u8 {
            let leaves: Vec<_> = (0..leaf_count).map(|n| Sha256Digest([n; 32])).collect();
            for step in [1, 3, 7] {
                let mut nodes = Nodes::default();
                for first in 0..step {
                    for at in (first..leaves.len()).step_by(step) {
                        nodes = nodes.joined(Nodes::of_leaf(at as u64, leaves[at]));
                    }
                }
                let height = leaves.len().next_power_of_two().trailing_zeros();
                assert_eq!(nodes.leaf_count, u64::from(leaf_count));
                assert!(step > 1 || nodes.nodes.len() <= 6, "{nodes:?}");
                assert_eq!(nodes.root(height), merkle::root(&leaves, 0), "{leaf_count}");
            }
        }
    }
}
