"""Accuracy of GMLVQ in 10-fold cross-validation on public tables, one parameter set for all: prints a table.

Run it as `python tests/benchmarks/gmlvq.py [name=value ...]`; without arguments it takes the defaults.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import engines
from engines.parameters import declared

TABLES = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer, "digits": load_digits}


def fold_accuracies(table: str, **parameters: Any) -> np.ndarray:
    """Accuracy (10,) on the held-out folds, the scaler fitted inside the fold."""
    X, y = TABLES[table](return_X_y=True)
    scores = []
    for train, test in StratifiedKFold(10, shuffle=True, random_state=0).split(X, y):
        model = make_pipeline(StandardScaler(), engines.GMLVQ(random_state=0, **parameters))
        scores.append(model.fit(X[train], y[train]).score(X[test], y[test]))
    return np.array(scores)


def main(arguments: list[str]) -> None:
    by_name = {p.name: p for p in declared(engines.GMLVQ)}
    given = dict(argument.split("=", 1) for argument in arguments)
    parameters = {name: by_name[name].parse(text, "GMLVQ") for name, text in given.items()}
    X, y = load_iris(return_X_y=True)
    engines.GMLVQ(max_iter=2, **{k: v for k, v in parameters.items() if k != "max_iter"}).fit(X, y)  # compile
    print(f"GMLVQ({', '.join(f'{k}={v!r}' for k, v in parameters.items())})")
    print(f"{'table':14} {'accuracy':>8} {'sd':>6} {'seconds for 10 folds':>21}")
    for table in TABLES:
        begin = time.perf_counter()
        scores = fold_accuracies(table, **parameters)
        print(f"{table:14} {scores.mean():8.4f} {scores.std():6.4f} {time.perf_counter() - begin:21.1f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
