//! How the content of a torrent is cut into pieces and blocks, and indexes that are valid because
//! they exist.

/// What a block is long, but for the last one of a piece: the unit that is asked for.
pub const BLOCK_LEN_BYTES: u32 = 16 << 10;

/// The content of a torrent as one row of bytes, cut into pieces of one length; the last may be
/// shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    total_bytes: u64,
    piece_len_bytes: u32,
    piece_count: u32,
}

/// Names a piece that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PieceIndex(u32);

impl PieceIndex {
    pub const fn get(self) -> u32 {
        self.0
    }

    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// A part of a piece that exists: not empty, and within the piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    piece: PieceIndex,
    offset_bytes: u32,
    len_bytes: u32,
}

impl Block {
    pub const fn piece(self) -> PieceIndex {
        self.piece
    }

    pub const fn offset_bytes(self) -> u32 {
        self.offset_bytes
    }

    pub const fn len_bytes(self) -> u32 {
        self.len_bytes
    }

    pub const fn end_bytes(self) -> u32 {
        self.offset_bytes + self.len_bytes
    }

    /// Its place among the blocks of its piece, rounded down where it is cut differently.
    pub const fn number(self) -> u32 {
        self.offset_bytes / BLOCK_LEN_BYTES
    }
}

impl Geometry {
    /// `None` where there is nothing to cut, nothing to cut with, or more pieces than indexes.
    pub fn new(total_bytes: u64, piece_len_bytes: u32) -> Option<Self> {
        if total_bytes == 0 || piece_len_bytes == 0 {
            return None;
        }
        let piece_count = u32::try_from(total_bytes.div_ceil(u64::from(piece_len_bytes))).ok()?;
        Some(Self {
            total_bytes,
            piece_len_bytes,
            piece_count,
        })
    }

    pub const fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// What every piece but the last is long.
    pub const fn piece_len_bytes(&self) -> u32 {
        self.piece_len_bytes
    }

    pub const fn piece_count(&self) -> u32 {
        self.piece_count
    }

    pub fn piece(&self, index: u32) -> Option<PieceIndex> {
        (index < self.piece_count).then_some(PieceIndex(index))
    }

    pub fn pieces(&self) -> impl DoubleEndedIterator<Item = PieceIndex> + use<> {
        (0..self.piece_count).map(PieceIndex)
    }

    pub fn len_of(&self, piece: PieceIndex) -> u32 {
        let left_bytes = self.total_bytes - self.start_of(piece);
        u32::try_from(left_bytes)
            .unwrap_or(u32::MAX)
            .min(self.piece_len_bytes)
    }

    /// Where a piece starts in the content.
    pub fn start_of(&self, piece: PieceIndex) -> u64 {
        u64::from(piece.0) * u64::from(self.piece_len_bytes)
    }

    /// The piece that a byte of the content lies in.
    pub fn piece_at(&self, offset_bytes: u64) -> Option<PieceIndex> {
        let index = offset_bytes / u64::from(self.piece_len_bytes);
        self.piece(u32::try_from(index).ok()?)
    }

    /// Any part of a piece, such as a peer may ask for.
    pub fn part(&self, piece: u32, offset_bytes: u32, len_bytes: u32) -> Option<Block> {
        let piece = self.piece(piece)?;
        let end_bytes = offset_bytes.checked_add(len_bytes)?;
        (len_bytes > 0 && end_bytes <= self.len_of(piece)).then_some(Block {
            piece,
            offset_bytes,
            len_bytes,
        })
    }

    pub fn block_count_of(&self, piece: PieceIndex) -> u32 {
        self.len_of(piece).div_ceil(BLOCK_LEN_BYTES)
    }

    /// One of the blocks that a piece is cut into.
    pub fn block(&self, piece: PieceIndex, number: u32) -> Option<Block> {
        let offset_bytes = number.checked_mul(BLOCK_LEN_BYTES)?;
        let left_bytes = self.len_of(piece).checked_sub(offset_bytes)?;
        (left_bytes > 0).then_some(Block {
            piece,
            offset_bytes,
            len_bytes: left_bytes.min(BLOCK_LEN_BYTES),
        })
    }

    /// Whether a part is one of the blocks that its piece is cut into, and not cut differently.
    pub fn is_block(&self, part: Block) -> bool {
        part.offset_bytes.is_multiple_of(BLOCK_LEN_BYTES)
            && self.block(part.piece, part.number()) == Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_piece_and_its_last_block_are_short() {
        let geometry = Geometry::new(100_000, 65_536).unwrap();
        assert_eq!(geometry.piece_count(), 2);
        let last = geometry.piece(1).unwrap();
        assert_eq!(geometry.len_of(last), 34_464);
        assert_eq!(geometry.block_count_of(last), 3);
        let block = geometry.block(last, 2).unwrap();
        assert_eq!((block.offset_bytes(), block.len_bytes()), (32_768, 1_696));
        assert_eq!(geometry.block(last, 3), None);
        assert_eq!(geometry.piece(2), None);
        assert_eq!(geometry.piece_at(99_999), Some(last));
        assert_eq!(geometry.piece_at(131_072), None);
    }

    #[test]
    fn parts_stay_within_their_piece() {
        let geometry = Geometry::new(100_000, 65_536).unwrap();
        for (piece, offset, len) in [
            (2, 0, 1),
            (0, 0, 0),
            (0, 0, 65_537),
            (1, 34_464, 1),
            (1, 1, u32::MAX),
            (0, u32::MAX, u32::MAX),
        ] {
            assert_eq!(geometry.part(piece, offset, len), None);
        }
        let odd = geometry.part(1, 1, 34_463).unwrap();
        assert!(!geometry.is_block(odd));
        assert!(geometry.is_block(geometry.part(1, 32_768, 1_696).unwrap()));
        assert!(!geometry.is_block(geometry.part(1, 16_384, 1_696).unwrap()));
    }

    #[test]
    fn nothing_is_not_cut() {
        assert_eq!(Geometry::new(0, 1), None);
        assert_eq!(Geometry::new(1, 0), None);
        assert_eq!(Geometry::new(1 << 40, 1), None);
    }
}
