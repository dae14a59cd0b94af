"""Figures of a trained model on rows of a dataset, block by block, so that a stop is felt; no drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import EngineInfo, RowSource
from workbench.errors import Cancelled
from workbench.session.dataset import SPLIT, Dataset
from workbench.session.rows import blocks


@dataclass(frozen=True)
class Score:
    """What is measured of rows that a model has not learned from.

    Attributes
    ----------
    name : {"accuracy", "log_likelihood", "quantization_error"}
    title : str
        For people.
    higher : bool
        Whether more is better.
    """

    name: str
    title: str
    higher: bool


ACCURACY = Score("accuracy", "accuracy", True)
LIKELIHOOD = Score("log_likelihood", "log-likelihood of a row", True)
ERROR = Score("quantization_error", "squared error of a row", False)


def score_of(info: EngineInfo) -> Score:
    """Accuracy of an engine with classes, the mean log-likelihood of a mixture, else the mean squared error."""
    if info.supervised:
        return ACCURACY
    return LIKELIHOOD if hasattr(info.estimator, "score_samples") else ERROR


def held_out_score(
    model: Any, score: Score, rows: RowSource, labels: NDArray[Any] | None, cancelled: Callable[[], bool]
) -> float:
    """The mean of `score` over rows (n, d) and, for an accuracy, their labels (n,).

    Raises
    ------
    Cancelled
        Soon after `cancelled()` turns True.
    """
    bounds = blocks(*rows.shape)
    found = []
    for start, stop in bounds:
        if cancelled():
            raise Cancelled
        block = rows.read(start, stop)
        if score is ACCURACY:
            assert labels is not None
            found.append(float(np.mean(model.predict(block) == labels[start:stop])))
        elif score is LIKELIHOOD:
            found.append(float(model.score(block)))
        else:
            found.append(float(model.quantization_error(block)))
    if len(found) == 1:
        return found[0]
    return float(np.average(found, weights=[stop - start for start, stop in bounds]))


def evaluate(model: Any, info: EngineInfo, dataset: Dataset, cancelled: Callable[[], bool]) -> dict[str, float]:
    """Accuracy per part for a supervised engine, mean quantization error per part otherwise.

    Parts without (labelled) rows are left out.

    Returns
    -------
    dict such as {"accuracy_train": 0.97, "accuracy_test": 0.95}

    Raises
    ------
    Cancelled
        Soon after `cancelled()` turns True.
    """
    figures = {}
    score = ACCURACY if info.supervised else ERROR
    for part in SPLIT:
        if dataset.n_in(part, labelled=info.supervised) == 0:
            continue
        rows = dataset.rows(part, labelled=info.supervised)
        labels = dataset.labels(part, labelled=True) if info.supervised else None
        figures[f"{score.name}_{part}"] = held_out_score(model, score, rows, labels, cancelled)
    return figures
