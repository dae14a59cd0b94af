"""Training of MetaQuantizer: networks descend on one half of a batch, the maker of the codebook on the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.deep.bilevel import Loss, Values, hypergradient
from engines.deep.book_learner import BookLearner
from engines.deep.books import least
from engines.deep.hypernet import Hypernet
from engines.deep.learner import Job
from engines.deep.network import MOMENTUM, Network
from engines.deep.settings import Settings
from engines.optimize import torch_module
from engines.training import StopToken

if TYPE_CHECKING:
    from torch import Tensor

DECAY = 0.99
"""Share of the past in the averaged number of rows that choose a codeword."""
STILL = 0.0
"""Momentum with which a batch is normalised by its own statistics, and the running ones stay."""


@dataclass(frozen=True)
class MetaSettings(Settings):
    """With β, the step sizes of H and of embeddings, the share of use under which to revive, and the width of H."""

    beta: float = 0.25
    outer_rate: float = 3e-4
    embedding_rate: float = 1.0
    revive: float = 0.0
    n_hyper: int = 64


class MetaLearner(BookLearner[MetaSettings]):
    """Lowers the error of decoded codewords: inner steps by weights w, outer ones by what makes the codebook."""

    def __init__(self, job: Job, n_words: int, n_latent: int, settings: MetaSettings) -> None:
        super().__init__(job, n_words, n_latent, settings)
        self._hypernet: Hypernet

    def _set_out(self, stop: StopToken) -> None:
        super()._set_out(stop)
        job, settings = self._job, self._settings
        sizes = (self._n_words, self._network.sizes[-1], settings.n_hyper)
        self._hypernet = Hypernet(*sizes, self._rng, job.rows.dtype, job.device)
        values = dict(self._hypernet.values)
        embeddings = [{"params": [values.pop("embeddings")], "lr": settings.embedding_rate}]
        embeddings[0]["initial_lr"] = settings.embedding_rate
        self._optimizers["embeddings"] = torch_module().optim.Adagrad(embeddings)
        self._optimizers["maker"] = self._optimizer(list(values.values()), settings.outer_rate)
        self._counts = torch_module().from_numpy(np.ones(self._n_words, job.rows.dtype)).to(job.device)

    def _extras(self) -> Mapping[str, Tensor]:
        return {f"hypernet.{name}": tensor for name, tensor in self._hypernet.values.items()} | {"counts": self._counts}

    def _begin(self, stop: StopToken) -> None:
        self._hypernet.begin(self._network.encode(self._batches.scaled(self._drawn_rows(stop)), None))

    def _learn(self, Z: Tensor, weight: Tensor, done: int) -> None:
        half = len(Z) // 2
        halves = [(Z[:half], weight[:half]), (Z[half:], weight[half:])] if half else [(Z, weight)] * 2
        for one, other in (halves, halves[::-1]):
            self._step(*one, *other)

    def _step(self, A: Tensor, weight_A: Tensor, B: Tensor, weight_B: Tensor) -> None:
        """One inner step on rows A, with the outer one on rows B at the weights to which it leads."""
        network, beta, codebook = self._network, self._settings.beta, self._hypernet.codebook()
        with torch_module().no_grad():
            F = network.encode(A, MOMENTUM)
            codes = nearest(F, codebook)
            network.decode(codebook[codes], MOMENTUM)
        inner = inner_loss(network, A, weight_A, F, codes, beta)
        outer = outer_loss(network, B, weight_B, beta)
        step = float(self._optimizers["networks"].param_groups[0]["lr"])
        found = hypergradient(inner, outer, network.values, codebook, step)
        for name in ("maker", "embeddings"):
            self._optimizers[name].zero_grad(set_to_none=True)
        codebook.backward(found.codebook)  # type: ignore[no-untyped-call]
        for name in ("maker", "embeddings"):
            self._optimizers[name].step()
        for name, tensor in network.values.items():
            tensor.grad = found.weights[name]
        self._update()
        if self._settings.revive:
            self._revive(F, codes, weight_A)

    def _revive(self, F: Tensor, codes: Tensor, weight: Tensor) -> None:
        """Put codewords that rows hardly choose on latents F (b, L) of rows, by changing their embeddings.

        Rows are drawn by the use of their codewords, so that the most crowded cells are parted.
        """
        torch, counts = torch_module(), self._counts
        with torch.no_grad():
            n = torch.zeros_like(counts).scatter_add_(0, codes, weight[:, 0])
            counts.lerp_(n, 1 - DECAY)
            drawn = torch.multinomial(counts[codes], len(counts), replacement=True, generator=self._noise)
            dead = torch.nonzero(counts < self._settings.revive * counts.mean())[:, 0]
            self._hypernet.put(dead, F[drawn[dead]])
            counts[dead] = counts.mean()

    def _words(self) -> NDArray[Any]:
        return np.array(self._hypernet.codebook().detach().cpu().numpy())


def inner_loss(network: Network, Z: Tensor, weight: Tensor, F0: Tensor, codes: Tensor, beta: float) -> Loss:
    """L_A(w, C) of rows Z (b, d): mean of ‖g(C_s + f(z) − F₀) - z‖² / d + β‖f(z) - C_s‖² / L.

    F₀ (b, L) and the codes s (b,) are those of the network's present weights: with them fixed, L_A is a function whose
    gradient by w, at these weights, is that of the straight-through estimator.
    """

    def loss(values: Values, C: Tensor) -> Tensor:
        at = replace(network, values=dict(values))
        F, words = at.encode(Z, STILL), C[codes]
        back = at.decode(words + F - F0, STILL)
        return _weighted(back, Z, F, words, weight, beta)

    return loss


def outer_loss(network: Network, Z: Tensor, weight: Tensor, beta: float) -> Loss:
    """L_B(w, C) of rows Z (b, d): mean of ‖g(C_s) - z‖² / d + β‖f(z) - C_s‖² / L, s being nearest under w and C."""

    def loss(values: Values, C: Tensor) -> Tensor:
        at = replace(network, values=dict(values))
        F = at.encode(Z, STILL)
        words = C[nearest(F, C)]
        return _weighted(at.decode(words, STILL), Z, F, words, weight, beta)

    return loss


def nearest(F: Tensor, C: Tensor) -> Tensor:
    """Number (b,) of the codeword of C (K, L) nearest to F (b, L)."""
    torch = torch_module()
    with torch.no_grad():
        return least(torch.addmm((C**2).sum(dim=1), F, C.T, alpha=-2))


def _weighted(back: Tensor, Z: Tensor, F: Tensor, words: Tensor, weight: Tensor, beta: float) -> Tensor:
    errors = ((back - Z) ** 2).mean(dim=1, keepdim=True) + beta * ((F - words) ** 2).mean(dim=1, keepdim=True)
    return (errors * weight).mean()
