"""Product quantization by books of two sizes, such as 11 + 11 + 10 bits, as one quantizer of columns for each size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines import ProductQuantizer
from engines.quantization.columns import split_columns
from engines.training import Training


class UnevenProduct:
    """Runs of columns as `ProductQuantizer` cuts them, with books of `widths` bits each, the wider ones first.

    As subspaces are learned each for itself, quantizers of those of equal width are together what one of all would be.
    """

    FITTED: ClassVar[tuple[str, ...]] = ("codebooks_",)

    def __init__(self, widths: Sequence[int], random_state: int) -> None:
        self._widths, self._seed = tuple(widths), random_state

    def train(self, X: NDArray[Any]) -> Trainings:
        """What learns from rows (n, d), one part after the other."""
        splits, found, start = split_columns(X.shape[1], len(self._widths)), [], 0
        for width in dict.fromkeys(self._widths):
            end = start + self._widths.count(width)
            model = ProductQuantizer(n_subspaces=end - start, n_bits=width, random_state=self._seed)
            found.append((slice(splits[start], splits[end]), model))
            start = end
        self._parts = tuple(found)
        return Trainings([model.train(np.ascontiguousarray(X[:, columns])) for columns, model in self._parts])

    def encode(self, X: NDArray[Any], packed: bool = False) -> NDArray[Any]:
        """Numbers of codewords (n, M), or all bits of a row in bytes."""
        if not packed:
            return np.concatenate([model.encode(X[:, columns]) for columns, model in self._parts], axis=1)
        bits = [
            np.unpackbits(model.encode(X[:, columns], packed=True), axis=1, count=model.bits_per_row, bitorder="little")
            for columns, model in self._parts
        ]
        return np.packbits(np.concatenate(bits, axis=1), axis=1, bitorder="little")

    def quantize(self, X: NDArray[Any]) -> NDArray[Any]:
        """The rows (n, d) that codes stand for."""
        return np.concatenate([model.quantize(X[:, columns]) for columns, model in self._parts], axis=1)

    @property
    def codebooks_(self) -> NDArray[Any]:
        """All codewords, as one vector."""
        return np.concatenate([model.codebooks_.ravel() for _, model in self._parts])


class Trainings:
    """Trainings that run one after the other as one."""

    def __init__(self, parts: Sequence[Training]) -> None:
        self._parts = parts

    def run(self) -> None:
        for part in self._parts:
            part.run()

    def stop(self) -> None:
        for part in self._parts:
            part.stop()

    @property
    def finished(self) -> bool:
        return all(part.finished for part in self._parts)
