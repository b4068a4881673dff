"""The info-hashes that aquatic_udp_load_test will ask for: it draws them from a generator with a
constant seed, and a tracker that serves only what it is told to must be told of them."""

MASK, HALF_MASK = (1 << 64) - 1, (1 << 32) - 1
SEED = 0xC3AA8BE617B3ACCE
HASH_LEN_BYTES = 20


def pcg32(state):
    """Spreads a seed over the halves of words."""
    while True:
        state = (state * 6364136223846793005 + 11634580027462260723) & MASK
        half = (((state >> 18) ^ state) >> 27) & HALF_MASK
        turn = state >> 59
        yield (half >> turn | half << (32 - turn)) & HALF_MASK


def xoshiro256plusplus(seed):
    halves = pcg32(seed)
    a, b, c, d = (next(halves) | next(halves) << 32 for _ in range(4))
    while True:
        total = (a + d) & MASK
        yield (((total << 23) & MASK | total >> 41) + a) & MASK
        shifted = (b << 17) & MASK
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = (d << 45) & MASK | d >> 19


def hashes(count):
    # One draw for each byte: the lowest eight of the upper half.
    words = xoshiro256plusplus(SEED)
    return [bytes((next(words) >> 32) & 0xFF for _ in range(HASH_LEN_BYTES)) for _ in range(count)]
