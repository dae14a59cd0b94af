"""Accuracy of GMLVQ with its defaults in 10-fold cross-validation on public tables."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from engines import GMLVQ


@pytest.mark.slow
@pytest.mark.parametrize(("table", "least"), [(load_wine, 0.97), (load_breast_cancer, 0.965), (load_digits, 0.96)])
def test_defaults_reach_the_accuracy_expected_of_matrix_lvq(table, least):
    X, y = table(return_X_y=True)
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), GMLVQ(random_state=0))
    assert cross_val_score(model, X, y, cv=folds).mean() >= least
