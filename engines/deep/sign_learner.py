"""Training of DeepVQ by signs: the loss of a batch by straight-through bits or by the step over codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.deep.bit_learner import BitLearner
from engines.deep.bit_settings import BitSettings, parted
from engines.deep.bits import Tally, tally_of, usage
from engines.deep.coder import SignCoder
from engines.deep.codes import Penalty, best_codes, fit, straight_through
from engines.deep.learner import Job
from engines.deep.network import MOMENTUM
from engines.optimize import torch_module

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[Any]


class SignLearner(BitLearner[SignCoder, Tally]):
    """Descends the error of what codes of L bits are decoded to."""

    def __init__(self, job: Job, n_bits: int, settings: BitSettings) -> None:
        super().__init__(job, parted(n_bits, min(settings.chain, n_bits)), settings, "tanh")

    def _learn(self, Z: Tensor, weight: Tensor, done: int) -> None:
        penalty = self._settings.penalty
        errors = self._errors_of_bits(Z) if penalty is None else self._errors_of_best(Z, penalty)
        self._descend((errors * weight).mean() / Z.shape[1])

    def _errors_of_bits(self, Z: Tensor) -> Tensor:
        """What each row adds to the loss, (b, 1), by bits whose gradient goes straight through."""
        drawn: list[Tensor] = []

        def tell(link: int, latents: Tensor) -> Tensor:
            bits = straight_through(latents, self._settings.bits, self._settings.spread, self._noise)
            drawn.append(bits)
            return bits.detach()

        self._encoded(Z, tell)
        B = torch_module().cat(drawn, dim=1)
        return ((self._network.decode(B, MOMENTUM) - Z) ** 2).sum(dim=1, keepdim=True)

    def _errors_of_best(self, Z: Tensor, penalty: Penalty) -> Tensor:
        """What each row adds to the loss, (b, 1), by the codes of the step over codes."""
        network = self._network
        F = self._encoded(Z)
        B = best_codes(lambda bits: network.decode(bits, None), Z, F.detach(), penalty)
        return fit(lambda bits: network.decode(bits, MOMENTUM), Z, F, B, penalty.gamma)

    def _coder(self) -> SignCoder:
        return SignCoder(**self._networks)

    def _measure(self, coder: SignCoder, block: Floats, weights: NDArray[np.float64]) -> tuple[float, Tally]:
        codes = coder.codes(block)
        return float(coder.squared_errors(block, codes) @ weights), tally_of(codes)

    def _figures(self, tally: Tally, iteration: int) -> dict[str, float]:
        return {**usage(tally), **self._pretraining(iteration)}
