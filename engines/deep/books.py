"""Codebooks for groups of latent values that follow averages of their latents; networks are not known here.

Notation of van den Oord et al. 2017, appendix A.1: N and m are the averaged counts and sums of the latents of each
codeword, e = m / N. There are G groups of w = L / G values with K_1 … K_G codewords each, K at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.optimize import torch_module

if TYPE_CHECKING:
    from torch import Tensor

EPSILON = 1e-5
"""Of Laplace smoothing."""
EVERY = slice(None)


@dataclass(frozen=True)
class Averaging:
    """How codewords follow their latents.

    Attributes
    ----------
    gamma : float
        γ of N ← γN + (1 − γ)n.
    revive : float
        A codeword whose N is under this share of the group's mean is dead, and is put on the latent of a row.
    """

    gamma: float
    revive: float


class Books:
    """Codebooks of G groups as tensors; all groups at once, without work in Python for each codeword or row.

    Parameters
    ----------
    sizes : sequence of int
        K_1 … K_G.
    width : int
        w.

    Attributes
    ----------
    words, sums : Tensor of shape (G, K, w)
        e and m; what lies beyond a group's own K_g is 0 and nobody's.
    counts : Tensor of shape (G, K)
        N.
    """

    def __init__(self, sizes: Sequence[int], width: int, dtype: np.dtype[Any], device: str) -> None:
        torch = torch_module()
        shape = (len(sizes), max(sizes), width)
        self.words, self.sums = (torch.from_numpy(np.zeros(shape, dtype)).to(device) for _ in range(2))
        self.counts: Tensor = torch.from_numpy(np.zeros(shape[:2], dtype)).to(device)
        there = np.arange(shape[1]) < np.asarray(sizes)[:, None]
        self._there: Tensor = torch.from_numpy(there).to(device)
        self._sizes: Tensor = torch.from_numpy(np.asarray(sizes, dtype)[:, None]).to(device)

    def tensors(self) -> Mapping[str, Tensor]:
        """What a state must hold."""
        return {"books.words": self.words, "books.sums": self.sums, "books.counts": self.counts}

    def begin(self, latents: Tensor) -> None:
        """Put the codewords on latents (K, G · w), those of group g on their part of the first K_g; N is 1."""
        parts = self._parts(latents)
        self.counts.copy_(self._there)
        self.words.copy_(parts * self._there[:, :, None])
        self.sums.copy_(self.words)

    def nearest(self, latents: Tensor, groups: slice = EVERY) -> Tensor:
        """Number (b, G) of the nearest codeword of each of the groups to their latents (b, G · w)."""
        torch = torch_module()
        with torch.no_grad():
            words = self.words[groups]
            parts = self._parts(latents)
            norms = torch.where(self._there[groups], (words**2).sum(dim=2), torch.inf)
            squares = torch.baddbmm(norms[:, None], parts, words.transpose(1, 2), alpha=-2)
            found: Tensor = least(squares).T
        return found

    def look_up(self, codes: Tensor, groups: slice = EVERY) -> Tensor:
        """The codewords (b, G · w) of codes (b, G) of the groups, side by side."""
        words = self.words[groups]
        which = torch_module().arange(len(words), device=codes.device)
        found: Tensor = words[which, codes].reshape(len(codes), -1)
        return found

    def update(
        self,
        latents: Tensor,
        codes: Tensor,
        weight: Tensor,
        averaging: Averaging,
        generator: Any,
        bonds: Tensor | None = None,
    ) -> None:
        """Move all codewords by a batch of latents (b, G · w), their codes (b, G) and weights (b, 1); then revive.

        Codeword k becomes m_k / N_k, with N smoothed as (N + ε) / (ΣN + Kε) ΣN.

        Parameters
        ----------
        generator : torch.Generator
            Draws the rows on whose latents dead codewords are put, one for each codeword, dead or not.
        bonds : Tensor of shape (K, K), optional
            Share in which codeword k (row) learns with codeword l (column): k takes Σ_l h_kl of the counts and sums.
        """
        torch = torch_module()
        with torch.no_grad():
            n, sums = self._batch_sums(latents, codes, weight)
            if bonds is not None:
                n, sums = n @ bonds.T, bonds @ sums
            self.counts.lerp_(n, 1 - averaging.gamma)
            self.sums.lerp_(sums, 1 - averaging.gamma)
            total = self.counts.sum(dim=1, keepdim=True)
            smooth = (self.counts + EPSILON) / (total + self._sizes * EPSILON) * total
            self.words.copy_(self.sums / smooth.clamp_min(torch.finfo(smooth.dtype).tiny)[:, :, None])
            if averaging.revive > 0:
                self._revive(latents, averaging.revive, generator)

    def pull(self, latents: Tensor, codes: Tensor, weight: Tensor) -> None:
        """Move codewords by a batch as by one row after the other: N grows by one, then e −= (e − f(x)) / N.

        A row of weight w counts as w rows. With the codes given, the order of rows does not matter.
        """
        torch = torch_module()
        with torch.no_grad():
            n, sums = self._batch_sums(latents, codes, weight)
            self.counts.add_(n)
            seen = self.counts.clamp_min(torch.finfo(n.dtype).tiny)[:, :, None]
            self.words.add_((sums - n[:, :, None] * self.words) / seen)

    def _batch_sums(self, latents: Tensor, codes: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Weight (G, K) and weighted sum (G, K, w) of the latents of each codeword."""
        torch, parts = torch_module(), self._parts(latents)
        n = torch.zeros_like(self.counts).scatter_add_(1, codes.T, weight.T.expand(len(self.words), -1))
        where = codes.T[:, :, None].expand(-1, -1, parts.shape[2])
        return n, torch.zeros_like(self.sums).scatter_add_(1, where, parts * weight[None])

    def _revive(self, latents: Tensor, share: float, generator: Any) -> None:
        """Put codewords whose N is under a share of the mean on latents of rows, with the mean as their N."""
        torch, parts = torch_module(), self._parts(latents)
        mean = self.counts.sum(dim=1, keepdim=True) / self._sizes
        dead = self._there & (self.counts < share * mean)
        drawn = torch.randint(len(latents), dead.shape, generator=generator, device=latents.device)
        places = parts.gather(1, drawn[:, :, None].expand(-1, -1, parts.shape[2]))
        self.counts.copy_(torch.where(dead, mean, self.counts))
        self.words.copy_(torch.where(dead[:, :, None], places, self.words))
        self.sums.copy_(torch.where(dead[:, :, None], places * mean[:, :, None], self.sums))

    def _parts(self, latents: Tensor) -> Tensor:
        """Latents (b, G · w) of as many groups as they are of, as (G, b, w)."""
        return latents.reshape(len(latents), -1, self.words.shape[2]).transpose(0, 1)


def straight_through_words(F: Tensor, words: Tensor) -> Tensor:
    """The codewords (b, L) forward, with the gradient of the latents F (b, L) back."""
    return F + (words - F).detach()


def least(values: Tensor) -> Tensor:
    """Place (...,) of the least of values (..., K), the first of equal ones; NumPy finds it ten times as fast."""
    if values.device.type != "cpu":
        return values.argmin(dim=-1)
    found: Tensor = torch_module().from_numpy(values.numpy().argmin(axis=-1))
    return found
