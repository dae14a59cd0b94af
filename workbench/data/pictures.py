"""Opens pictures safely and makes 8-bit arrays of one size of them; folders and patches are not known here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from workbench.data.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm")
MOST_PIXELS = 89_478_485
"""Pillow's own limit before it warns of a decompression bomb."""

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
            shown = _eight_bit(ImageOps.exif_transpose(image), "RGB" if colour else "L")
            if size is not None and shown.size != (size[1], size[0]):
                target = (size[1], size[0])
                method = Image.Resampling.LANCZOS
                shown = ImageOps.fit(shown, target, method) if crop else shown.resize(target, method)
            return np.asarray(shown, np.uint8)
    except Image.DecompressionBombError as error:
        raise DataError(_too_large(path)) from error
    except MemoryError as error:
        raise DataError(f"{path.name} takes more memory than one picture is given: cut or shrink it first.") from error
    except _BROKEN as error:
        raise DataError(f"{path.name} is damaged or incomplete: it cannot be read as a picture.") from error


def _eight_bit(image: Image.Image, mode: str) -> Image.Image:
    """`image` in `mode`; 16-bit and real-valued greys are scaled, since converting would cut them off."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float64)
        low, high = (0.0, 65535.0) if image.mode != "F" else (float(values.min()), float(values.max()))
        scaled = (values - low) * (255.0 / (high - low or 1.0))
        image = Image.fromarray(np.clip(np.round(scaled), 0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert(mode)


def _check_pixels(path: Path, image: Image.Image) -> None:
    if image.size[0] * image.size[1] > MOST_PIXELS:
        raise DataError(_too_large(path))


def _too_large(path: Path) -> str:
    return f"{path.name} has more than {MOST_PIXELS / 1e6:.0f} million pixels: cut or shrink it first."
