"""Exports of engines that are more than a list of prototypes: books, grids, covariances, codes of several columns."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from sklearn.datasets import load_iris

import engines
from workbench.data import guess
from workbench.reports import EXPORTS, ReportError, export, export_together, trained
from workbench.reports.learned import Watch
from workbench.reports.outcomes import assess_rows
from workbench.session import Run, Session

RUNS: dict[str, dict[str, Any]] = {
    "SOM": {"shape": [3, 4]},
    "GaussianMixture": {"n_components": 3},
    "ProductQuantizer": {"n_subspaces": 2, "n_bits": 2},
    "OptimizedProductQuantizer": {"n_subspaces": 2, "n_bits": 2},
    "ResidualQuantizer": {"n_stages": 2, "n_bits": 2},
    "HierarchicalVQ": {"n_coarse": 3, "n_fine": 2},
    "DeepVQ": {"n_bits": 6, "hidden": [8], "device": "cpu"},
    "VQVAE": {"n_codes": 6, "topology": "hexagonal", "shape": [2, 3], "n_latent": 2, "hidden": [8]},
    "MetaQuantizer": {"n_codes": 4, "n_latent": 2, "hidden": [8]},
    "DCN": {"n_clusters": 4, "n_latent": 2, "hidden": [8], "pretrain_iter": 2},
    "ModifiedDCN": {"n_clusters": 4, "n_latent": 2, "hidden": [8], "pretrain_iter": 2},
}
BOOKS = ("ProductQuantizer", "OptimizedProductQuantizer", "ResidualQuantizer")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, dict[str, Run]]]:
    folder = tmp_path_factory.mktemp("bench")
    data = load_iris()
    lines = [",".join("abcd") + ",kind"]
    for x, y in zip(data.data, data.target_names[data.target], strict=True):
        lines.append(",".join(map(str, x)) + f",{y}")
    (folder / "iris.csv").write_text("\n".join(lines) + "\n")
    with Session.create(folder / "bench.vqw") as session:
        dataset = session.import_data(guess(folder / "iris.csv")).result(120)
        runs = {}
        for name, values in RUNS.items():
            runs[name] = session.add_run(dataset, name, values | {"random_state": 0, "max_iter": 5})
        assert [run.wait(300) for run in runs.values()] == ["finished"] * len(runs), [r.error for r in runs.values()]
        yield session, runs


def exports() -> Iterator[object]:
    """Every export of every engine but pictures of views; reports take seconds, two must do for a start."""
    for kind, engine in itertools.product(EXPORTS, RUNS):
        slow = kind.name == "report" and engine not in ("SOM", "ResidualQuantizer")
        if kind.name != "views":
            yield pytest.param(kind, engine, marks=[pytest.mark.slow] if slow else [], id=f"{kind.name}-{engine}")


@pytest.mark.in_turn("engine")
@pytest.mark.parametrize(("kind", "engine"), list(exports()))
def test_every_export_of_every_kind_of_engine_is_written(bench: Any, kind: Any, engine: str, tmp_path: Path) -> None:
    session, runs = bench
    if not kind.applies(runs[engine]):
        with pytest.raises(ReportError, match=f"cannot be exported as {kind.name}"):
            export(kind.name, session, runs[engine], tmp_path / "out")
        return
    for form in kind.formats:
        paths = export(kind.name, session, runs[engine], tmp_path / f"out.{form}")
        assert len(paths) == 1 or kind.is_many
        assert all(path.stat().st_size > 0 for path in paths)


@pytest.mark.parametrize("engine", [name for name in RUNS if name != "GaussianMixture"])  # its own is of mixed means
def test_the_error_that_runs_are_compared_by_is_the_engines_own_where_that_is_euclidean(
    bench: Any, engine: str
) -> None:
    _, runs = bench
    _, kept = assess_rows(trained(runs[engine]), Watch())
    X = np.asarray(runs[engine].dataset.rows("all").read(0, 150))
    assert kept.squares is not None
    assert kept.squares.mean() == pytest.approx(runs[engine].model().quantization_error(X), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["html", "pdf"])
def test_engines_of_every_kind_go_into_one_report(bench: Any, tmp_path: Path, form: str) -> None:
    session, runs = bench
    for some in (list(runs.values())[:6], list(runs.values())[6:]):
        (path,) = export_together(session, some, tmp_path / f"out.{form}")
        assert path.stat().st_size > 20_000


@pytest.mark.parametrize("engine", BOOKS)
def test_words_of_one_book_add_up_to_what_is_decoded(bench: Any, engine: str, tmp_path: Path) -> None:
    session, runs = bench
    model, X = runs[engine].model(), np.asarray(runs[engine].dataset.rows("all").read(0, 150))
    (path,) = export("codebook", session, runs[engine], tmp_path / "out.npz")
    with np.load(path) as file:
        words, book, word = file["prototypes_training_units"], file["book"], file["word"]
        counts, codebooks = file["training_rows"], file["codebooks"]
    np.testing.assert_array_equal(codebooks, model.codebooks_)
    codes = model.encode(X)
    mean = np.average(words[book == 0], axis=0, weights=counts[book == 0])
    parts = [words[(book == b)][np.argsort(word[book == b])][codes[:, b]] - mean for b in range(codes.shape[1])]
    np.testing.assert_allclose(mean + np.sum(parts, axis=0), model.decode(codes), atol=1e-5)


@pytest.mark.parametrize("engine", [*BOOKS, "HierarchicalVQ"])
def test_assignments_hold_one_column_for_each_code(bench: Any, engine: str, tmp_path: Path) -> None:
    session, runs = bench
    model, X = runs[engine].model(), np.asarray(runs[engine].dataset.rows("all").read(0, 150))
    (path,) = export("assignments", session, runs[engine], tmp_path / "out.csv")
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    codes = np.array([[int(line[f"code {book + 1}"]) for book in range(2)] for line in lines])
    np.testing.assert_array_equal(codes, model.encode(X))
    assert ("prototype" in lines[0]) == (engine == "HierarchicalVQ")
    if engine in BOOKS:
        distances = [float(line["distance"]) for line in lines]
        np.testing.assert_allclose(np.mean(np.square(distances)), model.quantization_error(X), rtol=1e-5)


def test_a_mixture_leaves_with_weights_and_covariances(bench: Any, tmp_path: Path) -> None:
    session, runs = bench
    model = runs["GaussianMixture"].model()
    (path,) = export("codebook", session, runs["GaussianMixture"], tmp_path / "out.h5")
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["covariances"][()], model.covariances_)
        np.testing.assert_array_equal(file["weights"][()], model.weights_)
    (path,) = export("codebook", session, runs["GaussianMixture"], tmp_path / "out.json")
    whole = json.loads(path.read_text(encoding="utf-8"))
    np.testing.assert_array_equal(whole["further"]["covariances"], model.covariances_)


def test_a_map_leaves_with_the_place_of_each_unit(bench: Any, tmp_path: Path) -> None:
    session, runs = bench
    (path,) = export("codebook", session, runs["SOM"], tmp_path / "out.csv")
    with path.open(newline="", encoding="utf-8") as file:
        places = [(int(line["prototype"]), int(line["row"]), int(line["column"])) for line in csv.DictReader(file)]
    assert places == [(4 * row + column, row, column) for row in range(3) for column in range(4)]


@pytest.mark.parametrize("engine", RUNS)
def test_a_model_file_codes_rows_as_the_run_does(bench: Any, engine: str, tmp_path: Path) -> None:
    session, runs = bench
    X = np.asarray(runs[engine].dataset.rows("all").read(0, 150))
    (path,) = export("model", session, runs[engine], tmp_path / "out.safetensors")
    np.testing.assert_array_equal(engines.load(path).encode(X), runs[engine].model().encode(X))
