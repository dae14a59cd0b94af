"""Accuracy of LVQ engines in 10-fold cross-validation on public tables, one parameter set for all tables."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import engines

SETS = {"GLVQ": {"beta": 12.0}, "GMLVQ": {"log_det": 0.002}, "LGMLVQ": {}}
"""What differs from the defaults."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "table", "least"),
    [
        ("GLVQ", load_iris, 0.95),
        ("GLVQ", load_wine, 0.97),
        ("GLVQ", load_breast_cancer, 0.96),
        ("GLVQ", load_digits, 0.945),
        ("GMLVQ", load_iris, 0.955),
        ("GMLVQ", load_wine, 0.97),
        ("GMLVQ", load_breast_cancer, 0.965),
        ("GMLVQ", load_digits, 0.97),
        ("LGMLVQ", load_digits, 0.98),
    ],
)
def test_held_out_folds_are_classified_as_well_as_expected(name, table, least):
    X, y = table(return_X_y=True)
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), getattr(engines, name)(random_state=0, **SETS[name]))
    assert cross_val_score(model, X, y, cv=folds).mean() >= least
