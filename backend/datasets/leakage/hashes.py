"""Which of many perceptual hashes are near each other, without comparing every two."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

_NUM_BITS = 256


def near_pairs(hashes: Mapping[str, str], max_bits: int, max_pairs: int | None = None) -> dict[tuple[str, str], int]:
    """Pairs of keys, each in order, to the number of bits that differ, at most `max_bits`. hashes: 64 hexadecimal
    digits each. Stops at `max_pairs`: then there may be more.

    Of max_bits + 1 pieces at least one is equal in both (the pigeonhole principle), so only hashes that share a
    piece are compared."""
    codes = {key: int(text, 16) for key, text in hashes.items()}
    pairs: dict[tuple[str, str], int] = {}
    num_pieces = max_bits + 1
    bounds = [piece * _NUM_BITS // num_pieces for piece in range(num_pieces + 1)]
    for low, high in pairwise(bounds):
        sharing: defaultdict[int, list[str]] = defaultdict(list)
        for key in sorted(codes):
            sharing[(codes[key] >> low) & ((1 << (high - low)) - 1)].append(key)
        for keys in sharing.values():
            for pair, bits in _near(keys, codes, max_bits):
                pairs[pair] = bits
                if len(pairs) == max_pairs:
                    return pairs
    return pairs


def _near(keys: list[str], codes: Mapping[str, int], max_bits: int) -> Iterator[tuple[tuple[str, str], int]]:
    for position, first in enumerate(keys):
        code = codes[first]
        for second in keys[position + 1 :]:
            bits = (code ^ codes[second]).bit_count()
            if bits <= max_bits:
                yield (first, second), bits
