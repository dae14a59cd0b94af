"""DCN and ModifiedDCN against eqs. 9 and 10 of Le Tan et al. and the row-by-row rule of their centres."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_latent_codebooks import quick, rows

from engines import KMeans
from engines.deep.books import Books

BOTH = pytest.mark.parametrize("name", ["DCN", "ModifiedDCN"])


def test_centres_move_as_by_one_row_after_the_other():
    rng = np.random.default_rng(0)
    books = Books((4,), 3, np.dtype(np.float64), "cpu")
    books.begin(torch.from_numpy(rng.normal(size=(4, 3))))
    books.counts.copy_(torch.tensor([[3.0, 0.0, 5.0, 2.0]]))
    F, codes = rng.normal(size=(20, 3)), rng.integers(0, 3, 20)
    centres, n = books.words[0].numpy().copy(), np.array([3.0, 0.0, 5.0, 2.0])
    for f, k in zip(F, codes, strict=True):
        n[k] += 1
        centres[k] -= (centres[k] - f) / n[k]
    books.pull(torch.from_numpy(F), torch.from_numpy(codes)[:, None], torch.ones(20, 1, dtype=torch.float64))
    np.testing.assert_allclose(books.words[0], centres, rtol=1e-12)
    np.testing.assert_allclose(books.counts[0], n)


@BOTH
def test_centres_start_by_k_means_of_the_latents_once_the_auto_encoder_has_learned(name):
    X = rows()
    model = quick(name, k=5)
    training = model.train(X)
    costs = []
    for snapshot in training:
        costs.append(snapshot.metrics["latent_error_per_row"])
        if snapshot.iteration == 4:
            own = KMeans(5, n_init=10, random_state=0).fit(model.latent(X)).inertia_ / len(X)
            assert own <= costs[-1] * (1 + 1e-9)
            assert costs[-1] < 1.25 * own
            assert costs[-1] < 0.9 * costs[-2]
    assert model.history_["pretraining"].tolist() == [0, 1, 1, 1, 1] + [0] * 6


def gradients(name, lam):
    """Gradients of the networks' weights that the learner of `name` takes from a batch, and what it takes it from."""
    X = rows(64)
    training = quick(name, k=5, pretrain_iter=0, lam=lam, clip=None, batch_size=64, hidden=()).train(X)
    next(training)
    learner, caught = training._learner, {}

    def catch(loss):
        values = learner._network.values
        caught.update(zip(values, torch.autograd.grad(loss, list(values.values()), allow_unused=True), strict=True))

    learner._descend = catch
    learner._books.pull = lambda *given: None
    Z = learner._batches.scaled(X)
    learner._begin_epoch(0, None)
    learner._learn(Z, torch.ones(64, 1, dtype=torch.float64), 0)
    return learner, Z, caught


@pytest.mark.parametrize("lam", [0.0, 3.0])
@BOTH
def test_the_gradient_is_that_of_the_equation_by_finite_differences(name, lam):
    learner, Z, caught = gradients(name, lam)
    network, centres = learner._network, learner._books.words[0]
    with torch.no_grad():
        codes = torch.cdist(network.encode(Z, 0.0), centres).argmin(dim=1)

    def cost():
        with torch.no_grad():
            F = network.encode(Z, 0.0)
            back = network.decode(F if name == "DCN" else centres[codes], 0.0)
            return float((((back - Z) ** 2).sum() + lam / 2 * ((F - centres[codes]) ** 2).sum()) / Z.numel())

    for key, tensor in network.values.items():
        found = torch.zeros_like(tensor) if caught[key] is None else caught[key]
        for place in list(np.ndindex(*tensor.shape))[:6]:
            sides = []
            for sign in (1, -1):
                with torch.no_grad():
                    tensor[place] += sign * 1e-5
                    sides.append(cost())
                    tensor[place] -= sign * 1e-5
            assert (sides[0] - sides[1]) / 2e-5 == pytest.approx(float(found[place]), rel=1e-5, abs=1e-8), key


def test_a_stronger_pull_gives_tighter_clusters():
    X = rows(400)
    loose, tight = (quick("DCN", k=5, max_iter=10, lam=lam).fit(X) for lam in (0.0, 20.0))
    assert tight.history_["latent_error_per_row"][-1] < 0.5 * loose.history_["latent_error_per_row"][-1]
