"""A dataset made from another has the rows and columns that were asked for, and is told again by a script."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.data import DataError, Derivation, Encoding, Recipe, Split, guess, ranges_of
from workbench.reports.script import script
from workbench.session import Dataset, RowMask, Session, derive, read_new

ROOT = Path(__file__).parents[2]
N = 60


def frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "plant": [f"p{k}" for k in range(N)],
            "length": rng.normal(size=N).round(4),
            "colour": [("red", "white")[k % 2] for k in range(N)],
            "petal width": rng.normal(size=N).round(4),
            "count": rng.integers(0, 3, N),
            "kind": [("a", "b", "c")[k % 3] for k in range(N)],
        }
    )


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("derived")
    frame().write_csv(folder / "plants.csv")
    plan = guess(folder / "plants.csv").with_roles({"kind": "label", "plant": "id"})
    plan = plan.with_encodings({"colour": Encoding("one-hot")})
    plan = replace(plan, recipe=Recipe(scaling="standard", split=Split(0.5, 0.0, 0.5)))
    with Session.create(folder / "p.vqw") as opened:
        opened.import_data(plan).result(60)
        yield opened


@pytest.fixture
def plants(session: Session) -> Dataset:
    return next(iter(session.datasets.values()))


def raw(data: Dataset) -> np.ndarray:
    return data.raw.read(0, data.n_rows)


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("length > 0", lambda f: f["length"] > 0),
        ("\"petal width\" < 1 and label in ('a', 'b')", lambda f: (f["petal width"] < 1) & f["kind"].is_in(["a", "b"])),
        ("\"colour = red\" = 1 or row <= 10", lambda f: (f["colour"] == "red") | (pl.Series(range(N)) < 10)),
        ("id like 'p1%'", lambda f: f["plant"].str.starts_with("p1")),
        ("not (count = 2)", lambda f: f["count"] != 2),
    ],
)  # fmt: skip
def test_a_condition_keeps_the_rows_for_which_it_holds(plants: Dataset, where: str, holds: object) -> None:
    mask = holds(frame()).to_numpy()  # type: ignore[operator]
    made = derive(plants, Derivation(where=where))
    np.testing.assert_array_equal(raw(made), raw(plants)[mask])
    assert made.labels().tolist() == frame()["kind"].filter(mask).to_list()
    assert made.ids is not None
    assert made.ids.tolist() == frame()["plant"].filter(mask).to_list()


def test_parts_can_be_named_in_a_condition(plants: Dataset) -> None:
    made = derive(plants, Derivation(where="part = 'test'"))
    np.testing.assert_array_equal(raw(made), raw(plants)[plants.split == 2])


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("lenght > 0", "lenght"),
        ("length >", "not understood"),
        ("length", "no condition"),
        ("length > 99", "0 rows would be left"),
        ("select * from x", "not understood"),
        ("count(*) > 3", "no condition"),
    ],
)
def test_a_condition_that_cannot_be_used_is_refused_in_one_sentence(plants: Dataset, where: str, told: str) -> None:
    with pytest.raises(DataError, match=told) as caught:
        derive(plants, Derivation(where=where))
    assert "\n" not in str(caught.value)


@given(rows=st.lists(st.integers(0, N - 1), min_size=2, unique=True))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_chosen_rows_are_those_and_no_others(plants: Dataset, rows: list[int]) -> None:
    numbers = np.sort(np.array(rows))
    derivation = Derivation(rows=ranges_of(numbers))
    assert Derivation.from_json(derivation.to_json()) == derivation
    np.testing.assert_array_equal(raw(derive(plants, derivation)), raw(plants)[numbers])


def test_a_sample_is_drawn_without_replacement_and_by_its_seed(plants: Dataset) -> None:
    ids = [derive(plants, Derivation(sample=20, seed=seed)).ids for seed in (0, 0, 1)]
    drawn = [set(np.asarray(names).tolist()) for names in ids]
    assert [len(names) for names in drawn] == [20, 20, 20]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(raw(derive(plants, Derivation(sample=500)))) == N


def test_columns_change_their_roles(plants: Dataset) -> None:
    made = derive(plants, Derivation(roles={"length": "ignore", "colour = red": "ignore"}))
    assert made.raw_names == ("colour = white", "petal width", "count")
    np.testing.assert_array_equal(raw(made), raw(plants)[:, [2, 3, 4]])
    counted = derive(plants, Derivation(roles={"count": "label"}))
    assert counted.labels().tolist() == frame()["count"].to_list()
    assert "count" not in counted.raw_names
    assert not derive(plants, Derivation(roles={"kind": "ignore"})).has_labels
    with pytest.raises(DataError, match='keeps no column "size"'):
        derive(plants, Derivation(roles={"size": "ignore"}))
    with pytest.raises(DataError, match="at least one column"):
        derive(plants, Derivation(roles=dict.fromkeys(plants.raw_names, "ignore")))


def test_classes_that_no_row_has_are_gone(plants: Dataset) -> None:
    assert derive(plants, Derivation(where="label <> 'b'")).classes == ("a", "c")


def test_a_recipe_is_fitted_on_the_rows_that_are_left(plants: Dataset) -> None:
    recipe = Recipe(scaling="minmax", split=Split(0.8, 0.0, 0.2, seed=3))
    made = derive(plants, Derivation(where="row <= 40", recipe=recipe))
    X = np.asarray(made.rows("train"))
    assert made.n_in("test") == 8
    np.testing.assert_allclose(X.min(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(X.max(axis=0), 1, atol=1e-6)


def test_rows_of_another_file_come_after_those_that_there_are(plants: Dataset, tmp_path: Path) -> None:
    more = frame().head(5).select("kind", "colour", "count", "petal width", "length").with_columns(length=pl.lit(9.0))
    more.write_parquet(tmp_path / "more.parquet")
    made = derive(plants, Derivation(append=(str(tmp_path / "more.parquet"),)))
    assert made.n_rows == N + 5
    np.testing.assert_array_equal(raw(made)[:N], raw(plants))
    np.testing.assert_array_equal(raw(made)[N:, 0], 9)
    np.testing.assert_array_equal(raw(made)[N:, 1:], raw(plants)[:5, 1:])
    assert made.labels().tolist()[N:] == frame()["kind"][:5].to_list()
    assert len(made.source["files"]) == 2


def test_dropped_rows_stay_out_and_corrected_labels_stay_in(session: Session, plants: Dataset) -> None:
    session.drop(plants, RowMask.of_rows([0, 1, 2], N))
    session.relabel(plants, RowMask.of_rows([5], N), "a")
    try:
        made = session.derive(plants, Derivation(), name="cleaned").result(60)
        assert made.n_rows == N - 3
        assert made.labels().tolist()[2] == "a"
    finally:
        session.undo()
        session.undo()
        session.undo()
    assert [d.name for d in session.datasets.values()] == ["plants"]


def test_a_run_on_it_takes_new_rows_of_the_same_file(plants: Dataset, tmp_path: Path) -> None:
    made = derive(plants, Derivation(roles={"colour = red": "ignore"}))
    frame().head(7).write_csv(tmp_path / "new.csv")
    new = read_new(made, tmp_path / "new.csv")
    np.testing.assert_array_equal(raw(new), raw(made)[:7])


def test_new_rows_are_labelled_by_the_column_that_became_the_label(plants: Dataset, tmp_path: Path) -> None:
    made = derive(plants, Derivation(roles={"count": "label"}))
    frame().head(7).write_csv(tmp_path / "new.csv")
    assert read_new(made, tmp_path / "new.csv").labels().tolist() == frame()["count"][:7].to_list()


def test_it_is_in_the_file_and_can_be_undone(tmp_path: Path) -> None:
    frame().write_csv(tmp_path / "plants.csv")
    with Session.create(tmp_path / "p.vqw") as session:
        plants = session.import_data(guess(tmp_path / "plants.csv")).result(60)
        made = session.derive(plants, Derivation(where="length > 0"), name="long ones").result(60)
        X, name = raw(made).copy(), made.name
        session.undo()
        assert len(session.datasets) == 1
        session.redo()
    with Session.open(tmp_path / "p.vqw") as session:
        again = session.dataset(name)
        np.testing.assert_array_equal(raw(again), X)
        assert again.source["derived"]["from"] == "plants"


def test_the_script_makes_it_again_to_the_same_codebook(tmp_path: Path) -> None:
    frame().write_csv(tmp_path / "plants.csv")
    frame().head(9).write_csv(tmp_path / "more.csv")
    with Session.create(tmp_path / "p.vqw") as session:
        plants = session.import_data(guess(tmp_path / "plants.csv").with_roles({"kind": "label"})).result(60)
        session.drop(plants, RowMask.of_rows([3, 4], N))
        steps = Derivation(
            append=(str(tmp_path / "more.csv"),),
            where="length > -1",
            sample=40,
            seed=2,
            roles={"count": "ignore"},
            recipe=Recipe(scaling="standard", split=Split(0.75, 0.0, 0.25)),
        )
        made = session.derive(plants, steps, name="some").result(60)
        session.delete(plants)
        run = session.add_run(made, "GLVQ", {"random_state": 0, "max_iter": 5}, name="kinds")
        assert run.wait(60) == "finished"
        folder = tmp_path / "empty"
        folder.mkdir()
        for text in (script(session), script(session, run)):
            (folder / "script.py").write_text(text)
            command = [sys.executable, "script.py"]
            environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin", "HOME": str(tmp_path)}
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
            with np.load(folder / "kinds.npz") as saved:
                found = saved["prototypes"] if "prototypes" in saved else saved[saved.files[0]]
            np.testing.assert_array_equal(found, run.dataset.recipe.inverse(run.model().prototypes_))  # type: ignore[attr-defined]
            (folder / "kinds.npz").unlink()
