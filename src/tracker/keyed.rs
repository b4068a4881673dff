//! Hashes under a secret: one for tables, one for tickets.

/// Random bytes that only this process knows, from the host.
#[derive(Clone, Copy)]
pub struct Secret(pub [u64; 4]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Where a key stands in a table. What clients choose (info-hashes, ports) spreads evenly for whoever
/// does not know the secret, and no hash ever leaves the process; a few multiplications each.
#[derive(Clone, Copy, Debug)]
pub(super) struct TableHasher {
    seed: u64,
    factors: [u64; 2],
}

impl TableHasher {
    pub(super) fn new(secret: Secret) -> Self {
        let [seed, first, second, _] = secret.0;
        Self {
            seed,
            // An odd factor loses no bits.
            factors: [first | 1, second | 1],
        }
    }

    pub(super) fn hash<const N: usize>(self, key: &[u8; N]) -> u64 {
        let (words, rest) = key.as_chunks::<8>();
        let mut state = self.seed;
        for word in words {
            state = folded_product(state ^ u64::from_le_bytes(*word), self.factors[0]);
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        state = folded_product(state ^ u64::from_le_bytes(last), self.factors[0]);
        folded_product(state ^ self.seed.rotate_left(32), self.factors[1])
    }
}

/// Both halves of the product, so that every bit of the input reaches every bit of the output.
fn folded_product(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low half, and the high one"
    )]
    let halves = (product as u64, (product >> 64) as u64);
    halves.0 ^ halves.1
}

/// SipHash-1-3, which nobody has learned to forge, and by which Rust's own tables are kept: for tickets
/// that leave the process.
#[inline]
pub(super) fn sip_hash<const N: usize>(key: [u64; 2], message: &[u8; N]) -> u64 {
    let mut v = [
        key[0] ^ 0x736f_6d65_7073_6575,
        key[1] ^ 0x646f_7261_6e64_6f6d,
        key[0] ^ 0x6c79_6765_6e65_7261,
        key[1] ^ 0x7465_6462_7974_6573,
    ];
    let (words, rest) = message.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[7] = message.len().to_le_bytes()[0];
    for word in words.iter().chain([&last]) {
        let word = u64::from_le_bytes(*word);
        v[3] ^= word;
        sip_round(&mut v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for _ in 0..3 {
        sip_round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn sip_round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[2] = v[2].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[1]);
    v[0] = v[0].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the standard library of Rust, which hashes so too, has them.
    #[test]
    fn sip_hash_by_value() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let message: [u8; 15] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(sip_hash(key, &message), 0xd320_d86d_2a51_9956);
        assert_eq!(sip_hash(key, b""), 0xabac_0158_050f_c4dc);
        assert_eq!(sip_hash(key, &[0]), 0xc9f4_9bf3_7d57_ca93);
    }

    /// Keys that differ in few bits, as ports and addresses do, fill every bucket alike.
    #[test]
    fn neighbours_spread() {
        let hasher = TableHasher::new(Secret(
            [1, 2, 3, 4].map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        ));
        for shift in [0, 20, 40, 56] {
            let mut buckets = [0_u32; 256];
            for number in 0..25_600_u32 {
                let [a, b, c, d] = number.to_be_bytes();
                let hash = hasher.hash(&[10, a, b, c, d, 1]);
                buckets[usize::try_from((hash >> shift) & 255).unwrap()] += 1;
            }
            assert!(
                buckets.iter().all(|count| (50..160).contains(count)),
                "{shift}: {buckets:?}"
            );
        }
    }
}
