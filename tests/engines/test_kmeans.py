"""k-means against its mathematics: published costs, scikit-learn from the same start, laws of the cost and weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import KMeans as PeerKMeans
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import scale

from engines import KMeans, blocks
from engines.clustering.cells import Assigner
from engines.clustering.seeding import kmeans_plus_plus, principal_slices, random_rows
from engines.kernels.exact import distances, frozen
from engines.rows import ArrayRows
from engines.survey import survey
from engines.training import StopToken

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def cost(X, W, weights=None):
    squared = ((X.astype(float)[:, None] - W.astype(float)[None]) ** 2).sum(axis=2).min(axis=1)
    return float(np.sum(squared if weights is None else squared * weights))


def clouds(n=400, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + rng.integers(0, 4, (n, 1)) * 4


class Source:
    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def read(self, start, stop):
        return self.array[start:stop].copy()


# --- what it finds


@BOTH
@pytest.mark.parametrize(
    ("load", "scaled", "n_clusters", "published"),
    [
        (load_iris, False, 3, 78.8514),
        (load_wine, True, 3, 1277.9285),
        (load_digits, False, 10, 1165153.9999),
        (load_breast_cancer, True, 2, 11595.4615),
    ],
)
def test_the_best_of_fifty_starts_reaches_the_known_cost(load, scaled, n_clusters, published, dtype):
    X = load().data
    X = (scale(X) if scaled else X).astype(dtype)
    model = KMeans(n_clusters, n_init=50, tol=0, random_state=0).fit(X)
    assert model.inertia_ <= published * (1 + 1e-6)
    assert model.inertia_ == pytest.approx(published, rel=1e-4)  # nor less than there is
    assert model.inertia_ == pytest.approx(cost(X, model.prototypes_), rel=1e-12)


@BOTH
def test_lloyd_takes_the_same_steps_as_scikit_learn(dtype):
    X = clouds(1000, 5).astype(dtype)
    start = X[:12].copy()
    for max_iter in (1, 2, 7, 300):
        ours = KMeans(12, init=start, tol=0, max_iter=max_iter).fit(X)
        peer = PeerKMeans(12, init=start, n_init=1, tol=0, max_iter=max_iter, algorithm="lloyd").fit(X)
        assert ours.inertia_ == pytest.approx(peer.inertia_, rel=1e-6)
        assert np.allclose(ours.cluster_centers_, peer.cluster_centers_, rtol=1e-4, atol=1e-4)


def test_greedy_seeding_starts_lower_than_random_rows():
    X = clouds(2000, 8)
    starts = {"k-means++": [], "random": []}
    for seed in range(10):
        for init, costs in starts.items():
            training = KMeans(12, init=init, random_state=seed).train(X)
            costs.append(next(training).cost)
    assert np.mean(starts["k-means++"]) < 0.8 * np.mean(starts["random"])


def test_the_kept_restart_is_the_one_of_lowest_cost():
    X = clouds(300)
    model = KMeans(9, init="random", n_init=6, random_state=2).fit(X)
    history = model.history_
    ends = [history["cost"][history["restart"] == restart].min() for restart in range(6)]
    assert model.inertia_ == min(ends)
    assert history["cost"][-1] == model.inertia_
    kept = int(np.argmin(ends))
    assert kept != 5  # so that the last step takes an earlier restart up again
    assert model.n_iter_ == np.sum(history["restart"][:-1] == kept) - 1


# --- the cost


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(4, 40), st.integers(1, 4)), elements=st.integers(-6, 6)),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from([0.0, 1e3, 1e6]),
    st.sampled_from(["k-means++", "random", "pca"]),
)
def test_the_cost_never_rises_between_iterations_and_is_that_of_the_arrays(X, n_clusters, single, offset, init):
    X = (X + offset).astype(np.float32 if single else np.float64)
    engine = KMeans(n_clusters, init=init, n_init=2, tol=0, random_state=1)
    last = {}
    for snapshot in engine.train(X):
        restart = snapshot.metrics["restart"]
        assert snapshot.cost <= last.get(restart, np.inf)
        last[restart] = snapshot.cost
        assert snapshot.cost == pytest.approx(cost(X, snapshot.arrays["prototypes"]), rel=1e-5, abs=1e-9)
        assert snapshot.arrays["counts"].sum() == len(X)
    assert engine.inertia_ == min(last.values())


def test_the_metrics_are_what_they_are_called():
    X = clouds()
    weights = np.random.default_rng(1).random(len(X))
    previous = None
    for snapshot in KMeans(5, random_state=0).train(X, sample_weight=weights):
        assert snapshot.metrics["error_per_row"] == pytest.approx(snapshot.cost / weights.sum())
        assert snapshot.metrics["error_per_component"] == pytest.approx(snapshot.cost / weights.sum() / 3)
        W = snapshot.arrays["prototypes"]
        if previous is not None:
            assert snapshot.metrics["shift"] == pytest.approx(np.linalg.norm(W - previous))
        previous = W


def test_tol_is_relative_to_the_mean_column_variance():
    X = clouds(800, 4)
    one = KMeans(8, init=X[:8], tol=1e-2).fit(X)
    other = KMeans(8, init=X[:8] * 1024, tol=1e-2).fit(X * 1024)
    assert one.n_iter_ == other.n_iter_ < KMeans(8, init=X[:8], tol=0).fit(X).n_iter_
    shift = one.history_["shift"]
    limit = 1e-2 * X.var(axis=0).mean()
    assert shift[-1] ** 2 <= limit < shift[-2] ** 2


# --- weights


@BOTH
def test_whole_weights_are_repeated_rows_for_a_given_start(dtype):
    X = clouds(200).astype(dtype)
    weights = np.random.default_rng(0).integers(0, 4, 200)
    start = X[weights > 0][:6]
    weighted = KMeans(6, init=start, tol=1e-3).fit(X, sample_weight=weights)
    repeated = KMeans(6, init=start, tol=1e-3).fit(np.repeat(X, weights, axis=0))
    assert np.allclose(weighted.prototypes_, repeated.prototypes_, rtol=1e-5)
    assert np.array_equal(weighted.counts_, repeated.counts_)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-6)
    assert weighted.n_iter_ == repeated.n_iter_


@pytest.mark.parametrize("init", ["k-means++", "random", "pca"])
def test_rows_of_weight_zero_never_matter(init):
    X = clouds(200)
    weights = np.ones(300)
    weights[200:] = 0
    far = np.vstack([X, np.full((100, 3), 1e3)])
    with_them = KMeans(5, init=init, random_state=0).fit(far, sample_weight=weights)
    assert with_them.prototypes_.max() < 100
    assert with_them.counts_.sum() == 200
    assert with_them.inertia_ == pytest.approx(cost(X, with_them.prototypes_))


@pytest.mark.parametrize(
    ("weights", "words"),
    [([1.0], "shape"), (-1.0, "not negative"), (0.0, "zero everywhere"), (np.nan, "finite")],
)
def test_unfit_weights_are_refused(weights, words):
    weights = np.full(60, weights) if np.ndim(weights) == 0 else weights
    with pytest.raises(ValueError, match=words):
        KMeans(2).fit(clouds(60), sample_weight=weights)


# --- empty cells


@BOTH
def test_an_empty_cell_is_reseeded_with_the_farthest_row(dtype):
    X = np.array([[0.0], [1], [2], [10], [11], [30]], dtype)
    start = np.array([[1.0], [500], [-500]], dtype)
    snapshots = list(KMeans(3, init=start, tol=0).train(X))
    assert snapshots[0].metrics["n_empty"] == 2
    assert snapshots[1].metrics["n_reseeded"] == 2
    assert set(snapshots[1].arrays["prototypes"].ravel()) >= {30.0, 11.0}
    assert snapshots[-1].metrics["n_empty"] == 0
    costs = [snapshot.cost for snapshot in snapshots]
    assert costs == sorted(costs, reverse=True)


def test_reseeding_takes_different_rows_of_positive_weight_only():
    X = np.array([[0.0], [0], [9], [9], [9], [50], [4]])
    start = np.array([[0.0], [900], [901], [902]])
    training = KMeans(4, init=start, tol=0).train(X, sample_weight=[1, 1, 1, 1, 1, 0, 1])
    next(training)
    assert sorted(next(training).arrays["prototypes"].ravel())[:3] == [4.0, pytest.approx(31 / 6), 9.0]


def test_more_prototypes_than_different_rows_end_at_cost_zero():
    X = np.repeat([[1.0, 2.0], [3.0, 4.0]], 10, axis=0)
    model = KMeans(5, random_state=0).fit(X)
    assert model.inertia_ == 0
    assert set(model.labels_[:10]) != set(model.labels_[10:])
    assert np.all(np.isfinite(model.prototypes_))


def test_as_many_prototypes_as_rows_end_at_cost_zero():
    X = clouds(20).astype(np.float32)
    assert KMeans(20, random_state=0).fit(X).inertia_ == 0


# --- using what was learned


@BOTH
def test_labels_predict_and_transform_agree_on_ties(dtype):
    X = np.random.default_rng(0).integers(0, 3, (300, 4)).astype(dtype)
    model = KMeans(9, random_state=0).fit(X)
    assert np.array_equal(model.predict(X), model.labels_)
    assert np.array_equal(model.transform(X).argmin(axis=1), model.labels_)
    assert np.array_equal(model.fit_predict(X), model.labels_)


def test_transform_gives_euclidean_distances():
    X = clouds(50)
    model = KMeans(4, random_state=0).fit(X)
    expected = np.sqrt(((X[:, None] - model.prototypes_[None]) ** 2).sum(axis=2))
    assert np.allclose(model.transform(X), expected, rtol=1e-12)
    assert list(model.get_feature_names_out()) == ["kmeans0", "kmeans1", "kmeans2", "kmeans3"]


def test_score_and_quantization_error_are_of_the_squared_distances():
    X = clouds(80)
    model = KMeans(4, random_state=0).fit(X)
    weights = np.arange(80.0)
    assert model.score(X) == pytest.approx(-model.inertia_)
    assert model.quantization_error(X) == pytest.approx(np.mean(((X - model.quantize(X)) ** 2).sum(axis=1)))
    assert model.score(X, sample_weight=weights) == pytest.approx(-cost(X, model.prototypes_, weights))
    assert model.quantization_error(Source(X), weights) == pytest.approx(
        cost(X, model.prototypes_, weights) / weights.sum()
    )


@pytest.mark.parametrize("n_clusters", [1, 2, 3, 8, 9, 256, 300])
def test_codes_packed_or_not_decode_to_the_nearest_prototypes(n_clusters):
    X = clouds(400, 2)
    model = KMeans(n_clusters, init=X[:n_clusters], max_iter=1).fit(X)
    packed = model.encode(X, packed=True)
    assert packed.dtype == np.uint8
    assert packed.shape == (400, 1 if n_clusters <= 256 else 2)
    assert np.array_equal(model.decode(packed), model.prototypes_[model.predict(X)])
    assert np.array_equal(model.decode(model.encode(X)), model.quantize(X))


@pytest.mark.parametrize("codes", [[3], [-1], [[0, 1]], [0.5], "a"])
def test_codes_of_no_prototype_are_refused(codes):
    model = KMeans(3, random_state=0).fit(clouds(30))
    with pytest.raises(ValueError, match="Codes must"):
        model.decode(np.array(codes))


# --- starts


def test_a_deterministic_start_is_made_once_and_without_chance():
    X = clouds(100)
    for init in ("pca", X[:3]):
        models = [KMeans(3, init=init, n_init=4, random_state=seed).fit(X) for seed in (0, 1)]
        assert np.array_equal(models[0].prototypes_, models[1].prototypes_)
        assert set(models[0].history_["restart"]) == {0}


def test_the_principal_start_lies_in_order_along_the_first_axis():
    rng = np.random.default_rng(0)
    axis = np.array([3.0, 4.0]) / 5
    t = rng.uniform(-10, 10, 1000)
    X = t[:, None] * axis + 0.1 * rng.normal(size=(1000, 2))
    found = principal_slices(ArrayRows(X), None, 5, X.mean(axis=0))
    along = found @ axis
    assert np.allclose(sorted(along), [np.sort(t)[i : i + 200].mean() for i in range(0, 1000, 200)], atol=0.1)
    assert list(along) in (sorted(along), sorted(along, reverse=True))


def test_seeds_are_rows_of_the_data_and_drawn_by_weight():
    X = clouds(64).astype(np.float32)
    weights = np.where(np.arange(64) % 2, 1.0, 0.0)
    own = {row.tobytes() for row in X[1::2]}
    for seeder in (kmeans_plus_plus, random_rows):
        found = seeder(ArrayRows(X), weights, 20, np.random.default_rng(0))
        assert {row.tobytes() for row in found} <= own
        assert len({row.tobytes() for row in found}) == 20


def test_the_first_seed_is_drawn_in_proportion_to_the_weights():
    X = np.arange(4.0)[:, None]
    weights = np.array([1.0, 2.0, 0.0, 5.0])
    rng = np.random.default_rng(0)
    drawn = [kmeans_plus_plus(ArrayRows(X), weights, 1, rng)[0, 0] for _ in range(600)]
    assert np.allclose(np.bincount(np.int64(drawn), minlength=4) / 600, weights / 8, atol=0.07)


def test_seeding_looks_at_a_part_of_very_many_rows(monkeypatch):
    from engines.clustering import seeding

    monkeypatch.setattr(seeding, "MAX_SEED_ROWS", 128)
    X = clouds(5000)
    found = kmeans_plus_plus(ArrayRows(X), None, 4, np.random.default_rng(0))
    again = kmeans_plus_plus(Source(X), None, 4, np.random.default_rng(0))
    assert np.array_equal(found, again)
    assert cost(X, found) < 5 * KMeans(4, n_init=5, random_state=0).fit(X).inertia_


# --- what is refused


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_clusters": 31}, r"n_samples=30 should be >= n_clusters=31"),
        ({"n_clusters": 0}, "n_clusters must be an integer of at least 1, got 0"),
        ({"init": np.zeros((2, 3))}, r"init has shape \(2, 3\), expected \(8, 3\)"),
        ({"init": np.full((8, 3), np.nan)}, "contains NaN"),
        ({"init": "best"}, "init must be 'k-means"),
        ({"n_jobs": 0}, "n_jobs must not be 0"),
        ({"tol": -1.0}, "tol must be a number of at least 0"),
        ({"n_init": "many"}, "n_init must be"),
    ],
)
def test_unfit_parameters_are_refused_in_one_sentence(parameters, words):
    with pytest.raises(ValueError, match=words):
        KMeans(**parameters).fit(clouds(30))


def test_more_prototypes_than_rows_of_positive_weight_are_refused():
    with pytest.raises(ValueError, match="n_samples=4 of positive weight should be >= n_clusters=5"):
        KMeans(5).fit(clouds(30), sample_weight=[1] * 4 + [0] * 26)


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_values_whose_squares_overflow_are_refused():
    with pytest.raises(ValueError, match="scale them"):
        KMeans(2, random_state=0).fit(clouds(30) * 1e200)


def test_float32_survives_values_whose_squares_pass_its_range():
    X = clouds(200)
    small = KMeans(4, random_state=0).fit(X.astype(np.float32))
    large = KMeans(4, random_state=0).fit((X * 2.0**100).astype(np.float32))
    assert np.array_equal(small.labels_, large.labels_)


def test_validation_rows_are_scored_and_not_learned_from():
    X, held_out = clouds(60), clouds(30)[::2] + 0.1
    plain = KMeans(3, random_state=0).fit(X)
    model = KMeans(3, random_state=0)
    *_, last = model.train(X, validation=(held_out, None))
    np.testing.assert_array_equal(model.prototypes_, plain.prototypes_)
    brute = ((held_out[:, None] - model.prototypes_) ** 2).sum(axis=2).min(axis=1).mean()
    assert last.metrics["validation_error_per_row"] == pytest.approx(brute, rel=1e-12)


def test_validation_rows_of_another_width_are_refused():
    with pytest.raises(ValueError, match="expecting"):
        KMeans(2).train(clouds(30), validation=(clouds(9)[:, :1], None))


def test_a_state_of_other_data_is_refused():
    training = KMeans(3, random_state=0).train(clouds(60))
    next(training)
    with pytest.raises(ValueError, match="other data"):
        KMeans(3).train(clouds(60, seed=5), resume=training.state())


# --- blocks


@BOTH
def test_rows_laid_out_once_or_at_each_iteration_give_the_same_bits(dtype, monkeypatch):
    from engines.clustering import cells

    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    X = clouds(700, 6).astype(dtype)
    once = KMeans(11, random_state=0).fit(X)
    monkeypatch.setattr(cells, "MAX_PLACED_BYTES", 0)
    each = KMeans(11, random_state=0).fit(X)
    assert np.array_equal(once.prototypes_, each.prototypes_)
    assert once.inertia_ == each.inertia_


def steps_of(X, **parameters):
    """Every step as bytes: prototypes, counts, cost and share of changed labels."""
    engine = KMeans(**parameters)
    steps = [
        (s.arrays["prototypes"].tobytes(), s.arrays["counts"].tobytes(), s.cost, s.metrics["changed"])
        for s in engine.train(X)
    ]
    return steps, engine.labels_.tobytes()


@BOTH
@pytest.mark.parametrize("n_clusters", [1, 7, 16, 17, 40, 130])
@pytest.mark.parametrize("kind", ["clouds", "grid", "far", "duplicates"])
def test_bounds_change_no_bit_of_any_step(n_clusters, kind, dtype, monkeypatch):
    monkeypatch.setattr(blocks, "MIN_ROWS", 128)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    rng = np.random.default_rng(n_clusters)
    X = {
        "clouds": clouds(1500, 5),
        "grid": rng.integers(0, 4, (700, 4)),
        "far": 300 + clouds(700, 5),
        "duplicates": clouds(100, 3)[rng.integers(0, 100, 1000)],
    }[kind].astype(dtype)
    common = {"n_clusters": n_clusters, "init": "random", "n_init": 2, "random_state": 1, "tol": 0.0}
    if len(np.unique(X, axis=0)) >= n_clusters:
        assert steps_of(X, algorithm="bounds", **common) == steps_of(X, algorithm="lloyd", **common)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 90), st.integers(1, 6), st.integers(0, 9999), st.booleans(), st.sampled_from([0.0, 30.0]))
def test_bounded_labels_are_those_of_brute_force_at_every_step(n_clusters, d, seed, single, offset):
    rng = np.random.default_rng(seed)
    X = (offset + rng.normal(size=(200, d)).round(rng.integers(0, 3))).astype(np.float32 if single else np.float64)
    weights = rng.integers(0, 3, 200) + (np.arange(200) < n_clusters)
    engine = KMeans(n_clusters, init=X[:n_clusters], algorithm="bounds", tol=0.0, max_iter=30)
    for snapshot in engine.train(X, sample_weight=weights):
        found = np.empty((200, n_clusters), X.dtype)
        distances(frozen(X), frozen(snapshot.arrays["prototypes"]), found)
        if snapshot.iteration < 3 or snapshot.message:
            assert np.array_equal(engine.labels_, found.argmin(axis=1))
            assert np.allclose(engine.counts_, np.bincount(engine.labels_, weights, n_clusters), rtol=1e-14)
            exact = weights @ (found.min(axis=1).astype(float) ** 2)
            assert snapshot.cost == pytest.approx(exact, rel=1e-5, abs=1e-9 * weights.sum())


def test_rows_that_leave_a_cell_leave_no_trace_of_their_size():
    X = np.array([[0.1], [0.2], [0.4], [1e15], [1e15 + 2], [1.4e15]])
    training = KMeans(2, init=np.array([[0.0], [2.1e15]]), tol=0.0).train(X)
    assert list(next(training).arrays["counts"]) == [5, 1]
    *_, last = training
    assert last.arrays["prototypes"][0, 0] == pytest.approx(0.7 / 3, rel=1e-15)


@BOTH
def test_the_cost_of_tight_clusters_keeps_its_digits(dtype):
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(5, 3)) * 1000
    X = (centres[np.arange(200) % 5] + rng.normal(size=(200, 3)) * 1e-3).astype(dtype)
    model = KMeans(5, init=X[:5], tol=0.0).fit(X)
    wide = X.astype(np.float64)
    exact = ((wide - model.prototypes_.astype(np.float64)[model.labels_]) ** 2).sum()
    assert model.inertia_ == pytest.approx(exact, rel=1e-10)


def test_a_pass_may_go_on_from_an_earlier_one_than_the_last():
    X = clouds(400, 4)
    sample = survey(ArrayRows(X), None, [(0, 400)], 1, StopToken())
    assigner = Assigner(sample, 40, bounded=True, stop=StopToken())
    rng = np.random.default_rng(0)
    cells = assigner.first(X[:40].copy(), StopToken())
    for _ in range(6):
        assigner.next(X[rng.choice(400, 40, replace=False)], cells, StopToken())  # taken back
        prototypes = X[:40] + 0.01 * rng.normal(size=(40, X.shape[1]))
        cells = assigner.next(prototypes, cells, StopToken())
        found = np.empty((400, 40))
        distances(frozen(X), frozen(prototypes), found)
        assert np.array_equal(cells.labels, found.argmin(axis=1))
