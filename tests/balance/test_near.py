"""The index of hashes finds what comparing each with each would."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from faceannot.balance.near import NEAR_BITS, SURE_BITS, near_pairs
from faceannot.balance.perceptual import HASH_BYTES

Hashes = NDArray[np.uint8]


def unrelated(size: int, seed: int = 0) -> Hashes:
    return np.random.default_rng(seed).integers(0, 256, (size, HASH_BYTES), dtype=np.uint8)


def changed(hashes: Hashes, row: int, bits: list[int]) -> Hashes:
    """A row with some bits turned over, as a row of its own."""
    values = np.unpackbits(hashes[row])
    values[bits] ^= 1
    return np.packbits(values)[None]


@given(st.sets(st.integers(0, 255), min_size=1, max_size=SURE_BITS), st.integers(0, 49))
@settings(deadline=None)
def test_no_pair_up_to_the_sure_bits_is_missed(bits: set[int], row: int) -> None:
    hashes = unrelated(50)
    pairs = near_pairs(np.concatenate([hashes, changed(hashes, row, list(bits))]))
    assert pairs.tolist() == [[row, 50]]


def test_nearly_all_pairs_up_to_the_near_bits_are_found() -> None:
    chance = np.random.default_rng(1)
    hashes = unrelated(300)
    copies = [changed(hashes, row, chance.permutation(256)[:32].tolist()) for row in range(300)]
    assert len(near_pairs(np.concatenate([hashes, *copies]))) >= 280


def test_a_pair_beyond_the_limit_is_not_given() -> None:
    hashes = unrelated(2)
    with_copy = np.concatenate([hashes, changed(hashes, 0, list(range(12)))])
    assert near_pairs(with_copy, most_bits=11).tolist() == []
    assert near_pairs(with_copy, most_bits=12).tolist() == [[0, 2]]


def test_each_pair_is_given_once_and_in_order() -> None:
    hashes = unrelated(1)
    rows = np.concatenate([changed(hashes, 0, [bit]) for bit in range(5)])
    assert near_pairs(rows).tolist() == [[one, two] for one in range(5) for two in range(one + 1, 5)]


def test_few_hashes_have_no_pairs() -> None:
    assert near_pairs(unrelated(0)).shape == (0, 2)
    assert near_pairs(unrelated(1)).shape == (0, 2)


def test_twice_the_hashes_take_nowhere_near_four_times_as_long() -> None:
    # Each with each would be 400 million comparisons for the larger.
    sizes = (10_000, 20_000)
    lasted = []
    for size in sizes:
        hashes = unrelated(size)
        start = time.process_time()
        near_pairs(hashes, NEAR_BITS)
        lasted.append(time.process_time() - start)
    assert lasted[1] < 3.2 * lasted[0] + 0.2
