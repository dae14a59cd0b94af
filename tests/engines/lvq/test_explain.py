"""Explanations against sums and against other solvers: contributions, and the smallest changes that flip a class."""

from __future__ import annotations

import numpy as np
import pytest
from lvq_cases import clouds, curved_model, flat_model
from scipy.optimize import minimize

from engines import GMLVQ
from engines.lvq.explain import counterfactual, explain
from engines.lvq.reject import certainty, hypothesis_margin


@pytest.fixture(scope="module")
def fitted():
    X, y = clouds(90)
    return GMLVQ(2, max_iter=10, random_state=0).fit(X, y), X, y


def test_contributions_sum_to_the_lead_and_shares_to_the_certainty(fitted) -> None:
    model, X, _ = fitted
    told = explain(model, X)
    D = model.transform(X) ** 2
    rows = np.arange(len(X))
    np.testing.assert_allclose(told.nearer, D[rows, told.winners])
    np.testing.assert_allclose(told.farther, D[rows, told.rivals])
    np.testing.assert_allclose(told.contributions.sum(axis=1), told.farther - told.nearer, atol=1e-12)
    np.testing.assert_allclose(told.shares.sum(axis=1), certainty(model, X), atol=1e-12)
    np.testing.assert_array_equal(model.prototype_labels_[told.winners], model.predict(X))
    assert (model.prototype_labels_[told.rivals] != model.predict(X)).all()


def test_contributions_of_local_metrics_use_the_metric_of_each_prototype() -> None:
    model = curved_model()
    X = np.random.default_rng(1).normal(size=(30, 3))
    told = explain(model, X)
    np.testing.assert_allclose(told.contributions.sum(axis=1), told.farther - told.nearer, atol=1e-12)
    D = np.sort(model.transform(X) ** 2, axis=1)
    np.testing.assert_allclose(told.nearer, D[:, 0])


def test_a_feature_that_the_metric_ignores_contributes_nothing_and_never_changes() -> None:
    model = flat_model(omega=np.diag([1.0, 0.5, 0.0]))
    X = np.random.default_rng(2).normal(size=(20, 3))
    assert (explain(model, X).contributions[:, 2] == 0).all()
    for x in X:
        found = counterfactual(model, x)
        assert found is not None
        assert found.change[2] == pytest.approx(0, abs=1e-12)


def brute(model, x, v, free, target=None):
    """Least weighted change over all prototypes of other classes, by a general solver."""
    W, L = model.prototypes_.astype(float), model._metric.matrix(0)
    labels = model.prototype_labels_
    own = model.predict(x[None])[0]
    best = np.inf
    for k in range(len(W)):
        if labels[k] == own or (target is not None and labels[k] != target):
            continue
        others = np.flatnonzero(labels != labels[k])
        G = 2 * (W[others] - W[k]) @ L
        h = np.einsum("ja,ab,jb->j", W[others], L, W[others]) - W[k] @ L @ W[k]
        start = np.zeros(len(free))

        def point(z):
            moved = x.copy()
            moved[free] += z / v[free]
            return moved

        found = minimize(
            lambda z: (z @ z, 2 * z),
            start,
            jac=True,
            method="SLSQP",
            constraints={"type": "ineq", "fun": lambda z, G=G, h=h: h - G @ point(z)},
            options={"maxiter": 500, "ftol": 1e-12},
        )
        if (h - G @ point(found.x)).min() > -1e-7:
            best = min(best, float(np.sqrt(found.fun)))
    return best


@pytest.mark.parametrize("seed", range(4))
def test_the_smallest_change_flips_the_class_and_no_solver_finds_a_smaller_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = flat_model(seed=seed, n_prototypes=9, n_classes=3)
    v = rng.uniform(0.5, 2, size=3)
    for x in rng.normal(size=(8, 3)):
        for weights, frozen, target in ((None, (), None), (v, (), None), (v, (1,), None), (None, (), "c")):
            own = model.predict(x[None])[0]
            if target == own:
                continue
            found = counterfactual(model, x, weights=weights, frozen=frozen, target=target)
            used = np.ones(3) if weights is None else weights
            expected = brute(model, x, used, np.setdiff1d(np.arange(3), frozen), target)
            if found is None:
                assert expected == np.inf
                continue
            assert found.is_exact
            assert found.label == model.predict(found.point[None])[0] != own
            assert target is None or found.label == target
            assert found.distance == pytest.approx(expected, rel=1e-4, abs=1e-6)
            assert found.distance == pytest.approx(np.linalg.norm(used * found.change))
            assert (found.change[list(frozen)] == 0).all()


def test_no_row_within_the_smallest_change_has_another_class(fitted) -> None:
    model, X, _ = fitted
    rng = np.random.default_rng(0)
    for x in X[:6]:
        found = counterfactual(model, x)
        ball = rng.normal(size=(4000, 4))
        ball *= 0.999 * found.distance / np.linalg.norm(ball, axis=1)[:, None]
        assert (model.predict(x + ball) == model.predict(x[None])).all()


def test_the_hypothesis_margin_is_no_more_than_the_distance_to_the_border() -> None:
    model = flat_model(omega=np.eye(3), n_prototypes=9)  # trace 1 makes it the Euclidean distance over √3
    X = np.random.default_rng(3).normal(size=(40, 3))
    margins = hypothesis_margin(model, X, model.predict(X)) * np.sqrt(3)
    reach = np.array([counterfactual(model, x).distance for x in X])
    assert (margins <= reach * (1 + 1e-6)).all()


def test_curved_borders_are_crossed_by_a_change_that_is_marked_as_found_by_search() -> None:
    model = curved_model()
    rng = np.random.default_rng(4)
    for x in rng.normal(size=(10, 3)):
        found = counterfactual(model, x)
        assert not found.is_exact
        assert model.predict(found.point[None])[0] == found.label != model.predict(x[None])[0]
        ways = rng.normal(size=(3000, 3))
        ways /= np.linalg.norm(ways, axis=1)[:, None]
        same = model.predict(x + 0.9 * found.distance * ways) == model.predict(x[None])
        assert same.all()


def test_there_is_no_change_when_the_features_that_matter_are_frozen() -> None:
    model = flat_model(omega=np.diag([1.0, 0.0, 0.0]))
    assert counterfactual(model, np.zeros(3), frozen=(0,)) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "z"}, "which is no class; there are"),
        ({"weights": [1.0, 0.0, 1.0]}, "one positive number for each feature"),
    ],
)
def test_wishes_that_cannot_be_met_are_told(options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        counterfactual(flat_model(), np.zeros(3), **options)
    with pytest.raises(ValueError, match="3 finite values"):
        counterfactual(flat_model(), [0.0, np.nan, 0.0])
    own = flat_model().predict(np.zeros((1, 3)))[0]
    with pytest.raises(ValueError, match="has the class"):
        counterfactual(flat_model(), np.zeros(3), target=own)
