"""Class labels as codes: collected block by block, then named in order; nothing of features."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.data.errors import DataError
from workbench.data.plan import Label

MISSING_WORDS = ("", "NA", "N/A", "n/a", "na", "#N/A", "<NA>", "NaN", "nan", "NAN", "null", "NULL", "Null", "?")
"""What stands for a missing value in any column of text."""

MISSING_NUMBERS = ("None", "none", "NONE", "-", "--", ".", "missing")
"""What stands for one among numbers as well; as labels these are words like others."""

_MANY = 1000
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_PADDED = re.compile(r"[+-]?0[0-9]")


class TextCodes:
    """Numbers texts in the order in which they first appear; memory is that of the distinct texts.

    Parameters
    ----------
    missing : iterable of str
        Texts that mean "no value".

    Attributes
    ----------
    texts : list of str
        The distinct ones so far.
    """

    def __init__(self, missing: Iterable[str] = MISSING_WORDS) -> None:
        self._known: dict[str | None, int] = {None: -1, **dict.fromkeys(missing, -1)}
        self.texts: list[str] = []

    def of(self, texts: pl.Series) -> NDArray[np.int32]:
        """(n,) numbers of some rows, -1 where missing; null and surrounding white space are understood."""
        texts = texts.str.strip_chars()
        distinct = texts.unique().to_list()
        for text in distinct:
            if text not in self._known:
                self._known[text] = len(self.texts)
                self.texts.append(text)
        if len(distinct) > _MANY:
            return np.array([self._known[text] for text in texts.to_list()], np.int32)
        codes = [self._known[text] for text in distinct]
        found: NDArray[np.int32] = texts.replace_strict(distinct, codes, default=-1, return_dtype=pl.Int32).to_numpy()
        return found


class LabelCollector:
    """Takes label texts in pieces and gives one code array; memory is that of the codes and the distinct texts.

    Parameters
    ----------
    missing : iterable of str
        Texts that mean "no label".
    """

    def __init__(self, missing: Iterable[str] = MISSING_WORDS) -> None:
        self._codes = TextCodes(missing)
        self._pieces: list[NDArray[np.int32]] = []

    def add(self, texts: pl.Series) -> None:
        """Append the labels of some rows."""
        self._pieces.append(self._codes.of(texts))

    def finish(self) -> tuple[NDArray[np.int32], tuple[Label, ...]]:
        """Codes of all rows and the classes, sorted: as numbers where every text is one, else as text."""
        codes = np.concatenate([*self._pieces, np.zeros(0, np.int32)])
        return _ordered(codes, self._codes.texts)


def encode_labels(values: NDArray[Any], what: str) -> tuple[NDArray[np.int32], tuple[Label, ...]]:
    """Codes and sorted classes of an array of labels; NaN and empty texts are missing.

    Parameters
    ----------
    values : (n,) or (n, 1) array of numbers, booleans or texts
    what : str
        Names the array in an error.

    Raises
    ------
    DataError
        If the array has another shape or holds neither numbers nor texts.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(f"{what} has the shape {values.shape}, but labels must be one value per row.")
    if values.dtype.kind in "UST":
        collector = LabelCollector()
        texts = values.astype("U").tolist() if values.dtype.kind != "T" else values.tolist()
        collector.add(pl.Series(texts, dtype=pl.String))
        return collector.finish()
    if values.dtype.kind not in "biuf":
        raise DataError(f"{what} holds {values.dtype}, but labels must be numbers or texts.")
    known = np.isfinite(values) if values.dtype.kind == "f" else np.ones(len(values), bool)
    classes, inverse = np.unique(values[known], return_inverse=True)
    codes = np.full(len(values), -1, np.int32)
    codes[known] = inverse
    if classes.dtype.kind == "f" and np.all(classes == np.round(classes)) and np.all(np.abs(classes) < 2**53):
        classes = classes.astype(np.int64)
    return codes, tuple(classes.tolist())


def _ordered(codes: NDArray[np.int32], texts: list[str]) -> tuple[NDArray[np.int32], tuple[Label, ...]]:
    """Classes sorted as numbers or as texts, equal ones (1.0 and 1.00) merged, and the codes that follow."""
    values: NDArray[Any]
    if texts and all(_WHOLE.match(text) for text in texts):
        values = np.array(texts, dtype=np.dtypes.StringDType()).astype(np.int64)
    elif texts and all(_REAL.match(text) and not _PADDED.match(text) for text in texts):
        values = np.array([float(text) for text in texts])
    else:
        order = pl.Series(texts, dtype=pl.String).arg_sort().to_numpy()
        places = np.empty(len(texts) + 1, np.int32)
        places[order] = np.arange(len(texts))
        places[-1] = -1  # found by the code -1
        return places[codes], tuple(texts[k] for k in order)
    classes, inverse = np.unique(values, return_inverse=True)
    return np.append(inverse, -1).astype(np.int32)[codes], tuple(classes.tolist())
