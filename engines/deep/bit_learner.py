"""What trainings of DeepVQ share, however the bits are learned: the chain of links, figures, what is fitted."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.deep.bit_settings import BitSettings
from engines.deep.coder import SignCoder, flat
from engines.deep.learner import AutoencoderLearner, Counted

AnyBitCoder = TypeVar("AnyBitCoder", bound=SignCoder)
AnyBitTally = TypeVar("AnyBitTally", bound=Counted)


class BitLearner(AutoencoderLearner[BitSettings, AnyBitCoder, AnyBitTally]):
    """A learner of networks whose codes are bits, found link after link."""

    @property
    def _networks(self) -> dict[str, Any]:
        return {**super()._networks, "links": self._network.folded_links()}

    def _fitted(self, coder: AnyBitCoder, counts: NDArray[np.float64]) -> dict[str, Any]:
        chain = [layer for link in coder.links for layer in link]
        return {
            **super()._fitted(coder, counts),
            "links_": flat(chain) if chain else np.empty(0, self._mean.dtype),
            "link_sizes_": np.array(self._network.links, np.int64),
            "books_": np.empty(0, self._mean.dtype),
            "group_bits_": np.empty(0, np.int64),
        }

    def _pretraining(self, iteration: int) -> dict[str, float]:
        return {"pretraining": float(0 < iteration <= self._n_pretrain)}
