"""Pictures put back together from patches: overlapping ones averaged, and every pixel given to one patch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Patchwork:
    """A picture of `size` (H, W) that grows by patches of shape (h, w) or (h, w, c).

    Where patches overlap, a pixel is the mean of theirs; sums are float64.
    """

    def __init__(self, size: tuple[int, int], shape: tuple[int, ...]) -> None:
        self._size, self._shape = size, shape
        self._n_channels = 1 if len(shape) == 2 else shape[2]
        n = size[0] * size[1]
        self._sums = np.zeros((self._n_channels, n))
        self._counts = np.zeros(n, np.int64)
        self._offsets = (np.arange(shape[0])[:, None] * size[1] + np.arange(shape[1])).ravel()

    def add(self, top: NDArray[Any], left: NDArray[Any], values: NDArray[Any]) -> None:
        """Put in (k, d) patches with these upper left pixels (k,), all inside the picture."""
        pixels = (top.astype(np.int64)[:, None] * self._size[1] + left[:, None] + self._offsets).ravel()
        channels = values.reshape(len(values), -1, self._n_channels)
        for channel in range(self._n_channels):
            np.add.at(self._sums[channel], pixels, channels[..., channel].astype(np.float64).ravel())
        np.add.at(self._counts, pixels, 1)

    @property
    def covered(self) -> NDArray[np.bool_]:
        """(H, W) whether some patch covers a pixel."""
        return (self._counts > 0).reshape(self._size)

    @property
    def picture(self) -> NDArray[np.float64]:
        """(H, W) or (H, W, c) means; 0 where nothing is covered."""
        means = (self._sums / np.maximum(self._counts, 1)).reshape(-1, *self._size)
        return np.ascontiguousarray(np.moveaxis(means, 0, -1)) if len(self._shape) == 3 else means[0]


def owners(size: tuple[int, int], side: tuple[int, int], top: NDArray[Any], left: NDArray[Any]) -> NDArray[np.int32]:
    """(H, W) for each pixel the number of the patch whose middle is nearest, among those that cover it; -1 for none."""
    owner = np.full(size[0] * size[1], -1, np.int32)
    across, down = np.meshgrid(np.arange(side[1]), np.arange(side[0]))
    away = (down - (side[0] - 1) / 2) ** 2 + (across - (side[1] - 1) / 2) ** 2
    corner = top.astype(np.int64) * size[1] + left
    numbers = np.arange(len(corner), dtype=np.int32)
    for place in np.argsort(-away, axis=None, kind="stable").tolist():  # the nearest come last and stay
        owner[corner + down.flat[place] * size[1] + across.flat[place]] = numbers
    return owner.reshape(size)
