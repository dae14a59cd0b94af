"""A codebook of pictures as one picture: every prototype on a sheet, its pixels whole, in the codebook's order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from engines.parameters import Param
from workbench.reports.errors import ReportError
from workbench.reports.learned import Trained, Watch
from workbench.session import Run, Session
from workbench.views.pictures import pictures, range_of
from workbench.views.wording import number

MOST_PIXELS = 100_000_000
LETTERS = 11
"""Height of a label's letters, in pixels of the sheet."""
NARROWEST = 24
"""Pixels of the sheet that a picture needs for a label under it."""
_GROUNDS = {"white": 255, "black": 0, "grey": 128}


@dataclass(frozen=True)
class SheetOptions:
    """How prototypes lie on the sheet."""

    columns: Annotated[int | None, Param("pictures in a row; none is as on the map, else about a square", 1)] = None
    scale: Annotated[int, Param("pixels of the sheet along each side of a pixel", 1, 64)] = 4
    gap: Annotated[int, Param("pixels of the sheet between two pictures", 0, 256)] = 4
    labels: Annotated[bool, Param("whether the class, or the number, stands under each")] = False
    ground: Annotated[Literal["white", "black", "grey"], Param("what is between the pictures")] = "white"


def is_of_pictures(run: Run) -> bool:
    """Whether the prototypes of a run, or its words, are pictures."""
    return run.dataset.kind == "image" and "codebook" in run.engine.exports


def write_sheet(
    session: Session, run: Trained, path: Path, form: str, watch: Watch, options: SheetOptions | None = None
) -> None:
    """Write the sheet of `run` to `path`, as PNG; what black and white mean is in its description.

    Raises
    ------
    ReportError
        If it would have too many pixels, or labels do not fit under the pictures.
    """
    options = options or SheetOptions()
    watch(0.0)
    images, (low, high) = _images(run)
    watch(0.5)
    columns = options.columns or _usual_columns(run, len(images))
    names = _names(run) if options.labels else None
    sheet = drawn_sheet(images, columns, options, names)
    about = PngInfo()
    about.add_itxt("Title", f"{run.run.name}: {len(images)} prototypes")
    about.add_itxt("Description", f"{columns} in a row; 0 is {number(low)}, 255 is {number(high)}")
    about.add_itxt("Software", "VQ Workbench")
    sheet.save(path, format="PNG", optimize=True, pnginfo=about)
    watch(1.0)


def drawn_sheet(
    images: NDArray[np.uint8], columns: int, options: SheetOptions, names: list[str] | None = None
) -> Image.Image:
    """Pictures (n, h, w) or (n, h, w, 3) from left to right and down, grey ones as a grey picture.

    Every pixel becomes a square of `scale` × `scale`; there is a gap between two pictures and none around them.

    Raises
    ------
    ReportError
        As `write_sheet`.
    """
    n, h, w = images.shape[:3]
    scale, gap = options.scale, options.gap
    under = 0 if names is None else LETTERS + 5
    across, down = min(columns, n), math.ceil(n / columns)
    wide, high = w * scale + gap, h * scale + under + gap
    width, height = across * wide - gap, down * high - gap
    if width * height > MOST_PIXELS:
        raise ReportError(f"A sheet of {width:,} × {height:,} pixels is too large: choose a smaller scale or gap.")
    if names is not None and w * scale < NARROWEST:
        needed = math.ceil(NARROWEST / w)
        raise ReportError(
            f"Labels do not fit under pictures of {w * scale} pixels: choose a scale of {needed} at least."
        )
    ground = _GROUNDS[options.ground]
    sheet = np.full((height, width, *images.shape[3:]), ground, np.uint8)
    for k, image in enumerate(images):
        y, x = (k // columns) * high, (k % columns) * wide
        sheet[y : y + h * scale, x : x + w * scale] = image.repeat(scale, axis=0).repeat(scale, axis=1)
    made = Image.fromarray(sheet)
    if names is not None:
        ink = ImageDraw.Draw(made)
        colour: Any = 0 if ground >= 128 else 255
        for k, name in enumerate(names):
            y, x = (k // columns) * high + h * scale + 2, (k % columns) * wide + w * scale / 2
            text = _cut(name, w * scale)
            ink.text((x, y), text, fill=colour if made.mode == "L" else (colour,) * 3, font=_font(), anchor="ma")
    return made


def _images(run: Trained) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Prototypes on the scale of the data, as the views show them."""
    shape = run.data.image_shape
    values = np.asarray(run.original, np.float64)
    if shape is None or math.prod(shape) != values.shape[1]:
        raise ReportError(f"The prototypes of run '{run.run.name}' are no pictures.")
    return pictures(values, shape, *range_of(run.scene))


def _usual_columns(run: Trained, n: int) -> int:
    grid = getattr(run.model, "grid", None)
    return math.ceil(math.sqrt(n)) if grid is None else int(grid.cols)


def _names(run: Trained) -> list[str]:
    """Under each prototype its class, else its number; of words those of the book and of the word."""
    if run.has_books:
        return [f"{book + 1}·{word}" for book, word in zip(run.words.book, run.words.number, strict=True)]
    if run.labels is not None:
        return [str(label) for label in run.labels.tolist()]
    return [str(k) for k in range(len(run.prototypes))]


@cache
def _font() -> ImageFont.FreeTypeFont:
    """The letters that figures have."""
    import matplotlib

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), LETTERS)


def _cut(text: str, width: int) -> str:
    """As much of a text as `width` pixels hold."""
    text = " ".join(text.split())
    if _font().getlength(text) <= width:
        return text
    kept = next((k for k in range(len(text) - 1, 0, -1) if _font().getlength(text[:k] + "…") <= width), 0)
    return f"{text[:kept]}…" if kept else ""
