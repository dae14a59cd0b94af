"""SPD matrices read as logarithms: the same bits kept or not, from any piece, and refusals that name the row."""

from __future__ import annotations

import numpy as np
import pytest

from engines.rows import ArrayRows, RowSource
from engines.spd import rows as spd_rows
from engines.spd.matrices import eigen, logarithm, vectors_of
from engines.spd.rows import LogRows
from tests.signals import random_spd


def flat(n=30, k=3, dtype=np.float64):
    return random_spd(n, k).reshape(n, k * k).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_logarithms_in_the_type_of_the_matrices(dtype):
    X = flat(dtype=dtype)
    rows = LogRows(ArrayRows(X))
    assert isinstance(rows, RowSource)
    assert (rows.shape, rows.dtype) == ((30, 6), dtype)
    expected = vectors_of(logarithm(X.reshape(-1, 3, 3))).astype(dtype)
    assert np.array_equal(rows.read(0, 30), expected)
    assert np.array_equal(rows.read(3, 9), expected[3:9])


def test_kept_or_taken_again_and_read_in_any_pieces_the_bits_are_the_same(monkeypatch):
    X = flat()
    whole = LogRows(ArrayRows(X)).read(0, 30)
    pieces = LogRows(ArrayRows(X))
    for start, stop in ((20, 30), (5, 25), (0, 30)):
        assert np.array_equal(pieces.read(start, stop), whole[start:stop])
    monkeypatch.setattr(spd_rows, "HELD_BYTES", 0)
    again = LogRows(ArrayRows(X))
    assert np.array_equal(again.read(5, 25), whole[5:25])
    assert np.array_equal(again.read(0, 30), whole)


def test_logarithms_are_taken_once():
    class Counted(ArrayRows):
        reads = 0

        def read(self, start, stop):
            Counted.reads += 1
            return super().read(start, stop)

    rows = LogRows(Counted(flat()))
    for _ in range(3):
        rows.read(0, 30)
        rows.read(4, 9)
    assert Counted.reads == 1


def test_shrinkage_comes_before_the_logarithm():
    X = flat()
    values, vectors = eigen(X.reshape(-1, 3, 3), 0.2)
    shrunk = (vectors * values[:, None]) @ vectors.swapaxes(1, 2)
    np.testing.assert_allclose(
        LogRows(ArrayRows(X), 0.2).read(0, 30), LogRows(ArrayRows(shrunk.reshape(-1, 9))).read(0, 30), atol=1e-12
    )


def test_a_refused_matrix_is_named_by_its_row_with_what_to_do():
    X = flat()
    X[17] = np.outer([1, 1, 0], [1, 1, 0]).ravel()
    with pytest.raises(ValueError, match=r"^Matrix 17 is singular: .* set regularization above 0"):
        LogRows(ArrayRows(X)).read(10, 20)
    LogRows(ArrayRows(X), 0.01).read(10, 20)
    X[17, 3] += 2
    with pytest.raises(ValueError, match=r"^Matrix 17 is not symmetric: .* are 1 and 3\.$"):
        LogRows(ArrayRows(X), 0.01).read(10, 20)
    X[17, 3] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        LogRows(ArrayRows(X), 0.01).read(10, 20)
