//! Which pieces somebody has.

use super::geometry::PieceIndex;

/// One bit for each piece of a torrent, in words of 64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitfield {
    words: Box<[u64]>,
    len: u32,
    count: u32,
}

/// Why bytes are not a bitfield of this many pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BitfieldError {
    #[error("{found} bytes of a bitfield where {wanted} are due")]
    Length { wanted: usize, found: usize },
    #[error("bits of a bitfield beyond the last piece")]
    SpareBits,
}

impl Bitfield {
    /// Nothing of `len` pieces.
    pub fn none(len: u32) -> Self {
        Self {
            words: vec![0; len.div_ceil(64) as usize].into_boxed_slice(),
            len,
            count: 0,
        }
    }

    /// Everything of `len` pieces.
    pub fn all(len: u32) -> Self {
        let mut all = Self::none(len);
        all.words.fill(u64::MAX);
        if let (Some(last), spare @ 1..) = (all.words.last_mut(), 64 * len.div_ceil(64) - len) {
            *last >>= spare;
        }
        all.count = len;
        all
    }

    /// As peers send it: the first piece is the highest bit of the first byte, and what is left
    /// of the last byte is zero.
    pub fn from_wire(bytes: &[u8], len: u32) -> Result<Self, BitfieldError> {
        let wanted = len.div_ceil(8) as usize;
        if bytes.len() != wanted {
            let found = bytes.len();
            return Err(BitfieldError::Length { wanted, found });
        }
        let mut field = Self::none(len);
        for (word, chunk) in field.words.iter_mut().zip(bytes.chunks(8)) {
            for (index, byte) in chunk.iter().enumerate() {
                *word |= u64::from(byte.reverse_bits()) << (8 * index);
            }
        }
        if let (Some(last), used @ 1..) = (field.words.last(), len % 64)
            && last >> used != 0
        {
            return Err(BitfieldError::SpareBits);
        }
        field.count = field.words.iter().map(|word| word.count_ones()).sum();
        Ok(field)
    }

    /// Appends it as peers send it.
    pub fn write_wire(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.len.div_ceil(8) as usize;
        for word in &self.words {
            out.extend(word.to_le_bytes().map(u8::reverse_bits));
        }
        out.truncate(end);
    }

    pub const fn len(&self) -> u32 {
        self.len
    }

    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub const fn is_full(&self) -> bool {
        self.count == self.len
    }

    /// How many bits are set.
    pub const fn count(&self) -> u32 {
        self.count
    }

    pub fn has(&self, piece: PieceIndex) -> bool {
        let index = piece.get();
        index < self.len && self.words[index as usize / 64] >> (index % 64) & 1 == 1
    }

    /// True where it was not set before.
    pub fn set(&mut self, piece: PieceIndex) -> bool {
        let is_new = piece.get() < self.len && !self.has(piece);
        if is_new {
            self.words[piece.as_usize() / 64] |= 1 << (piece.get() % 64);
            self.count += 1;
        }
        is_new
    }

    /// True where it was set before.
    pub fn clear(&mut self, piece: PieceIndex) -> bool {
        let was_set = self.has(piece);
        if was_set {
            self.words[piece.as_usize() / 64] &= !(1 << (piece.get() % 64));
            self.count -= 1;
        }
        was_set
    }

    /// 64 pieces at a time, the first in the lowest bit.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Whether it has something that another lacks.
    pub fn has_beyond(&self, other: &Self) -> bool {
        let words = self.words.iter().zip(&other.words);
        self.count > other.count || words.into_iter().any(|(mine, theirs)| mine & !theirs != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Geometry;
    use super::*;

    #[test]
    fn the_wire_form_reads_back() {
        let geometry = Geometry::new(77, 1).unwrap();
        let mut field = Bitfield::none(77);
        for index in [0, 7, 8, 63, 64, 76] {
            assert!(field.set(geometry.piece(index).unwrap()));
            assert!(!field.set(geometry.piece(index).unwrap()));
        }
        let mut bytes = Vec::new();
        field.write_wire(&mut bytes);
        assert_eq!(bytes, [0x81, 0x80, 0, 0, 0, 0, 0, 1, 0x80, 0x08]);
        assert_eq!(Bitfield::from_wire(&bytes, 77), Ok(field.clone()));
        assert!(field.clear(geometry.piece(8).unwrap()) && field.count() == 5);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(
            Bitfield::from_wire(&[0xff], 9),
            Err(BitfieldError::Length {
                wanted: 2,
                found: 1
            })
        );
        let spare = Err(BitfieldError::SpareBits);
        assert_eq!(Bitfield::from_wire(&[0xff, 0xc0], 9), spare);
        assert_eq!(Bitfield::from_wire(&[0xff, 0x80], 9), Ok(Bitfield::all(9)));
        for len in [0, 1, 63, 64, 65, 128] {
            let all = Bitfield::all(len);
            let mut bytes = Vec::new();
            all.write_wire(&mut bytes);
            assert_eq!(Bitfield::from_wire(&bytes, len), Ok(all));
        }
    }

    #[test]
    fn one_has_what_the_other_lacks() {
        let geometry = Geometry::new(70, 1).unwrap();
        let [mut a, mut b] = [Bitfield::none(70), Bitfield::none(70)];
        assert!(!a.has_beyond(&b));
        b.set(geometry.piece(69).unwrap());
        b.set(geometry.piece(1).unwrap());
        a.set(geometry.piece(1).unwrap());
        assert!(b.has_beyond(&a) && !a.has_beyond(&b));
        a.set(geometry.piece(2).unwrap());
        assert!(b.has_beyond(&a) && a.has_beyond(&b));
    }
}
