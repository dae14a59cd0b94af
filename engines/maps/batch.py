"""Learning a map by batches: an epoch puts every unit on the mean of all rows, weighted by their winners' nearness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import single_threaded_blas
from engines.maps.learner import Position, Unfolding
from engines.training import StopToken


class BatchMap(Unfolding):
    """w_k = Σ h x / Σ h over all rows at once, from the sums of the cells alone (Kohonen 2001, section 3.6)."""

    def _moved(self, at: Position, rng: np.random.Generator, stop: StopToken) -> NDArray[Any]:
        stop.check()
        neighbourhood = self._plan.neighbourhood(at.iteration)
        mean = self._sample.mean  # sums of centred rows keep their digits where the data lie far from 0
        with single_threaded_blas():
            centred = at.found.sums - at.found.counts[:, None] * mean
            return neighbourhood.placed(at.prototypes, centred, at.found.counts, mean)
