"""Training of VQVAE: straight-through codewords that follow their latents, alone or with neighbours on a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.deep.book_learner import BookLearner
from engines.deep.books import Averaging, Books, straight_through_words
from engines.deep.learner import Job
from engines.deep.network import MOMENTUM
from engines.deep.settings import Settings
from engines.maps.grid import Grid
from engines.maps.neighbourhood import Neighbourhood
from engines.maps.schedule import Schedule
from engines.optimize import torch_module
from engines.training import StopToken

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Map:
    """The grid of the codewords, and the width σ of their neighbourhood in each epoch."""

    grid: Grid
    sigma: Schedule


class VQLearner(BookLearner[Settings]):
    """Descends the error of decoded codewords; these follow the latents of their rows.

    Parameters
    ----------
    beta : float
        Weight of the commitment.
    layout : Map or None
    """

    def __init__(
        self,
        job: Job,
        n_words: int,
        n_latent: int,
        settings: Settings,
        averaging: Averaging,
        beta: float,
        layout: Map | None,
    ) -> None:
        super().__init__(job, n_words, n_latent, settings, None if layout is None else layout.grid.adjacent)
        self._averaging, self._beta, self._layout = averaging, beta, layout
        self._bonds: Tensor | None = None
        self._books: Books

    def _set_out(self, stop: StopToken) -> None:
        super()._set_out(stop)
        self._books = Books((self._n_words,), self._network.sizes[-1], self._job.rows.dtype, self._job.device)

    def _extras(self) -> Mapping[str, Tensor]:
        return self._books.tensors()

    def _begin(self, stop: StopToken) -> None:
        self._books.begin(self._network.encode(self._batches.scaled(self._drawn_rows(stop)), None))

    def _begin_epoch(self, done: int, stop: StopToken) -> None:
        if self._layout is not None:
            grid = self._layout.grid
            strength = Neighbourhood("gaussian", self._layout.sigma.at(done), grid).strength(grid.distances)
            self._bonds = torch_module().from_numpy(strength.astype(self._job.rows.dtype)).to(self._job.device)

    def _learn(self, Z: Tensor, weight: Tensor, done: int) -> None:
        F = self._network.encode(Z, MOMENTUM)
        codes = self._books.nearest(F)
        words = self._books.look_up(codes)
        back = self._network.decode(straight_through_words(F, words), MOMENTUM)
        errors = ((back - Z) ** 2).mean(dim=1, keepdim=True)
        commitment = ((F - words) ** 2).mean(dim=1, keepdim=True)
        self._descend(((errors + self._beta * commitment) * weight).mean())
        self._books.update(F.detach(), codes, weight, self._averaging, self._noise, self._bonds)

    def _words(self) -> NDArray[Any]:
        return np.array(self._books.words[0].cpu().numpy())
