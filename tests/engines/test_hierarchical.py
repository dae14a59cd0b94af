"""Hierarchical vector quantization against its definition: brute-force search, k-means, laws of the two stages."""

from __future__ import annotations

import numpy as np
import pytest
from codebook_help import Source, clouds, cost, squared
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engines import HierarchicalVQ, KMeans, blocks
from engines.clustering import inside
from engines.quantization import two_stage

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def codes_of(model, X):
    """(coarse, fine) of each row: the nearest coarse prototype, the nearest fine one in its cell."""
    coarse = squared(X, model.coarse_).argmin(axis=1)
    fine = [
        squared(x[None], model.prototypes_[model.offsets_[c] : model.offsets_[c + 1]]).argmin()
        for x, c in zip(X, coarse, strict=True)
    ]
    return np.c_[coarse, fine]


# --- the two stages


@BOTH
def test_codes_are_those_of_the_search_in_two_stages(dtype):
    X, new = clouds(400).astype(dtype), clouds(100, seed=1).astype(dtype)
    model = HierarchicalVQ(5, 6, random_state=0).fit(X)
    assert np.array_equal(model.encode(new), codes_of(model, new))
    assert np.array_equal(model.predict(X), model.labels_)
    leaves = model.offsets_[model.encode(new)[:, 0]] + model.encode(new)[:, 1]
    assert np.array_equal(model.predict(new), leaves)
    assert np.array_equal(model.quantize(new), model.prototypes_[leaves])


@BOTH
@pytest.mark.parametrize("init", ["k-means++", "random", "pca"])
def test_one_fine_prototype_a_cell_is_k_means(dtype, init):
    X = clouds().astype(dtype)
    model = HierarchicalVQ(7, 1, init=init, random_state=3).fit(X)
    plain = KMeans(7, init=init, random_state=3).fit(X)
    for name in ("prototypes_", "counts_", "labels_", "inertia_"):
        assert np.array_equal(getattr(model, name), getattr(plain, name))
    assert np.array_equal(model.coarse_, plain.prototypes_)
    assert np.array_equal(model.history_["cost"], plain.history_["cost"])


def test_every_fine_prototype_is_the_mean_of_its_rows():
    X = clouds(600)
    model = HierarchicalVQ(4, 5, tol=0, random_state=0).fit(X)
    means = [X[model.labels_ == leaf].mean(axis=0) for leaf in range(20)]
    assert np.allclose(model.prototypes_, means)
    assert np.array_equal(model.counts_, np.bincount(model.labels_))


def test_a_fine_codebook_is_k_means_on_the_rows_of_its_cell():
    X = clouds(300)
    model = HierarchicalVQ(4, 2, n_init=20, tol=0, random_state=0).fit(X)
    coarse = squared(X, model.coarse_).argmin(axis=1)
    best = [KMeans(2, n_init=20, tol=0, random_state=1).fit(X[coarse == cell]).inertia_ for cell in range(4)]
    assert model.inertia_ == pytest.approx(sum(best))


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(4, 40), st.integers(1, 3)), elements=st.integers(-6, 6)),
    st.integers(1, 4),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from([0.0, 1e6]),
)
def test_the_cost_never_rises_and_two_stages_err_no_more_than_one(X, n_coarse, n_fine, single, offset):
    X = (X + offset).astype(np.float32 if single else np.float64)
    model = HierarchicalVQ(n_coarse, n_fine, random_state=0, n_jobs=1)
    before = np.inf
    for snapshot in model.train(X):
        assert snapshot.cost <= before
        before = snapshot.cost
        assert snapshot.cost == pytest.approx(-model.score(X), rel=1e-5, abs=1e-9)
        assert np.array_equal(model.labels_, model.predict(X))
        assert np.array_equal(model.counts_, np.bincount(model.labels_, minlength=len(model.prototypes_)))
    assert model.quantization_error(X) <= KMeans(n_coarse, random_state=0).fit(X).quantization_error(X) * (1 + 1e-12)


def test_steps_are_coarse_iterations_and_then_cells():
    snapshots = list(HierarchicalVQ(5, 3, random_state=0).train(clouds()))
    done = [snapshot.metrics["cells_done"] for snapshot in snapshots]
    assert done[-6:] == [0, 1, 2, 3, 4, 5]
    assert [snapshot.metrics["n_prototypes"] for snapshot in snapshots][-6:] == [5, 7, 9, 11, 13, 15]
    assert snapshots[-1].message == "refined cell 5 of 5"
    assert snapshots[-1].iteration == snapshots[-1].n_iterations


def test_the_metrics_are_what_they_are_called():
    X, held_out = clouds(), clouds(50, seed=3)
    weights = np.random.default_rng(1).random(len(X))
    engine = HierarchicalVQ(4, 3, random_state=0)
    for snapshot in engine.train(X, sample_weight=weights, validation=(held_out, None)):
        assert snapshot.cost == pytest.approx(-engine.score(X, sample_weight=weights))
        assert snapshot.metrics["error_per_row"] == pytest.approx(snapshot.cost / weights.sum())
        assert snapshot.metrics["error_per_component"] == pytest.approx(snapshot.cost / weights.sum() / 3)
        assert snapshot.metrics["validation_error_per_row"] == pytest.approx(engine.quantization_error(held_out))
    brute = ((held_out - engine.quantize(held_out)) ** 2).sum(axis=1).mean()
    assert engine.quantization_error(held_out) == pytest.approx(brute)


# --- cells of few rows


def unequal():
    """Three far clouds of 5, 40 and 80 rows."""
    rng = np.random.default_rng(0)
    return np.repeat([[0.0, 0], [100, 0], [0, 100]], [5, 40, 80], axis=0) + rng.normal(size=(125, 2))


@pytest.mark.parametrize(("least", "n_fine", "sizes"), [(1, 6, [1, 6, 6]), (41, 6, [1, 1, 6]), (1, 5, [5, 5, 5])])
def test_a_cell_of_too_few_rows_stops_early(least, n_fine, sizes):
    X = unequal()
    model = HierarchicalVQ(3, n_fine, min_cell_rows=least, n_init=5, random_state=0).fit(X)
    of_cells = np.diff(model.offsets_)[model.encode(X[[0, 10, 100]])[:, 0]]
    assert list(of_cells) == sizes
    assert model.code_sizes == (3, max(sizes))


def test_rows_of_weight_zero_do_not_make_a_cell_large():
    X = unequal()
    weights = np.r_[np.ones(5), np.zeros(36), np.ones(84)]
    model = HierarchicalVQ(3, 6, n_init=5, random_state=0).fit(X, sample_weight=weights)
    assert sorted(np.diff(model.offsets_)) == [1, 1, 6]
    assert model.counts_.sum() == 89
    assert np.array_equal(model.labels_, model.predict(X))


def test_a_code_that_a_cell_does_not_have_is_refused():
    model = HierarchicalVQ(3, 6, n_init=5, random_state=0).fit(unequal())
    small = int(np.argmin(np.diff(model.offsets_)))
    with pytest.raises(ValueError, match=f"Cell {small} has 1 fine prototypes, so it has no code 4"):
        model.decode([[small, 4]])
    with pytest.raises(ValueError, match="Codes must lie between"):
        model.decode([[0, 6]])


def test_equal_rows_in_a_cell_need_one_prototype():
    X = np.repeat([[0.0], [50.0]], 20, axis=0)
    model = HierarchicalVQ(2, 4, random_state=0).fit(X)
    assert sorted(model.prototypes_.ravel()) == [0, 50]
    assert model.inertia_ == 0


# --- codes


@pytest.mark.parametrize(("n_coarse", "n_fine", "bits"), [(1, 1, 0), (4, 1, 2), (1, 5, 3), (5, 8, 6), (20, 17, 10)])
def test_packed_codes_take_the_bits_of_both_stages_and_decode_to_the_same(n_coarse, n_fine, bits):
    X = clouds(2000, 2)
    model = HierarchicalVQ(n_coarse, n_fine, max_iter=2, random_state=0).fit(X)
    packed = model.encode(X, packed=True)
    assert model.bits_per_row == bits
    assert packed.shape == (2000, max(1, -(-bits // 8)))
    assert np.array_equal(model.decode(packed), model.quantize(X))
    assert np.array_equal(model.decode(model.encode(X)), model.prototypes_[model.labels_])


def test_transform_gives_the_distances_to_all_fine_prototypes():
    X = clouds(50)
    model = HierarchicalVQ(3, 4, random_state=0).fit(X)
    assert np.allclose(model.transform(X), np.sqrt(squared(X, model.prototypes_)))
    assert model.score(X) <= -cost(X, model.prototypes_)  # the search in stages may miss the nearest of all


# --- blocks, sources, what is refused


@BOTH
def test_cells_in_memory_or_read_where_they_lie_give_the_same_bits(dtype, monkeypatch):
    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    X = clouds(700, 6).astype(dtype)
    plain = HierarchicalVQ(4, 4, random_state=0, n_jobs=1).fit(X)
    monkeypatch.setattr(inside, "MAX_GATHERED_BYTES", 0)
    monkeypatch.setattr(two_stage, "ROWS_AT_ONCE", 64)
    for data in (X, Source(X)):
        model = HierarchicalVQ(4, 4, random_state=0, n_jobs=3).fit(data)
        assert np.array_equal(model.prototypes_, plain.prototypes_)
        assert np.array_equal(model.encode(data), plain.encode(X))
        assert model.inertia_ == plain.inertia_


def test_as_many_prototypes_as_rows_end_at_cost_zero():
    assert HierarchicalVQ(20, 3, random_state=0).fit(clouds(20)).inertia_ == 0


@pytest.mark.parametrize("d", [1, 12_000])
def test_very_narrow_and_very_wide_rows_serve(d):
    X = np.random.default_rng(0).normal(size=(20, d))
    model = HierarchicalVQ(2, 2, random_state=0).fit(X)
    assert np.array_equal(model.encode(X), codes_of(model, X))


@pytest.mark.parametrize("kind", [np.float16, np.int8, "fortran", "read-only", "constant"])
def test_arrays_of_any_kind_serve(kind):
    X = np.rint(clouds(100) * 4)
    plain = HierarchicalVQ(3, 3, random_state=0).fit(X)
    if kind == "constant":
        X = np.c_[X, np.full(100, 7.0)]
    elif kind == "fortran":
        X = np.asfortranarray(X)
    elif kind == "read-only":
        X.flags.writeable = False
    else:
        X = X.astype(kind)
    assert np.array_equal(HierarchicalVQ(3, 3, random_state=0).fit(X).labels_, plain.labels_)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_coarse": 31}, "n_samples=30 should be >= n_coarse=31"),
        ({"n_fine": 0}, "n_fine must be an integer of at least 1, got 0"),
        ({"init": np.zeros((8, 3))}, "init must be 'k-means"),
    ],
)
def test_unfit_parameters_are_refused_in_one_sentence(parameters, words):
    with pytest.raises(ValueError, match=words):
        HierarchicalVQ(**parameters).fit(clouds(30))
