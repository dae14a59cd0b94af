"""Residual quantization: stages of k-means, the beam against exhaustive search, codes, distances, faiss."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from engines import KMeans, ResidualQuantizer
from engines.quantization import stages

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def mixed(n=400, d=5, dtype=np.float64, seed=0):
    """Rows (n, d) of correlated columns away from the origin."""
    rng = np.random.default_rng(seed)
    return (rng.laplace(size=(n, d)) @ rng.normal(size=(d, d)) + 2).astype(dtype)


def ends_of_stages(model):
    """The cost at the end of each stage."""
    stage, cost = model.history_["stage"], model.history_["cost"]
    return [cost[np.flatnonzero(stage == s)[-1]] for s in np.unique(stage)]


# --- stages


@BOTH
@pytest.mark.parametrize("beam", [1, 4])
def test_one_stage_is_k_means_bit_for_bit(dtype, beam):
    X = mixed(dtype=dtype)
    model = ResidualQuantizer(1, 3, beam, random_state=0, max_iter=300).fit(X)
    plain = KMeans(8, random_state=0).fit(X)
    assert np.array_equal(model.codebooks_[0], plain.prototypes_)
    assert np.array_equal(model.encode(X)[:, 0], plain.labels_)


@BOTH
def test_a_stage_is_k_means_on_what_the_stages_before_leave(dtype):
    X = mixed(dtype=dtype)
    model = ResidualQuantizer(2, 3, beam=1, init="pca", max_iter=300).fit(X)
    first = KMeans(8, init="pca").fit(X)
    second = KMeans(8, init="pca").fit(X - first.quantize(X))
    assert np.array_equal(model.codebooks_, [first.prototypes_, second.prototypes_])


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(8, 60),
    d=st.integers(1, 4),
    n_stages=st.integers(1, 4),
    beam=st.integers(1, 6),
    distinct=st.integers(1, 60),
    single=st.booleans(),
    seed=st.integers(0, 1000),
)
@example(n=11, d=4, n_stages=3, beam=2, distinct=10, single=True, seed=142)
def test_a_further_stage_never_raises_the_error(n, d, n_stages, beam, distinct, single, seed):
    X = mixed(n, d, np.float32 if single else np.float64, seed)[np.arange(n) % distinct]
    model = ResidualQuantizer(n_stages, 2, beam, max_iter=5, random_state=seed).fit(X)
    scale = np.square(X, dtype=np.float64).sum()
    slack = scale * 1e-14
    if single:  # what is left of a row is off by half an ulp of the row at each stage: that much, by Cauchy–Schwarz
        slack = n_stages * np.finfo(np.float32).eps * np.sqrt(scale * model.history_["cost"].max())
    costs = ends_of_stages(model)
    assert np.all(np.diff(costs) <= slack)
    assert -model.score(X) == pytest.approx(costs[-1], rel=1e-5, abs=scale * 1e-9)
    for stage in range(n_stages):
        inside = model.history_["cost"][model.history_["stage"] == stage + 1]
        assert np.all(np.diff(inside) <= slack)


def test_the_metrics_are_what_they_are_called():
    X = mixed()
    model = ResidualQuantizer(2, 3, random_state=0).fit(X)
    squared = np.square(X - model.quantize(X)).sum(axis=1)
    assert model.history_["error_per_row"][-1] == pytest.approx(squared.mean())
    assert model.history_["error_per_component"][-1] == pytest.approx(squared.mean() / 5)
    codes = model.encode(X)
    assert np.array_equal(model.counts_, [np.bincount(own, minlength=8) for own in codes.T])


def test_residuals_too_large_to_be_held_give_the_same_bits(monkeypatch):
    X = mixed()
    held = ResidualQuantizer(3, 3, random_state=0, max_iter=5).fit(X)
    monkeypatch.setattr(stages, "MAX_HELD_BYTES", 0)
    read = ResidualQuantizer(3, 3, random_state=0, max_iter=5).fit(X)
    assert np.array_equal(read.codebooks_, held.codebooks_)
    assert read.inertia_ == held.inertia_


# --- the beam


@BOTH
def test_a_beam_as_wide_as_all_sums_finds_the_best_code(dtype):
    X = mixed(100, dtype=dtype)
    model = ResidualQuantizer(3, 2, beam=1, random_state=0, max_iter=3).fit(X)
    model.set_params(beam=16)
    every = np.array(list(product(range(4), repeat=3)))
    best = cdist(X, model.decode(every), "sqeuclidean").min(axis=1)
    found = np.square(X - model.quantize(X)).sum(axis=1)
    assert np.allclose(found, best, rtol=1e-4 if dtype == np.float32 else 1e-10)


def reference_beam(x, codebooks, beam):
    """The beam search written out for one row."""
    paths = [(0.0, (), x)]
    for book in codebooks:
        further = [
            (np.square(left - word).sum(), (*codes, k), left - word)
            for _, codes, left in paths
            for k, word in enumerate(book)
        ]
        paths = sorted(further, key=lambda path: path[0])[:beam]
    return paths[0][1]


@pytest.mark.parametrize("beam", [1, 2, 3, 7])
def test_the_beam_is_that_of_the_definition(beam):
    X = mixed(60)
    model = ResidualQuantizer(4, 2, beam, random_state=0, max_iter=3).fit(X)
    assert [tuple(code) for code in model.encode(X)] == [reference_beam(x, model.codebooks_, beam) for x in X]


def test_a_wider_beam_lowers_the_mean_error_but_not_that_of_every_row():
    X = mixed(3000, 8)
    model = ResidualQuantizer(5, 3, beam=1, random_state=0, max_iter=5).fit(X)
    errors = {}
    for beam in (1, 2, 4, 16):
        model.set_params(beam=beam)
        errors[beam] = np.square(X - model.quantize(X)).sum(axis=1)
    means = [found.mean() for found in errors.values()]
    assert np.all(np.diff(means) < 0)
    assert np.any(errors[2] > errors[1])


@BOTH
@pytest.mark.parametrize("beam", [1, 3])
def test_transform_tells_what_each_stage_sees(dtype, beam):
    X = mixed(50, dtype=dtype)
    model = ResidualQuantizer(3, 2, beam, random_state=0).fit(X)
    codes, found = model.encode(X), model.transform(X).reshape(50, 3, 4)
    left = X
    for stage, book in enumerate(model.codebooks_):
        assert np.allclose(found[:, stage], cdist(left, book), atol=1e-4)
        left = left - book[codes[:, stage]]
    assert np.array_equal(found[:, 2].argmin(axis=1), codes[:, 2])
    if beam == 1:
        assert np.array_equal(found.argmin(axis=2), codes)
    assert np.allclose(found[:, 2].min(axis=1) ** 2, np.square(X - model.quantize(X)).sum(axis=1), rtol=1e-3)


# --- codes and distances


@BOTH
@pytest.mark.parametrize(("n_stages", "n_bits"), [(1, 1), (2, 3), (3, 5), (5, 2)])
def test_codes_packed_or_not_decode_to_sums_of_codewords(dtype, n_stages, n_bits):
    X = mixed(60, dtype=dtype)
    model = ResidualQuantizer(n_stages, n_bits, random_state=0, max_iter=3).fit(X)
    codes, packed = model.encode(X), model.encode(X, packed=True)
    assert codes.shape == (60, n_stages)
    assert model.bits_per_row == n_stages * n_bits
    assert packed.shape == (60, -(-n_stages * n_bits // 8))
    assert np.array_equal(model.decode(packed), model.decode(codes))
    total = sum(book[own] for book, own in zip(model.codebooks_, codes.T, strict=True))
    assert np.array_equal(model.decode(codes), total)


@BOTH
def test_asymmetric_distances_are_those_to_the_decoded_rows(dtype):
    X = mixed(70, dtype=dtype) + 100
    model = ResidualQuantizer(3, 3, random_state=0).fit(X)
    expected = cdist(X[:11], model.decode(model.encode(X)), "sqeuclidean")
    found = model.asymmetric_distances(X[:11], model.encode(X, packed=True))
    assert found.dtype == dtype
    assert np.allclose(found, expected, rtol=1e-3 if dtype == np.float32 else 1e-9, atol=1e-3)


def test_codes_that_stand_for_nothing_are_refused():
    model = ResidualQuantizer(2, 2, random_state=0).fit(mixed(30))
    for codes in ([[0, 4]], [[-1, 0]], [[0.5, 0.0]], [0, 1], [[0, 1, 2]], np.zeros((3, 2), np.uint8)):
        with pytest.raises(ValueError, match="Codes must"):
            model.decode(codes)


# --- weights, validation, unfit input


@BOTH
@pytest.mark.parametrize("beam", [1, 3])
def test_whole_weights_are_repeated_rows_for_a_given_start(dtype, beam):
    X = mixed(60, 4, dtype)
    weights = np.random.default_rng(0).integers(0, 4, 60)
    start = np.stack([X[:4], X[4:8] - X[8:12]])
    weighted = ResidualQuantizer(2, 2, beam, init=start).fit(X, sample_weight=weights)
    repeated = ResidualQuantizer(2, 2, beam, init=start).fit(np.repeat(X, weights, axis=0))
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-4)
    assert np.allclose(weighted.codebooks_, repeated.codebooks_, atol=1e-3)
    assert np.allclose(weighted.counts_, repeated.counts_)


def test_rows_of_weight_zero_never_matter():
    X = mixed(80, 4)
    weights = np.where(np.arange(80) < 60, 1.0, 0.0)
    X[60:] *= 100
    model = ResidualQuantizer(2, 2, random_state=0).fit(X, sample_weight=weights)
    assert model.quantization_error(X, weights) * 60 == pytest.approx(model.inertia_)
    assert np.abs(model.codebooks_).max() <= np.abs(X[:60]).max()


def test_validation_rows_are_scored_and_not_learned_from():
    X, held_out = mixed(), mixed(seed=5).astype(np.float32)
    model = ResidualQuantizer(2, 3, random_state=0, max_iter=3)
    for _ in model.train(X, validation=(held_out, None)):
        known = model.history_["validation_error_per_row"][-1]
        assert known == pytest.approx(model.quantization_error(held_out), rel=1e-6)
    assert np.array_equal(ResidualQuantizer(2, 3, random_state=0, max_iter=3).fit(X).codebooks_, model.codebooks_)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_bits": 4}, r"n_samples=15 should be >= 16, the codewords of n_bits=4"),
        ({"n_bits": 17}, "n_bits must be"),
        ({"beam": 0}, "beam must be"),
        ({"n_stages": 0}, "n_stages must be"),
        ({"init": np.zeros((4, 5))}, r"init has shape \(4, 5\), expected \(2, 4, 5\)"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_one_sentence(parameters, words):
    with pytest.raises(ValueError, match=words):
        ResidualQuantizer(**{"n_bits": 2, **parameters}).fit(mixed(15))


@pytest.mark.parametrize("case", ["constant", "duplicates", "whole numbers", "half", "read-only Fortran", "one column"])
def test_unusual_rows_are_learned(case):
    X = mixed(64, 4)
    if case == "constant":
        X[:] = 3.0
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
    model = ResidualQuantizer(3, 3, random_state=0).fit(X)
    assert model.quantization_error(X) * len(X) == pytest.approx(model.inertia_, abs=1e-9)
    if case in ("constant", "duplicates"):
        assert model.inertia_ < 1e-20


# --- a peer


def test_residual_quantization_is_as_good_as_that_of_faiss():
    faiss = pytest.importorskip("faiss")
    X = mixed(3000, 16, np.float32)
    ours = ResidualQuantizer(4, 5, beam=5, random_state=0, max_iter=25).fit(X).quantization_error(X)
    peer = faiss.ResidualQuantizer(16, 4, 5)
    peer.max_beam_size = 5
    peer.train(X)
    theirs = np.square(peer.decode(peer.compute_codes(X)) - X).sum(axis=1).mean()
    assert ours < 1.02 * theirs
