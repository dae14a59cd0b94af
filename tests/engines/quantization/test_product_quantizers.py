"""Product quantization, plain and optimized: k-means in each subspace, rotations, codes, distances, peers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from engines import KMeans, OptimizedProductQuantizer, ProductQuantizer
from engines.quantization import columns
from engines.quantization.columns import split_columns
from engines.quantization.rotation import best_rotation, first_rotation
from engines.rows import ArrayRows
from engines.survey import survey
from engines.training import StopToken

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
ENGINES = pytest.mark.parametrize("engine", [ProductQuantizer, OptimizedProductQuantizer])


def mixed(n=400, d=6, dtype=np.float64, seed=0):
    """Rows (n, d) of correlated columns of unlike spread, far from a Gaussian."""
    rng = np.random.default_rng(seed)
    sources = rng.laplace(size=(n, d)) * np.geomspace(3, 0.3, d)
    return (sources @ np.linalg.qr(rng.normal(size=(d, d)))[0] + 2).astype(dtype)


class Source:
    """Rows that are no array."""

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype

    def read(self, start, stop):
        return self._array[start:stop].copy()


# --- subspaces


@given(st.integers(1, 200), st.data())
def test_subspaces_cover_all_columns_once_and_differ_by_a_column_at_most(d, data):
    n_subspaces = data.draw(st.integers(1, d))
    widths = np.diff(split_columns(d, n_subspaces))
    assert len(widths) == n_subspaces
    assert widths.sum() == d
    assert widths.min() >= widths.max() - 1 >= 0
    assert np.array_equal(widths, np.sort(widths)[::-1])


@BOTH
def test_one_subspace_is_k_means_bit_for_bit(dtype):
    X = mixed(dtype=dtype)
    product = ProductQuantizer(1, 3, random_state=0, max_iter=300).fit(X)
    plain = KMeans(8, random_state=0).fit(X)
    assert np.array_equal(product.codebooks_, plain.prototypes_)
    assert np.array_equal(product.encode(X)[:, 0], plain.labels_)
    assert product.inertia_ == plain.inertia_


@BOTH
def test_every_subspace_is_k_means_on_its_columns_from_the_same_start(dtype):
    X = mixed(d=7, dtype=dtype)
    start = X[:8]
    model = ProductQuantizer(3, 3, init=start, tol=0).fit(X)
    assert list(model.splits_) == [0, 3, 5, 7]
    for s, (first, last) in enumerate([(0, 3), (3, 5), (5, 7)]):
        part = np.ascontiguousarray(X[:, first:last])
        alone = KMeans(8, init=start[:, first:last], tol=0, max_iter=100).fit(part)
        assert np.array_equal(model.codebooks_[:, first:last], alone.prototypes_)
        assert np.array_equal(model.encode(X)[:, s], alone.labels_)
        assert np.array_equal(model.counts_[s], alone.counts_)


def test_rows_too_large_to_be_held_give_the_same_bits(monkeypatch):
    X = mixed()
    held = [engine(2, 3, random_state=0, max_iter=3).fit(X) for engine in (ProductQuantizer, OptimizedProductQuantizer)]
    monkeypatch.setattr(columns, "MAX_HELD_BYTES", 0)
    for model in held:
        again = type(model)(2, 3, random_state=0, max_iter=3).fit(Source(X))
        assert np.array_equal(again.codebooks_, model.codebooks_)
        assert again.inertia_ == model.inertia_


# --- laws of training


@ENGINES
@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(8, 60),
    d=st.integers(2, 6),
    n_bits=st.integers(1, 3),
    distinct=st.integers(1, 60),
    single=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_the_cost_never_rises_and_is_that_of_the_arrays(engine, n, d, n_bits, distinct, single, seed):
    X = mixed(n, d, np.float32 if single else np.float64, seed)[np.arange(n) % distinct]
    model = engine(2, n_bits, max_iter=6, tol=0, random_state=seed)
    before = np.inf
    for snapshot in model.train(X):
        assert snapshot.cost <= before * (1 + 1e-6) + 1e-9
        before = snapshot.cost
        made = engine.from_arrays(model.get_params(), snapshot.arrays)
        scale = np.square(X, dtype=np.float64).sum()
        assert -made.score(X) == pytest.approx(snapshot.cost, rel=1e-5, abs=scale * 1e-9)
        assert snapshot.metrics["error_per_component"] == pytest.approx(snapshot.cost / X.size)


@BOTH
@pytest.mark.parametrize("n_bits", [1, 3, 5])
def test_a_learned_rotation_is_no_worse_than_none(dtype, n_bits):
    for seed in range(3):
        X = mixed(d=8, dtype=dtype, seed=seed)
        plain = ProductQuantizer(2, n_bits, random_state=seed).fit(X)
        turned = OptimizedProductQuantizer(2, n_bits, rotation_init="identity", start_iter=100, random_state=seed)
        turned.fit(X)
        assert turned.history_["cost"][plain.n_iter_] == plain.inertia_
        assert turned.inertia_ < 0.95 * plain.inertia_


@BOTH
@pytest.mark.parametrize("rotation_init", ["pca", "identity"])
def test_rotations_are_orthogonal_and_keep_distances(dtype, rotation_init):
    X = mixed(d=9, dtype=dtype)
    model = OptimizedProductQuantizer(3, 3, rotation_init=rotation_init, random_state=0).fit(X)
    gap = np.abs(model.rotation_.T.astype(float) @ model.rotation_ - np.eye(9)).max()
    assert gap < (1e-6 if dtype == np.float32 else 1e-12)
    own = np.square(X.astype(float) - model.quantize(X)).sum(axis=1)
    assert model.quantization_error(X) == pytest.approx(own.mean(), rel=1e-5)


def test_the_best_rotation_is_the_procrustes_solution():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6))
    X -= X.mean(axis=0)
    present = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    splits = split_columns(6, 2)
    labels = rng.integers(0, 5, (2, 300))
    sums = np.array([[X[own == k].sum(axis=0) for k in range(5)] for own in labels])
    counts = np.array([np.bincount(own, minlength=5) for own in labels]).astype(float)
    Y = np.empty_like(X)
    for s, own in enumerate(labels):
        means = sums[s] @ present[:, 3 * s : 3 * s + 3] / counts[s][:, None]
        Y[:, 3 * s : 3 * s + 3] = means[own]
    U, _, Vt = np.linalg.svd(X.T @ Y)
    found = best_rotation(sums, counts, present, splits)
    assert np.allclose(found, U @ Vt, atol=1e-10)
    far = best_rotation(sums, counts, present, splits, reach=2.0)
    assert np.allclose(far.T @ far, np.eye(6), atol=1e-12)
    assert np.linalg.norm(far - present) > np.linalg.norm(found - present)


def test_principal_axes_are_shared_out_so_that_products_of_variances_are_alike():
    rng = np.random.default_rng(0)
    deviations = np.array([8.0, 4.0, 4.0, 2.0, 1.0, 1.0])
    X = rng.normal(size=(50_000, 6)) * deviations
    splits = split_columns(6, 2)
    sample = survey(ArrayRows(X), None, [(0, len(X))], 1, StopToken())
    rotation = first_rotation("pca", sample, splits, StopToken())
    assert np.allclose(rotation.T @ rotation, np.eye(6), atol=1e-12)
    variances = (X @ rotation).var(axis=0)
    logs = np.log(variances).reshape(2, 3).sum(axis=1)
    assert abs(logs[0] - logs[1]) < 0.2  # 8 · 2 · 1 and 4 · 4 · 1
    assert np.array_equal(first_rotation("identity", sample, splits, StopToken()), np.eye(6))


def test_a_large_mean_does_not_harm_single_precision():
    X = mixed(d=6)
    near = OptimizedProductQuantizer(2, 3, random_state=0).fit(X)
    far = OptimizedProductQuantizer(2, 3, random_state=0).fit((X + 1000).astype(np.float32))
    assert far.inertia_ == pytest.approx(near.inertia_, rel=0.1)
    assert far.quantization_error((X + 1000).astype(np.float32)) == pytest.approx(far.inertia_ / len(X), rel=1e-3)


# --- weights, empty cells, validation


@ENGINES
@BOTH
def test_whole_weights_are_repeated_rows_for_a_given_start(engine, dtype):
    X = mixed(60, 4, dtype)
    weights = np.random.default_rng(0).integers(0, 4, 60)
    start = X[:4]
    weighted = engine(2, 2, init=start, max_iter=5).fit(X, sample_weight=weights)
    repeated = engine(2, 2, init=start, max_iter=5).fit(np.repeat(X, weights, axis=0))
    rtol = 1e-3 if dtype == np.float32 else 1e-6
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=rtol)
    assert np.allclose(weighted.counts_, repeated.counts_)
    assert np.allclose(np.abs(weighted.codebooks_), np.abs(repeated.codebooks_), atol=rtol * 10)


@ENGINES
def test_rows_of_weight_zero_never_matter(engine):
    X = mixed(80, 4)
    weights = np.where(np.arange(80) < 60, 1.0, 0.0)
    X[60:] *= 100
    found = engine(2, 2, random_state=0).fit(X, sample_weight=weights)
    assert found.quantization_error(X, weights) * 60 == pytest.approx(found.inertia_)
    assert found.inertia_ < 4 * np.square(X[:60] - X[:60].mean(axis=0)).sum()
    assert np.abs(found.codebooks_).max() < np.abs(X[60:]).max() / 5


@ENGINES
def test_codewords_without_rows_are_put_on_far_rows(engine):
    X = mixed(200, 4)
    start = np.vstack([X[:2], np.full((2, 4), 1e6)])
    model = engine(2, 2, init=start).fit(X)
    assert np.all(model.counts_ > 0)
    assert model.inertia_ < 1.3 * engine(2, 2, random_state=0).fit(X).inertia_


def test_an_alternation_puts_codewords_without_rows_on_the_farthest_row():
    X = mixed(200, 4)
    training = OptimizedProductQuantizer(2, 2, start_iter=1, random_state=0).train(X)
    for _ in range(4):
        next(training)
    learner = training._learner
    at = learner._at
    counts, sums = at.cells.counts.copy(), at.cells.sums.copy()
    counts[1, 2], sums[1, 2] = 0.0, 0.0
    codebooks, n_reseeded = learner._means(replace(at.cells, counts=counts, sums=sums), at.rotation)
    Z = (X - learner._mean) @ at.rotation
    distances = cdist(Z[:, 2:], at.codebooks[:, 2:]).min(axis=1)
    assert n_reseeded == 1
    assert np.allclose(codebooks[2, 2:], Z[distances.argmax(), 2:])


@ENGINES
def test_validation_rows_are_scored_and_not_learned_from(engine):
    X, held_out = mixed(), mixed(seed=5).astype(np.float32)
    model = engine(2, 3, random_state=0, max_iter=3)
    for _ in model.train(X, validation=(held_out, None)):
        known = model.history_["validation_error_per_row"][-1]
        assert known == pytest.approx(model.quantization_error(held_out), rel=1e-6)
    alone = engine(2, 3, random_state=0, max_iter=3).fit(X)
    assert np.array_equal(alone.codebooks_, model.codebooks_)


# --- codes and distances


@ENGINES
@BOTH
@pytest.mark.parametrize(("n_subspaces", "n_bits"), [(1, 1), (2, 3), (3, 5), (5, 4), (5, 1)])
def test_codes_packed_or_not_decode_to_the_nearest_codewords(engine, dtype, n_subspaces, n_bits):
    X = mixed(60, 5, dtype)
    model = engine(n_subspaces, n_bits, random_state=0, max_iter=3).fit(X)
    codes, packed = model.encode(X), model.encode(X, packed=True)
    assert codes.shape == (60, n_subspaces)
    assert codes.dtype == np.int32
    assert model.code_sizes == (2**n_bits,) * n_subspaces
    assert model.bits_per_row == n_subspaces * n_bits
    assert packed.shape == (60, -(-n_subspaces * n_bits // 8))
    assert np.array_equal(model.decode(packed), model.decode(codes))
    assert model.quantize(X).dtype == dtype
    found = model.transform(X).reshape(60, n_subspaces, -1)
    assert np.array_equal(found.argmin(axis=2), codes)
    Z = X if engine is ProductQuantizer else (X - model.mean_) @ model.rotation_
    for s in range(n_subspaces):
        own = slice(model.splits_[s], model.splits_[s + 1])
        assert np.allclose(found[:, s], cdist(Z[:, own], model.codebooks_[:, own]), atol=1e-4)


@ENGINES
@BOTH
def test_quantizing_twice_changes_nothing(engine, dtype):
    X = mixed(100, 5, dtype)
    model = engine(2, 4, random_state=0).fit(X)
    assert np.array_equal(model.encode(model.quantize(X)), model.encode(X))
    assert np.allclose(model.quantize(model.quantize(X)), model.quantize(X), rtol=1e-6, atol=1e-5)
    if engine is ProductQuantizer:
        assert np.array_equal(model.quantize(model.quantize(X)), model.quantize(X))


@ENGINES
@BOTH
@pytest.mark.parametrize("n_queries", [1, 8, 19])
def test_asymmetric_distances_are_those_to_the_decoded_rows(engine, dtype, n_queries):
    X = mixed(70, 5, dtype)
    model = engine(2, 3, random_state=0).fit(X)
    expected = cdist(X[:n_queries], model.decode(model.encode(X)), "sqeuclidean")
    for codes in (model.encode(X), model.encode(X, packed=True)):
        found = model.asymmetric_distances(X[:n_queries], codes)
        assert found.dtype == dtype
        assert np.allclose(found, expected, rtol=1e-4 if dtype == np.float32 else 1e-9, atol=1e-4)
    assert model.asymmetric_distances(X[:3], model.encode(X)[:0]).shape == (3, 0)


@ENGINES
def test_score_is_the_negative_weighted_error(engine):
    X = mixed(80, 4)
    model = engine(2, 3, random_state=0).fit(X)
    weights = np.arange(80.0)
    squared = np.square(X - model.quantize(X)).sum(axis=1)
    assert model.score(X) == pytest.approx(-squared.sum())
    assert model.score(X, sample_weight=weights) == pytest.approx(-(weights * squared).sum())
    assert model.quantization_error(X, weights) == pytest.approx(np.average(squared, weights=weights))


# --- unfit input


@ENGINES
@pytest.mark.parametrize(
    ("parameters", "shape", "words"),
    [
        ({"n_bits": 4}, (15, 3), r"n_samples=15 should be >= 16, the codewords of n_bits=4"),
        ({"n_subspaces": 4}, (40, 3), r"n_subspaces=4 should be <= n_features=3"),
        ({"n_bits": 17}, (40, 3), "n_bits must be"),
        ({"n_bits": 2, "init": np.zeros((4, 2))}, (40, 3), r"init has shape \(4, 2\), expected \(4, 3\)"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_one_sentence(engine, parameters, shape, words):
    with pytest.raises(ValueError, match=words):
        engine(**{"n_subspaces": 2, **parameters}).fit(mixed(*shape))


@ENGINES
@pytest.mark.parametrize("case", ["constant", "duplicates", "whole numbers", "half", "read-only Fortran", "one column"])
def test_unusual_rows_are_learned(engine, case):
    X = mixed(64, 4)
    if case == "constant":
        X[:, 2:] = 3.0
    elif case == "duplicates":
        X = np.repeat(X[:2], 32, axis=0)
    elif case == "whole numbers":
        X = np.round(X * 10).astype(np.int16)
    elif case == "half":
        X = X.astype(np.float16)
    elif case == "read-only Fortran":
        X = np.asfortranarray(X)
        X.flags.writeable = False
    else:
        X = X[:, :1]
    n_subspaces = 1 if case == "one column" else 2
    model = engine(n_subspaces, 3, random_state=0).fit(X)
    assert np.isfinite(model.inertia_)
    assert model.quantization_error(X) * len(X) == pytest.approx(model.inertia_, abs=1e-9)
    if case == "duplicates":
        assert model.inertia_ < 1e-20


def test_more_than_ten_thousand_columns_are_quantized():
    X = np.random.default_rng(0).normal(size=(20, 10_001)).astype(np.float32)
    model = ProductQuantizer(7, 2, random_state=0, max_iter=2).fit(X)
    assert model.quantize(X).shape == X.shape
    assert model.inertia_ < np.square(X - X.mean(axis=0)).sum()


def test_as_many_codewords_as_rows_leave_no_error():
    X = mixed(16, 4)
    assert ProductQuantizer(2, 4, random_state=0).fit(X).inertia_ < 1e-20


# --- peers


@pytest.fixture(scope="module")
def shared():
    return mixed(3000, 16, np.float32)


def test_product_quantization_is_as_good_as_that_of_faiss(shared):
    faiss = pytest.importorskip("faiss")
    ours = ProductQuantizer(4, 5, random_state=0, max_iter=25).fit(shared).quantization_error(shared)
    peer = faiss.ProductQuantizer(16, 4, 5)
    peer.cp.max_points_per_centroid = 10_000
    peer.train(shared)
    theirs = np.square(peer.decode(peer.compute_codes(shared)) - shared).sum(axis=1).mean()
    assert ours < 1.01 * theirs


def test_product_quantization_is_as_good_as_that_of_nanopq(shared):
    nanopq = pytest.importorskip("nanopq")
    ours = ProductQuantizer(4, 5, random_state=0, max_iter=25).fit(shared).quantization_error(shared)
    other = nanopq.PQ(M=4, Ks=32, verbose=False)
    other.fit(shared, iter=25, seed=0)
    theirs = np.square(other.decode(other.encode(shared)) - shared).sum(axis=1).mean()
    assert ours < 1.01 * theirs


def test_codes_of_the_same_codebooks_are_those_of_faiss(shared):
    faiss = pytest.importorskip("faiss")
    model = ProductQuantizer(4, 8, random_state=0, max_iter=3).fit(shared)
    peer = faiss.ProductQuantizer(16, 4, 8)
    books = model.codebooks_.reshape(256, 4, 4).transpose(1, 0, 2)
    faiss.copy_array_to_vector(np.ascontiguousarray(books).ravel(), peer.centroids)
    packed = peer.compute_codes(shared)
    assert np.mean(packed == model.encode(shared, packed=True)) > 0.999  # near ties aside
    assert np.allclose(peer.decode(packed), model.decode(packed))


def test_optimized_product_quantization_is_as_good_as_that_of_faiss(shared):
    faiss = pytest.importorskip("faiss")
    model = OptimizedProductQuantizer(4, 5, random_state=0).fit(shared)
    rotation = faiss.OPQMatrix(16, 4)
    rotation.pq = product = faiss.ProductQuantizer(16, 4, 5)
    rotation.train(shared)
    turned = rotation.apply(shared)
    product.train(turned)
    theirs = np.square(product.decode(product.compute_codes(turned)) - turned).sum(axis=1).mean()
    assert model.quantization_error(shared) < 1.01 * theirs
