"""Finds all pairs of hashes that differ in few bits, without comparing each with each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# Fewer bands are longer and give fewer false candidates: 12 take 4 s for the 58,639 different looks of the 58,658 set,
# 16 take 32 s. Hashes that differ in at most 2 * BANDS - 1 bits have a band in which they differ in at most one bit,
# so every such pair is found.
BANDS = 12
SURE_BITS = 2 * BANDS - 1
# Among those 58,639 aligned faces nearly all pairs up to 43 bits apart are copies, and most from 47 on are not; of 300
# pictures of RAF-DB that were shrunk by a fifth and saved as JPEG of quality 60 none is farther away than 26. Of the
# pairs 24 to 39 bits apart that 16 bands find, 12 bands find 19 of 20.
NEAR_BITS = 39
_PAIRS_AT_ONCE = 1_000_000

Pairs = NDArray[np.int64]


def near_pairs(hashes: NDArray[np.uint8], most_bits: int = NEAR_BITS) -> Pairs:
    """Pairs (m, 2) of rows of `hashes` (n, 32) that differ in at most `most_bits` bits, each once, sorted.

    Multi-index hashing (Norouzi et al. 2014): the bits are dealt out to bands, and only rows whose values of a band
    are equal or differ in one bit are compared. All pairs up to `SURE_BITS` are found, and nearly all up to
    `NEAR_BITS`. `hashes` should be distinct.
    """
    words = np.ascontiguousarray(hashes).view(np.uint16)
    bits = np.unpackbits(hashes, axis=1)
    found = [
        pairs[_distances(words, pairs) <= most_bits]
        for band in range(BANDS)
        for pairs in _alike_in_band(_keys(bits[:, band::BANDS]), bits[:, band::BANDS].shape[1])
    ]
    together = np.concatenate([np.empty((0, 2), np.int64), *found])
    return np.unique(np.sort(together, axis=1), axis=0)


def _keys(bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Rows of bits as numbers."""
    return np.asarray(bits.astype(np.int64) @ (1 << np.arange(bits.shape[1], dtype=np.int64)))


def _alike_in_band(keys: NDArray[np.int64], length: int) -> Iterator[Pairs]:
    """Candidate pairs: equal keys, and keys that differ in one of `length` bits, in chunks."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    ranks = np.arange(len(keys))
    after_equals = np.searchsorted(ranked, ranked, "right")
    yield from _ranges(order, ranks, ranks + 1, after_equals)
    for bit in range(length):
        without = ranks[(ranked >> bit & 1) == 0]
        wanted = ranked[without] | (1 << bit)
        yield from _ranges(
            order, without, np.searchsorted(ranked, wanted, "left"), np.searchsorted(ranked, wanted, "right")
        )


def _ranges(
    order: NDArray[np.int64], ranks: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> Iterator[Pairs]:
    """Pair each of `ranks` with the ranks from its `first` to before its `last`; gives positions, in chunks."""
    some = last > first
    ranks, first, counts = ranks[some], first[some], (last - first)[some]
    chunks = np.cumsum(counts) // _PAIRS_AT_ONCE
    for chunk in np.unique(chunks):
        chosen = chunks == chunk
        sizes = counts[chosen]
        starts = np.cumsum(sizes) - sizes
        steps = np.arange(sizes.sum()) - np.repeat(starts, sizes)
        partners = np.repeat(first[chosen], sizes) + steps
        yield np.stack([order[np.repeat(ranks[chosen], sizes)], order[partners]], axis=1)


def _distances(words: NDArray[np.uint16], pairs: Pairs) -> NDArray[np.int64]:
    """Bits in which the two rows of each pair differ."""
    differing = words[pairs[:, 0]] ^ words[pairs[:, 1]]
    return np.asarray(_POPULATION[differing].sum(axis=1, dtype=np.int64))


# numpy counts bits itself from 2.0 on only.
_POPULATION = np.unpackbits(np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2), axis=1).sum(
    axis=1, dtype=np.uint8
)
