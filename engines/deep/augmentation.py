"""Rows made different while learning: pictures moved by some pixels, and noise; no networks here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engines.optimize import torch_module

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """What happens to scaled rows before they are learned from.

    Attributes
    ----------
    noise : float
        Standard deviation of what is added to what the encoder sees; the spread of all rows is 1.
    shift : int
        Most pixels by which pictures move, down and across, their edges being drawn out.
    image_shape : tuple of int
        (h, w) or (h, w, channels) of pictures; () for rows that are none.
    """

    noise: float = 0.0
    shift: int = 0
    image_shape: tuple[int, ...] = ()

    def moved(self, Z: Tensor, generator: Any) -> Tensor:
        """Rows (b, d) as pictures, each moved by as many pixels, down and across, as are drawn for it."""
        if not self.shift:
            return Z
        torch = torch_module()
        h, w = self.image_shape[:2]
        by = torch.randint(-self.shift, self.shift + 1, (2, len(Z), 1), generator=generator, device=Z.device)
        rows = (torch.arange(h, device=Z.device) - by[0]).clamp(0, h - 1)
        columns = (torch.arange(w, device=Z.device) - by[1]).clamp(0, w - 1)
        pictures = Z.reshape(len(Z), h, w, -1)
        which = torch.arange(len(Z), device=Z.device)[:, None, None]
        found: Tensor = pictures[which, rows[:, :, None], columns[:, None, :]].reshape(Z.shape)
        return found

    def noisy(self, Z: Tensor, generator: Any) -> Tensor:
        """Rows (b, d) as the encoder sees them."""
        if not self.noise:
            return Z
        torch = torch_module()
        drawn = torch.randn(Z.shape, generator=generator, dtype=Z.dtype, device=Z.device)
        found: Tensor = Z + self.noise * drawn
        return found


def augmentation_of(noise: float, shift: int, image_shape: tuple[int, ...] | None, n_features: int) -> Augmentation:
    """The augmentation that parameters mean for rows of so many features.

    Raises
    ------
    ValueError
        If pictures are to be moved whose shape is not told, or is not that of the rows.
    """
    shape = () if image_shape is None else tuple(int(side) for side in image_shape)
    if not shift:
        if shape:
            raise ValueError("DeepVQ: image_shape has no effect without shift: leave it out.")
        return Augmentation(noise)
    if len(shape) not in (2, 3) or math.prod(shape) != n_features:
        raise ValueError(
            f"DeepVQ: shift needs image_shape, the height, width and perhaps channels of {n_features} values, "
            f"got {image_shape}."
        )
    return Augmentation(noise, shift, shape)
