"""LVQ1, LVQ2.1, LVQ3 and OLVQ1 as engines: what they learn, where they end, weights, labels, gaps, further rows."""

from __future__ import annotations

import numpy as np
import pytest
from lvq_cases import clouds
from sklearn.datasets import load_iris, load_wine
from sklearn.preprocessing import scale

from engines import LVQ1, LVQ3, LVQ21, OLVQ1

ENGINES = pytest.mark.parametrize("engine", [LVQ1, LVQ21, LVQ3, OLVQ1])
NEVER = {"tol": 0.0, "patience": 10**6, "restore_best": False}
"""Parameters under which nothing but the last epoch, or divergence, ends a training."""


# --- what is learned


@ENGINES
@pytest.mark.parametrize(("data", "least"), [(load_iris, 0.95), (load_wine, 0.97)])
def test_flowers_and_wines_are_told_apart(engine, data, least):
    X, y = data(return_X_y=True)
    assert engine(2, random_state=0).fit(scale(X), y).score(scale(X), y) >= least


@ENGINES
def test_an_epoch_is_in_a_new_order_each_time_and_in_the_same_for_the_same_seed(engine):
    X, y = clouds(200)
    one, two, other = (engine(2, max_iter=4, random_state=seed, **NEVER).fit(X, y) for seed in (0, 0, 1))
    assert one.prototypes_.tobytes() == two.prototypes_.tobytes()
    assert one.prototypes_.tobytes() != other.prototypes_.tobytes()
    order = LVQ1(1, init=np.zeros((2, 1)), initial_rate=1.0, decay=0.0, max_iter=12, random_state=0, **NEVER)
    rows = np.r_[np.arange(1.0, 201.0), 9e3][:, None]  # at rate 1 the first prototype ends on the last row shown
    ends = [s.arrays["prototypes"][0, 0] for s in order.train(rows, [0] * 200 + [1])]
    assert len(set(ends)) > 8


def test_time_goes_on_from_epoch_to_epoch():
    X, y = clouds(60)
    model = LVQ1(initial_rate=0.3, decay=2.0, max_iter=4, random_state=0, **NEVER).fit(X, y)
    np.testing.assert_allclose(model.history_["rate"], 0.3 / (1 + 2.0 * np.arange(5)))
    model.set_params(rate="exponential").fit(X, y)
    np.testing.assert_allclose(model.history_["rate"], 0.3 * np.exp(-2.0 * np.arange(5)))
    own = OLVQ1(2, random_state=0, max_iter=4, **NEVER).fit(X, y)
    assert own.history_["rate"][-1] == own.rates_.mean() < own.history_["rate"][0] == 0.3


@ENGINES
def test_a_snapshot_tells_accuracy_and_mean_relative_distance_of_exactly_its_prototypes(engine):
    X, y = clouds(150)
    there, labels = clouds(90, seed=1)
    model = engine(2, max_iter=3, random_state=0, **NEVER)
    for snapshot in model.train(X, y, validation=(there, labels)):
        for rows, classes, prefix in ((X, y, ""), (there, labels, "validation_")):
            D = ((rows[:, None] - snapshot.arrays["prototypes"]) ** 2).sum(axis=2)
            own = snapshot.arrays["prototype_labels"] == classes[:, None]
            plus, minus = np.where(own, D, np.inf).min(axis=1), np.where(own, np.inf, D).min(axis=1)
            cost = snapshot.metrics[prefix + "cost"] if prefix else snapshot.cost
            assert cost == pytest.approx(np.mean((plus - minus) / (plus + minus)), rel=1e-9)
            assert snapshot.metrics[prefix + "accuracy"] == np.mean(plus < minus) == model.score(rows, classes)


# --- the end


@ENGINES
def test_the_best_epoch_is_restored_where_that_is_asked_for(engine):
    X, y = clouds(120)
    last = engine(2, max_iter=12, random_state=0, **NEVER)
    merits = [(s.metrics["accuracy"], -s.cost, s.arrays["prototypes"].tobytes()) for s in last.train(X, y)]
    best = engine(2, max_iter=12, random_state=0, **{**NEVER, "restore_best": True}).fit(X, y)
    assert best.prototypes_.tobytes() == max(merits)[2]
    assert last.prototypes_.tobytes() == merits[-1][2]
    assert best.n_iter_ == last.n_iter_ == 12


def test_patience_counts_epochs_without_a_higher_accuracy_on_the_rows_watched():
    X, y = clouds(120)
    for validation in (None, clouds(90, seed=1)):
        model = LVQ1(2, random_state=0, max_iter=500, tol=0.0, patience=7)
        *_, last = model.train(X, y, validation=validation)
        watched = model.history_["validation_accuracy" if validation else "accuracy"][:-1]  # the last may be restored
        assert len(watched) - 1 - int(np.argmax(watched)) == 6
        assert last.message.startswith("no better accuracy in 7 epochs")


def test_a_run_ends_when_the_prototypes_hardly_move():
    X, y = clouds(120)
    *_, last = (model := LVQ1(random_state=0, tol=1e-3, patience=999, restore_best=False, max_iter=999)).train(X, y)
    shift, limit = model.history_["shift"], 1e-3 * X.var(axis=0).mean()
    assert shift[-1] ** 2 <= limit < shift[-2] ** 2
    assert last.message == "the prototypes hardly move any more"


def test_a_run_ends_when_no_row_moves_a_prototype():
    X, y = clouds(90)
    *_, last = LVQ21(init="random", window=1e-9, random_state=0).train(X + 1e3 * y[:, None], y)
    assert (last.iteration, last.metrics["moved"], last.metrics["shift"]) == (1, 0, 0)
    assert last.message == "no row moves a prototype any more"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("restore_best", [True, False])
def test_winner_and_impostor_diverge_on_overlapping_classes_and_end_by_themselves(dtype, restore_best):
    X, y = clouds(300)
    model = LVQ1(update="winner-impostor", max_iter=300, tol=0.0, patience=999, restore_best=restore_best)
    snapshots = list(model.set_params(random_state=0).train(X.astype(dtype), y))
    assert len(snapshots) < 50
    assert snapshots[-1].message.startswith("diverged: prototypes leave the data, and the epoch before is kept")
    kept = snapshots[-2].arrays["prototypes"]
    assert np.all(np.isfinite(model.prototypes_))
    assert np.abs(model.prototypes_ - X.mean(axis=0)).max() <= 3 * np.abs(X - X.mean(axis=0)).max()
    if not restore_best:
        assert model.prototypes_.tobytes() == kept.tobytes()
    assert model.score(X.astype(dtype), y) == snapshots[-1].metrics["accuracy"]
    resumed = list(model.train(X.astype(dtype), y))
    assert resumed[-1].message == snapshots[-1].message


def test_without_divergence_winner_and_impostor_learn():
    X, y = clouds(300)
    model = LVQ1(update="winner-impostor", initial_rate=1e-3, decay=1.0, random_state=0).fit(X, y)
    assert "diverged" not in str(model.history_)
    assert model.score(X, y) >= LVQ1(random_state=0, max_iter=1).fit(X, y).score(X, y) - 0.05


# --- weights, labels, pins


@ENGINES
def test_a_class_of_double_weight_is_one_whose_rows_have_double_weight(engine):
    X, y = clouds(120)
    by_class = engine(2, class_weight={1: 2.0}, max_iter=3, random_state=0, **NEVER).fit(X, y)
    by_row = engine(2, max_iter=3, random_state=0, **NEVER).fit(X, y, sample_weight=np.where(y == 1, 2.0, 1.0))
    assert by_class.prototypes_.tobytes() == by_row.prototypes_.tobytes()


def test_balanced_classes_pull_as_hard_as_one_another():
    X, y = clouds(400, n_classes=2)
    keep = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:20]]
    plain, balanced = (LVQ1(class_weight=w, random_state=0).fit(X[keep], y[keep]) for w in (None, "balanced"))
    assert balanced.predict(X)[y == 1].mean() > plain.predict(X)[y == 1].mean()


def test_the_best_epoch_is_the_best_by_weight():
    X, y = clouds(300)
    model = LVQ1(class_weight={2: 1e3}, max_iter=30, random_state=0, **{**NEVER, "restore_best": True}).fit(X, y)
    assert (model.predict(X)[y == 2] == 2).mean() > 0.97


@ENGINES
def test_rows_of_weight_zero_are_not_there(engine):
    X, y = clouds(90)
    far = np.vstack([X, np.full((30, 4), 1e3)])
    weights = np.r_[np.ones(90), np.zeros(30)]
    with_them = engine(2, max_iter=3, random_state=4, **NEVER).fit(far, np.r_[y, np.zeros(30, int)], weights)
    without = engine(2, max_iter=3, random_state=4, **NEVER).fit(X, y)
    assert with_them.prototypes_.tobytes() == without.prototypes_.tobytes()


@ENGINES
@pytest.mark.parametrize("names", [["grün", "ɸ", "a long name"], [-7, 0, 12], [-1.0, 0.0, 2.0], [False, True, True]])
def test_any_kind_of_label_is_learned(engine, names):
    X, y = clouds(90)
    labels = np.array(names)[y]
    model = engine(2, random_state=0).fit(X, labels)
    assert np.array_equal(model.classes_, np.unique(labels))
    assert np.array_equal(model.prototype_labels_, np.repeat(np.unique(labels), 2))
    assert model.score(X, labels) > 0.6
    assert set(model.predict(X)) <= set(labels.tolist())


@ENGINES
def test_pinned_prototypes_stay_through_a_training_and_further_rows(engine):
    X, y = clouds(120)
    start = np.random.default_rng(0).normal(size=(6, 4))
    model = engine(2, init=start, pinned=(0, 5), max_iter=4, random_state=0, **NEVER).fit(X, y)
    model.partial_fit(X[:50], y[:50])
    assert model.prototypes_[[0, 5]].tobytes() == start[[0, 5]].tobytes()
    assert not np.array_equal(model.prototypes_[1], start[1])
    with pytest.raises(ValueError, match="pinned names the prototype 6"):
        engine(2, init=start, pinned=(6,)).fit(X, y)


# --- rows that lack values


@ENGINES
@pytest.mark.parametrize("init", ["kmeans", "mean", "random"])
def test_gaps_cost_little_accuracy(engine, init):
    X, y = load_wine(return_X_y=True)
    X = scale(X)
    X[np.random.default_rng(0).random(X.shape) < 0.15] = np.nan
    model = engine(2, init=init, random_state=0).fit(X, y)
    assert np.all(np.isfinite(model.prototypes_))
    assert model.score(X, y) > 0.93


def test_a_start_fills_gaps_with_the_mean_of_the_class_and_of_all_where_it_has_none():
    X = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, 4.0], [8.0, 6.0]])
    training = LVQ1(init="mean").train(X, [0, 0, 1, 1])
    np.testing.assert_allclose(next(training).arrays["prototypes"], [[2.0, 5.0], [8.0, 5.0]])


@ENGINES
def test_a_row_without_any_value_is_refused(engine):
    X, y = clouds(30)
    X[4] = np.nan
    for learn in (engine().fit, engine().partial_fit):
        with pytest.raises(ValueError, match="row without any value"):
            learn(X, y)


def test_a_feature_that_no_row_has_moves_nothing():
    X, y = clouds(60)
    X[:, 2] = np.nan
    model = LVQ1(2, random_state=0).fit(X, y)
    assert np.array_equal(model.prototypes_[:, 2], np.zeros(6))


# --- further rows


@ENGINES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parts_learned_one_after_another_at_a_constant_rate_are_the_whole_in_its_order(engine, dtype):
    X, y = clouds(300)
    X, start = X.astype(dtype), X[:6].astype(dtype)
    constant = {} if engine is OLVQ1 else {"decay": 0.0}
    parts, whole = (engine(2, init=start, **constant) for _ in range(2))
    for part in np.split(np.arange(300), [100, 101, 137]):
        parts.partial_fit(X[part], y[part], classes=[0, 1, 2])
    whole.partial_fit(X, y)
    assert parts.prototypes_.tobytes() == whole.prototypes_.tobytes()
    assert (parts.n_iter_, whole.n_iter_) == (4, 1)
    assert parts.prototypes_.dtype == dtype
    assert engine is not OLVQ1 or np.array_equal(parts.rates_, whole.rates_)


def test_partial_fit_goes_on_from_a_training_and_in_its_time():
    X, y = clouds(90)
    model = LVQ1(2, max_iter=3, random_state=0, **NEVER).fit(X, y)
    late = LVQ1(2, init=model.prototypes_, initial_rate=0.05 / 1.3, decay=0.1 / 1.3)  # α(t + 3) = α₀/(1 + 3β + βt)
    np.testing.assert_allclose(model.partial_fit(X, y).prototypes_, late.partial_fit(X, y).prototypes_, rtol=1e-12)
    assert model.n_iter_ == 4


@ENGINES
def test_unfit_further_rows_are_refused_and_change_nothing(engine):
    X, y = clouds(60)
    model = engine(random_state=0)
    with pytest.raises(ValueError, match="at least two classes"):
        model.partial_fit(X[:5], np.zeros(5))
    with pytest.raises(ValueError, match="no rows of the class '1'"):
        model.partial_fit(X[y != 1], y[y != 1], classes=[0, 1, 2])
    model.partial_fit(X, y)
    before = model.prototypes_.tobytes()
    for rows, labels, words in (
        (X, np.full(60, 7), "class '7'"),
        (X, None, "requires y"),
        (X[:, :2], y, "2 features"),
        (X, y[:3], "3 labels for 60 rows"),
    ):
        with pytest.raises(ValueError, match=words):
            model.partial_fit(rows, labels)
    with pytest.raises(ValueError, match="balanced"):
        model.set_params(class_weight="balanced").partial_fit(X, y)
    assert model.prototypes_.tobytes() == before


def test_further_rows_that_make_prototypes_diverge_are_refused():
    X, y = clouds(300)
    model = LVQ1(update="winner-impostor", initial_rate=0.1, decay=0.0, random_state=0)
    with pytest.raises(ValueError, match="the prototypes leave the data"):
        model.partial_fit(X, y)


def test_a_model_of_float64_takes_rows_of_float32_and_the_other_way():
    X, y = clouds(60)
    for first, second in ((np.float64, np.float32), (np.float32, np.float64)):
        model = OLVQ1(random_state=0).fit(X.astype(first), y)
        assert model.partial_fit(X.astype(second), y).prototypes_.dtype == second


# --- parameters


@pytest.mark.parametrize(
    ("engine", "parameters", "words"),
    [
        (LVQ1, {"initial_rate": 0.0}, "initial_rate must be a number above 0 and of at most 1"),
        (LVQ1, {"update": "both"}, "update must be 'winner'"),
        (LVQ21, {"window": 0.0}, "window must be a number above 0 and below 1"),
        (LVQ3, {"epsilon": 0.0}, "epsilon must be a number above 0 and of at most 1"),
        (OLVQ1, {"max_rate": 0.2}, "max_rate is 0.2, but it must be at least initial_rate, 0.3"),
        (LVQ1, {"init": np.zeros((2, 3))}, r"init has shape \(2, 3\), expected \(3, 4\)"),
    ],
)
def test_unfit_parameters_are_refused_in_one_sentence(engine, parameters, words):
    with pytest.raises(ValueError, match=words):
        engine(**parameters).fit(*clouds(30))
