"""Cells as files: raw rows lie where the model puts them, whatever the recipe."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

from engines import catalog, engine_info
from engines.lvq.polytopes import common_matrix
from tests.reports.conftest import HOSTILE_NAMES, Shelf
from tests.views.trained import trained
from workbench.data import guess
from workbench.reports import ReportError, export
from workbench.session import Session


def cells(session: Session, run: Any, path: Path) -> Any:
    export("polytopes", session, run, path)
    return json.loads(path.read_text(encoding="utf-8"))


def inside(told: Any, raw: np.ndarray, tolerance: float) -> np.ndarray:
    """(n, M) whether each raw row lies in each cell of a file."""
    holds = [
        (raw @ np.reshape(one["A"], (-1, raw.shape[1])).T <= np.array(one["b"]) + tolerance).all(axis=1)
        for one in told["cells"]
    ]
    return np.stack(holds, axis=1)


@pytest.mark.parametrize("run", ["flowers", "clusters", "pictures", "readers"])
def test_raw_rows_lie_in_the_cell_of_their_prototype_and_in_no_other(shelf: Shelf, tmp_path: Path, run: str) -> None:
    chosen = getattr(shelf, run)
    told = cells(shelf.session, chosen, tmp_path / "a.json")
    raw = np.asarray(chosen.dataset.raw.read(0, chosen.dataset.n_rows), np.float64)
    winners = chosen.model().encode(np.asarray(chosen.dataset.rows("all")))
    room = 1e-4 * np.abs(raw).max()  # rows are float32 to the model
    assert inside(told, raw, room)[np.arange(len(raw)), winners].all()
    assert (inside(told, raw, -room).sum(axis=1) <= 1).all()
    np.testing.assert_allclose(told["range"]["low"], raw.min(axis=0), rtol=1e-5, atol=1e-5)
    for one in told["cells"]:
        if one["ball_in_range"] is not None:
            centre, radius = np.array(one["ball_in_range"]["centre"]), one["ball_in_range"]["radius"]
            assert (np.reshape(one["A"], (-1, raw.shape[1])) @ centre <= np.array(one["b"]) - radius + 1e-6).all()


@pytest.mark.parametrize("whitening", ["pca", "zca"])
def test_cells_are_seen_through_whitening(tmp_path: Path, whitening: str) -> None:
    data = load_iris()
    np.savez(tmp_path / "iris.npz", X=data.data, y=data.target)
    plan = guess(tmp_path / "iris.npz")
    with Session.create(tmp_path / "a.vqw") as session:
        dataset = session.import_data(
            replace(plan, recipe=replace(plan.recipe, scaling="standard", whitening=whitening))
        ).result(60)
        run = session.add_run(dataset, "KMeans", {"n_clusters": 6, "random_state": 0, "max_iter": 4})
        assert run.wait(60) == "finished"
        told = cells(session, run, tmp_path / "a.json")
        winners = run.model().encode(np.asarray(dataset.rows("all")))
    held = inside(told, data.data, 1e-6)
    assert held[np.arange(150), winners].all()
    assert (inside(told, data.data, -1e-6).sum(axis=1) <= 1).all()


def test_normalised_contrasts_make_cells_no_polytopes(tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", X=np.random.default_rng(0).normal(size=(40, 5)))
    plan = guess(tmp_path / "rows.npz")
    with Session.create(tmp_path / "a.vqw") as session:
        dataset = session.import_data(replace(plan, recipe=replace(plan.recipe, contrast=True))).result(60)
        run = session.add_run(dataset, "KMeans", {"n_clusters": 3, "random_state": 0, "max_iter": 2})
        assert run.wait(60) == "finished"
        with pytest.raises(ReportError, match="the contrast of each row was normalised"):
            export("polytopes", session, run, tmp_path / "a.json")


def test_both_forms_hold_the_same_borders(shelf: Shelf, tmp_path: Path) -> None:
    told = cells(shelf.session, shelf.flowers, tmp_path / "a.json")
    (path,) = export("polytopes", shelf.session, shelf.flowers, tmp_path / "a.csv")
    with path.open(newline="", encoding="utf-8") as file:
        heading, *lines = list(csv.reader(file))
    assert heading[5].startswith("'" + HOSTILE_NAMES[0])
    flat = [
        (one["prototype"], other, bound, *normal)
        for one in told["cells"]
        for other, bound, normal in zip(one["neighbours"], one["b"], one["A"], strict=True)
    ]
    found = [(int(line[0]), int(line[2]), *map(float, line[4:])) for line in lines]
    assert found == flat
    labels = {one["prototype"]: one["label"] for one in told["cells"]}
    assert all(line[1].removeprefix("'") == labels[int(line[0])] for line in lines)
    assert all(line[3].removeprefix("'") == labels[int(line[2])] for line in lines)


@pytest.mark.parametrize("name", [info.name for info in catalog()])
def test_engines_offer_their_cells_where_and_only_where_these_are_polytopes(name: str) -> None:
    model = trained(name, "iris").model
    if "polytopes" in engine_info(name).exports:
        common_matrix(model)
    else:
        with pytest.raises(ValueError, match="are no polytopes"):
            common_matrix(model)
