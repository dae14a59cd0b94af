"""Figures of a trained model on each part of its dataset, block by block, so that a stop is felt; no drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engines import EngineInfo
from workbench.errors import Cancelled
from workbench.session.dataset import PARTS, Dataset
from workbench.session.rows import blocks


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
    for part in PARTS:
        if part == "all" or dataset.n_in(part, labelled=info.supervised) == 0:
            continue
        rows = dataset.rows(part, labelled=info.supervised)
        labels = dataset.labels(part, labelled=True) if info.supervised else None
        total = 0.0
        for start, stop in blocks(*rows.shape):
            if cancelled():
                raise Cancelled
            block = rows.read(start, stop)
            if labels is None:
                total += float(model.quantization_error(block)) * len(block)
            else:
                total += int(np.sum(model.predict(block) == labels[start:stop]))
        name = "quantization_error" if labels is None else "accuracy"
        figures[f"{name}_{part}"] = total / rows.shape[0]
    return figures
