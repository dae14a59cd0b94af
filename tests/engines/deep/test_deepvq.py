"""DeepVQ against its mathematics: codes, packing, networks, laws of linear decoders."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from engines import DeepVQ
from engines.deep.batches import Batches, mean_and_scale
from engines.deep.bit_settings import batch_size_of
from engines.deep.bits import tally_of, usage
from engines.deep.coder import Coder, layered, pack_signs, unpack_signs
from engines.deep.codes import best_codes, fit
from engines.deep.network import Network
from engines.rows import ArrayRows
from engines.training import StopToken


def rows(n=200, d=6, dtype=np.float64):
    rng = np.random.default_rng(3)
    return (rng.normal(size=(n, 3)) @ rng.normal(size=(3, d)) + 0.1 * rng.normal(size=(n, d))).astype(dtype)


def quick(**parameters):
    return DeepVQ(
        **{"n_bits": 10, "hidden": (12,), "max_iter": 3, "device": "cpu", "random_state": 0, "n_jobs": 1, **parameters}
    )


# --- codes


@pytest.mark.parametrize("method", ["sign", "mpec"])
@pytest.mark.parametrize("n_bits", [1, 7, 8, 19])
def test_codes_are_exactly_l_bits_and_come_back_from_bytes(method, n_bits):
    X = rows()
    model = quick(n_bits=n_bits, method=method).fit(X)
    codes, packed = model.encode(X), model.encode(X, packed=True)
    assert codes.shape == (200, n_bits)
    assert set(np.unique(codes)) <= {-1, 1}
    assert packed.shape == (200, -(-n_bits // 8))
    assert np.array_equal(codes, np.where(model.transform(X) < 0, -1, 1))
    assert np.array_equal(model.decode(codes), model.decode(packed))
    assert np.array_equal(model.indices(codes), (codes > 0).astype(int))
    assert model.bits_per_row == n_bits


def test_the_lowest_bit_of_a_byte_is_the_first():
    signs = -np.ones((3, 10), np.int8)
    signs[0, 0] = signs[1, 3] = signs[2, 9] = 1
    assert pack_signs(signs).tolist() == [[1, 0], [8, 0], [0, 2]]
    assert np.array_equal(unpack_signs(pack_signs(signs), 10), signs)


def test_codes_of_zeros_unsigned_numbers_or_another_length_are_refused():
    model = quick().fit(rows())
    for wrong in (np.zeros((2, 10), int), np.ones((2, 9), int), np.ones((2, 10), np.uint16), np.ones((2, 10))):
        with pytest.raises(ValueError, match="Codes must be"):
            model.decode(wrong)


def test_the_error_is_that_of_what_rows_are_quantized_to():
    X = rows()
    model = quick(method="mpec").fit(X)
    squared = np.sum((X - model.quantize(X)) ** 2, axis=1)
    assert model.quantization_error(X) == pytest.approx(squared.mean())
    assert model.inertia_ == pytest.approx(squared.sum())
    assert model.score(X) == pytest.approx(-squared.sum())
    assert model.history_["error_per_component"][-1] == pytest.approx(squared.mean() / 6)
    codes = model.encode(X)
    assert np.array_equal(model.counts_, np.column_stack([(codes < 0).sum(0), (codes > 0).sum(0)]))


# --- laws


@pytest.mark.parametrize("method", ["sign", "mpec"])
@pytest.mark.parametrize("n_bits", [1, 2, 4])
def test_a_linear_decoder_of_l_bits_is_never_better_than_l_principal_components(method, n_bits):
    X = rows()
    model = quick(n_bits=n_bits, hidden=(), method=method, max_iter=40, learning_rate=0.02).fit(X)
    pca = PCA(n_bits).fit(X)
    best = np.mean(np.sum((X - pca.inverse_transform(pca.transform(X))) ** 2, axis=1))
    assert model.quantization_error(X) >= best * (1 - 1e-9)


@pytest.mark.slow
def test_many_bits_of_a_linear_pair_come_near_the_principal_components():
    X = rows(600)
    pca = PCA(3).fit(X)
    variance, best = np.sum(np.var(X, axis=0)), np.mean(np.sum((X - pca.inverse_transform(pca.transform(X))) ** 2, 1))
    errors = [
        quick(n_bits=n, hidden=(), max_iter=80, learning_rate=0.01).fit(X).quantization_error(X) for n in (3, 12, 64)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] - best < 0.15 * (variance - best)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"group_bits": (7, 3)},
        {"method": "sign"},
        {"method": "sign", "bits": "reinmax"},
        {"method": "mpec"},
        {"method": "mpec", "decoder": "tied"},
    ],
)
def test_learning_lowers_the_error(parameters):
    X = rows(400)
    model = quick(max_iter=15, learning_rate=0.01, batch_size=64, **parameters).fit(X)
    cost = model.history_["cost"]
    assert cost[-1] < 0.5 * cost[0]


def test_rows_that_weigh_nothing_are_not_learned_from():
    X = rows()
    weights = np.r_[np.ones(150), np.zeros(50)]
    other = X.copy()
    other[150:] = 100.0
    one, two = quick().fit(X, sample_weight=weights), quick().fit(other, sample_weight=weights)
    assert np.array_equal(one.encoder_, two.encoder_)
    assert np.array_equal(one.decoder_, quick().fit(X[:150]).decoder_)


def test_the_scale_makes_columns_of_unit_mean_square():
    X = rows() * 7 + 3
    mean, scale = mean_and_scale(ArrayRows(X), np.ones(len(X)), 1, StopToken())
    np.testing.assert_allclose(mean, X.mean(axis=0))
    np.testing.assert_allclose(np.mean(((X - mean) / scale) ** 2), 1)


def test_every_row_is_in_one_batch_of_an_epoch_and_orders_differ():
    X = np.arange(300.0)[:, None]
    batches = Batches(ArrayRows(X), np.zeros(1), np.ones(1), "cpu", 0, StopToken())
    rng = np.random.default_rng(0)
    orders = []
    for _ in range(2):
        found = list(batches.shuffled(32, rng, StopToken()))
        assert [len(block) for block, _ in found] == [32] * 9 + [12]
        assert all(np.array_equal(block[:, 0].numpy(), which) for block, which in found)
        orders.append(np.concatenate([which for _, which in found]))
        assert np.array_equal(np.sort(orders[-1]), np.arange(300))
    assert not np.array_equal(*orders)


def test_batches_have_the_same_bits_whether_rows_are_kept_on_the_device_or_read():
    X = rows(1000, dtype=np.float32) * 3 + 1
    mean, scale = mean_and_scale(ArrayRows(X), np.ones(len(X)), 1, StopToken())
    found = []
    for room in (0, X.nbytes - 1, X.nbytes):
        batches = Batches(ArrayRows(X), mean, scale, "cpu", room, StopToken())
        assert (batches._kept is not None) == (room == X.nbytes)
        rng = np.random.default_rng(5)
        found.append([(Z.numpy(), which) for Z, which in batches.shuffled(48, rng, StopToken())])
    for other in found[1:]:
        for (Z, which), (again, numbers) in zip(found[0], other, strict=True):
            assert np.array_equal(Z, again)
            assert np.array_equal(which, numbers)


@pytest.mark.parametrize(("n_rows", "expected"), [(1, 32), (2100, 32), (4096, 64), (8192, 128), (10**7, 128)])
def test_small_tables_are_learned_by_small_batches(n_rows, expected):
    assert batch_size_of(n_rows) == expected


def test_the_batch_that_is_not_told_is_that_of_the_rows():
    X = rows(300)
    one, other = (quick(batch_size=size).fit(X) for size in (None, 32))
    np.testing.assert_array_equal(one.encoder_, other.encoder_)


# --- networks


@pytest.mark.parametrize("latent", ["tanh", "normalised", "linear"])
@pytest.mark.parametrize(("tied", "residual"), [(True, False), (False, True), (True, True)])
def test_folded_arrays_are_the_networks_with_running_statistics(tied, residual, latent):
    network = Network((5, 4, 4, 3), (3,), tied, "gelu", latent, residual=residual)
    network.start(np.random.default_rng(0), np.dtype(np.float64), "cpu")
    Z = torch.from_numpy(np.random.default_rng(1).normal(size=(50, 5)))
    with torch.no_grad():
        for momentum in (1.0, 0.1):
            network.decode(network.encode(Z, momentum), momentum)
        F = network.encode(Z, None)
        back = network.decode(F, None)
    coder = Coder(np.zeros(5), np.ones(1), *network.folded(), "gelu", latent, residual)
    np.testing.assert_allclose(coder.latent(Z.numpy()), F.numpy(), atol=1e-12)
    np.testing.assert_allclose(coder.decode(F.numpy()), back.numpy(), atol=1e-12)
    if latent == "tanh":
        assert F.abs().max() < 1
    elif latent == "normalised":
        np.testing.assert_allclose(network.encode(Z, 0.0).mean(dim=0).detach(), 0, atol=1e-12)


def test_tied_weights_are_tied():
    model = quick(method="sign", decoder="tied", hidden=()).fit(rows())
    (encoder, _), (decoder, _) = layered(model.encoder_, [6, 10])[0], layered(model.decoder_, [10, 6])[0]
    ratio = encoder / decoder.T  # what batch normalisation folds into each row of the encoder
    np.testing.assert_allclose(ratio, np.repeat(ratio[:, :1], 6, axis=1), rtol=1e-9)
    free = quick(method="sign", decoder="untied", hidden=(), chain=1).fit(rows())
    (encoder, _), (decoder, _) = layered(free.encoder_, [6, 10])[0], layered(free.decoder_, [10, 6])[0]
    assert not np.allclose(encoder / decoder.T, (encoder / decoder.T)[:, :1], rtol=1e-3)


def test_pretraining_of_a_layer_moves_that_layer_alone():
    X = rows()
    training = quick(hidden=(8, 7), pretrain_iter=1, max_iter=1).train(X)
    values = []
    for _ in range(5):
        next(training)
        values.append({k: v.detach().clone() for k, v in training._learner._network.values.items()})
    for done, moving in enumerate(["0", "1", "2"]):
        for name, before in values[done].items():
            assert torch.equal(before, values[done + 1][name]) == (name.split(".")[1] != moving), name
    assert all(not torch.equal(before, values[4][name]) for name, before in values[3].items())


# --- use of bits


def test_usage_of_all_codes_evenly_and_of_one_code():
    codes = np.array([[1 if k >> j & 1 else -1 for j in range(4)] for k in range(16)], np.int8)
    even = usage(tally_of(codes))
    assert even == {
        "bit_balance": 0, "bit_correlation": 0, "bit_entropy": 4, "entropy": 4, "perplexity": 16, "n_dead": 0,
    }  # fmt: skip
    one = usage(tally_of(codes[:1]) + tally_of(codes[:1]))
    assert (one["bit_balance"], one["entropy"], one["n_dead"]) == (1, 0, 15)
    twins = usage(tally_of(np.array([[1, 1], [-1, -1]], np.int8)))
    assert twins["bit_correlation"] == 1
    assert "entropy" not in usage(tally_of(np.ones((2, 40), np.int8)))


def test_bits_correlate_as_numpy_says():
    codes = np.where(np.random.default_rng(0).normal(size=(500, 5)) + 0.3 > 0, 1, -1).astype(np.int8)
    codes[:, 1] = np.where(np.arange(500) < 400, codes[:, 0], codes[:, 1])
    matrix = np.abs(np.corrcoef(codes.T))
    expected = (matrix.sum() - 5) / 20
    assert usage(tally_of(codes))["bit_correlation"] == pytest.approx(expected)


# --- parameters


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"rho": 3.0}, "rho has no effect"),
        ({"method": "mpec", "bits": "reinmax"}, "bits has no effect"),
        ({"momentum": 0.5}, "momentum has no effect"),
        ({"preset": "paper"}, "hidden has no effect"),
        ({"method": "sign", "bits": "sign", "spread": 0.2}, "spread has no effect"),
        ({"method": "mpec", "chain": 2}, "chain has no effect"),
        ({"decoder": "tied", "chain": 2}, "chain has no effect"),
    ],
)
def test_parameters_without_effect_are_refused(parameters, word):
    with pytest.raises(ValueError, match=word):
        quick(**parameters).fit(rows())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_graphics_card_that_is_not_there_is_told():
    with pytest.raises(ValueError, match="needs a graphics card"):
        quick(device="cuda").fit(rows())


def test_a_rate_that_is_too_high_ends_with_the_last_good_state():
    X = rows(dtype=np.float32)
    model = quick(solver="sgd", learning_rate=1e30, clip=None, hidden=()).fit(X)
    assert np.all(np.isfinite(model.quantize(X)))
    assert np.all(np.isfinite(model.history_["cost"]))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card")
def test_a_graphics_card_learns_as_well():
    X = rows(400, dtype=np.float32)
    errors = [
        quick(device=device, max_iter=20, learning_rate=0.01).fit(X).quantization_error(X) for device in ("cpu", "cuda")
    ]
    assert errors[1] < 1.2 * errors[0]


@pytest.mark.parametrize("method", ["product", "sign"])
def test_mixed_precision_learns_nearly_as_well(method):
    X = rows(400).astype(np.float32)
    full, mixed = (
        quick(method=method, precision=precision, max_iter=20, learning_rate=0.01).fit(X).quantization_error(X)
        for precision in ("full", "mixed")
    )
    assert mixed < 1.15 * full


@pytest.mark.parametrize("n_bits", [4, 8, 10])
def test_the_step_over_codes_is_within_two_percent_of_the_best_of_all_codes(n_bits, record_property):
    """On the network and the rows that it learned, with the defaults of "mpec"."""
    X = load_digits().data[:600].astype(np.float32)
    training = DeepVQ(n_bits, "mpec", hidden=(64,), max_iter=8, batch_size=64, device="cpu", random_state=0).train(X)
    training.run()
    learner = training._learner
    network, penalty = learner._network, learner._settings.penalty
    every = torch.tensor([[1.0 if k >> j & 1 else -1.0 for j in range(n_bits)] for k in range(2**n_bits)])
    with torch.no_grad():
        Z = learner._batches.scaled(X[:200])
        F, rows_of_all = network.encode(Z, None), network.decode(every, None)
        objective = ((Z[:, None] - rows_of_all) ** 2).sum(dim=2) + penalty.gamma * ((F[:, None] - every) ** 2).sum(
            dim=2
        )
    B = best_codes(lambda bits: network.decode(bits, None), Z, F, penalty)
    with torch.no_grad():
        found = fit(lambda bits: network.decode(bits, None), Z, F, B, penalty.gamma)[:, 0]
    best = objective.min(dim=1).values
    agreement = float((every[objective.argmin(dim=1)] == B).all(dim=1).float().mean())
    record_property("agreement", agreement)
    assert float(found.mean()) <= 1.02 * float(best.mean())
    assert agreement > 0.8
