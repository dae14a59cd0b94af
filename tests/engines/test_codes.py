"""Codes as bits: what is packed comes back, takes no more room than it says, and nonsense is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from engines import KMeans
from engines.codes import bits_of, bytes_of, check_codes, pack_codes, unpack_codes

sizes_of_books = st.lists(st.integers(1, 2**16) | st.integers(1, 2**31 - 1), min_size=1, max_size=12).map(tuple)


@settings(max_examples=100, deadline=None)
@given(sizes_of_books, st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_packed_codes_come_back_whatever_the_books(sizes, n, seed):
    codes = np.random.default_rng(seed).integers(0, sizes, (n, len(sizes))).astype(np.int32)
    packed = pack_codes(codes, sizes)
    assert packed.shape == (n, bytes_of(sizes))
    assert packed.dtype == np.uint8
    assert np.array_equal(unpack_codes(packed, sizes), codes)


@settings(max_examples=50, deadline=None)
@given(sizes_of_books, st.integers(0, 2**32 - 1))
def test_bits_lie_column_after_column_with_the_highest_first(sizes, seed):
    codes = np.random.default_rng(seed).integers(0, sizes, (3, len(sizes))).astype(np.int32)
    for row, packed in zip(codes, pack_codes(codes, sizes), strict=True):
        pairs = zip(row, sizes, strict=True)
        text = "".join(f"{code:0{bits_of(size)}b}" if bits_of(size) else "" for code, size in pairs)
        shown = "".join(f"{byte:08b}" for byte in packed)
        assert shown == text.ljust(len(shown), "0")


@pytest.mark.parametrize(("size", "bits"), [(1, 0), (2, 1), (3, 2), (256, 8), (257, 9), (65536, 16)])
def test_bits_tell_the_values_apart(size, bits):
    assert bits_of(size) == bits


def test_a_codebook_tells_its_size_and_bits():
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = KMeans(5, random_state=0)
    with pytest.raises(NotFittedError):
        _ = model.code_sizes
    model.fit(X)
    assert model.code_sizes == (5,)
    assert model.bits_per_row == 3


@pytest.mark.parametrize(
    "codes",
    [
        np.zeros((4, 3), np.int32),
        np.zeros(4, np.int32),
        np.zeros((4, 2), np.float64),
        np.zeros((4, 2), np.uint8),
        np.array([[0, 300]]),
        np.array([[-1, 0]]),
    ],
)
def test_codes_that_no_books_can_have_are_refused(codes):
    with pytest.raises(ValueError, match="Codes must"):
        check_codes(codes, (2, 300), one_column=False)
