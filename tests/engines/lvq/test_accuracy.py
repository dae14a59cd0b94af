"""Accuracy of LVQ engines with their defaults in 10-fold cross-validation on public tables."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import engines


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "table", "least"),
    [
        ("GLVQ", load_iris, 0.945),
        ("GLVQ", load_wine, 0.97),
        ("GLVQ", load_breast_cancer, 0.96),
        ("GLVQ", load_digits, 0.945),
        ("GMLVQ", load_iris, 0.95),
        ("GMLVQ", load_wine, 0.97),
        ("GMLVQ", load_breast_cancer, 0.965),
        ("GMLVQ", load_digits, 0.97),
        ("LGMLVQ", load_digits, 0.98),
    ],
)
def test_defaults_reach_the_accuracy_expected(name, table, least):
    X, y = table(return_X_y=True)
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), getattr(engines, name)(random_state=0))
    assert cross_val_score(model, X, y, cv=folds).mean() >= least
