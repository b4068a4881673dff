"""The info-hashes that aquatic_udp_load_test will ask for: it draws them from a generator with a
constant seed, and a tracker that serves only what it is told to must be told of them."""

MASK = (1 << 64) - 1
SEED = 0xC3AA8BE617B3ACCE
HASH_LEN_BYTES = 20


def splitmix64(state):
    """Spreads a seed over the words of a state."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        word = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
        yield word ^ (word >> 31)


def xoshiro256plusplus(seed):
    words = splitmix64(seed)
    a, b, c, d = (next(words) for _ in range(4))
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
