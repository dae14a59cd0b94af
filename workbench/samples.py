"""The sample data as the files that an analyst would have, and the small projects made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_iris, load_sample_images

from workbench.data import Plan, guess
from workbench.session import Run, Session


@dataclass(frozen=True)
class Sample:
    """A data set that scikit-learn ships, and what the sample project shows of it.

    Attributes
    ----------
    write : callable
        Writes the data file into a folder and returns its path.
    amend : callable
        Corrects the plan that was guessed for that file.
    runs : tuple of (run name, engine, parameters)
    """

    name: str
    title: str
    write: Callable[[Path], Path]
    amend: Callable[[Plan], Plan]
    runs: tuple[tuple[str, str, dict[str, Any]], ...] = field(default=())


def samples() -> tuple[Sample, ...]:
    """Every sample, the easiest first."""
    return _SAMPLES


def sample(name: str) -> Sample:
    """The sample called `name`."""
    return next(found for found in _SAMPLES if found.name == name)


Report = Callable[[str, float | None], None]
"""Told what is going on and how much of it is done, 0 to 1 or None."""


def train_sample(sample: Sample, session: Session, folder: Path, report: Report) -> list[Run]:
    """Import a sample's file, written into `folder`, train its runs, then show its test part; returns them finished."""
    job = session.import_data(sample.amend(guess(sample.write(folder))), name=sample.title)
    while not job.wait(0.1):
        report("Importing", job.progress)
    dataset = job.result()
    finished = []
    for name, engine, parameters in sample.runs:
        run = session.add_run(dataset, engine, parameters, name=name)
        while run.wait(0.1) in ("queued", "running"):
            report(f"Training {name}", run.progress)
        finished.append(run)
    if dataset.has_test_part:
        session.show_test_part(dataset)
    return finished


def _iris(folder: Path) -> Path:
    iris = load_iris()
    header = ",".join([*(name.removesuffix(" (cm)") + " [cm]" for name in iris.feature_names), "species"])
    rows = (
        ",".join([*(f"{value:g}" for value in row), str(iris.target_names[label])])
        for row, label in zip(iris.data, iris.target, strict=True)
    )
    path = folder / "iris.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def _digits(folder: Path) -> Path:
    digits = load_digits()
    path = folder / "digits.npz"
    np.savez_compressed(path, images=digits.images.astype(np.uint8), labels=digits.target.astype(np.int64))
    return path


def _photographs(folder: Path) -> Path:
    shown = load_sample_images()
    photographs = folder / "photographs"
    photographs.mkdir(exist_ok=True)
    for name, pixels in zip(shown.filenames, shown.images, strict=True):
        Image.fromarray(pixels).convert("L").save(photographs / f"{Path(name).stem}.png")
    return photographs


def _with_split(plan: Plan) -> Plan:
    split = replace(plan.recipe.split, train=0.7, validation=0.0, test=0.3)
    return replace(plan, recipe=replace(plan.recipe, split=split))


def _standardised(plan: Plan) -> Plan:
    plan = _with_split(plan)
    return replace(plan, recipe=replace(plan.recipe, scaling="standard"))


def _whitened(plan: Plan) -> Plan:
    return replace(plan, recipe=replace(plan.recipe, contrast=True, whitening="zca"))


_SAMPLES = (
    Sample(
        "iris",
        "Iris flowers",
        _iris,
        _standardised,
        (
            ("Three groups", "KMeans", {"n_clusters": 3, "random_state": 0}),
            ("Which measures matter", "GMLVQ", {"random_state": 0}),
        ),
    ),
    Sample(
        "digits",
        "Handwritten digits",
        _digits,
        _with_split,
        (
            ("Codebook of 64", "KMeans", {"n_clusters": 64, "random_state": 0}),
            ("Which pixels matter", "GMLVQ", {"rank": 10, "random_state": 0}),
        ),
    ),
    Sample(
        "patches",
        "Patches of photographs",
        _photographs,
        _whitened,
        (("Codebook of edges", "KMeans", {"n_clusters": 100, "random_state": 0}),),
    ),
)
