"""Mini-batch k-means against Sculley's algorithm row by row, scikit-learn's, and the laws of means and weights."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans as PeerKMeans
from sklearn.cluster import MiniBatchKMeans as PeerMiniBatch

from engines import blocks
from engines.clustering import batches
from engines.clustering.batches import learned
from engines.clustering.minibatch import MiniBatchKMeans
from engines.rows import ArrayRows
from engines.training import Stopped, StopToken

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def clouds(n=400, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + rng.integers(0, 4, (n, 1)) * 4


def cost(X, W, weights=None):
    squared = ((X.astype(float)[:, None] - W.astype(float)[None]) ** 2).sum(axis=2).min(axis=1)
    return float(np.sum(squared if weights is None else squared * weights))


def sculley(batch, W, wins):
    """Algorithm 1 of the paper, lines 5 to 14: the batch is assigned first, then each row takes its gradient step."""
    W, wins = W.astype(float), wins.copy()
    nearest = [int(np.argmin(((x - W) ** 2).sum(axis=1))) for x in batch.astype(float)]
    for x, s in zip(batch.astype(float), nearest, strict=True):
        wins[s] += 1
        eta = 1 / wins[s]
        W[s] = (1 - eta) * W[s] + eta * x
    return W, wins


class Source:
    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.most = 0

    def read(self, start, stop):
        self.most = max(self.most, stop - start)
        return self.array[start:stop].copy()


# --- one batch


@BOTH
def test_batches_take_sculleys_steps(dtype):
    X = clouds(900, 4).astype(dtype)
    W, wins = X[:8].copy(), np.zeros(8)
    expected, counted = W.copy(), wins
    for batch in np.split(X, [1, 100, 350]):
        W, wins = learned(ArrayRows(batch), None, W, wins, 1, StopToken())
        expected, counted = sculley(batch, expected, counted)
        assert np.array_equal(wins, counted)
        assert np.allclose(W, expected, atol=1e-10 if dtype == np.float64 else 1e-4)
        assert W.dtype == dtype


def test_prototypes_are_the_means_of_all_rows_they_learned_from():
    X = clouds(600)
    W, wins = X[:5].copy(), np.zeros(5)
    won = [[] for _ in W]
    for batch in np.split(X, 6):
        nearest = ((batch[:, None] - W[None]) ** 2).sum(axis=2).argmin(axis=1)
        for x, s in zip(batch, nearest, strict=True):
            won[s].append(x)
        W, wins = learned(ArrayRows(batch), None, W, wins, 1, StopToken())
        for k, rows in enumerate(won):
            if rows:
                assert np.allclose(W[k], np.mean(rows, axis=0), atol=1e-12)


def test_a_batch_is_the_partial_fit_of_scikit_learn():
    X = clouds(900, 5)
    start = X[:7].copy()
    ours = MiniBatchKMeans(7, init=start, batch_size=10_000)
    peer = PeerMiniBatch(7, init=start, n_init=1, reassignment_ratio=0, batch_size=10_000)
    for batch in np.split(X, 3):
        ours.partial_fit(batch)
        peer.partial_fit(batch)
        assert np.allclose(ours.cluster_centers_, peer.cluster_centers_, atol=1e-10)
        assert np.array_equal(ours.labels_, ours.predict(batch))


@BOTH
def test_large_batches_have_the_same_bits_on_any_number_of_threads(dtype, monkeypatch):
    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    X = clouds(3000, 6).astype(dtype)
    models = [
        MiniBatchKMeans(9, batch_size=700, random_state=0, n_jobs=n_jobs).fit(rows)
        for rows, n_jobs in ((X, 1), (X, 3), (Source(X), 2))
    ]
    for model in models[1:]:
        assert np.array_equal(model.prototypes_, models[0].prototypes_)
        assert np.array_equal(model.labels_, models[0].labels_)


# --- what it finds


def test_it_comes_near_to_the_cost_of_all_rows_together_from_the_same_start():
    rng = np.random.default_rng(0)
    X = (rng.normal(0, 3, (12, 6))[rng.integers(0, 12, 20_000)] + rng.normal(size=(20_000, 6))).astype(np.float32)
    for seed in range(3):
        model = MiniBatchKMeans(12, random_state=seed)
        first, *_ = model.train(X)
        best = PeerKMeans(12, init=first.arrays["prototypes"], n_init=1).fit(X).inertia_
        assert model.inertia_ == pytest.approx(cost(X, model.prototypes_), rel=1e-5)
        assert model.inertia_ < 1.02 * best
        assert np.array_equal(model.labels_, model.predict(X))
        assert np.array_equal(model.counts_, np.bincount(model.labels_, minlength=12))


def test_costs_are_measured_on_a_part_of_many_rows_and_at_the_end_on_all(monkeypatch):
    monkeypatch.setattr(batches, "MEASURED_ROWS", 500)
    monkeypatch.setattr(batches, "ROUND_ROWS", 600)
    X = clouds(5000)
    weights = np.random.default_rng(3).random(5000)
    training = MiniBatchKMeans(6, batch_size=100, max_iter=1, tol=0, patience=99, random_state=0).train(
        X, sample_weight=weights
    )
    snapshots = list(training)
    assert len(snapshots) == 1 + 9  # 50 batches, 6 a round
    for snapshot in snapshots[:-1]:
        exact = cost(X, snapshot.arrays["prototypes"], weights)
        assert snapshot.cost == pytest.approx(exact, rel=0.25)
        assert snapshot.cost != pytest.approx(exact, rel=1e-9)
        assert snapshot.arrays["counts"].sum() == pytest.approx(weights.sum())
    last = snapshots[-1]
    assert last.cost == pytest.approx(cost(X, last.arrays["prototypes"], weights), rel=1e-9)
    assert last.metrics["passes"] == 1.0
    assert last.metrics["error_per_row"] == pytest.approx(last.cost / weights.sum())


def test_labels_are_there_only_where_all_rows_were_looked_at(monkeypatch):
    monkeypatch.setattr(batches, "MEASURED_ROWS", 500)
    model = MiniBatchKMeans(6, batch_size=100, random_state=0)
    training = model.train(clouds(5000))
    next(training)
    assert not hasattr(model, "labels_")
    training.run()
    assert model.labels_.shape == (5000,)


def test_a_training_ends_after_idle_rounds():
    X = clouds(2000)
    model = MiniBatchKMeans(4, batch_size=100, tol=0.1, patience=4, random_state=0).fit(X)
    costs = model.history_["cost"]
    idle = [costs[i] >= 0.9 * costs[:i].min() for i in range(1, len(costs))]
    assert idle[-4:] == [True] * 4
    assert not any(all(idle[i : i + 4]) for i in range(len(idle) - 4))
    assert model.n_steps_ == 20 * model.n_iter_
    assert MiniBatchKMeans(4, batch_size=100, max_iter=3, tol=0, patience=9, random_state=0).fit(X).n_steps_ == 60


def test_batches_are_read_by_rows_from_a_source(monkeypatch):
    monkeypatch.setattr(batches, "MEASURED_ROWS", 200)
    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    source = Source(clouds(20_000))
    training = MiniBatchKMeans(4, batch_size=50, random_state=0).train(source)
    next(training)
    source.most = 0
    next(training)
    assert source.most < 10


# --- starved prototypes


def test_starved_prototypes_are_placed_on_rows_far_from_all(monkeypatch):
    X = clouds(1000)
    start = np.vstack([X[:3], np.full((2, 3), 1e3)])
    options = {"init": start, "batch_size": 100, "max_iter": 5, "tol": 0, "patience": 99, "random_state": 0}
    left = MiniBatchKMeans(5, reassignment_ratio=0.0, **options).fit(X)
    placed = MiniBatchKMeans(5, **options).fit(X)
    assert np.array_equal(left.prototypes_[3:], start[3:])
    assert placed.prototypes_.max() < 100
    assert np.count_nonzero(placed.counts_) == 5
    assert list(placed.history_["n_reassigned"][:3]) == [0, 0, 2]
    assert placed.inertia_ < left.inertia_


def test_a_placed_prototype_takes_over_the_least_wins(monkeypatch):
    X = np.repeat([[0.0], [10.0]], 50, axis=0)
    training = MiniBatchKMeans(3, init=[[0.0], [9.0], [500.0]], batch_size=10, tol=0, random_state=1).train(X)
    next(training)
    wins = next(training).arrays["wins"]
    assert wins[2] == 0
    assert wins.sum() == 100
    model = MiniBatchKMeans(3, init=[[0.0], [10.0], [500.0]], batch_size=10, tol=0, random_state=1).fit(X)
    assert model.inertia_ == 0  # nothing left to be far from: no row to place it on
    assert model.prototypes_[2, 0] == 500


# --- weights and further rows


@BOTH
def test_whole_weights_are_repeated_rows_of_a_batch(dtype):
    X = clouds(300).astype(dtype)
    weights = np.random.default_rng(0).integers(0, 4, 300).astype(float)
    weighted = MiniBatchKMeans(6, init=X[:6], batch_size=10_000)
    repeated = MiniBatchKMeans(6, init=X[:6], batch_size=10_000)
    for _ in range(2):
        weighted.partial_fit(X, sample_weight=weights)
        repeated.partial_fit(np.repeat(X, weights.astype(int), axis=0))
    assert np.allclose(weighted.prototypes_, repeated.prototypes_, atol=1e-10 if dtype == np.float64 else 1e-4)
    assert np.array_equal(weighted.wins_, repeated.wins_)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-5)


def test_rows_of_weight_zero_leave_no_trace():
    X = clouds(300)
    far = np.vstack([X, np.full((50, 3), 1e3)])
    weights = np.r_[np.ones(300), np.zeros(50)]
    options = {"init": X[:5], "batch_size": 40, "random_state": 4}
    with_them = MiniBatchKMeans(5, **options).fit(far, sample_weight=weights)
    without = MiniBatchKMeans(5, **options).fit(X, sample_weight=np.ones(300))
    assert np.allclose(with_them.prototypes_, without.prototypes_, atol=1e-12)
    assert with_them.counts_.sum() == 300


def test_partial_fit_cuts_its_rows_into_batches():
    X = clouds(250)
    cut = MiniBatchKMeans(5, init=X[:5], batch_size=100).partial_fit(X)
    by_hand = MiniBatchKMeans(5, init=X[:5], batch_size=1000)
    for batch in np.split(X, [100, 200]):
        by_hand.partial_fit(batch)
    assert np.array_equal(cut.prototypes_, by_hand.prototypes_)
    assert cut.n_iter_ == 1
    with pytest.raises(ValueError, match="n_samples=4 should be >= n_clusters=5"):
        MiniBatchKMeans(5).partial_fit(X[:4])
    with pytest.raises(ValueError, match="expecting 3"):
        cut.partial_fit(X[:, :2])


# --- edges


@BOTH
def test_odd_shapes_are_learned(dtype):
    for X in (
        np.full((9, 2), 3, dtype),
        clouds(9, 1).astype(dtype),
        clouds(12, 10_007).astype(dtype),
        np.asfortranarray(clouds(30).astype(dtype)),
    ):
        X.flags.writeable = False
        for n_clusters in (1, 4, len(X)):
            model = MiniBatchKMeans(n_clusters, batch_size=7, max_iter=2, random_state=0).fit(X)
            assert np.all(np.isfinite(model.prototypes_))
            assert model.inertia_ == pytest.approx(cost(X, model.prototypes_), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.uint8, np.int64])
def test_other_numbers_are_learned_as_float64(dtype):
    X = (clouds(60) * 3 + 20).astype(dtype)
    assert MiniBatchKMeans(3, random_state=0).fit(X).prototypes_.dtype == np.float64


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_values_whose_squares_overflow_are_refused():
    with pytest.raises(ValueError, match="scale them"):
        MiniBatchKMeans(2, random_state=0).fit(clouds(30) * 1e200)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_clusters": 31}, "n_samples=30 should be >= n_clusters=31"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1"),
        ({"patience": 0}, "patience must be an integer of at least 1"),
        ({"reassignment_ratio": 2.0}, "reassignment_ratio must be a number of at least 0 and of at most 1"),
        ({"init": np.zeros((2, 3))}, r"init has shape \(2, 3\), expected \(8, 3\)"),
    ],
)
def test_unfit_parameters_are_refused_in_one_sentence(parameters, words):
    with pytest.raises(ValueError, match=words):
        MiniBatchKMeans(**parameters).fit(clouds(30))


def test_a_stop_is_felt_inside_a_round():
    X = clouds(20_000)
    training = MiniBatchKMeans(4, batch_size=100, random_state=0).train(X)
    next(training)
    looks = []

    class Third(StopToken):
        def check(self):
            looks.append(1)
            if len(looks) == 3:
                self.set()
            super().check()

    with pytest.raises(Stopped):
        training._learner.step(Third())
    assert len(looks) == 3
