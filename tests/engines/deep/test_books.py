"""Codebooks moved by averages against their definition, one codeword at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engines.deep.books import EPSILON, Averaging, Books, straight_through_words

SIZES, WIDTH = (5, 3, 4), 2


def books(seed=0):
    made = Books(SIZES, WIDTH, np.dtype(np.float64), "cpu")
    made.begin(latents(5, seed))
    return made


def latents(n, seed):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, len(SIZES) * WIDTH)))


def test_codewords_start_on_latents_and_none_is_there_beyond_a_groups_own():
    made, first = books(), latents(5, 0)
    for g, size in enumerate(SIZES):
        assert torch.equal(made.words[g, :size], first[:size, g * WIDTH : (g + 1) * WIDTH])
        assert not made.words[g, size:].any()
    F = latents(500, 1) / 100  # near zero, where the padding lies
    codes = made.nearest(F)
    assert codes.max(dim=0).values.tolist() <= [size - 1 for size in SIZES]


def test_the_nearest_codeword_of_each_group_is_the_nearest_by_brute_force():
    made, F = books(), latents(300, 2)
    codes = made.nearest(F)
    for g, size in enumerate(SIZES):
        part = F[:, g * WIDTH : (g + 1) * WIDTH]
        assert torch.equal(codes[:, g], torch.cdist(part, made.words[g, :size]).argmin(dim=1))
    words = made.look_up(codes)
    assert torch.equal(words[7, WIDTH : 2 * WIDTH], made.words[1, codes[7, 1]])


def test_an_update_is_the_average_of_the_appendix_codeword_by_codeword():
    made, F, averaging = books(), latents(40, 3), Averaging(0.9, 0.0)
    weight = torch.from_numpy(np.random.default_rng(4).uniform(0.5, 2, (40, 1)))
    codes, words, counts, sums = made.nearest(F), made.words.clone(), made.counts.clone(), made.sums.clone()
    made.update(F, codes, weight, averaging, None)
    for g, size in enumerate(SIZES):
        N, m = np.zeros(size), np.zeros((size, WIDTH))
        for k in range(size):
            mine = codes[:, g] == k
            N[k] = 0.9 * counts[g, k] + 0.1 * weight[mine].sum()
            m[k] = 0.9 * sums[g, k] + 0.1 * (weight * F[:, g * WIDTH : (g + 1) * WIDTH])[mine].sum(dim=0)
        smooth = (N + EPSILON) / (N.sum() + size * EPSILON) * N.sum()
        np.testing.assert_allclose(made.words[g, :size], m / smooth[:, None], rtol=1e-12)
        assert not made.words[g, size:].any()
    assert not torch.equal(words, made.words)


def test_codewords_settle_on_the_means_of_their_latents():
    made, F = books(), latents(200, 5)
    codes = made.nearest(F)
    for _ in range(3000):
        made.update(F, codes, torch.ones(200, 1, dtype=F.dtype), Averaging(0.98, 0.0), None)
    for g, size in enumerate(SIZES):
        for k in range(size):
            mean = F[codes[:, g] == k, g * WIDTH : (g + 1) * WIDTH].mean(dim=0)
            np.testing.assert_allclose(made.words[g, k], mean, atol=1e-4)


def test_codewords_that_get_no_rows_come_back_to_life_on_latents_of_the_batch():
    made, F = books(), latents(50, 6)
    made.words[0, 2], made.words[2, 1] = 100.0, 100.0
    made.sums.copy_(made.words)
    generator, weight = torch.Generator().manual_seed(0), torch.ones(50, 1, dtype=F.dtype)
    for _ in range(60):
        made.update(F, made.nearest(F), weight, Averaging(0.9, 0.05), generator)
    assert float(made.words.abs().max()) < 10
    assert all(len(made.nearest(F)[:, g].unique()) == size for g, size in enumerate(SIZES))
    still = books()
    still.words[0, 2] = 100.0
    still.sums.copy_(still.words)
    for _ in range(60):
        still.update(F, still.nearest(F), weight, Averaging(0.9, 0.0), generator)
    assert 2 not in still.nearest(F)[:, 0]


def test_bonds_share_counts_and_sums_with_neighbours():
    one = Books((3,), 2, np.dtype(np.float64), "cpu")
    F = torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]], dtype=torch.float64)
    one.begin(F)
    bonds = torch.tensor([[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]], dtype=torch.float64)
    codes, weight = torch.tensor([[0], [0], [2]]), torch.ones(3, 1, dtype=torch.float64)
    for _ in range(400):
        one.update(F, codes, weight, Averaging(0.9, 0.0), None, bonds)
    expected = [[0.5, 0.0], [(0.5 * 1 + 0.5 * 5) / 1.5, 0.5 * 5 / 1.5], [5.0, 5.0]]
    np.testing.assert_allclose(one.words[0], expected, atol=1e-4)


def test_straight_through_gives_words_forward_and_the_gradient_of_latents_back():
    F, words = latents(4, 0).requires_grad_(True), latents(4, 1)
    out = straight_through_words(F, words)
    np.testing.assert_allclose(out.detach(), words, atol=1e-15)
    (gradient,) = torch.autograd.grad((out**2).sum(), F)
    np.testing.assert_allclose(gradient, 2 * words, atol=1e-12)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card")
def test_a_graphics_card_gives_the_same_codewords():
    found = []
    for device in ("cpu", "cuda"):
        made, F = Books(SIZES, WIDTH, np.dtype(np.float64), device), latents(40, 3).to(device)
        made.begin(latents(5, 0).to(device))
        made.update(F, made.nearest(F), torch.ones(40, 1, dtype=F.dtype, device=device), Averaging(0.9, 0.0), None)
        found.append(made.words.cpu().numpy())
    np.testing.assert_allclose(*found, rtol=1e-9)
