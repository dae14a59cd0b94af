"""The table of all rows: order, texts and columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.views import scenes
from tests.views.trained import trained
from workbench.views import table
from workbench.views.table import Asked, texts
from workbench.views.wording import MISSING


@pytest.mark.parametrize("falling", [False, True])
def test_rows_are_sorted_by_any_column_equal_ones_as_they_come(falling: bool) -> None:
    scene = trained("GMLVQ", "iris")
    X = np.asarray(scene.sample.X)
    columns = table.compute(scene).columns
    assert [column.kind for column in columns[:5]] == ["row", "label", "part", "prototype", "predicted"]
    for number, column in enumerate(columns):
        data = table.compute(scene.asking(str(Asked(number, falling))))
        keys = {
            "row": np.arange(150),
            "label": np.asarray(scene.sample.codes),
            "part": scene.split,
            "prototype": scene.winners,
            "predicted": scene.predicted,
        }.get(column.kind, X[:, column.feature])
        signed = (-1 if falling else 1) * np.asarray(keys, float)
        np.testing.assert_array_equal(data.order, sorted(range(150), key=signed.__getitem__))


@given(st.lists(st.sampled_from([1.0, 2.0, 3.0, np.nan, np.inf, -np.inf]), min_size=1), st.booleans())
def test_missing_values_come_last_both_ways(values: list[float], falling: bool) -> None:
    X = np.column_stack([values, np.zeros(len(values))])
    scene = scenes.make_scene(X, prototypes=np.zeros((1, 2)))
    number = len(table.compute(scene).columns) - 2
    order = table.compute(scene.asking(str(Asked(number, falling)))).order
    told = np.asarray(values)[order]
    n_known = int((~np.isnan(told)).sum())
    assert np.isnan(told[n_known:]).all()
    known = told[:n_known]
    assert (known == np.sort(known)[:: -1 if falling else 1]).all()
    assert sorted(order.tolist()) == list(range(len(values)))


def test_texts_are_of_the_rows_asked_for_in_their_order_as_they_were_imported() -> None:
    scene = scenes.iris()
    raw = np.asarray(scene.sample.X) * 100 + 0.5
    scene = replace(scene, every=replace(scene.every, raw=type(scene.every.raw)(raw)))
    data = table.compute(scene)
    rows = np.array([149, 0, 3])
    found = texts(scene, data.columns, rows)
    for line, row in zip(found, rows, strict=True):
        assert line[0] == str(row + 1)
        assert line[1] == scene.class_names[scene.sample.codes[row]]
        assert [float(text.replace(",", "")) for text in line[-4:]] == pytest.approx(raw[row].tolist(), rel=1e-5)


def test_dropped_rows_stay_in_the_table_and_are_told_as_such() -> None:
    scene = trained("GMLVQ", "iris")
    kept = np.ones(150, bool)
    kept[[2, 120]] = False
    rows = np.flatnonzero(kept)
    sample = replace(
        scene.sample, X=np.asarray(scene.sample.X)[rows], codes=scene.sample.codes[rows], rows=rows, n_total=148
    )
    scene = replace(scene, sample=sample, every=replace(scene.every, kept=kept))
    data = table.compute(scene)
    kinds = [column.kind for column in data.columns]
    assert "150 rows, 2 of them dropped" in data.note
    told = texts(scene, data.columns, np.array([120, 1, 2]))
    assert [line[kinds.index("part")] for line in told] == ["dropped", "training", "dropped"]
    for kind in ("prototype", "predicted"):
        found = [line[kinds.index(kind)] for line in told]
        assert found[0] == found[2] == MISSING != found[1]
    by_part = table.compute(scene.asking(str(Asked(kinds.index("part"), falling=True))))
    assert by_part.order[:2].tolist() == [2, 120]


def test_hostile_names_stay_on_one_line() -> None:
    scene = scenes.hostile_names()
    for line in texts(scene, table.compute(scene).columns, np.arange(20)):
        assert all("\n" not in text for text in line)


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    assert Asked.parse(text).column >= -1


@given(st.integers(0, 500), st.booleans(), st.booleans())
def test_what_is_asked_comes_back(column: int, falling: bool, only: bool) -> None:
    assert Asked.parse(str(Asked(column, falling, only))) == Asked(column, falling, only)
