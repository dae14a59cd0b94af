"""Training of DeepVQ by signs: the loss of a batch by straight-through bits or by the step over codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.deep.bit_settings import BitSettings
from engines.deep.bits import Tally, tally_of, usage
from engines.deep.coder import SignCoder
from engines.deep.codes import best_codes, fit, straight_through
from engines.deep.learner import AutoencoderLearner, Job
from engines.deep.network import MOMENTUM

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[Any]


class BitLearner(AutoencoderLearner[BitSettings, SignCoder, Tally]):
    """Descends the error of what codes of L bits are decoded to."""

    def __init__(self, job: Job, n_bits: int, settings: BitSettings) -> None:
        super().__init__(job, n_bits, settings, "tanh")

    def _learn(self, Z: Tensor, weight: Tensor, done: int) -> None:
        self._descend((self._errors(Z) * weight).mean() / Z.shape[1])

    def _errors(self, Z: Tensor) -> Tensor:
        """What each row adds to the loss, (b, 1)."""
        network, settings = self._network, self._settings
        F = self._encoded(Z)
        if settings.penalty is None:
            B = straight_through(F, settings.bits, self._noise)
            return ((network.decode(B, MOMENTUM) - Z) ** 2).sum(dim=1, keepdim=True)
        B = best_codes(lambda bits: network.decode(bits, None), Z, F.detach(), settings.penalty)
        return fit(lambda bits: network.decode(bits, MOMENTUM), Z, F, B, settings.penalty.gamma)

    def _coder(self) -> SignCoder:
        return SignCoder(**self._networks)

    def _measure(self, coder: SignCoder, block: Floats, weights: NDArray[np.float64]) -> tuple[float, Tally]:
        codes = coder.codes(block)
        return float(coder.squared_errors(block, codes) @ weights), tally_of(codes)

    def _figures(self, tally: Tally, iteration: int) -> dict[str, float]:
        return {**usage(tally), "pretraining": float(0 < iteration <= self._n_pretrain)}

    def _fitted(self, coder: SignCoder, counts: NDArray[np.float64]) -> dict[str, Any]:
        no_groups = {"books_": np.empty(0, self._mean.dtype), "group_bits_": np.empty(0, np.int64)}
        return {**super()._fitted(coder, counts), **no_groups}
