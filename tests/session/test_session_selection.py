"""Row masks and the shared selection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.session import RowMask, Selection, SessionError, combine

pairs = st.integers(0, 70).flatmap(
    lambda n: st.tuples(*(st.lists(st.booleans(), min_size=n, max_size=n) for _ in range(2)))
)


@given(pairs)
def test_masks_combine_as_sets_of_row_numbers_do(pair):
    a, b = (np.array(mask, bool) for mask in pair)
    one, other = RowMask.of(a), RowMask.of(b)
    for found, wanted in (
        (one & other, a & b),
        (one | other, a | b),
        (one - other, a & ~b),
        (~one, ~a),
        (combine(one, other, "not"), a & ~b),
        (combine(one, other, "replace"), b),
    ):
        np.testing.assert_array_equal(found.mask, wanted)
        assert len(found) == wanted.sum()
        assert found == RowMask.of(wanted)
        assert found == RowMask.of_rows(found.rows, len(a))


def test_row_numbers_outside_the_dataset_are_refused():
    with pytest.raises(SessionError, match="There is no row 10: the dataset has the rows 0 to 9"):
        RowMask.of_rows([3, 10], 10)


def test_masks_of_different_datasets_do_not_combine():
    with pytest.raises(SessionError, match="different datasets"):
        RowMask.none(8) & RowMask.none(9)


def test_every_pick_moves_the_version_and_is_told_once():
    told = []
    selection = Selection(lambda: told.append(selection.version))
    selection.pick_rows("d", RowMask.of_rows([1, 2, 3], 10))
    selection.pick_rows("d", RowMask.of_rows([2, 3, 4], 10), "and")
    selection.pick_prototypes("r", [0, 2])
    selection.pick_features("d", [1])
    assert selection.rows("d", 10).rows.tolist() == [2, 3]
    assert selection.prototypes("r") == {0, 2}
    assert selection.features("d") == {1}
    selection.clear()
    assert len(selection.rows("d", 10)) == 0
    assert selection.prototypes("r") == frozenset()
    assert told == [1, 2, 3, 4, 5]


def test_rows_picked_in_one_dataset_are_not_picked_in_another():
    selection = Selection()
    selection.pick_rows("d", RowMask.of_rows([1], 10))
    assert len(selection.rows("e", 4)) == 0
