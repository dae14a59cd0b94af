"""Training of deep clustering networks: an auto-encoder, then k-means in its latent space, then both in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.clustering.lloyd import Lloyd, Plan
from engines.clustering.starts import seeder
from engines.deep.book_learner import BookLearner, WordTally
from engines.deep.books import Books
from engines.deep.coder import Coder
from engines.deep.learner import Job
from engines.deep.network import MOMENTUM
from engines.deep.settings import Settings
from engines.optimize import torch_module
from engines.rows import ArrayRows
from engines.training import StopToken

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[Any]


@dataclass(frozen=True)
class DCNSettings(Settings):
    """With λ and the epochs of the auto-encoder alone."""

    lam: float = 1.0
    pretrain_iter: int = 0


class DCNLearner(BookLearner[DCNSettings]):
    """Descends eq. 9 of Le Tan et al. 2018, Σ‖g(f(x)) - x‖² + (λ/2)‖f(x) - c‖², by networks and centres in turn.

    While the auto-encoder learns alone, centres are f of K rows that are drawn anew after each epoch.
    """

    def __init__(self, job: Job, n_clusters: int, n_latent: int, settings: DCNSettings) -> None:
        super().__init__(job, n_clusters, n_latent, settings)
        self._books: Books

    @property
    def _stages(self) -> tuple[int, ...]:
        return self._settings.pretrain_iter, self._settings.max_iter

    def _set_out(self, stop: StopToken) -> None:
        super()._set_out(stop)
        self._books = Books((self._n_words,), self._network.sizes[-1], self._job.rows.dtype, self._job.device)

    def _extras(self) -> Mapping[str, Tensor]:
        return {"centres": self._books.words}

    def _begin(self, stop: StopToken) -> None:
        self._end_epoch(0, stop)

    def _begin_epoch(self, done: int, stop: StopToken) -> None:
        held = self._point.fitted["counts_"] / self._job.weights.mean()
        self._books.counts.copy_(torch_module().from_numpy(held[None].astype(self._job.rows.dtype)))

    def _end_epoch(self, done: int, stop: StopToken) -> None:
        if done < self._settings.pretrain_iter:
            with torch_module().no_grad():
                self._books.begin(self._network.encode(self._batches.scaled(self._drawn_rows(stop)), None))
        elif done == self._settings.pretrain_iter:
            self._books.begin(torch_module().from_numpy(self._means(stop)).to(self._job.device))

    def _learn(self, Z: Tensor, weight: Tensor, done: int) -> None:
        F = self._network.encode(Z, MOMENTUM)
        if done < self._settings.pretrain_iter:
            errors = ((self._network.decode(F, MOMENTUM) - Z) ** 2).sum(dim=1, keepdim=True)
            self._descend((errors * weight).mean() / Z.shape[1])
            return
        codes = self._books.nearest(F)
        centres = self._books.look_up(codes)
        back = self._network.decode(self._decoded(F, centres), MOMENTUM)
        errors = ((back - Z) ** 2).sum(dim=1, keepdim=True)
        apart = ((F - centres) ** 2).sum(dim=1, keepdim=True)
        self._descend(((errors + self._settings.lam / 2 * apart) * weight).mean() / Z.shape[1])
        self._books.pull(F.detach(), codes, weight)

    def _decoded(self, F: Tensor, centres: Tensor) -> Tensor:
        """What the decoder learns to make rows of, (b, L)."""
        return F

    def _means(self, stop: StopToken) -> Floats:
        """Centres (K, L) by k-means of all rows' latents."""
        job, network = self._job, self._network
        coder = Coder(**self._networks)
        F = np.empty((job.rows.shape[0], network.sizes[-1]), job.rows.dtype)

        def one(block: Floats, start: int) -> None:
            F[start : start + len(block)] = coder.latent(block)

        bounds = block_bounds(*job.rows.shape, job.rows.dtype.itemsize, sum(network.sizes[1:]))
        for _ in map_blocks(job.rows, one, bounds, n_jobs=job.n_jobs, stop=stop):
            pass
        plan = Plan(self._n_words, n_starts=1, max_iter=100, tol=1e-4, n_jobs=job.n_jobs, bounded=None)
        seed = seeder("k-means++", self._n_words, F.shape[1], F.dtype)
        lloyd = Lloyd(ArrayRows(F), job.weights, plan, seed, self._rng)
        lloyd.start(stop)
        while not lloyd.finished:
            lloyd.step(stop)
        return np.array(lloyd.fitted()["prototypes_"])

    def _words(self) -> Floats:
        return np.array(self._books.words[0].cpu().numpy())

    def _figures(self, tally: WordTally, iteration: int) -> dict[str, float]:
        pretraining = float(0 < iteration <= self._settings.pretrain_iter)
        return {**super()._figures(tally, iteration), "pretraining": pretraining}


class ModifiedDCNLearner(DCNLearner):
    """Descends eq. 10, Σ‖g(c) - x‖² + (λ/2)‖f(x) - c‖²: the decoder learns to make rows of centres."""

    def _decoded(self, F: Tensor, centres: Tensor) -> Tensor:
        return centres
