"""The contract of every export, and what each of them holds."""

from __future__ import annotations

import csv
import errno
import itertools
import json
import math
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engines
from tests.reports.conftest import HOSTILE_CLASSES, HOSTILE_NAMES, Shelf
from workbench.errors import Cancelled, WorkbenchError
from workbench.reports import EXPORTS, Export, ReportError, export, save_view
from workbench.reports.cells import cell, is_formula
from workbench.session import Run, SessionError, read_model
from workbench.views import VIEWS, scene_of, theme

RUNS = ("flowers", "clusters", "pictures", "readers")
ELSEWHERE = ("views", "report", "codes", "onnx", "sheet")
"""Exports with tests of their own: many files, or not for all runs of the shelf."""
PAIRS = [(kind, form) for kind in EXPORTS for form in kind.formats if kind.name not in ELSEWHERE]


def made(shelf: Shelf, run: str, kind: str, path: Path, **options: Any) -> Path:
    return export(kind, shelf.session, getattr(shelf, run), path, **options)[0]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# Every export


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(("kind", "form"), PAIRS, ids=lambda value: getattr(value, "name", value))
def test_every_export_writes_one_whole_file_and_nothing_else(
    shelf: Shelf, tmp_path: Path, kind: Export, form: str, run: str
) -> None:
    told: list[float] = []
    path = tmp_path / f"out.{form}"
    path.write_text("what was there before")
    assert export(kind.name, shelf.session, getattr(shelf, run), path, progress=told.append) == (path,)
    assert os.listdir(tmp_path) == [path.name]
    assert path.read_bytes()[:21] != b"what was there before"
    assert told == sorted(told)
    assert all(0 <= fraction <= 1 for fraction in told)


@pytest.mark.parametrize("kind", ["codebook", "assignments", "report", "views"])
def test_a_stopped_export_leaves_what_was_there(shelf: Shelf, tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("pictures" if kind == "views" else f"out.{'html' if kind == 'report' else 'csv'}")
    if kind != "views":
        path.write_text("before")
    before = os.listdir(tmp_path)
    with pytest.raises(Cancelled):
        export(kind, shelf.session, shelf.flowers, path, stop=lambda: True)
    assert os.listdir(tmp_path) == before
    assert kind == "views" or path.read_text() == "before"


def test_a_full_disk_is_told_in_one_sentence_and_leaves_the_old_file(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "codebook.csv"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("workbench.reports.files.os.fsync", full)
    with pytest.raises(ReportError, match="disk is full"):
        made(shelf, "flowers", "codebook", path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["codebook.csv"]


@pytest.mark.parametrize(
    ("kind", "name", "sentence"),
    [
        ("nothing", "a.csv", "no export called 'nothing'; there are codebook, model, assignments, codes, polytopes"),
        ("codebook", "a.txt", r"ending in .csv, .json, .npz, .h5, .parquet or .xlsx can be written, but not .txt"),
        ("model", "a.pickle", r"a file ending in .safetensors can be written"),
        ("codebook", "missing/a.csv", "There is no folder .*missing: make it"),
        ("codebook", "folder", "is a folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_told_in_one_sentence(
    shelf: Shelf, tmp_path: Path, kind: str, name: str, sentence: str
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ReportError, match=sentence):
        export(kind, shelf.session, shelf.flowers, tmp_path / name)
    assert os.listdir(tmp_path) == ["folder"]
    assert issubclass(ReportError, WorkbenchError)


def test_a_run_that_has_learned_nothing_cannot_be_exported(shelf: Shelf, tmp_path: Path) -> None:
    run: Any = SimpleNamespace(name="idle", status="queued", latest=None, engine=shelf.clusters.engine)
    with pytest.raises(ReportError, match=r"Run 'idle' has learned nothing yet \(queued\)"):
        export("codebook", shelf.session, run, tmp_path / "a.csv")


# Codebooks


@pytest.mark.parametrize("run", RUNS)
def test_all_forms_of_a_codebook_hold_the_same_prototypes(shelf: Shelf, tmp_path: Path, run: str) -> None:
    model, recipe = getattr(shelf, run).model(), getattr(shelf, run).dataset.recipe
    expected = recipe.inverse(model.prototypes_)
    paths = {form: made(shelf, run, "codebook", tmp_path / f"a.{form}") for form in ("csv", "json", "npz", "h5")}
    lines = table(paths["csv"])
    features = list(lines[0])[3:]
    as_csv = np.array([[float(line[name]) for name in features] for line in lines], dtype=expected.dtype)
    np.testing.assert_array_equal(as_csv, expected)
    whole = json.loads(paths["json"].read_text(encoding="utf-8"))
    as_json = np.array([p["values"] for p in whole["prototypes"]], dtype=expected.dtype)
    np.testing.assert_array_equal(as_json, expected)
    for form, read in (("parquet", pl.read_parquet), ("xlsx", pl.read_excel)):
        frame = read(made(shelf, run, "codebook", tmp_path / f"a.{form}"))
        values = frame.select(pl.nth(range(frame.width - expected.shape[1], frame.width))).to_numpy()
        np.testing.assert_allclose(values, expected, rtol=0 if form == "parquet" else 1e-14)
    with np.load(paths["npz"], allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["prototypes"], expected)
        np.testing.assert_array_equal(arrays["prototypes_training_units"], model.prototypes_)
    with h5py.File(paths["h5"]) as file:
        np.testing.assert_array_equal(file["prototypes"][()], expected)
        names = [name.decode() for name in file["feature_names"][()]]
    assert names == [feature["name"] for feature in whole["features"]]


def test_codebooks_count_the_training_rows_of_each_prototype(shelf: Shelf, tmp_path: Path) -> None:
    run = shelf.clusters
    counts = [int(line["training rows"]) for line in table(made(shelf, "clusters", "codebook", tmp_path / "a.csv"))]
    assert counts == run.model().counts_.astype(int).tolist()
    assert sum(counts) == run.dataset.n_in("train")


def test_codebooks_name_features_with_units_and_prototypes_with_classes(shelf: Shelf, tmp_path: Path) -> None:
    path = made(shelf, "flowers", "codebook", tmp_path / "a.json")
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert [feature["name"] for feature in whole["features"]] == list(HOSTILE_NAMES)
    assert whole["features"][0]["unit"] == "<cm>"
    assert {p["label"] for p in whole["prototypes"]} == set(HOSTILE_CLASSES)
    assert whole["about"]["parameters"]["random_state"] == 0
    omega = np.array(whole["omega"])
    np.testing.assert_allclose(omega.T @ omega, shelf.flowers.model().relevance_matrix_, atol=1e-6)


# Formulas


@pytest.mark.parametrize("run", ["flowers", "clusters"])
@pytest.mark.parametrize("kind", ["codebook", "assignments"])
def test_no_cell_of_a_csv_is_a_formula(shelf: Shelf, tmp_path: Path, kind: str, run: str) -> None:
    with made(shelf, run, kind, tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        cells = list(itertools.chain.from_iterable(csv.reader(file)))
    risky = [text for text in cells if text[:1] in "=+-@\t\r" and text and not _is_number(text)]
    assert not risky
    assert any(text.startswith(("'=", "'-", "'@")) for text in cells)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@given(st.text(max_size=30))
def test_texts_survive_as_cells_but_for_one_apostrophe(text: str) -> None:
    assert cell(text) in (text, "'" + text)
    assert not is_formula(cell(text))


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@A1", "\t=1", "\r=1", "\n=1", " =1", "＝1", "-x", "+inf_1"])
def test_formulas_get_an_apostrophe(text: str) -> None:
    assert cell(text) == "'" + text


@pytest.mark.parametrize("text", ["-5", "+3.5e7", "-inf", "plain", "", "a=b", "1-2"])
def test_numbers_and_plain_texts_stay(text: str) -> None:
    assert cell(text) == text


@given(st.floats(width=32), st.floats())
def test_numbers_read_back_the_same(narrow: float, wide: float) -> None:
    for value in (np.float32(narrow), wide):
        read = float(cell(value)) if cell(value) else math.nan
        assert type(value)(read) == value or math.isnan(value)


# Models


@pytest.mark.parametrize("run", RUNS)
def test_a_model_file_is_read_back_bit_for_bit_by_the_engines_alone(shelf: Shelf, tmp_path: Path, run: str) -> None:
    path = made(shelf, run, "model", tmp_path / "a.safetensors")
    model, loaded = getattr(shelf, run).model(), engines.load(path)
    for name in model.FITTED:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(model, name))


@pytest.mark.parametrize("run", RUNS)
def test_a_model_file_predicts_from_raw_rows_as_the_run_does(shelf: Shelf, tmp_path: Path, run: str) -> None:
    data = getattr(shelf, run).dataset
    model = read_model(made(shelf, run, "model", tmp_path / "a.safetensors"))
    raw = data.raw.read(0, data.n_rows)
    rows = np.asarray(data.rows("all"))
    np.testing.assert_array_equal(model.predict(raw), getattr(shelf, run).model().predict(rows))
    assert model.classes == data.classes
    assert model.about["dataset"] == data.name


def test_what_is_no_model_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="There is no model file"):
        read_model(tmp_path / "nothing.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(SessionError, match="not a model file"):
        read_model(tmp_path / "broken.safetensors")


def test_a_model_that_was_saved_without_its_recipe_is_told_so(shelf: Shelf, tmp_path: Path) -> None:
    engines.save(shelf.clusters.model(), tmp_path / "bare.safetensors")
    with pytest.raises(SessionError, match="carries no recipe"):
        read_model(tmp_path / "bare.safetensors")


# Assignments


@pytest.mark.parametrize("run", RUNS)
def test_assignments_are_those_of_the_model_on_every_row(shelf: Shelf, tmp_path: Path, run: str) -> None:
    data, model = getattr(shelf, run).dataset, getattr(shelf, run).model()
    lines = table(made(shelf, run, "assignments", tmp_path / "a.csv"))
    rows = np.asarray(data.rows("all"))
    distances = model.transform(rows)
    assert [int(line["row"]) for line in lines] == list(range(1, data.n_rows + 1))
    assert [int(line["prototype"]) for line in lines] == distances.argmin(axis=1).tolist()
    np.testing.assert_allclose([float(line["distance"]) for line in lines], distances.min(axis=1), rtol=1e-6)
    assert [line["part"] for line in lines] == [("training", "validation", "test")[part] for part in data.split]
    assert [line["label"].removeprefix("'") for line in lines] == [str(v) for v in data.labels("all")]
    if getattr(shelf, run).engine.supervised:
        assert [line["predicted"].removeprefix("'") for line in lines] == [str(v) for v in model.predict(rows)]
    else:
        assert "predicted" not in lines[0]


def test_assignments_carry_the_names_of_the_rows(shelf: Shelf, tmp_path: Path) -> None:
    lines = table(made(shelf, "flowers", "assignments", tmp_path / "a.csv"))
    assert [line["id"] for line in lines] == [f"'=row{k}" for k in range(150)]


def test_assignments_are_written_block_by_block(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(shelf, "pictures", "assignments", tmp_path / "whole.csv").read_bytes()
    heights: list[int] = []
    rows = shelf.pictures.dataset.rows("all")
    read = type(rows).read

    def watched(self: Any, start: int, stop: int) -> Any:
        heights.append(stop - start)
        return read(self, start, stop)

    monkeypatch.setattr(type(rows), "read", watched)
    monkeypatch.setattr("workbench.reports.learned._BLOCK_NUMBERS", 64 * 70)
    assert made(shelf, "pictures", "assignments", tmp_path / "blocks.csv").read_bytes() == whole
    assert len(heights) >= 4
    assert max(heights) <= 70


# Pictures


def shown(run: Run) -> list[str]:
    """Names of the views that have something to show of a run."""
    scene = scene_of(run)
    assert scene is not None
    return [view.name for view in VIEWS if view.printed and view.applies(scene)]


@pytest.mark.parametrize("form", ["png", pytest.param("svg", marks=pytest.mark.slow)])
def test_every_view_becomes_a_picture_in_a_folder(shelf: Shelf, tmp_path: Path, form: str) -> None:
    written = export("views", shelf.session, shelf.readers, tmp_path / "new" / "pictures", format=form)
    assert [path.name for path in written] == [f"{name}.{form}" for name in shown(shelf.readers)]
    assert all(path.stat().st_size > 1000 for path in written)


def test_a_name_with_an_ending_stands_for_a_file_a_view(shelf: Shelf, tmp_path: Path) -> None:
    written = export("views", shelf.session, shelf.clusters, tmp_path / "mine.svg")
    assert [path.name for path in written] == [f"mine-{name}.svg" for name in shown(shelf.clusters)]
    assert sorted(os.listdir(tmp_path)) == sorted(path.name for path in written)


def test_a_picture_of_another_kind_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    scene = scene_of(shelf.flowers)
    assert scene is not None
    with pytest.raises(ReportError, match=r"written as .png, .svg or .pdf, not as '.gif'"):
        save_view(VIEWS[0], scene, tmp_path / "a.gif", theme("dark"))
