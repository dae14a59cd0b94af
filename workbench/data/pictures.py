"""Opens pictures safely and makes 8-bit arrays of one size of them; folders and patches are not known here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from workbench.data.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm")
MOST_PIXELS = 89_478_485
"""Pillow's own limit before it warns of a decompression bomb."""

_BAND_PIXELS = 4 << 20
_ORIENTATION = 0x0112
_BROKEN = (OSError, UnidentifiedImageError, ValueError, SyntaxError, EOFError, MemoryError)


def size_of(path: Path) -> tuple[int, int, bool]:
    """Height and width as shown (turned as the camera says), and whether there are colours; from the header.

    Raises
    ------
    DataError
        If this is no picture, or one with too many pixels.
    """
    try:
        with Image.open(path) as image:
            _check_pixels(path, image)
            width, height = image.size
            if image.format != "PNG" and image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8):
                width, height = height, width
            return height, width, image.mode not in ("1", "L", "LA", "I", "F") and not image.mode.startswith("I;")
    except Image.DecompressionBombError as error:
        raise DataError(_too_large(path)) from error
    except _BROKEN as error:
        raise DataError(f"{path.name} is no picture that can be read.") from error


def read_picture(path: Path, colour: bool, size: tuple[int, int] | None = None, crop: bool = True) -> NDArray[np.uint8]:
    """A picture as (h, w) or (h, w, 3) uint8; transparent parts become white.

    Parameters
    ----------
    path : Path
    colour : bool
        Three channels, else grey (ITU-R 601 luma).
    size : (h, w), optional
        Scale to this size; the picture's own by default.
    crop : bool
        Keep proportions and cut what overhangs, else stretch.

    Raises
    ------
    DataError
        If the picture is damaged or incomplete, or has too many pixels.
    """
    try:
        with Image.open(path) as image:
            _check_pixels(path, image)
            if size is not None and image.format == "JPEG":
                image.draft("RGB" if colour else "L", (2 * size[1], 2 * size[0]))
            ImageOps.exif_transpose(image, in_place=True)
            pixels = _eight_bit(image, "RGB" if colour else "L")
            if size is None or pixels.shape[:2] == size:
                return pixels
            target, method = (size[1], size[0]), Image.Resampling.LANCZOS
            shown = Image.fromarray(pixels)
            shown = ImageOps.fit(shown, target, method) if crop else shown.resize(target, method)
            return np.asarray(shown, np.uint8)
    except Image.DecompressionBombError as error:
        raise DataError(_too_large(path)) from error
    except MemoryError as error:
        raise DataError(f"{path.name} takes more memory than one picture is given: cut or shrink it first.") from error
    except _BROKEN as error:
        raise DataError(f"{path.name} is damaged or incomplete: it cannot be read as a picture.") from error


def _eight_bit(image: Image.Image, mode: str) -> NDArray[np.uint8]:
    """`image` in `mode`, band by band, so that the largest picture takes little more memory than its pixels."""
    width, height = image.size
    extremes = image.getextrema() if image.mode == "F" else (0.0, 65535.0)
    made = np.empty((height, width) if mode == "L" else (height, width, 3), np.uint8)
    step = max(1, _BAND_PIXELS // max(1, width))
    for top in range(0, height, step):
        band = image.crop((0, top, width, min(top + step, height)))
        made[top : top + step] = np.asarray(_converted(band, mode, extremes))
    return made


def _converted(band: Image.Image, mode: str, extremes: Any) -> Image.Image:
    """Part of a picture in `mode`; 16-bit and real-valued greys are scaled, since converting would cut them off."""
    if band.mode.startswith("I") or band.mode == "F":
        low, high = extremes
        scaled = (np.asarray(band, np.float64) - low) * (255.0 / (high - low or 1.0))
        band = Image.fromarray(np.clip(np.round(scaled), 0, 255).astype(np.uint8))
    if band.has_transparency_data:
        band = band.convert("RGBA")
        white = Image.new("RGBA", band.size, "white")
        band = Image.alpha_composite(white, band)
    return band.convert(mode)


def _check_pixels(path: Path, image: Image.Image) -> None:
    if image.size[0] * image.size[1] > MOST_PIXELS:
        raise DataError(_too_large(path))


def _too_large(path: Path) -> str:
    return f"{path.name} has more than {MOST_PIXELS / 1e6:.0f} million pixels: cut or shrink it first."
