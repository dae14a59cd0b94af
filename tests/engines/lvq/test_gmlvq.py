"""GMLVQ as people use it: published facts, labels, weights, warm-up, patience, validation, one distance."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from lvq_cases import ArrayRowsOf, clouds, model_bytes
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from engines import GMLVQ, load, save

X_IRIS, Y_IRIS = load_iris(return_X_y=True)
X_WINE, Y_WINE = load_wine(return_X_y=True)
X_WINE = StandardScaler().fit_transform(X_WINE)


# --- facts


def test_with_a_frozen_metric_it_is_glvq_and_reaches_the_published_optimum_on_iris():
    model = GMLVQ(frozen="metric", transfer="identity", log_det=0, max_iter=500, tol=0).fit(X_IRIS, Y_IRIS)
    assert model.history_["cost"][-1] == pytest.approx(-0.718864, abs=2e-6)
    assert model.score(X_IRIS, Y_IRIS) == pytest.approx(0.9467, abs=1e-4)
    np.testing.assert_allclose(model.relevance_matrix_, np.eye(4) / 4)


def test_cost_never_rises_between_lbfgs_iterations():
    for seed in range(3):
        X, y = clouds(seed=seed)
        cost = GMLVQ(2, random_state=seed, metric_warmup=3, restore_best=False).fit(X, y).history_["cost"]
        assert np.all(np.diff(cost) <= 0)


def test_metric_finds_out_which_features_are_noise():
    X, y = clouds(600)
    relevances = GMLVQ(log_det=0).fit(X, y).relevances_
    assert relevances[:2].sum() > 0.8


@pytest.mark.parametrize("rank", [None, 1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_relevance_matrix_is_symmetric_positive_semidefinite_and_of_trace_one(rank, dtype):
    X, y = clouds()
    model = GMLVQ(rank=rank, solver="adam", max_iter=5).fit(X.astype(dtype), y)
    relevance = model.relevance_matrix_
    assert relevance.shape == (4, 4)
    assert np.array_equal(relevance, relevance.T)
    eigenvalues = np.linalg.eigvalsh(relevance)
    assert eigenvalues.min() > -1e-15
    assert np.sum(eigenvalues > 1e-7) <= (rank or 4)
    assert np.trace(relevance) == pytest.approx(1, abs=1e-15)
    assert model.omega_.shape == (rank or 4, 4)
    assert model.omega_.dtype == model.prototypes_.dtype == dtype


def test_log_det_term_keeps_the_metric_from_losing_rank():
    X, y = clouds(300)
    smallest = [np.linalg.eigvalsh(GMLVQ(log_det=eta).fit(X, y).relevance_matrix_)[0] for eta in (0.0, 0.1)]
    assert smallest[1] > 10 * smallest[0]


def test_doubling_the_units_of_the_data_changes_no_prediction_and_no_metric():
    X, y = clouds()
    one, two = (GMLVQ(solver="adam", max_iter=10).fit(factor * X, y) for factor in (1.0, 1024.0))
    np.testing.assert_allclose(two.prototypes_, 1024 * one.prototypes_, rtol=1e-9)
    np.testing.assert_allclose(two.omega_, one.omega_, rtol=1e-9)


# --- one distance


@pytest.mark.parametrize("n_classes", [2, 3])
def test_every_use_stands_on_the_same_distance(n_classes):
    X, y = clouds(60, n_classes=n_classes)
    model = GMLVQ(2, random_state=0, max_iter=10).fit(X, y)
    difference = X[:, None, :] - model.prototypes_[None]
    d = np.einsum("njd,de,nje->nj", difference, model.relevance_matrix_, difference)
    D = np.stack([d[:, model.prototype_labels_ == c].min(axis=1) for c in model.classes_], axis=1)
    np.testing.assert_allclose(model.transform(X), np.sqrt(d), rtol=1e-9)
    assert np.array_equal(model.encode(X), d.argmin(axis=1))
    assert np.array_equal(model.predict(X), model.classes_[D.argmin(axis=1)])
    np.testing.assert_allclose(model.predict_proba(X), (1 / D) / (1 / D).sum(axis=1, keepdims=True), rtol=1e-9)
    others = np.stack([np.delete(D, c, axis=1).min(axis=1) for c in range(n_classes)], axis=1)
    scores = (others - D) / (others + D)
    np.testing.assert_allclose(model.decision_function(X), scores[:, 1] if n_classes == 2 else scores, atol=1e-12)
    assert model.quantization_error(X) == pytest.approx(d.min(axis=1).mean())
    np.testing.assert_array_equal(model.quantize(X), model.prototypes_[d.argmin(axis=1)])
    np.testing.assert_array_equal(model.decode(model.encode(X, packed=True)), model.quantize(X))
    projected = model.project(X)[:, None] - model.project(model.prototypes_)[None]
    np.testing.assert_allclose((projected**2).sum(axis=2), d, rtol=1e-9)


def test_confidence_is_one_at_a_prototype_and_shared_by_prototypes_in_one_place():
    model = GMLVQ().fit(X_IRIS, Y_IRIS)
    np.testing.assert_array_equal(model.predict_proba(model.prototypes_), np.eye(3))
    model.prototypes_ = np.repeat(model.prototypes_[:1], 3, axis=0)
    np.testing.assert_allclose(model.predict_proba(model.prototypes_[:1]), np.full((1, 3), 1 / 3))


def test_reported_cost_and_accuracy_are_those_of_the_arrays_in_the_snapshot():
    X, y = clouds()
    way = {"solver": "adam", "batch_size": 16, "average": 0.5, "max_iter": 4, "restore_best": False}
    engine = GMLVQ(2, transfer="identity", log_det=0, random_state=0, **way)
    for snapshot in engine.train(X, y):
        model = GMLVQ.from_arrays({}, snapshot.arrays)
        D = model.transform(X) ** 2
        own = model.prototype_labels_[None] == y[:, None]
        d_plus, d_minus = np.where(own, D, np.inf).min(axis=1), np.where(own, np.inf, D).min(axis=1)
        assert snapshot.cost == pytest.approx(np.mean((d_plus - d_minus) / (d_plus + d_minus)), rel=1e-9)
        assert snapshot.metrics["accuracy"] == pytest.approx(model.score(X, y))
        np.testing.assert_array_equal(snapshot.arrays["relevance_matrix"], model.relevance_matrix_)


# --- labels and weights


@pytest.mark.parametrize(
    "classes",
    [
        np.array(["rot", "grün", "blau"]),
        np.array([-7, 0, 900]),
        np.array([1.0, 2.0, -3.0]),
        np.array(list("xyz"), object),
    ],
)
def test_any_kind_of_label_gives_the_same_model_and_comes_back(classes, tmp_path):
    X, y = clouds()
    order = np.argsort(classes)
    model = GMLVQ(max_iter=5).fit(X, classes[order][y])
    assert model_bytes(model) == model_bytes(GMLVQ(max_iter=5).fit(X, y))
    assert np.array_equal(model.classes_, classes[order])
    assert set(model.predict(X)) <= set(classes)
    save(model, tmp_path / "model")
    assert np.array_equal(load(tmp_path / "model").predict(X), model.predict(X))


def test_boolean_labels_are_predicted_as_booleans():
    X, y = clouds(n_classes=2)
    model = GMLVQ(max_iter=5).fit(X, y == 1)
    assert model.predict(X).dtype == bool
    assert np.array_equal(model.predict(X), GMLVQ(max_iter=5).fit(X, y).predict(X) == 1)


def test_class_weights_equal_repeated_rows():
    X, y = clouds()
    repeated = np.repeat(np.arange(len(X)), np.array([1, 3, 2])[y])
    by_weight = GMLVQ(class_weight={0: 1, 1: 3, "2": 2}, max_iter=10).fit(X, y)
    by_rows = GMLVQ(max_iter=10).fit(X[repeated], y[repeated])
    by_sample = GMLVQ(max_iter=10).fit(X, y, sample_weight=np.array([1, 3, 2])[y])
    for other in (by_rows, by_sample):
        np.testing.assert_allclose(by_weight.prototypes_, other.prototypes_, rtol=1e-6)
        np.testing.assert_allclose(by_weight.relevance_matrix_, other.relevance_matrix_, rtol=1e-5, atol=1e-8)


def test_balanced_classes_weigh_alike_whatever_their_number():
    X, y = clouds(300, n_classes=2)
    kept = (y == 0) | (np.arange(300) % 10 == 1)
    X, y = X[kept], y[kept]
    weights = {0: len(y) / (2 * np.sum(y == 0)), 1: len(y) / (2 * np.sum(y == 1))}
    balanced = GMLVQ(class_weight="balanced", max_iter=10).fit(X, y)
    assert model_bytes(balanced) == model_bytes(GMLVQ(class_weight=weights, max_iter=10).fit(X, y))
    assert model_bytes(balanced) != model_bytes(GMLVQ(max_iter=10).fit(X, y))


@pytest.mark.parametrize("options", [{}, {"prototypes_per_class": 2, "random_state": 0}])
def test_rows_of_weight_zero_are_as_if_absent(options):
    X, y = clouds()
    weights = (np.arange(len(X)) % 4 > 0).astype(float)
    y_odd = y.copy()
    y_odd[0] = 77  # a class that only a weightless row has
    whole = GMLVQ(max_iter=10, **options).fit(X, y_odd, sample_weight=weights)
    part = GMLVQ(max_iter=10, **options).fit(X[weights > 0], y[weights > 0])
    assert model_bytes(whole) == model_bytes(part)
    assert list(whole.classes_) == [0, 1, 2]


def test_auto_shares_ten_root_c_prototypes_but_no_more_than_a_class_has_rows():
    X, y = clouds(90)
    X, y = np.concatenate([X, X[:2] + 9]), np.concatenate([y, [3, 3]])
    model = GMLVQ("auto", max_iter=1, random_state=0).fit(X, y)
    assert np.bincount(model.prototype_labels_).tolist() == [5, 5, 5, 2]


def test_a_list_gives_each_class_its_number_of_prototypes():
    model = GMLVQ([1, 3, 2], max_iter=1, random_state=0).fit(X_IRIS, Y_IRIS)
    assert model.prototype_labels_.tolist() == [0, 1, 1, 1, 2, 2]


@pytest.mark.parametrize("init", ["kmeans", "mean", "kmeans++", "random"])
def test_every_start_puts_prototypes_among_the_rows_of_their_class(init):
    start = next(GMLVQ(3, init=init, random_state=0).train(X_IRIS, Y_IRIS)).arrays["prototypes"]
    assert len(np.unique(start, axis=0)) == 9
    for code in range(3):
        rows, mine = X_IRIS[code == Y_IRIS], start[3 * code : 3 * code + 3]
        if init in ("kmeans++", "random"):
            assert all(np.any(np.all(rows == w, axis=1)) for w in mine)
        nearest = ((mine[:, None] - X_IRIS[None]) ** 2).sum(axis=2).argmin(axis=1)
        assert np.mean(Y_IRIS[nearest] == code) > 0.5


# --- the descent


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_metric_starts_exactly_after_its_warm_up(solver):
    X, y = clouds()
    steps = list(GMLVQ(metric_warmup=4, solver=solver, max_iter=8).train(X, y))
    omegas = [snapshot.arrays["omega"].tobytes() for snapshot in steps]
    assert len(set(omegas[:5])) == 1
    assert omegas[5] != omegas[4]
    assert "metric" in steps[4].message
    assert steps[4].arrays["prototypes"].tobytes() != steps[0].arrays["prototypes"].tobytes()


def test_auto_warm_up_waits_until_an_iteration_gains_less_than_a_hundredth():
    X, y = clouds(300)
    steps = list(GMLVQ(2, solver="adam", learning_rate=0.02, max_iter=60, random_state=1).train(X, y))
    first = next(k for k, step in enumerate(steps) if step.message == "the metric starts to learn")
    cost = np.array([step.cost for step in steps])
    gains = -np.diff(cost) / np.abs(cost[:-1])
    assert first > 1
    assert np.all(gains[: first - 1] >= 0.01)
    assert gains[first - 1] < 0.01
    assert steps[first].arrays["omega"].tobytes() == steps[0].arrays["omega"].tobytes()
    assert steps[first + 1].arrays["omega"].tobytes() != steps[0].arrays["omega"].tobytes()


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
@pytest.mark.parametrize(
    ("frozen", "fixed", "free"), [("prototypes", "prototypes", "omega"), ("metric", "omega", "prototypes")]
)
def test_a_frozen_part_keeps_its_bits_while_the_other_learns(solver, frozen, fixed, free):
    X, y = clouds()
    start = X[:3] + 0.1
    omega = np.random.default_rng(0).normal(size=(4, 4))
    omega /= np.linalg.norm(omega)
    model = GMLVQ(frozen=frozen, solver=solver, init=start, omega_init=omega, max_iter=5).fit(X, y)
    given = {"prototypes": start, "omega": omega}
    assert getattr(model, fixed + "_").tobytes() == given[fixed].tobytes()
    assert not np.array_equal(getattr(model, free + "_"), given[free])


def test_patience_ends_a_run_whose_validation_cost_no_longer_falls_and_restores_the_best():
    X, y = clouds(60)
    X_val, y_val = clouds(200, seed=9)
    engine = GMLVQ(4, solver="adam", learning_rate=0.1, patience=7, max_iter=500, random_state=0)
    steps = list(engine.train(X, y, validation=(X_val, y_val)))
    watched = np.array([step.metrics["validation_cost"] for step in steps])
    assert len(steps) < 500
    best = int(watched[:-1].argmin())
    assert steps[-1].iteration == len(steps) - 1 <= best + 30
    assert watched[-1] == watched.min()
    assert engine.prototypes_.tobytes() == steps[best].arrays["prototypes"].tobytes()
    assert f"iteration {best}" in steps[-1].message
    assert engine.score(X_val, y_val) == pytest.approx(steps[-1].metrics["validation_accuracy"])


def test_held_out_share_is_stratified_watched_and_not_learned_from():
    X, y = clouds(120)
    engine = GMLVQ(validation_fraction=0.25, max_iter=5, random_state=0)
    training = engine.train(X, y)
    list(training)
    held_out = training.state()["learner.held_out"]
    assert np.bincount(y[held_out]).tolist() == [10, 10, 10]
    kept = np.setdiff1d(np.arange(120), held_out)
    again = GMLVQ(max_iter=5)
    list(again.train(X[kept], y[kept], validation=(X[held_out], y[held_out])))
    assert model_bytes(engine) == model_bytes(again)
    np.testing.assert_array_equal(engine.history_["validation_cost"], again.history_["validation_cost"])


def test_a_diverging_run_stops_and_keeps_its_last_good_state():
    X, y = clouds()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        steps = list(GMLVQ(solver="sgd", learning_rate=1e308, metric_warmup=0, max_iter=50).train(X, y))
    assert len(steps) < 50
    assert "no longer finite" in steps[-1].message
    assert np.all(np.isfinite(steps[-1].arrays["prototypes"]))


def test_mini_batches_come_in_a_new_order_each_epoch_and_hold_every_row_once(monkeypatch):
    from engines.lvq import learner
    from engines.training import StopToken

    monkeypatch.setattr(learner, "WINDOW_BYTES", 4 * 8 * 200)
    X = np.arange(4000.0).reshape(1000, 4)
    engine = GMLVQ(solver="adam", batch_size=32, random_state=0)
    one = engine._learner(X, np.arange(1000) % 2, None, None)
    epochs = [[b.rows.array[:, 0] / 4 for b in one._batches(StopToken())] for _ in range(2)]
    for batches in epochs:
        assert np.array_equal(np.sort(np.concatenate(batches)), np.arange(1000))
    assert not np.array_equal(epochs[0][0], epochs[1][0])
    assert len({int(row) // 64 for row in epochs[0][0]}) > 1  # a batch mixes distant rows


def test_no_point_is_evaluated_twice_in_full_batch_descent(monkeypatch):
    from engines.lvq.relative_cost import RelativeProblem

    seen = []
    plain = RelativeProblem.evaluate

    def counted(self, arrays, data, stop, *, by):
        seen.append(arrays["prototypes"].tobytes() + arrays["omega"].tobytes() + b"metric" * ("omega" in by))
        return plain(self, arrays, data, stop, by=by)

    monkeypatch.setattr(RelativeProblem, "evaluate", counted)
    for solver in ("lbfgs", "adam", "sgd"):
        seen.clear()
        GMLVQ(solver=solver, max_iter=20, metric_warmup=3).fit(*clouds())
        assert len(seen) == len(set(seen))


# --- what has no effect, or does not fit, is refused


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 8}, "batch_size has no effect"),
        ({"learning_rate": 0.1}, "learning_rate has no effect"),
        ({"metric_learning_rate": 0.1}, "metric_learning_rate has no effect"),
        ({"metric_learning_rate": 0.1, "solver": "adam", "frozen": "metric"}, "metric_learning_rate has no effect"),
        ({"momentum": 0.1}, "momentum"),
        ({"accumulate": 2, "solver": "adam"}, "accumulate has no effect"),
        ({"pinned": (0, 3)}, "pinned names the prototype 3, but there are 3"),
        ({"pinned": (-1,)}, "pinned must be"),
        ({"pinned": (0.5,)}, "pinned must be"),
        ({"pinned": (1,), "frozen": "prototypes"}, "pinned has no effect"),
        ({"schedule": "cosine"}, "schedule"),
        ({"average": 0.5}, "averaging"),
        ({"beta": 2.0, "transfer": "relu"}, "beta has no effect"),
        ({"margin": 0.1, "transfer": "identity"}, "margin has no effect"),
        ({"rank": 5}, "rank is 5"),
        ({"prototypes_per_class": (1, 2)}, "2 numbers for 3 classes"),
        ({"prototypes_per_class": 31, "random_state": 0}, "30 rows but 31 prototypes"),
        ({"init": np.zeros((2, 4))}, "init has shape"),
        ({"init": np.full((3, 4), np.nan)}, "finite"),
        ({"omega_init": np.zeros((4, 4))}, "omega_init"),
        ({"omega_init": np.ones((4, 4))}, "singular"),
        ({"class_weight": {5: 1.0}}, "class 5"),
        ({"class_weight": {0: -1.0}}, "class_weight"),
        ({"class_weight": {0: 0.0, 1: 0.0, 2: 0.0}}, "no row any weight"),
        ({"validation_fraction": 0.01}, "test_size"),
        ({"solver": "newton"}, "solver must be"),
    ],
)
def test_unfit_parameters_are_refused_in_a_sentence(options, words):
    X, y = clouds()
    with pytest.raises(ValueError, match=words):
        GMLVQ(**options).fit(X, y)


def test_unfit_data_are_refused_in_a_sentence():
    X, y = clouds()
    holes = X.copy()
    holes[3, 1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        GMLVQ().fit(holes, y)
    with pytest.raises(ValueError, match="infinity"):
        GMLVQ().fit(ArrayRowsOf(holes), y)
    with pytest.raises(ValueError, match="one class"):
        GMLVQ().fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="requires y"):
        GMLVQ().fit(X)
    with pytest.raises(ValueError, match="one label for each row"):
        GMLVQ().fit(ArrayRowsOf(X), y[:-1])
    with pytest.raises(ValueError, match="class 3"):
        GMLVQ().train(X, y, validation=(X, y + 1))
    with pytest.raises(ValueError, match="validation_fraction must be 0"):
        GMLVQ(validation_fraction=0.2).train(X, y, validation=(X, y))
    with pytest.raises(ValueError, match="infinity"):
        GMLVQ(max_iter=1).fit(X, y).predict(ArrayRowsOf(holes))
    with pytest.raises(ValueError, match="infinity"):
        GMLVQ().train(X, y, validation=(ArrayRowsOf(holes), y)).run()
    with pytest.raises(NotFittedError):
        GMLVQ().predict(X)
