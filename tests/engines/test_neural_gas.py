"""Neural gas against brute force: ranks, batch and sequential steps; the laws of its cost, its limits and weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engines import blocks
from engines.clustering.kmeans import KMeans
from engines.clustering.online import OnlineVQ
from engines.kernels.gas import gas_scratch
from engines.kernels.ranks import first_ranks
from engines.maps.gas import strengths
from engines.maps.neural_gas import NeuralGas

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
TINY = 1e-3  # λ at which only the nearest prototype learns


def clouds(n=400, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + rng.integers(0, 4, (n, 1)) * 4


def squares(X, W):
    return ((X.astype(float)[:, None] - W.astype(float)[None]) ** 2).sum(axis=2)


def ranks_by_sorting(squared):
    order = np.argsort(squared, axis=1, kind="stable")
    return np.argsort(order, axis=1)


def batch_step(X, W, neighbourhood, weights=None):
    h = np.exp(-ranks_by_sorting(squares(X, W)) / neighbourhood)
    h = h if weights is None else h * weights[:, None]
    return h.T @ X.astype(float) / h.sum(axis=0)[:, None]


def energy(X, W, neighbourhood, weights=None):
    squared = squares(X, W)
    terms = (np.exp(-ranks_by_sorting(squared) / neighbourhood) * squared).sum(axis=1)
    return np.sum(terms if weights is None else weights * terms) / np.exp(-np.arange(len(W)) / neighbourhood).sum()


def found_order(distances, n_ranks):
    _, *scratch, _ = gas_scratch(len(distances), distances.dtype)
    order = np.empty(n_ranks, np.intp)
    first_ranks(distances, n_ranks, *scratch, order)
    return order


# --- ranks


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 300),
    st.sampled_from(["spread", "ties", "one far", "far and near", "equal", "infinite"]),
    st.booleans(),
    st.integers(0, 2**31),
    st.floats(0, 1),
)
def test_the_first_ranks_are_those_of_a_stable_sort(n, kind, single, seed, share):
    rng = np.random.default_rng(seed)
    distances = rng.gamma(3.0, size=n)
    if kind == "ties":
        distances = rng.integers(0, 6, n).astype(float)
    elif kind == "one far":
        distances[rng.integers(n)] = 1e30
    elif kind == "far and near":
        distances = distances ** rng.integers(-9, 9, n)
    elif kind == "equal":
        distances[:] = 2.5
    elif kind == "infinite":
        distances[rng.random(n) < 0.5] = np.inf
    distances = distances.astype(np.float32 if single else np.float64)
    n_ranks = max(1, round(share * n))
    assert np.array_equal(found_order(distances, n_ranks), np.argsort(distances, kind="stable")[:n_ranks])


@BOTH
def test_ranks_whose_strength_is_below_the_precision_are_cut_and_no_others(dtype):
    h = strengths(2.0, 500, np.dtype(dtype))
    eps = np.finfo(dtype).eps
    assert np.allclose(h, np.exp(-np.arange(len(h)) / 2.0))
    assert h[-1] >= eps > np.exp(-len(h) / 2.0)
    assert len(strengths(TINY, 500, np.dtype(dtype))) == 1


# --- the batch step


@BOTH
@pytest.mark.parametrize("n_prototypes", [1, 2, 7, 40, 90, 200])
@pytest.mark.parametrize("neighbourhood", [TINY, 0.4, 3.0, 40.0])
def test_a_batch_step_is_the_weighted_mean_by_ranks(n_prototypes, neighbourhood, dtype, monkeypatch):
    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    X = clouds(500, 4).astype(dtype)
    weights = np.random.default_rng(1).random(500)
    training = NeuralGas(
        n_prototypes, init=X[:n_prototypes], neighbourhood_start=neighbourhood, neighbourhood_end=neighbourhood, tol=0
    ).train(X, sample_weight=weights)
    W = X[:n_prototypes]
    for snapshot in (next(training), next(training)):
        if snapshot.iteration:
            W = batch_step(X, W, neighbourhood, weights)
        tolerance = 1e-9 if dtype == np.float64 else 1e-4
        assert np.allclose(snapshot.arrays["prototypes"], W, rtol=tolerance, atol=tolerance)
        assert snapshot.cost == pytest.approx(energy(X, W, neighbourhood, weights), rel=tolerance)
        error = np.average(squares(X, W).min(axis=1), weights=weights)
        assert snapshot.metrics["error_per_row"] == pytest.approx(error, rel=tolerance, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(5, 40), st.integers(1, 4)), elements=st.integers(-6, 6)),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from([TINY, 0.3, 1.0, 8.0]),
)
def test_the_cost_never_rises_while_the_neighbourhood_stays(X, n_prototypes, single, neighbourhood):
    X = X.astype(np.float32 if single else np.float64)
    engine = NeuralGas(
        n_prototypes,
        neighbourhood_start=neighbourhood,
        neighbourhood_end=neighbourhood,
        annealing=0,
        tol=0,
        random_state=1,
        n_jobs=1,
    )
    last = np.inf
    for snapshot in engine.train(X):
        assert snapshot.cost <= last
        last = snapshot.cost
        own = energy(X, snapshot.arrays["prototypes"], neighbourhood)
        assert snapshot.cost == pytest.approx(own, rel=1e-4, abs=1e-9)


@BOTH
def test_at_a_small_neighbourhood_the_batch_step_is_lloyds(dtype):
    X = clouds(600, 4).astype(dtype)
    start = X[:9].copy()
    for max_iter in (1, 2, 5):
        gas = NeuralGas(9, init=start, neighbourhood_end=TINY, annealing=0, max_iter=max_iter, tol=0).fit(X)
        lloyd = KMeans(9, init=start, max_iter=max_iter, tol=0).fit(X)
        assert np.allclose(gas.prototypes_, lloyd.prototypes_, rtol=1e-6, atol=1e-6)
        assert gas.inertia_ == pytest.approx(lloyd.inertia_, rel=1e-6)
        assert np.array_equal(gas.labels_, lloyd.labels_)


def test_the_bits_of_a_batch_step_do_not_depend_on_where_the_rows_are(monkeypatch):
    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    X = clouds(1500, 6).astype(np.float32)

    class Source:
        shape, dtype = X.shape, X.dtype

        def read(self, start, stop):
            return X[start:stop].copy()

    models = [
        NeuralGas(30, annealing=5, max_iter=8, random_state=0, n_jobs=n_jobs).fit(rows)
        for rows, n_jobs in ((X, 1), (X, 3), (Source(), 2))
    ]
    for model in models[1:]:
        assert np.array_equal(model.prototypes_, models[0].prototypes_)
        assert np.array_equal(model.history_["cost"], models[0].history_["cost"])


@BOTH
def test_labels_are_those_of_the_exact_distance_ties_included(dtype):
    X = np.random.default_rng(0).integers(0, 3, (400, 4)).astype(dtype)
    for mode in ("batch", "online"):
        model = NeuralGas(9, mode=mode, init=X[:9], annealing=1, max_iter=1, neighbourhood_start=1e3).fit(X)
        assert np.array_equal(model.predict(X), model.labels_)
        first = next(NeuralGas(9, mode=mode, init=X[:9]).train(X))
        assert np.array_equal(first.arrays["counts"], np.bincount(squares(X, X[:9]).argmin(axis=1), minlength=9))


# --- the sequential step


def sequential_epoch(X, W, neighbourhoods, rates):
    W = W.astype(float)
    for i, x in enumerate(X.astype(float)):
        ranks = ranks_by_sorting(((x - W) ** 2).sum(axis=1)[None])[0]
        W = W + (rates[i] * np.exp(-ranks / neighbourhoods[i]))[:, None] * (x - W)
    return W


@BOTH
@pytest.mark.parametrize(("n_prototypes", "widest"), [(1, 5.0), (6, 3.0), (40, 20.0), (70, 2.0), (70, 0.3)])
def test_an_online_epoch_is_that_of_the_formula_row_by_row(n_prototypes, widest, dtype):
    X = clouds(300, 4).astype(dtype)
    engine = NeuralGas(
        n_prototypes,
        mode="online",
        init=X[:n_prototypes],
        neighbourhood_start=widest,
        neighbourhood_end=0.2,
        rate_start=0.4,
        rate_end=0.1,
        annealing=2,
        tol=0,
        random_state=5,
    )
    rng = np.random.default_rng(5)
    W = X[:n_prototypes]
    training = engine.train(X)
    next(training)
    for epoch in range(3):
        share = np.minimum(1, (epoch + np.arange(300) / 300) / 2)
        order = rng.permutation(300)
        W = sequential_epoch(X[order], W, widest * (0.2 / widest) ** share, 0.4 * (0.1 / 0.4) ** share)
        found = next(training).arrays["prototypes"]
        assert np.allclose(found, W, atol=1e-9 if dtype == np.float64 else 2e-3)
        assert training.history["neighbourhood"][-1] == pytest.approx(
            max(0.2, widest * (0.2 / widest) ** ((epoch + 1) / 2))
        )


@BOTH
def test_at_a_small_neighbourhood_the_online_mode_is_online_vector_quantization(dtype):
    X = clouds(500, 4).astype(dtype)
    start = X[:40].copy()
    gas = NeuralGas(
        40,
        mode="online",
        init=start,
        neighbourhood_end=TINY,
        rate_end=0.1,
        annealing=0,
        max_iter=3,
        tol=0,
        random_state=2,
    ).fit(X)
    online = OnlineVQ(40, init=start, initial_rate=0.1, decay=0.0, max_iter=3, tol=0, random_state=2).fit(X)
    assert np.array_equal(gas.prototypes_, online.prototypes_)
    assert np.array_equal(gas.labels_, online.labels_)


# --- annealing and convergence


@pytest.mark.parametrize("mode", ["batch", "online"])
def test_no_run_converges_while_the_neighbourhood_anneals(mode):
    X = clouds(200)
    model = NeuralGas(4, mode=mode, annealing=12, max_iter=40, tol=1e6, random_state=0).fit(X)
    assert model.n_iter_ == 13
    lam = model.history_["neighbourhood"]
    assert np.allclose(lam[:13], 2.0 * (0.01 / 2.0) ** (np.arange(13) / 12))
    assert np.all(lam[12:] == 0.01)


def test_annealing_frees_the_result_of_a_bad_start():
    X = clouds(800, 2)
    bad = np.repeat(X.max(axis=0, keepdims=True), 8, axis=0) + np.linspace(0, 0.1, 8)[:, None]
    annealed = NeuralGas(8, init=bad, random_state=0).fit(X)
    at_once = NeuralGas(8, init=bad, annealing=0, random_state=0).fit(X)
    assert np.count_nonzero(annealed.counts_) == 8
    assert annealed.inertia_ < 0.9 * at_once.inertia_


# --- weights


@BOTH
def test_whole_weights_are_repeated_rows_for_a_given_start(dtype):
    X = clouds(200).astype(dtype)
    weights = np.random.default_rng(0).integers(0, 4, 200)
    start = X[weights > 0][:12]
    options = {"init": start, "annealing": 4, "max_iter": 6, "tol": 0}
    weighted = NeuralGas(12, **options).fit(X, sample_weight=weights)
    repeated = NeuralGas(12, **options).fit(np.repeat(X, weights, axis=0))
    assert np.allclose(weighted.prototypes_, repeated.prototypes_, rtol=1e-3, atol=1e-3)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-4)


def test_a_row_of_weight_three_moves_online_prototypes_as_three_presentations_do():
    X, W = np.array([[1.0, -2.0]]), clouds(30, 2)
    options = {"mode": "online", "init": W[:20], "neighbourhood_end": 4.0, "rate_end": 0.2, "annealing": 0, "tol": 0}
    padding = np.zeros((19, 2))
    rows = np.vstack([X, padding])
    once = NeuralGas(20, max_iter=1, **options)
    with pytest.raises(ValueError, match="n_samples=1 of positive weight"):
        once.fit(rows, sample_weight=[3] + [0] * 19)
    same = np.repeat(X, 20, axis=0)
    heavy = NeuralGas(20, max_iter=1, **options).fit(same, sample_weight=np.full(20, 3.0))
    often = NeuralGas(20, max_iter=3, **options).fit(same)
    assert np.allclose(heavy.prototypes_, often.prototypes_, atol=1e-12)


@pytest.mark.parametrize("mode", ["batch", "online"])
def test_rows_of_weight_zero_leave_no_trace(mode):
    X = clouds(200)
    far = np.vstack([X, np.full((50, 3), 1e3)])
    weights = np.r_[np.ones(200), np.zeros(50)]
    options = {"mode": mode, "init": X[:6], "annealing": 3, "max_iter": 5, "random_state": 0}
    with_them = NeuralGas(6, **options).fit(far, sample_weight=weights)
    without = NeuralGas(6, **options).fit(X, sample_weight=np.ones(200))
    assert np.allclose(with_them.prototypes_, without.prototypes_, atol=1e-12)
    assert with_them.counts_.sum() == 200


# --- edges


@BOTH
@pytest.mark.parametrize("mode", ["batch", "online"])
def test_odd_shapes_are_learned(mode, dtype):
    for X in (
        np.full((9, 2), 3, dtype),
        clouds(9, 1).astype(dtype),
        clouds(12, 10_007).astype(dtype),
        np.asfortranarray(clouds(30).astype(dtype)),
    ):
        X.flags.writeable = False
        for n_prototypes in (1, 4, len(X)):
            model = NeuralGas(n_prototypes, mode=mode, annealing=2, max_iter=4, random_state=0).fit(X)
            assert np.all(np.isfinite(model.prototypes_))
            assert model.inertia_ == pytest.approx(squares(X, model.prototypes_).min(axis=1).sum(), rel=1e-4, abs=1e-6)
            assert np.array_equal(model.predict(X), model.labels_)


@pytest.mark.parametrize("dtype", [np.float16, np.uint8, np.int64])
def test_other_numbers_are_learned_as_float64(dtype):
    X = (clouds(60) * 3 + 20).astype(dtype)
    assert NeuralGas(3, max_iter=2, random_state=0).fit(X).prototypes_.dtype == np.float64


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@pytest.mark.parametrize("mode", ["batch", "online"])
def test_values_whose_squares_overflow_are_refused(mode):
    with pytest.raises(ValueError, match="scale them"):
        NeuralGas(2, mode=mode, random_state=0).fit(clouds(30) * 1e200)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_prototypes": 31}, "n_samples=30 should be >= n_prototypes=31"),
        ({"neighbourhood_end": 0.0}, "neighbourhood_end must be a number above 0"),
        ({"rate_end": 1.5}, "rate_end must be a number above 0 and of at most 1"),
        ({"mode": "both"}, "mode must be 'batch' or 'online'"),
        ({"annealing": -1}, "annealing must be an integer of at least 0"),
        ({"init": np.zeros((2, 3))}, r"init has shape \(2, 3\), expected \(8, 3\)"),
    ],
)
def test_unfit_parameters_are_refused_in_one_sentence(parameters, words):
    with pytest.raises(ValueError, match=words):
        NeuralGas(**parameters).fit(clouds(30))


def test_a_state_of_other_data_is_refused():
    training = NeuralGas(3, random_state=0).train(clouds(60))
    next(training)
    with pytest.raises(ValueError, match="other data"):
        NeuralGas(3).train(clouds(60, seed=5), resume=training.state())
