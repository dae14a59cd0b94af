"""RSLVQ and MRSLVQ as people use them: posteriors, widths, weights, missing values, accuracy, going on."""

from __future__ import annotations

import numpy as np
import pytest
from lvq_cases import clouds
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from engines import MRSLVQ, RSLVQ, load, save, surgery

BOTH = pytest.mark.parametrize("estimator", [RSLVQ, MRSLVQ])


def learned(model):
    """What was learned, as bytes."""
    omega = getattr(model, "omega_", np.zeros(0))
    return model.prototypes_.tobytes() + omega.tobytes() + np.float64(model.variance_).tobytes()


# --- the posterior


@BOTH
@pytest.mark.parametrize("n_classes", [2, 3])
def test_with_one_prototype_a_class_the_cost_is_the_log_loss_of_the_posterior(estimator, n_classes):
    X, y = clouds(n_classes=n_classes)
    model = estimator(max_iter=10, **({"log_det": 0} if estimator is MRSLVQ else {})).fit(X, y)
    assert model.history_["cost"][-1] == pytest.approx(log_loss(y, model.predict_proba(X)), rel=1e-10)
    assert model.history_["accuracy"][-1] == model.score(X, y)


@BOTH
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_prediction_posterior_and_decision_agree_with_the_nearest_prototype(estimator, n_classes, dtype):
    X, y = clouds(300, n_classes=n_classes)
    X = X.astype(dtype)
    model = estimator((3,) + (2,) * (n_classes - 1), max_iter=10, random_state=0).fit(X, y)
    names = np.array(["b", "a", "c"])[model.prototype_labels_]
    named = estimator((2, 3, 2)[:n_classes], max_iter=1, random_state=0).fit(X, np.array(["b", "a", "c"])[y])
    assert set(named.predict(X)) <= set(names)
    nearest = model.prototype_labels_[model.transform(X).argmin(axis=1)]
    assert np.array_equal(model.predict(X), nearest)
    proba, scores = model.predict_proba(X), model.decision_function(X)
    assert np.array_equal(model.classes_[proba.argmax(axis=1)], nearest)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    if n_classes == 2:
        assert np.array_equal(scores > 0, nearest == 1)
        np.testing.assert_allclose(scores, np.log(proba[:, 1] / proba[:, 0]), rtol=1e-6, atol=1e-9)
    else:
        np.testing.assert_allclose(scores, np.log(proba), rtol=1e-6, atol=1e-9)


@BOTH
def test_rows_far_from_every_prototype_neither_overflow_nor_count_as_doubtful(estimator):
    X, y = clouds()
    X = np.vstack([X, [[1e8, 0, 0, 0], [-1e8, 1e8, 0, 0]]])
    y = np.append(y, [1, 2])  # of which one lies on the wrong side, whatever is learned
    model = estimator(max_iter=20, variance=1e-3).fit(X, y)
    assert np.all(np.isfinite(model.history_["cost"]))
    assert np.all(np.isfinite(model.prototypes_))
    proba = estimator(max_iter=5).fit(X[:-2], y[:-2]).predict_proba(X[-2:])
    assert np.all((proba == 0) | (proba == 1))


# --- the width


def test_with_several_prototypes_a_class_a_learned_width_costs_less_than_any_given_one():
    X, y = clouds(400)
    ways = {"random_state": 0, "max_iter": 300, "tol": 1e-9}
    best = RSLVQ(3, learn_variance=True, **ways).fit(X, y)
    for variance in (0.1, 1.0, 10.0):
        fixed = RSLVQ(3, variance=variance, **ways).fit(X, y)
        assert best.history_["cost"][-1] < fixed.history_["cost"][-1]


def test_with_one_prototype_a_class_prototypes_move_to_where_the_width_does_not_matter():
    X, y = clouds(400)
    found = [RSLVQ(variance=variance, max_iter=300, tol=1e-12).fit(X, y) for variance in (0.1, 1.0, 10.0)]
    for model in found[1:]:
        assert model.history_["cost"][-1] == pytest.approx(found[0].history_["cost"][-1], rel=1e-9)
        np.testing.assert_allclose(model.predict_proba(X), found[0].predict_proba(X), atol=1e-4)


@BOTH
def test_the_width_has_the_units_of_the_rows(estimator):
    X, y = clouds()
    one = estimator(2, max_iter=10, random_state=0, variance=0.5, learn_variance=True).fit(X, y)
    other = estimator(2, max_iter=10, random_state=0, variance=0.5 * 64**2, learn_variance=True).fit(X * 64, y)
    assert other.variance_ == 64**2 * one.variance_
    assert np.array_equal(other.prototypes_, 64 * one.prototypes_)


def test_rows_that_lie_on_their_prototypes_leave_the_width_above_zero():
    X = np.repeat([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 4, axis=0)
    model = RSLVQ(max_iter=5).fit(X, np.repeat([0, 1, 2], 4))
    assert 0 < model.variance_ < 1e-5
    assert model.score(X, np.repeat([0, 1, 2], 4)) == 1


def test_what_has_no_effect_is_refused():
    X, y = clouds()
    with pytest.raises(ValueError, match="learn_variance has no effect with frozen='metric'"):
        MRSLVQ(frozen="metric", learn_variance=True).fit(X, y)
    with pytest.raises(ValueError, match="variance must be"):
        RSLVQ(variance=0.0).fit(X, y)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_a_learned_width_waits_with_the_metric_and_moves_without_the_prototypes(solver):
    X, y = clouds()
    way = {"solver": solver, "learn_variance": True, "max_iter": 6}
    steps = [s.arrays["variance"].item() for s in MRSLVQ(metric_warmup=3, **way).train(X, y)]
    assert len(set(steps[:4])) == 1
    assert steps[4] != steps[3]
    frozen = MRSLVQ(frozen="prototypes", init=X[:3], **way).fit(X, y)
    assert np.array_equal(frozen.prototypes_, X[:3])
    assert frozen.variance_ != steps[0]


@BOTH
def test_a_diverging_width_ends_the_training_at_its_last_good_state(estimator):
    X, y = clouds()
    way = {"metric_warmup": 0} if estimator is MRSLVQ else {}
    engine = estimator(solver="sgd", learning_rate=1e5, learn_variance=True, max_iter=50, random_state=0, **way)
    with np.errstate(all="ignore"):
        steps = list(engine.train(X, y))
    assert len(steps) < 51
    assert np.isfinite(engine.variance_)
    assert engine.variance_ > 0
    assert np.all(np.isfinite(engine.predict_proba(X)))


# --- rows


@BOTH
def test_sample_weights_equal_repeated_rows(estimator):
    X, y = clouds()
    repeats = np.random.default_rng(0).integers(0, 4, len(X))
    rows = np.repeat(np.arange(len(X)), repeats)
    weighted = estimator(max_iter=10, learn_variance=True).fit(X, y, sample_weight=repeats)
    repeated = estimator(max_iter=10, learn_variance=True).fit(X[rows], y[rows])
    np.testing.assert_allclose(weighted.prototypes_, repeated.prototypes_, rtol=1e-6)
    assert weighted.variance_ == pytest.approx(repeated.variance_, rel=1e-6)


@BOTH
def test_missing_values_cost_little_accuracy_where_features_say_the_same(estimator):
    X, y = clouds(600)
    X = np.hstack([X, X + 0.05 * np.random.default_rng(1).normal(size=X.shape)])
    holes = X.copy()
    holes[np.random.default_rng(2).uniform(size=X.shape) < 0.1] = np.nan
    whole, gapped = estimator(random_state=0).fit(X, y), estimator(random_state=0).fit(holes, y)
    assert gapped.score(X, y) > whole.score(X, y) - 0.02
    assert gapped.score(holes, y) > whole.score(X, y) - 0.06
    assert np.all(np.isfinite(gapped.predict_proba(holes)))


# --- accuracy, going on, files


@pytest.mark.parametrize(
    ("estimator", "data", "least"),
    [(RSLVQ, load_iris, 0.95), (MRSLVQ, load_iris, 0.95), (RSLVQ, load_wine, 0.95), (MRSLVQ, load_wine, 0.96)],
)
def test_unseen_rows_are_classified_well(estimator, data, least):
    X, y = data(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    pipeline = make_pipeline(StandardScaler(), estimator(random_state=0))
    assert cross_val_score(pipeline, X, y, cv=folds).mean() >= least


@BOTH
def test_training_goes_on_from_the_width_at_which_it_stood(estimator):
    X, y = clouds()
    model = estimator(2, random_state=0, max_iter=5, learn_variance=True, restore_best=False).fit(X, y)
    first = next(surgery.going_on(model).train(X, y))
    assert first.arrays["variance"] == model.variance_
    assert first.cost == pytest.approx(model.history_["cost"][-1], rel=1e-12)


@BOTH
def test_a_saved_model_knows_its_width(estimator, tmp_path):
    X, y = clouds()
    model = estimator(max_iter=5, learn_variance=True).fit(X, y)
    save(model, tmp_path / "model")
    again = load(tmp_path / "model")
    assert learned(again) == learned(model)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
