"""Training of DeepVQ by products: groups of latent values with a codebook each, whose indices are the bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.deep.batches import read_singly
from engines.deep.bit_learner import BitLearner
from engines.deep.bit_settings import BitSettings, Grouping, parted
from engines.deep.bits import Tally, entropy, tally_of, usage
from engines.deep.books import Books, straight_through_words
from engines.deep.coder import Signs
from engines.deep.grouped_coder import GroupedCoder, in_tree_order, numbers_of_signs
from engines.deep.learner import Job
from engines.deep.network import MOMENTUM
from engines.optimize import torch_module
from engines.training import State, StopToken

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class GroupTally:
    """Use of bits, and rows (2^B,) of each group's codewords; those of several blocks may be added."""

    bits: Tally
    words: tuple[NDArray[np.int64], ...]

    def __add__(self, other: GroupTally) -> GroupTally:
        return GroupTally(self.bits + other.bits, tuple(map(np.add, self.words, other.words)))

    @property
    def counts(self) -> NDArray[np.float64]:
        """Rows in which each bit is -1 and +1: (L, 2)."""
        return self.bits.counts

    def usage(self) -> dict[str, float]:
        """Figures of bits and codes, the mean perplexity of the books, and `n_dead_words`, codewords without a row."""
        dead = float(sum(np.count_nonzero(rows == 0) for rows in self.words))
        mean = float(np.mean([2.0 ** entropy(rows / rows.sum()) for rows in self.words]))
        return {**usage(self.bits), "book_perplexity": mean, "n_dead_words": dead}


class ProductLearner(BitLearner[GroupedCoder, GroupTally]):
    """Descends the error of what the nearest codewords are decoded to; codewords follow the mean of their latents."""

    def __init__(self, job: Job, settings: BitSettings, grouping: Grouping) -> None:
        n_groups = len(grouping.bits)
        parts = parted(n_groups, min(settings.chain, n_groups))
        super().__init__(job, tuple(grouping.width * part for part in parts), settings, "normalised")
        ends = np.cumsum(parts)
        self._groups_of_links = tuple(map(slice, ends - parts, ends))
        self._grouping = grouping

    def _learn(self, Z: Tensor, weight: Tensor, done: int) -> None:
        network, grouping = self._network, self._grouping
        numbers: list[Tensor] = []
        chosen: list[Tensor] = []

        def tell(link: int, latents: Tensor) -> Tensor:
            groups = self._groups_of_links[link]
            numbers.append(self._books.nearest(latents, groups))
            chosen.append(self._books.look_up(numbers[-1], groups))
            return chosen[-1]

        F = self._encoded(Z, tell)
        codes, words = torch_module().cat(numbers, dim=1), torch_module().cat(chosen, dim=1)
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

    def _measure(self, coder: GroupedCoder, block: Floats, weights: NDArray[np.float64]) -> tuple[float, GroupTally]:
        latents, codes = coder.passed(block)
        if not np.isfinite(latents).all():  # of networks that ran away
            return np.nan, self._tally(np.ones((len(block), sum(self._grouping.bits)), np.int8))
        return float(coder.squared_errors(block, codes) @ weights), self._tally(codes)

    def _tally(self, codes: Signs) -> GroupTally:
        widths = self._grouping.bits
        numbers = numbers_of_signs(codes, widths)
        counts = (np.bincount(found, minlength=2**width) for found, width in zip(numbers, widths, strict=True))
        return GroupTally(tally_of(codes), tuple(counts))

    def _figures(self, tally: GroupTally, iteration: int) -> dict[str, float]:
        return {**tally.usage(), **self._pretraining(iteration)}

    def _fitted(self, coder: GroupedCoder, counts: NDArray[np.float64]) -> dict[str, Any]:
        groups = {
            "books_": np.concatenate([book.ravel() for book in coder.books]),
            "group_bits_": np.array(self._grouping.bits, np.int64),
        }
        return {**super()._fitted(coder, counts), **groups}
