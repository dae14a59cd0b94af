"""DeepVQ's chain: bits, or groups, that are found one after the other, each told of those before."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engines import DeepVQ
from engines.deep.bit_settings import LINKS
from engines.deep.coder import signs_of
from engines.deep.grouped_coder import books_of
from engines.deep.network import Network


def rows(n=300, d=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d))


def quick(**parameters):
    told = {"n_bits": 8, "method": "sign", "hidden": (12,), "max_iter": 4, "learning_rate": 0.01, "batch_size": 32}
    return DeepVQ(random_state=0, device="cpu", **{**told, **parameters})


def learned(X, **parameters):
    model = quick(**parameters)
    training = model.train(X)
    training.run()
    return model, training._learner._network


@pytest.mark.parametrize("hidden", [(), (12,), (9, 7)])
def test_later_bits_are_given_the_signs_of_those_before(hidden):
    """What NumPy codes is what the networks give when each link is told the signs, not the latent values, before it."""
    X = rows()
    model, network = learned(X, chain=3, hidden=hidden)
    assert network.links == (3, 3, 2)
    told = []

    def tell(link, latents):
        told.append(torch.where(latents < 0, -1.0, 1.0).to(latents.dtype))
        return told[-1]

    with torch.no_grad():
        F = network.encode(torch.from_numpy((X - model.mean_) / model.scale_), None, tell)
    np.testing.assert_allclose(model.transform(X), F, atol=1e-10)
    np.testing.assert_array_equal(model.encode(X), torch.cat(told, dim=1).numpy())


def test_later_groups_are_given_the_codewords_of_those_before():
    X = rows()
    model, network = learned(X, method="product", group_bits=(3, 3, 2), chain=2)
    assert network.links == (32, 16)
    books = books_of(model.books_, model.group_bits_.tolist())

    def tell(link, latents):
        words = map(torch.from_numpy, (books[:2], books[2:])[link])
        parts = zip(words, latents.split(16, dim=1), strict=True)
        return torch.cat([book[torch.cdist(part, book).argmin(dim=1)] for book, part in parts], dim=1)

    with torch.no_grad():
        F = network.encode(torch.from_numpy((X - model.mean_) / model.scale_), None, tell)
    np.testing.assert_allclose(model.transform(X), F, atol=1e-10)


def test_a_first_link_is_not_moved_by_later_ones_and_a_later_one_is_by_the_first():
    network = Network((5, 8, 4), (2, 2), False, "gelu", "tanh")
    network.start(np.random.default_rng(0), np.dtype(np.float64), "cpu")
    Z = torch.from_numpy(np.random.default_rng(1).normal(size=(20, 5)))
    with torch.no_grad():
        one, other = (network.encode(Z, None, lambda link, F, by=by: by * torch.ones_like(F)) for by in (-1.0, 1.0))
    assert torch.equal(one[:, :2], other[:, :2])
    assert not torch.allclose(one[:, 2:], other[:, 2:])


@pytest.mark.parametrize(("method", "parameters", "links"), [
    ("sign", {}, (2,) * LINKS),
    ("sign", {"n_bits": 2}, (1, 1)),
    ("sign", {"decoder": "tied"}, (8,)),
    ("mpec", {}, (8,)),
    ("product", {"group_bits": (8,)}, (16,)),
    ("product", {"group_bits": (2, 2, 1, 1, 1, 1)}, (32, 32, 16, 16)),
    ("product", {"group_bits": (4, 4), "group_width": 5, "chain": 1}, (10,)),
])  # fmt: skip
def test_links_are_as_many_as_serve(method, parameters, links):
    model = quick(method=method, **parameters, max_iter=1).fit(rows())
    assert tuple(model.link_sizes_) == links


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sign", "product"])
def test_a_chain_learns_better_than_all_bits_at_once(method):
    X = rows(1000)
    groups = {"group_bits": (4, 4, 4)} if method == "product" else {}
    one, chain = (
        quick(method=method, n_bits=12, hidden=(32,), max_iter=15, chain=n, **groups).fit(X).quantization_error(X)
        for n in (1, 3)
    )
    assert chain < 0.9 * one


def test_a_training_with_other_links_is_not_resumed():
    X = rows()
    training = quick(chain=2).train(X)
    next(training)
    with pytest.raises(ValueError, match=r"state to resume has links of \[4, 4\] latent values, not of \[2, 2, 2, 2\]"):
        next(quick(chain=4).train(X, resume=training.state()))


def test_what_later_bits_are_told_of_a_zero_is_plus_one():
    np.testing.assert_array_equal(signs_of(np.array([[-0.0, 0.0, -1e-300]])), [[1, 1, -1]])
