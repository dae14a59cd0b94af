"""What holds of every auto-encoder with one codebook in latent space: VQVAE, MetaQuantizer, DCN, ModifiedDCN."""

from __future__ import annotations

import numpy as np
import pytest

import engines
from engines.deep import learner
from engines.deep.book_learner import use_of

NAMES = ("VQVAE", "MetaQuantizer", "DCN", "ModifiedDCN")
EACH = pytest.mark.parametrize("name", NAMES)


def rows(n=300, dtype=np.float64):
    """Rows (n, 6) near a bent plane, in units and at a place of their own."""
    rng = np.random.default_rng(3)
    u = rng.normal(size=(n, 2))
    curved = np.column_stack([u, u[:, 0] ** 2, u[:, 0] * u[:, 1], np.tanh(u)])
    return (7 + 3 * curved + 0.1 * rng.normal(size=(n, 6))).astype(dtype)


def quick(name, k=12, **parameters):
    own = {"n_clusters": k, "pretrain_iter": 4} if "DCN" in name else {"n_codes": k}
    shared = {"n_latent": 3, "hidden": (16,), "max_iter": 6, "batch_size": 32, "learning_rate": 5e-3}
    return getattr(engines, name)(**{**own, **shared, "device": "cpu", "random_state": 0, "n_jobs": 1, **parameters})


@EACH
def test_a_rows_code_is_the_codeword_nearest_in_latent_space(name):
    X = rows()
    model = quick(name).fit(X)
    apart = np.linalg.norm(model.latent(X)[:, None] - model.codebook_, axis=2)
    codes = model.encode(X)
    np.testing.assert_allclose(model.transform(X), apart, rtol=1e-9, atol=1e-12)
    assert np.array_equal(codes, apart.argmin(axis=1))
    assert np.array_equal(codes, model.predict(X))
    assert np.array_equal(model.counts_, np.bincount(codes, minlength=12))


@EACH
def test_prototypes_are_decoded_codewords_in_the_units_of_the_rows(name):
    X = rows()
    model = quick(name).fit(X)
    np.testing.assert_allclose(model.decode_latent(model.codebook_), model.prototypes_, rtol=1e-9)
    assert np.array_equal(model.quantize(X), model.prototypes_[model.encode(X)])
    with pytest.raises(ValueError, match="Latents have 2 values, expected 3"):
        model.decode_latent(np.zeros((4, 2)))


@EACH
def test_figures_of_the_last_step_are_those_of_the_model(name):
    X = rows()
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    model = quick(name)
    *_, last = model.train(X, sample_weight=weights, validation=(X[:50], None))
    squared = np.sum((X - model.quantize(X)) ** 2, axis=1)
    codes, mass = model.encode(X), weights.sum()
    apart = np.sum((model.latent(X) - model.codebook_[codes]) ** 2, axis=1)
    shares = np.bincount(codes, weights, 12) / mass
    entropy = -np.sum(shares[shares > 0] * np.log2(shares[shares > 0]))
    assert last.cost == pytest.approx(weights @ squared) == pytest.approx(-model.score(X, sample_weight=weights))
    expected = {
        "error_per_row": weights @ squared / mass,
        "error_per_component": weights @ squared / mass / 6,
        "latent_error_per_row": weights @ apart / mass,
        "entropy": entropy,
        "perplexity": 2**entropy,
        "n_dead": np.count_nonzero(shares == 0),
        "validation_error_per_row": squared[:50].mean(),
    }
    assert {metric: last.metrics[metric] for metric in expected} == pytest.approx(expected)


def test_use_of_codes_that_are_even_and_of_one_code():
    assert use_of(np.full(8, 2.5)) == {"entropy": 3, "perplexity": 8, "n_dead": 0}
    assert use_of(np.r_[4.0, np.zeros(7)]) == {"entropy": 0, "perplexity": 1, "n_dead": 7}


@EACH
def test_learning_lowers_the_error_far_below_the_mean(name):
    X = rows(600)
    model = quick(name, max_iter=15).fit(X)
    variance = np.mean(np.sum((X - X.mean(axis=0)) ** 2, axis=1))
    assert model.quantization_error(X) < 0.35 * variance
    assert model.history_["cost"][-1] < 0.5 * model.history_["cost"][0]


@EACH
def test_rows_that_weigh_nothing_are_not_learned_from(name):
    X = rows()
    weights = np.r_[np.ones(250), np.zeros(50)]
    other = X.copy()
    other[250:] = 1000.0
    one, two = quick(name).fit(X, sample_weight=weights), quick(name).fit(other, sample_weight=weights)
    assert np.array_equal(one.encoder_, two.encoder_)
    assert np.array_equal(one.codebook_, quick(name).fit(X[:250]).codebook_)


@EACH
def test_a_rate_that_is_too_high_ends_with_the_last_good_state(name):
    X = rows(dtype=np.float32)
    model = quick(name, learning_rate=1e30, clip=None).fit(X)
    assert np.all(np.isfinite(model.quantize(X)))
    assert np.all(np.isfinite(model.history_["cost"]))


@EACH
def test_a_state_of_another_number_of_codewords_is_refused(name):
    X = rows()
    training = quick(name).train(X)
    next(training)
    with pytest.raises(ValueError, match="state to resume"):
        quick(name, k=7).train(X, resume=training.state())


@pytest.mark.parametrize("name", [*NAMES, "DeepVQ"])
def test_what_is_told_between_epochs_of_some_rows_stands_for_all(name, monkeypatch):
    monkeypatch.setattr(learner, "LOOKED_AT", 100)
    X = rows()
    model = (
        quick(name) if name != "DeepVQ" else engines.DeepVQ(6, hidden=(16,), max_iter=3, device="cpu", random_state=0)
    )
    shown = [snapshot.arrays["counts"] for snapshot in model.train(X)]
    for counts in shown:  # every third row is looked at before the last step
        assert counts.sum() == pytest.approx(300 * (6 if name == "DeepVQ" else 1))
    costs, errors = model.history_["cost"], model.history_["error_per_row"]
    np.testing.assert_allclose(costs, 300 * errors)
    assert costs[-1] == pytest.approx(300 * model.quantization_error(X))
