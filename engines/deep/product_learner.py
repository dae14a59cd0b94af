"""Training of DeepVQ by products: groups of latent values with a codebook each, whose indices are the bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.deep.batches import read_singly
from engines.deep.bit_settings import BitSettings, Grouping
from engines.deep.bits import Tally, tally_of, usage
from engines.deep.books import Books, straight_through_words
from engines.deep.grouped_coder import GroupedCoder, in_tree_order
from engines.deep.learner import AutoencoderLearner, Job
from engines.deep.network import MOMENTUM
from engines.training import State, StopToken

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[Any]


class ProductLearner(AutoencoderLearner[BitSettings, GroupedCoder, Tally]):
    """Descends the error of what the nearest codewords are decoded to; codewords follow the mean of their latents."""

    def __init__(self, job: Job, settings: BitSettings, grouping: Grouping) -> None:
        super().__init__(job, len(grouping.bits) * grouping.width, settings, "normalised")
        self._grouping = grouping

    def _learn(self, Z: Tensor, weight: Tensor, done: int) -> None:
        network, grouping = self._network, self._grouping
        F = self._encoded(Z)
        codes = self._books.nearest(F)
        words = self._books.look_up(codes)
        errors = ((network.decode(straight_through_words(F, words), MOMENTUM) - Z) ** 2).mean(dim=1, keepdim=True)
        errors = errors + grouping.beta * ((F - words) ** 2).mean(dim=1, keepdim=True)
        self._descend((errors * weight).mean())
        self._books.update(F.detach(), codes, weight, grouping.averaging, self._noise)

    def _set_out(self, stop: StopToken) -> None:
        super()._set_out(stop)
        grouping, job = self._grouping, self._job
        self._books = Books([2**width for width in grouping.bits], grouping.width, job.rows.dtype, job.device)

    def _extras(self) -> Mapping[str, Tensor]:
        return self._books.tensors()

    def state(self) -> State:
        return {**super().state(), "group_bits": list(self._grouping.bits)}

    def load_state(self, state: State) -> None:
        if tuple(state["group_bits"]) != self._grouping.bits:
            raise ValueError(
                f"The state to resume is of groups of {state['group_bits']} bits, not of {list(self._grouping.bits)}."
            )
        super().load_state(state)

    def _begin(self, stop: StopToken) -> None:
        rows, wanted = self._job.rows, 2 ** max(self._grouping.bits)
        drawn = self._rng.choice(rows.shape[0], wanted, replace=rows.shape[0] < wanted)
        first = self._batches.scaled(read_singly(rows, drawn, stop))
        self._books.begin(self._network.encode(first, None))

    def _coder(self) -> GroupedCoder:
        words = self._books.words.cpu().numpy()
        books = tuple(in_tree_order(words[g, : 2**width]) for g, width in enumerate(self._grouping.bits))
        return GroupedCoder(**self._networks, books=books)

    def _measure(self, coder: GroupedCoder, block: Floats, weights: NDArray[np.float64]) -> tuple[float, Tally]:
        if not np.isfinite(coder.latent(block)).all():  # of networks that ran away
            return np.nan, tally_of(np.ones((len(block), sum(self._grouping.bits)), np.int8))
        codes = coder.codes(block)
        return float(coder.squared_errors(block, codes) @ weights), tally_of(codes)

    def _figures(self, tally: Tally, iteration: int) -> dict[str, float]:
        return {**usage(tally), "pretraining": float(0 < iteration <= self._n_pretrain)}

    def _fitted(self, coder: GroupedCoder, counts: NDArray[np.float64]) -> dict[str, Any]:
        groups = {
            "books_": np.concatenate([book.ravel() for book in coder.books]),
            "group_bits_": np.array(self._grouping.bits, np.int64),
        }
        return {**super()._fitted(coder, counts), **groups}
