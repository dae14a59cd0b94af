"""A run applied to new rows says of them what its engine says of the same rows, however their file is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image
from polars.testing import assert_frame_equal

from workbench.cli import main
from workbench.data import DataError, Encoding, Recipe, guess
from workbench.reports import ReportError, apply, export
from workbench.session import Run, Session, read_new

N = 90


def flowers(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, n)
    return pl.DataFrame(
        {
            "plant": [f"p{seed}-{k}" for k in range(n)],
            "length": (kinds + rng.normal(0, 0.3, n)).round(4),
            "colour": [("red", "white", "blue")[k] for k in (kinds + (rng.random(n) < 0.2)) % 3],
            "width": (2 * kinds + rng.normal(0, 0.3, n)).round(4),
            "kind": [("=cmd", "b", "c")[k] for k in kinds],
        }
    )


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("applied")
    flowers(N, 0).write_csv(folder / "old.csv")
    plan = guess(folder / "old.csv").with_roles({"kind": "label", "plant": "id"})
    plan = plan.with_encodings({"colour": Encoding("one-hot")})
    with Session.create(folder / "p.vqw") as opened:
        data = opened.import_data(replace(plan, recipe=Recipe(missing="mean", scaling="standard"))).result(60)
        quick = {"random_state": 0, "max_iter": 8}
        runs = [
            opened.add_run(data, "GMLVQ", quick, name="metric"),
            opened.add_run(data, "KMeans", quick | {"n_clusters": 4}, name="groups"),
            opened.add_run(data, "ProductQuantizer", {"n_subspaces": 2, "n_bits": 2, "random_state": 0}, name="books"),
            opened.add_run(data, "DeepVQ", quick | {"n_bits": 4, "hidden": [8]}, name="bits"),
        ]
        assert [run.wait(120) for run in runs] == ["finished"] * 4
        yield opened


every_run = pytest.mark.parametrize("name", ["metric", "groups", "books", "bits"])


def applied(run: Run, file: Path, out: Path, **how: Any) -> pl.DataFrame:
    apply(run, read_new(run.dataset, file), out, **how)
    return pl.read_csv(out)


@every_run
def test_the_rows_of_the_run_itself_get_their_assignments(session: Session, name: str, tmp_path: Path) -> None:
    run = session.run(name)
    flowers(N, 0).write_csv(tmp_path / "again.csv")
    (path,) = export("assignments", session, run, tmp_path / "own.csv")
    own = pl.read_csv(path).drop("part")
    assert applied(run, tmp_path / "again.csv", tmp_path / "out.csv").equals(own)


@every_run
def test_order_of_columns_and_kind_of_file_change_nothing(session: Session, name: str, tmp_path: Path) -> None:
    run, frame = session.run(name), flowers(40, 1)
    frame.write_csv(tmp_path / "a.csv")
    shuffled = frame.select("kind", "width", "colour", "plant", "length").with_columns(extra=pl.lit(5))
    shuffled.write_parquet(tmp_path / "b.parquet")
    shuffled.write_excel(tmp_path / "c.xlsx")
    wanted = applied(run, tmp_path / "a.csv", tmp_path / "out.csv")
    for file in ("b.parquet", "c.xlsx"):
        assert applied(run, tmp_path / file, tmp_path / "other.csv").equals(wanted)


def test_what_is_told_is_what_the_engine_says(session: Session, tmp_path: Path) -> None:
    run, frame = session.run("metric"), flowers(40, 2)
    frame.write_csv(tmp_path / "new.csv")
    done = apply(run, read_new(run.dataset, tmp_path / "new.csv"), tmp_path / "out.parquet")
    told = pl.read_parquet(tmp_path / "out.parquet")
    colours = sorted(set(flowers(N, 0)["colour"]))
    one_hot = np.array([[colour == level for level in colours] for colour in frame["colour"]], float)
    raw = np.column_stack([frame["length"], one_hot, frame["width"]])
    model: Any = run.model()
    X = run.dataset.recipe.transform(raw)
    assert told["predicted"].to_list() == model.predict(X).tolist()
    assert told["id"].to_list() == frame["plant"].to_list()
    right = [a == b for a, b in zip(told["predicted"], frame["kind"], strict=True)]
    assert (done.n_rows, done.n_labelled, done.n_right) == (40, 40, sum(right))
    assert done.mean_distance == pytest.approx(told["distance"].mean())
    D = model.transform(X)
    np.testing.assert_array_equal(told["prototype"], D.argmin(axis=1))
    np.testing.assert_allclose(told["distance"], D.min(axis=1))


@every_run
def test_reconstructions_are_what_stands_for_a_row_in_its_own_units(
    session: Session, name: str, tmp_path: Path
) -> None:
    run, frame = session.run(name), flowers(25, 3)
    frame.write_csv(tmp_path / "new.csv")
    rows = read_new(run.dataset, tmp_path / "new.csv")
    apply(run, rows, tmp_path / "out.parquet", reconstructions=True)
    told = pl.read_parquet(tmp_path / "out.parquet").select(pl.col("^.* \\(reconstructed\\)$")).to_numpy()
    model: Any = run.model()
    X = np.asarray(rows.rows("all"))
    made = model.prototypes_[model.transform(X).argmin(axis=1)] if name == "metric" else None
    if made is None:
        made = model.prototypes_[model.predict(X)] if name == "groups" else model.quantize(X)
    np.testing.assert_allclose(told, run.dataset.recipe.inverse(made), rtol=1e-5, atol=1e-6)


def test_a_text_that_is_a_formula_stays_a_text_in_every_form(session: Session, tmp_path: Path) -> None:
    run = session.run("metric")
    flowers(30, 4).write_csv(tmp_path / "new.csv")
    rows = read_new(run.dataset, tmp_path / "new.csv")
    for ending in ("csv", "parquet", "xlsx"):
        apply(run, rows, tmp_path / f"out.{ending}")
    assert "\n=" not in (tmp_path / "out.csv").read_text().replace(",", "\n")
    sheet = pl.read_excel(tmp_path / "out.xlsx")
    # a sheet keeps 16 digits
    assert_frame_equal(sheet, pl.read_parquet(tmp_path / "out.parquet"), rel_tol=1e-14)
    assert "=cmd" in sheet["label"].to_list()


def test_missing_columns_are_named_and_nothing_is_written(session: Session, tmp_path: Path) -> None:
    flowers(10, 5).drop("width", "length").write_csv(tmp_path / "new.csv")
    with pytest.raises(DataError, match='lacks the column "length" and 1 more'):
        read_new(session.run("groups").dataset, tmp_path / "new.csv")


def test_gaps_are_filled_as_in_training_and_unknown_levels_told(session: Session, tmp_path: Path) -> None:
    run = session.run("groups")
    frame = flowers(10, 6).with_columns(
        length=pl.when(pl.int_range(10) == 3).then(None).otherwise(pl.col("length")),
        colour=pl.when(pl.int_range(10) == 4).then(pl.lit("black")).otherwise(pl.col("colour")),
    )
    frame.write_csv(tmp_path / "new.csv")
    rows = read_new(run.dataset, tmp_path / "new.csv")
    assert any('"black" the first' in warning for warning in rows.warnings)
    X = np.asarray(rows.rows("all"))
    assert X[3, 0] == pytest.approx(0, abs=1e-6)
    np.testing.assert_array_equal(rows.raw.read(4, 5)[0, 1:4], [0, 0, 0])


def test_rows_that_lack_a_value_which_nothing_fills_are_left_out_and_called_by_number(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 4, 9, 16]})
    frame.write_csv(tmp_path / "old.csv")
    (tmp_path / "new.csv").write_text("a,b\n1,1\n,4\n3,9\n4,\n")
    with Session.create(tmp_path / "p.vqw") as session:
        data = session.import_data(guess(tmp_path / "old.csv")).result(60)
        run = session.add_run(data, "KMeans", {"n_clusters": 2, "random_state": 0})
        assert run.wait(60) == "finished"
        told = applied(run, tmp_path / "new.csv", tmp_path / "out.csv")
    assert told["id"].to_list() == [1, 3]


def test_classes_that_were_not_learned_count_as_no_label(session: Session, tmp_path: Path) -> None:
    frame = flowers(20, 7).with_columns(
        kind=pl.when(pl.int_range(20) < 5).then(pl.lit("new")).otherwise(pl.col("kind"))
    )
    frame.write_csv(tmp_path / "new.csv")
    run = session.run("metric")
    rows = read_new(run.dataset, tmp_path / "new.csv")
    done = apply(run, rows, tmp_path / "out.csv")
    assert done.n_labelled == 15
    assert any("not learned" in warning for warning in rows.warnings)


def test_rows_without_labels_are_predicted_and_no_accuracy_is_told(session: Session, tmp_path: Path) -> None:
    flowers(20, 8).drop("kind").write_csv(tmp_path / "new.csv")
    run = session.run("metric")
    done = apply(run, read_new(run.dataset, tmp_path / "new.csv"), tmp_path / "out.csv")
    assert done.accuracy is None
    assert "label" not in pl.read_csv(tmp_path / "out.csv").columns
    assert set(pl.read_csv(tmp_path / "out.csv")["predicted"]) <= {"'=cmd", "b", "c"}


def test_pictures_are_read_at_the_size_that_was_learned(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for folder, side in (("old", 8), ("new", 20)):
        for k in range(12):
            (tmp_path / folder / "ab"[k % 2]).mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 256, (side, side), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / folder / "ab"[k % 2] / f"{k}.png")
    with Session.create(tmp_path / "p.vqw") as session:
        data = session.import_data(guess(tmp_path / "old")).result(60)
        run = session.add_run(data, "KMeans", {"n_clusters": 2, "random_state": 0})
        assert run.wait(60) == "finished"
        assert read_new(data, tmp_path / "new").raw.shape == (12, 64)
        np.savez(tmp_path / "other.npz", X=rng.integers(0, 256, (5, 9, 9), dtype=np.uint8))
        with pytest.raises(DataError, match="another kind"):
            read_new(data, tmp_path / "other.npz")


def test_the_ending_of_the_file_says_which_form(session: Session, tmp_path: Path) -> None:
    run = session.run("groups")
    flowers(5, 9).write_csv(tmp_path / "new.csv")
    with pytest.raises(ReportError, match=r"\.csv, \.parquet or \.xlsx"):
        apply(run, read_new(run.dataset, tmp_path / "new.csv"), tmp_path / "out.doc")


def test_the_command_line_applies_a_run(session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "copy.vqw"
    project.write_bytes(Path(session.project.path).read_bytes())
    flowers(30, 10).write_csv(tmp_path / "new.csv")
    words = ["apply", str(project), str(tmp_path / "new.csv"), "--run", "metric", "-o", str(tmp_path / "out.csv")]
    assert main(words) == 0
    assert "30 labelled rows" in capsys.readouterr().out
    assert len(pl.read_csv(tmp_path / "out.csv")) == 30
