"""What is known of one picture and the patches cut from it, and the pixels that show it in the colours of a theme."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

import numpy as np
from numpy.typing import NDArray

from workbench.views.cell_colours import cell_table
from workbench.views.theme import Theme, rgb
from workbench.views.wording import number, with_unit

MODES = {
    "codewords": "Codewords",
    "reconstruction": "Reconstruction",
    "error": "Errors",
    "original": "Picture",
}
"""What can be shown of a picture, by name and title; what is most looked at first."""
_DIMMED = 205
"""How far pixels that are not lit go down in the surface, of 255."""


@dataclass(frozen=True)
class Asked:
    """What a person asked to see.

    Attributes
    ----------
    picture : int
        Which of the pictures.
    mode : str
        One of `MODES`; "" for the first there is.
    """

    picture: int = 0
    mode: str = ""

    def __str__(self) -> str:
        return urlencode({"picture": self.picture, "mode": self.mode})

    @classmethod
    def parse(cls, text: str) -> Asked:
        """What `str` gave; whatever is not understood is not asked."""
        told = dict(parse_qsl(text))
        which = told.get("picture", "")
        return cls(int(which) if which.isdecimal() else 0, told.get("mode", ""))


@dataclass(frozen=True, eq=False)
class SourcesData:
    """One picture put together from k patches of side (h, w), and what a codebook of M codewords makes of it.

    Attributes
    ----------
    trouble : str
        Why there is no picture; "" where there is one.
    pictures : tuple of str
        Names of those there are.
    shown : int
        Which of them it is.
    modes : tuple of (name, title)
        What can be shown of it.
    mode : str
        Which of these is.
    side : (h, w)
        Of a patch.
    rows : (k,) int64
        Row numbers of its patches, without dropped ones.
    corners : (k, 2) int64
        Row and column of the upper left pixel of each.
    owners : (H, W) int32
        For each pixel the patch that it counts for, as a place among the k; -1 where none covers it.
    original : (H, W) or (H, W, 3) uint8
        Means of the patches; 0 where none is.
    reconstruction : uint8 of the same shape, or None
        None where it was not asked for.
    image_range : (low, high)
        What 0 and 255 mean.
    winners : (k,) int64, or (0,)
        The codeword of each patch, -1 for none.
    n_codewords : int
    likeness : (M,) float64, or (0,)
        Where each codeword stands among all, 0 to 1; empty where each can have a colour of its own.
    errors : (k,) float64, or (0,)
        Root of the mean squared error of each patch, in the units of the pixels.
    unit : str
        Of pixels.
    mse, psnr : float
        Of the whole reconstruction against the picture, in squared units and in decibels; NaN where not asked for.
    note : str
    """

    trouble: str = ""
    pictures: tuple[str, ...] = ()
    shown: int = 0
    modes: tuple[tuple[str, str], ...] = ()
    mode: str = ""
    side: tuple[int, int] = (1, 1)
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    corners: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))
    owners: NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 0), np.int32))
    original: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 0), np.uint8))
    reconstruction: NDArray[np.uint8] | None = None
    image_range: tuple[float, float] = (0.0, 255.0)
    winners: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    n_codewords: int = 0
    likeness: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    errors: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    unit: str = ""
    mse: float = np.nan
    psnr: float = np.nan
    note: str = ""

    @property
    def name(self) -> str:
        """Of the picture."""
        return self.pictures[self.shown] if self.pictures else ""

    @property
    def limit(self) -> float:
        """The upper end of the scale of errors."""
        known = self.errors[np.isfinite(self.errors)]
        return float(known.max(initial=0.0)) or 1.0

    @property
    def scale(self) -> str:
        """What the scale of errors measures."""
        return with_unit("error of a patch (RMS)", self.unit)

    @property
    def quality(self) -> str:
        """How far the reconstruction is from the picture, in words; "" where it was not asked for."""
        if np.isnan(self.mse):
            return ""
        low, high = self.image_range
        told = f"MSE {number(self.mse)}" + (f" {self.unit}²" if self.unit else "")
        return f"{told} · PSNR {number(self.psnr, 4)} dB (peak {number(high - low)})"

    def place_at(self, row: int, column: int) -> int | None:
        """Which of the k patches a pixel counts for; None outside the picture and where no patch is."""
        height, width = self.owners.shape
        if not (0 <= row < height and 0 <= column < width):
            return None
        place = int(self.owners[row, column])
        return place if place >= 0 else None

    def told(self, place: int) -> str:
        """What is known of a patch, in words."""
        top, left = self.corners[place].tolist()
        words = [f"row {int(self.rows[place]) + 1:,}, pixel {top}, {left}"]
        if len(self.winners) and self.winners[place] >= 0:
            words.append(f"prototype {int(self.winners[place])}")
        if len(self.errors):
            words.append(f"error {number(float(self.errors[place]), 3)}" + (f" {self.unit}" if self.unit else ""))
        return "\n".join(words)


def lit(data: SourcesData, mask: NDArray[np.bool_], prototypes: frozenset[int]) -> NDArray[np.bool_] | None:
    """(k,) which patches are in the light: those of picked prototypes or, without any, picked rows; None for all.

    `mask` (n,) says which rows of the whole dataset are picked.
    """
    if prototypes and len(data.winners):
        return np.isin(data.winners, list(prototypes))
    return mask[data.rows] if mask.any() else None


def pixels(data: SourcesData, mode: str, theme: Theme, step: int = 1) -> NDArray[np.uint8]:
    """(h, w, 4) uint8: every `step`th pixel of the picture in that mode; what no patch covers lets all through."""
    owner = data.owners[::step, ::step]
    made = np.zeros((*owner.shape, 4), np.uint8)
    if mode in ("original", "reconstruction"):
        image = data.original if mode == "original" or data.reconstruction is None else data.reconstruction
        image = image[::step, ::step]
        made[..., :3] = image if image.ndim == 3 else image[..., None]
    else:
        table = _codeword_colours(data, theme) if mode == "codewords" else _error_colours(data, theme)
        made[..., :3] = np.concatenate([table, table[:1] if len(table) else np.zeros((1, 3), np.uint8)])[owner]
    made[..., 3] = np.where(owner >= 0, 255, 0)
    made[owner < 0] = 0
    return made


def counted_for(data: SourcesData, patches: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(H, W) the pixels that count for some `patches` (k,)."""
    return np.append(patches, False)[data.owners]


def covered_by(data: SourcesData, patches: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(H, W) the pixels that some `patches` (k,) cover, whether others do or not."""
    covered = np.zeros(data.owners.shape, np.bool_)
    top, left = data.corners[patches].T
    for down in range(data.side[0]):
        for across in range(data.side[1]):
            covered[top + down, left + across] = True
    return covered


def shade(data: SourcesData, light: NDArray[np.bool_], theme: Theme, step: int = 1) -> NDArray[np.uint8]:
    """(h, w, 4) uint8 to lay over a picture, so that pixels that are not in the `light` (H, W) step back."""
    dim = ((data.owners >= 0) & ~light)[::step, ::step]
    made = np.zeros((*dim.shape, 4), np.uint8)
    made[dim] = (*rgb(theme.surface), _DIMMED)
    return made


def codeword_colour(data: SourcesData, codeword: int, theme: Theme) -> str:
    """ "#RRGGBB" of a codeword: its own, or by where it stands among all."""
    if not len(data.likeness):
        return theme.class_color(codeword)
    red, green, blue = cell_table(theme)[round(255 * float(data.likeness[codeword])), :3].tolist()
    return f"#{red:02X}{green:02X}{blue:02X}"


def _codeword_colours(data: SourcesData, theme: Theme) -> NDArray[np.uint8]:
    """(k, 3) of the codeword of each patch; of no class where it has none."""
    colours = [codeword_colour(data, codeword, theme) for codeword in range(data.n_codewords)]
    return np.array([rgb(colour) for colour in (*colours, theme.neutral)], np.uint8)[data.winners]


def _error_colours(data: SourcesData, theme: Theme) -> NDArray[np.uint8]:
    """(k, 3) of the error of each patch; of no class where it is not known."""
    known = np.isfinite(data.errors)
    scaled = np.where(known, data.errors, 0.0) / data.limit
    made = cell_table(theme)[np.rint(255 * scaled).astype(np.int64), :3]
    return np.where(known[:, None], made, np.array(rgb(theme.neutral), np.uint8))
