"""Square tables of dissimilarities: taken as they are, cut to the rows that are trained on, refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.data import DataError, Plan, Recipe, Split, guess, preview, read

PARTS = Split(0.6, 0.2, 0.2, seed=3)


def matrix(n: int = 30) -> np.ndarray:
    D = np.random.default_rng(0).exponential(size=(n, n))
    return np.asarray(D * (1 - np.eye(n)))


def plan_of(folder: Path, D: np.ndarray, labels: list[str] | None = None, **recipe: Any) -> Plan:
    """A plan for a CSV file of D and a column of labels."""
    labels = ["even", "odd"] * (len(D) // 2) if labels is None else labels
    lines = [",".join([*(f"to {k}" for k in range(D.shape[1])), "kind"])]
    lines += [",".join([*map(repr, row.tolist()), label]) for row, label in zip(D, labels, strict=True)]
    path = folder / "apart.csv"
    path.write_text("\n".join(lines))
    return replace(guess(path).with_roles({"kind": "label"}), recipe=Recipe(dissimilarities=True, **recipe))


def test_a_square_table_is_read_as_it_is(tmp_path: Path) -> None:
    D = matrix()
    with read(plan_of(tmp_path, D)) as table:
        assert (table.kind, table.image_shape) == ("dissimilarity", None)
        np.testing.assert_array_equal(np.asarray(table.recipe.rows(table.X)), D)
        assert table.feature_names == tuple(f"to {k}" for k in range(30))


def test_columns_of_rows_that_are_not_trained_on_are_left_out(tmp_path: Path) -> None:
    D = matrix()
    labels = ["even", "odd"] * 15
    labels[:2] = ["", ""]
    with read(plan_of(tmp_path, D, labels, split=PARTS)) as table:
        assert table.codes is not None
        trained = np.flatnonzero((table.split == 0) & (table.codes >= 0))
        np.testing.assert_array_equal(np.asarray(table.X), D[:, trained])
        assert table.feature_names == tuple(f"to {k}" for k in trained)
        assert table.recipe.feature_names == table.feature_names
        assert f"Columns of rows that are not trained on left out: {30 - len(trained)}." in table.warnings
        assert len(table.columns) == 31


@pytest.mark.parametrize(
    ("D", "words"),
    [
        (matrix()[:, :29], "30 rows and 29 feature columns"),
        (matrix() - 0.5 * np.eye(30), "The dissimilarity of row 1 from row 1 is -0.5"),
        (np.where(np.eye(30) == 1, np.nan, matrix()), "A value is missing"),
    ],
)
def test_what_is_no_matrix_of_dissimilarities_is_refused_with_the_reason(
    tmp_path: Path, D: np.ndarray, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        read(plan_of(tmp_path, D))


def test_the_preview_tells_that_a_table_is_not_square(tmp_path: Path) -> None:
    assert preview(plan_of(tmp_path, matrix())).warnings == ()
    assert "30 rows and 29 feature columns" in preview(plan_of(tmp_path, matrix()[:, :29])).warnings[-1]


def test_pictures_are_no_dissimilarities(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.zeros((16, 4, 4), np.uint8))
    plan = guess(tmp_path / "X.npy")
    with pytest.raises(DataError, match="holds pictures, not dissimilarities"):
        read(replace(plan, recipe=Recipe(dissimilarities=True)))


@pytest.mark.parametrize(
    "steps", [{"scaling": "standard"}, {"missing": "mean"}, {"contrast": True}, {"whitening": "pca"}]
)
def test_a_recipe_that_would_change_dissimilarities_is_refused(steps: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="Dissimilarities stay as they are"):
        Recipe(dissimilarities=True, **steps)


def test_a_plan_with_dissimilarities_goes_through_json(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, matrix())
    assert Plan.from_json(plan.to_json()) == plan
