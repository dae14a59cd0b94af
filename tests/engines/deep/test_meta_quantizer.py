"""MetaQuantizer: the gradient through the inner step by finite differences, and what the maker of codewords does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_latent_codebooks import quick, rows

from engines import MetaQuantizer
from engines.deep import bilevel
from engines.deep.bilevel import hypergradient
from engines.deep.hypernet import Hypernet
from engines.deep.meta_learner import inner_loss, nearest, outer_loss
from engines.deep.network import Network


def problem():
    """A small network, two halves of a batch, a codebook, and the two losses."""
    draw = np.random.default_rng(0)
    network = Network((5, 4, 2), (2,), False, "tanh", "normalised")
    network.start(draw, np.dtype(np.float64), "cpu")
    A, B = (torch.from_numpy(draw.normal(size=(24, 5))) for _ in range(2))
    C = torch.from_numpy(draw.normal(size=(6, 2)))
    weight = torch.from_numpy(draw.uniform(0.5, 1.5, size=(24, 1)))
    with torch.no_grad():
        F = network.encode(A, 0.0)
    inner = inner_loss(network, A, weight, F, nearest(F, C), 0.25)
    return network, C, inner, outer_loss(network, B, weight, 0.25)


def objective(network, inner, outer, C, step):
    """J(C) = L_B(w − ξ∇_w L_A(w, C), C)."""
    here = {name: w.detach().requires_grad_(True) for name, w in network.values.items()}
    down = torch.autograd.grad(inner(here, C), list(here.values()))
    with torch.no_grad():
        return float(outer({k: w - step * g for (k, w), g in zip(here.items(), down, strict=True)}, C))


@pytest.mark.parametrize("step", [0.0, 0.05, 0.5])
def test_the_hypergradient_is_that_of_the_bilevel_objective(step):
    network, C, inner, outer = problem()
    found = hypergradient(inner, outer, network.values, C, step).codebook
    expected = torch.zeros_like(C)
    for place in np.ndindex(*C.shape):
        sides = []
        for sign in (1, -1):
            moved = C.clone()
            moved[place] += sign * 1e-6
            sides.append(objective(network, inner, outer, moved, step))
        expected[place] = (sides[0] - sides[1]) / 2e-6
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    if step:
        direct = hypergradient(inner, outer, network.values, C, 0.0).codebook
        assert not torch.allclose(direct, expected, rtol=1e-2, atol=1e-4)


def test_the_error_of_the_finite_difference_falls_with_the_square_of_its_length(monkeypatch):
    network, C, inner, outer = problem()
    found = []
    for length in (1e-5, 0.1, 0.05):
        monkeypatch.setattr(bilevel, "LENGTH", length)
        found.append(hypergradient(inner, outer, network.values, C, 0.5).codebook)
    coarse, fine = (float((other - found[0]).norm()) for other in found[1:])
    assert coarse / fine == pytest.approx(4, rel=0.15)


def test_the_inner_gradient_is_the_straight_through_one():
    network, C, inner, outer = problem()
    draw = np.random.default_rng(0)
    found = hypergradient(inner, outer, network.values, C, 0.1).weights
    network.start(draw, np.dtype(np.float64), "cpu")
    A = torch.from_numpy(draw.normal(size=(24, 5)))
    draw.normal(size=(24, 5)), draw.normal(size=(6, 2))
    weight = torch.from_numpy(draw.uniform(0.5, 1.5, size=(24, 1)))
    F = network.encode(A, 0.0)
    words = C[nearest(F, C)]
    back = network.decode(F + (words - F).detach(), 0.0)
    errors = ((back - A) ** 2).mean(dim=1, keepdim=True) + 0.25 * ((F - words) ** 2).mean(dim=1, keepdim=True)
    expected = torch.autograd.grad((errors * weight).mean(), list(network.values.values()))
    for name, gradient in zip(network.values, expected, strict=True):
        np.testing.assert_allclose(found[name], gradient, rtol=1e-9, atol=1e-12)


def test_the_maker_of_codewords_starts_as_the_embeddings_and_moves_those_that_got_no_row():
    net = Hypernet(6, 2, 8, np.random.default_rng(0), np.dtype(np.float64), "cpu")
    start = torch.from_numpy(np.random.default_rng(1).normal(size=(6, 2)))
    net.begin(start)
    assert torch.equal(net.codebook().detach(), start)
    optimizer = torch.optim.SGD(list(net.values.values()), lr=0.1)
    pull = torch.zeros(6, 2, dtype=torch.float64)
    pull[2] = 1.0  # one codeword alone has a gradient
    net.codebook().backward(pull)
    optimizer.step()
    assert bool(((net.codebook().detach() - start).abs() > 0).all())


def test_a_fitted_model_holds_the_codebook_and_nothing_of_its_maker():
    model = quick("MetaQuantizer").fit(rows())
    kept = {name for name in vars(model) if name.endswith("_")}
    others = {name for name in vars(quick("VQVAE").fit(rows())) if name.endswith("_")}
    assert kept == others


def test_embeddings_are_put_where_their_codewords_come_to_lie_on_what_is_asked_for():
    rng = np.random.default_rng(0)
    net = Hypernet(6, 3, 8, rng, np.dtype(np.float64), "cpu")
    net.begin(torch.from_numpy(rng.normal(size=(6, 3))))
    with torch.no_grad():
        net.values["linear"] += torch.from_numpy(0.2 * rng.normal(size=(3, 3)))
        net.values["shift"] += 0.5
        net.values["out"] += torch.from_numpy(0.02 * rng.normal(size=(3, 8)))
    before, wanted = net.codebook().detach(), torch.from_numpy(rng.normal(size=(2, 3)))
    net.put(torch.tensor([1, 4]), wanted)
    after = net.codebook().detach()
    np.testing.assert_allclose(after[[1, 4]], wanted, atol=1e-3)
    assert torch.equal(after[[0, 2, 3, 5]], before[[0, 2, 3, 5]])


def test_codewords_that_are_hardly_chosen_are_put_on_rows_of_crowded_ones(monkeypatch):
    X = np.random.default_rng(0).normal(size=(600, 6))
    training = MetaQuantizer(300, n_latent=1, hidden=(4,), revive=0.5, random_state=0, device="cpu").train(X)
    next(training)
    learner, put = training._learner, []
    monkeypatch.setattr(learner._hypernet, "put", lambda which, latents: put.append((which, latents)))
    learner._counts.copy_(torch.cat([torch.tensor([900.0, 100.0]), torch.zeros(298)]))
    codes = torch.arange(100) % 2
    learner._revive(codes[:, None].double(), codes, torch.zeros(100, 1).double())
    ((which, latents),) = put
    assert which.tolist() == list(range(2, 300))
    assert float((latents == 0).double().mean()) == pytest.approx(0.9, abs=0.06)  # in the proportion of use, 9 to 1
    np.testing.assert_allclose(learner._counts[2:], learner._counts[2], rtol=1e-12)
