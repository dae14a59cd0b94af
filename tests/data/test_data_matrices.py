"""SPD matrices and signals from arrays: told apart from pictures, made into covariances, kept as they are."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.spd.covariances import covariances
from tests.signals import random_spd, two_kinds, two_kinds_of_matrices
from workbench.data import DataError, Recipe, guess, preview, read
from workbench.data.columns import MOST_COLUMNS

SUFFIXES = pytest.mark.parametrize("suffix", ["npy", "npz"])


def stored(folder: Path, X: Any, suffix: str, y: Any = None) -> Path:
    path = folder / f"X.{suffix}"
    if suffix == "npz":
        np.savez(path, **({"X": X} if y is None else {"X": X, "y": y}))
    else:
        np.save(path, X)
        if y is not None:
            np.save(folder / "y.npy", y)
    return path


def refusal(path: Path, recipe: Recipe | None = None, **options: object) -> str:
    def attempt() -> None:
        plan = guess(path, options=options)
        read(replace(plan, recipe=recipe or plan.recipe))

    with pytest.raises(DataError) as caught:
        attempt()
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@SUFFIXES
@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_stack_of_matrices_is_known_and_read_as_it_is(tmp_path: Path, suffix: str, dtype: str, order: Any) -> None:
    X, y = two_kinds_of_matrices(channels=3)
    path = stored(tmp_path, np.asarray(X, dtype, order=order), suffix, y)
    plan = guess(path)
    assert plan.options["matrices"] == "given"
    assert [column.name for column in plan.columns[:4]] == ["entry 0,0", "entry 0,1", "entry 0,2", "entry 1,0"]
    assert (plan.columns[9].name, plan.columns[9].role) == ("y", "label")
    with read(plan) as table:
        assert (table.kind, table.image_shape, table.warnings) == ("spd", (3, 3), ())
        np.testing.assert_array_equal(np.asarray(table.X).reshape(-1, 3, 3), X.astype(dtype))
        assert table.y is not None
        assert table.y.tolist() == y.tolist()


@SUFFIXES
@pytest.mark.parametrize("estimator", ["empirical", "oas", "ledoit-wolf"])
def test_signals_become_covariances_by_choice_alone(tmp_path: Path, suffix: str, estimator: str) -> None:
    signals, y = two_kinds(n=40, channels=3, times=30)
    path = stored(tmp_path, signals, suffix, y)
    assert guess(path).options["matrices"] == "none"
    plan = guess(path, options={"matrices": estimator})
    shown = preview(plan)
    with read(plan) as table:
        assert (table.kind, table.image_shape) == ("spd", (3, 3))
        np.testing.assert_array_equal(np.asarray(table.X).reshape(-1, 3, 3), covariances(signals, estimator))  # type: ignore[arg-type]
        assert shown.columns[0].mean == pytest.approx(np.asarray(table.X)[:, 0].mean())
    assert shown.images is not None
    assert shown.images.shape == (40, 3, 3)


def test_covariances_of_many_signals_are_the_same_in_any_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stored(tmp_path, two_kinds(n=40, channels=3, times=30)[0], "npy")
    plan = guess(path, options={"matrices": "oas"})
    with read(plan) as table:
        whole = np.asarray(table.X)
    monkeypatch.setattr("workbench.data.rows.BLOCK_BYTES", 8 * 90 * 7)
    with read(plan) as table:
        np.testing.assert_array_equal(np.asarray(table.X), whole)


@SUFFIXES
def test_signals_too_long_to_be_columns_become_covariances(tmp_path: Path, suffix: str) -> None:
    signals = np.random.default_rng(0).normal(size=(5, 2, MOST_COLUMNS))
    path = stored(tmp_path, signals, suffix)
    plan = guess(path)
    assert plan.options["matrices"] == "oas"
    assert "2 channels × 65,536 times, and becomes its covariance" in preview(plan).warnings[0]
    with read(plan) as table:
        assert table.X.shape == (5, 4)
    assert "values in each row" in refusal(path, matrices="none")


@pytest.mark.parametrize(
    "X",
    [
        np.random.default_rng(0).integers(0, 255, (20, 4, 4), dtype=np.uint8),
        np.random.default_rng(0).normal(size=(20, 4, 4)),
        random_spd(20, 4) - 2 * np.eye(4),
        np.zeros((20, 4, 4)),
        np.ones((20, 1, 1)),
    ],
    ids=["bytes", "not symmetric", "indefinite", "zero", "single numbers"],
)
def test_pictures_stay_pictures(tmp_path: Path, X: Any) -> None:
    plan = guess(stored(tmp_path, X, "npy"))
    assert plan.options["matrices"] == "none"
    with read(plan) as table:
        assert (table.kind, table.image_shape) == ("image", X.shape[1:])


def test_matrices_of_which_an_entry_is_left_out_are_a_table(tmp_path: Path) -> None:
    X, _ = two_kinds_of_matrices(channels=3)
    for values, choice in ((X, "auto"), (two_kinds(channels=3)[0], "oas")):
        plan = guess(stored(tmp_path, values, "npy"), options={"matrices": choice})
        with read(plan.with_roles({"entry 1,0": "ignore"})) as table:
            assert (table.kind, table.image_shape, table.X.shape[1]) == ("table", None, 8)


def test_singular_matrices_are_taken_with_a_remark(tmp_path: Path) -> None:
    X, _ = two_kinds_of_matrices(channels=3)
    X[5] = np.outer([1.0, 2.0, 2.0], [1.0, 2.0, 2.0])
    with read(guess(stored(tmp_path, X, "npy"))) as table:
        assert table.kind == "spd"
        assert table.warnings[0].startswith("Matrices that are singular, so that they have no logarithm: 1 of 80.")


# --- what is refused


def test_a_matrix_that_is_not_symmetric_or_not_definite_is_named_by_its_row(tmp_path: Path) -> None:
    X = random_spd(700, 3)
    X[600] = np.diag([1.0, 2.0, -0.5])
    told = refusal(stored(tmp_path, X, "npy"))
    assert told.startswith("The matrix of row 601 is not positive definite: its smallest eigenvalue is -0.5")
    X[650, 0, 2], X[600] = 7.0, np.eye(3)
    told = refusal(stored(tmp_path, X, "npy"))
    assert told.startswith("The matrix of row 651 is not symmetric: its entries (0, 2) and (2, 0) are 7 and ")
    X[0, 0, 2] = 7.0
    assert refusal(stored(tmp_path, X, "npy"), matrices="given").startswith("The matrix of row 1 is not symmetric")


@pytest.mark.parametrize("choice", ["given", "oas"])
def test_gaps_are_refused_or_their_rows_left_out_but_never_filled(tmp_path: Path, choice: str) -> None:
    X = two_kinds_of_matrices(channels=3)[0] if choice == "given" else two_kinds(channels=3)[0]
    X[4, 1, 2] = np.nan
    path = stored(tmp_path, X, "npy")
    told = refusal(path, matrices=choice)
    assert "row 5 first, 1 of 80 rows" in told
    assert told.endswith("choose to leave those rows out.")
    assert "leave such rows out" in refusal(path, Recipe(missing="mean"), matrices=choice)
    plan = guess(path, options={"matrices": choice})
    with read(replace(plan, recipe=Recipe(missing="drop"))) as table:
        assert (table.kind, table.X.shape) == ("spd", (79, 9))


@pytest.mark.parametrize("recipe", [Recipe(scaling="standard"), Recipe(contrast=True), Recipe(whitening="zca")])
def test_what_would_change_matrices_entry_by_entry_is_told_and_refused(tmp_path: Path, recipe: Recipe) -> None:
    path = stored(tmp_path, two_kinds_of_matrices()[0], "npy")
    told = refusal(path, recipe)
    assert "SPD matrices stay as they are" in told
    assert told in preview(replace(guess(path), recipe=recipe)).warnings


@pytest.mark.parametrize("choice", ["given", "oas"])
@pytest.mark.parametrize("shape", [(9, 4), (9, 2, 3, 4), (9, 3, 1)])
def test_arrays_that_hold_neither_matrices_nor_signals_are_refused(
    tmp_path: Path, choice: str, shape: tuple[int, ...]
) -> None:
    path = stored(tmp_path, np.arange(float(math.prod(shape))).reshape(shape), "npy")
    assert f"has the shape {shape}, but" in refusal(path, matrices=choice)
