"""The step over codes and the straight-through gradient against definitions and brute force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from engines.deep.codes import Penalty, best_codes, closest_v, fit, iterate, penalised, signs, straight_through

EXACT = Penalty("exact", rho=0.1, growth=2.0, n_iterations=20, gamma=1.0)
SQUARED = Penalty("squared", rho=0.05, growth=1.0, n_iterations=10, gamma=1.0)
BOTH = pytest.mark.parametrize("penalty", [EXACT, SQUARED], ids=["exact", "squared"])


def problem(n=40, n_bits=6, d=9, seed=0):
    """A smooth decoder, rows, and an encoder's output that is not far from right."""
    draw = torch.Generator().manual_seed(seed)
    A = torch.randn(n_bits, 12, generator=draw, dtype=torch.float64)
    C = torch.randn(12, d, generator=draw, dtype=torch.float64)

    def decode(B):
        return torch.tanh(B @ A / 2) @ C

    truth = signs(torch.randn(n, n_bits, generator=draw, dtype=torch.float64))
    X = decode(truth) + 0.3 * torch.randn(n, d, generator=draw, dtype=torch.float64)
    F = torch.tanh(truth + torch.randn(n, n_bits, generator=draw, dtype=torch.float64))
    return decode, X, F


@BOTH
def test_v_in_closed_form_is_the_best_under_its_constraint(penalty):
    draw = torch.Generator().manual_seed(1)
    B = torch.rand(3, 5, generator=draw, dtype=torch.float64) * 2 - 1
    V = closest_v(B, penalty.kind)

    def products(W):
        found = (B * W).sum(dim=1)
        return found if penalty.kind == "exact" else found.sum()

    def bounded(W):
        norm, m = (W.norm(dim=1, keepdim=True), 5) if penalty.kind == "exact" else (W.norm(), 15)
        return W * (m**0.5 / norm)

    np.testing.assert_allclose((bounded(V) - V).abs().max(), 0, atol=1e-12)
    for _ in range(3000):
        other = bounded(torch.randn(3, 5, generator=draw, dtype=torch.float64))
        assert bool((products(other) <= products(V) + 1e-12).all())
        near = bounded(V + 0.01 * other)
        assert bool((products(near) <= products(V) + 1e-12).all())


def test_the_exact_penalty_is_zero_for_binary_codes_only():
    decode, X, F = problem()
    for B, binary in ((signs(F), True), (F, False), (0.99 * signs(F), False)):
        V = closest_v(B, "exact")
        gap = penalised(decode, X, F, B, V, EXACT, 1.0) - fit(decode, X, F, B, EXACT.gamma)
        assert bool((gap > -1e-12).all())
        assert bool((gap.abs() < 1e-9).all()) == binary


def test_the_squared_penalty_is_equation_8():
    decode, X, F = problem()
    V = closest_v(F, "squared")
    h = ((decode(F) - X) ** 2).sum()
    expected = h + 0.05 * ((F * V).sum() - F.numel()) ** 2
    found = penalised(decode, X, F, F, V, SQUARED, 0.05)
    assert float(found) == pytest.approx(float(expected))
    V = closest_v(signs(F), "squared")
    assert float((signs(F) * V).sum()) == pytest.approx(F.numel())


@BOTH
@pytest.mark.parametrize("rho", [0.01, 1.0, 100.0])
def test_the_penalised_objective_never_rises_at_fixed_rho_and_codes_stay_in_the_box(penalty, rho):
    decode, X, F = problem()
    B = F.clone()
    step = torch.ones(len(F) if penalty.kind == "exact" else 1, 1, dtype=F.dtype)
    last = penalised(decode, X, F, B, closest_v(B, penalty.kind), penalty, rho)
    for _ in range(40):
        B, step = iterate(decode, X, F, B, penalty, rho, step)
        now = penalised(decode, X, F, B, closest_v(B, penalty.kind), penalty, rho)
        assert bool((now <= last + 1e-9 * last.abs()).all())
        assert float(B.abs().max()) <= 1
        last = now


@BOTH
def test_codes_are_binary_and_never_worse_than_the_encoders(penalty):
    decode, X, F = problem()
    B = best_codes(decode, X, F, penalty)
    assert set(B.unique().tolist()) <= {-1.0, 1.0}
    assert bool((fit(decode, X, F, B, 1.0) <= fit(decode, X, F, signs(F), 1.0)).all())
    assert float(fit(decode, X, F, B, 1.0).sum()) < float(fit(decode, X, F, signs(F), 1.0).sum())


@pytest.mark.parametrize("gamma", [0.1, 1.0])
def test_codes_come_near_the_best_of_all(gamma):
    decode, X, F = problem(n=100)
    every = torch.tensor([[1.0 if k >> j & 1 else -1.0 for j in range(6)] for k in range(64)], dtype=torch.float64)
    all_fits = torch.stack([fit(decode, X, F, code.expand_as(F), gamma)[:, 0] for code in every])
    best, start = float(all_fits.min(dim=0).values.mean()), float(fit(decode, X, F, signs(F), gamma).mean())
    found = float(fit(decode, X, F, best_codes(decode, X, F, replace(EXACT, gamma=gamma)), gamma).mean())
    assert best <= found + 1e-12
    assert found - best < 0.5 * (start - best)


@pytest.mark.parametrize("kind", ["sign", "bernoulli"])
def test_straight_through_gives_bits_forward_and_the_gradient_of_its_argument_back(kind):
    U = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weight = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    T = torch.tanh(U)
    bits = straight_through(T, kind, 1.0, torch.Generator().manual_seed(2))
    np.testing.assert_allclose(bits.detach().abs(), 1, atol=1e-15)
    (gradient,) = torch.autograd.grad((weight * bits**2).sum(), U)
    np.testing.assert_allclose(gradient, 2 * weight * bits.detach() * (1 - T.detach() ** 2), atol=1e-12)


def test_the_sign_of_zero_is_plus():
    assert torch.equal(straight_through(torch.zeros(2, 2), "sign", 1.0, None), torch.ones(2, 2))


def test_reinmax_is_the_gradient_of_the_expected_loss_of_second_degree():
    draw = torch.Generator().manual_seed(0)
    A = torch.randn(3, 3, dtype=torch.float64, generator=draw)
    c = torch.randn(3, dtype=torch.float64, generator=draw)
    T = torch.tensor([-0.6, 0.1, 0.8], dtype=torch.float64, requires_grad=True)
    codes = torch.tensor([[1.0 if k >> j & 1 else -1.0 for j in range(3)] for k in range(8)], dtype=torch.float64)
    losses = torch.einsum("ki,ij,kj->k", codes, A, codes) + codes @ c
    expected = (torch.prod((1 + codes * T) / 2, dim=1) * losses).sum()  # over all codes with their probabilities
    (exact,) = torch.autograd.grad(expected, T)
    errors = {}
    for kind in ("bernoulli", "reinmax"):
        many = T.expand(400_000, 3)
        b = straight_through(many, kind, 1.0, torch.Generator().manual_seed(1))
        (found,) = torch.autograd.grad((torch.einsum("ki,ij,kj->k", b, A, b) + b @ c).mean(), T)
        errors[kind] = float((found - exact).abs().max())
    assert errors["reinmax"] < 0.02
    assert errors["bernoulli"] > 0.3


@pytest.mark.parametrize("kind", ["bernoulli", "reinmax"])
def test_drawn_bits_have_the_mean_that_is_asked_for(kind):
    T = torch.tensor([-1.0, -0.5, 0.0, 0.8, 1.0], dtype=torch.float64).expand(20_000, 5)
    bits = straight_through(T, kind, 1.0, torch.Generator().manual_seed(0))
    np.testing.assert_allclose(bits.mean(dim=0), T[0], atol=0.03)
    assert bool((bits[:, 0] == -1).all())
    assert bool((bits[:, 4] == 1).all())


@pytest.mark.parametrize("kind", ["bernoulli", "reinmax"])
def test_bits_are_drawn_within_the_spread_only(kind):
    T = torch.tensor([-0.5, -0.1, 0.0, 0.2, 0.5], dtype=torch.float64).expand(20_000, 5)
    bits = straight_through(T, kind, 0.4, torch.Generator().manual_seed(0))
    np.testing.assert_allclose(bits.mean(dim=0), (T[0] / 0.4).clamp(-1, 1), atol=0.03)
