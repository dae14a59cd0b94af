"""A project with friendly and hostile data, trained once for all tests of exports."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from workbench.data import Plan, Split, guess
from workbench.session import Run, Session

HOSTILE_NAMES = ("=1+1", "<script>alert('x')</script>", "$_{x}^", "@SUM(A1)")
HOSTILE_CLASSES = ("-2+3", "</style><b>bold", "+cmd|' /C calc'!A0")


@dataclass(frozen=True)
class Shelf:
    """The open project and its runs."""

    session: Session
    flowers: Run  # GMLVQ, standardised, hostile names, split 60 / 0 / 40
    clusters: Run  # KMeans on the same
    pictures: Run  # KMeans on 8 × 8 images
    readers: Run  # GMLVQ on the same images


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("shelf")
    with Session.create(folder / "shelf.vqw") as session:
        flowers = session.import_data(_flowers(folder), name="<i>flowers</i>").result(60)
        images = session.import_data(_images(folder), name="images").result(60)
        quick = {"random_state": 0, "max_iter": 8}
        runs = [
            session.add_run(flowers, "GMLVQ", quick | {"prototypes_per_class": 2}, name="<script>run()</script>"),
            session.add_run(flowers, "KMeans", quick | {"n_clusters": 5}, name="clusters"),
            session.add_run(images, "KMeans", quick | {"n_clusters": 12}, name="pictures"),
            session.add_run(images, "GMLVQ", quick, name="readers"),
        ]
        assert [run.wait(120) for run in runs] == ["finished"] * 4, [run.error for run in runs]
        session.show_test_part(flowers)
        yield Shelf(session, *runs)


def _flowers(folder: Path) -> Plan:
    """Iris under names that attack spreadsheets, pages and plots; ids too."""
    data = load_iris()
    path = folder / "flowers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *HOSTILE_NAMES, "class"])
        for k, (x, y) in enumerate(zip(data.data, data.target, strict=True)):
            writer.writerow([f"=row{k}", *x, HOSTILE_CLASSES[y]])
    plan = guess(path)
    first = HOSTILE_NAMES[0]
    plan = plan.with_words("unit", {first: "<cm>"}).with_words("note", {first: "<b>to</b> the tip"})
    recipe = replace(plan.recipe, scaling="standard", split=Split(0.6, 0.0, 0.4))
    return replace(plan, recipe=recipe)


def _images(folder: Path) -> Plan:
    data = load_digits()
    np.savez(folder / "images.npz", X=data.images[:300].astype(np.float32), y=data.target[:300])
    return guess(folder / "images.npz")
