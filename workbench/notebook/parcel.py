"""What goes to the browser in one message: facts as JSON, arrays as binary buffers, and only what has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

DTYPES = ("float32", "int32", "int16", "uint8")
"""Types of arrays that the browser reads without a copy."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a browser needs to draw a widget.

    Attributes
    ----------
    facts : mapping of str to JSON
        Texts, names, numbers.
    arrays : mapping of str to array
        Of one of the `DTYPES`.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)


class Packer:
    """Makes messages of drawings for one browser, which keeps what it was sent: what is the same is not sent again."""

    def __init__(self) -> None:
        self._facts: dict[str, Any] = {}
        self._arrays: dict[str, Array] = {}

    def forget(self) -> None:
        """The browser has started anew, and has nothing."""
        self._facts, self._arrays = {}, {}

    def pack(self, drawing: Drawing) -> tuple[dict[str, Any], list[memoryview]]:
        """The content and the buffers of a message after which the browser has all of `drawing`.

        Raises
        ------
        TypeError
            If an array is of another type than `DTYPES`.
        """
        known = self._facts
        facts = {name: fact for name, fact in drawing.facts.items() if name not in known or known[name] != fact}
        told: list[dict[str, Any]] = []
        buffers: list[memoryview] = []
        for name, array in drawing.arrays.items():
            if array.dtype.name not in DTYPES:
                raise TypeError(f"The array {name!r} is of the type {array.dtype.name}, not of {', '.join(DTYPES)}.")
            if not _same(self._arrays.get(name), array):
                told.append({"name": name, "dtype": array.dtype.name, "shape": list(array.shape)})
                buffers.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        content = {"facts": facts, "arrays": told}
        gone = [name for name in (*known, *self._arrays) if name not in drawing.facts and name not in drawing.arrays]
        if gone:
            content["gone"] = gone
        self._facts, self._arrays = dict(drawing.facts), dict(drawing.arrays)
        return content, buffers


def _same(known: Array | None, array: Array) -> bool:
    """Whether the browser has it; arrays of drawings are never written to."""
    if known is None or known.dtype != array.dtype or known.shape != array.shape:
        return False
    return known is array or np.array_equal(known.reshape(-1).view(np.uint8), array.reshape(-1).view(np.uint8))
