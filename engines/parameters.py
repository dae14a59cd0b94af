"""Parameters declared once, in an engine's signature, and read by validation, forms, command lines and docs.

A declaration is an annotation::

    def __init__(self, n_clusters: Annotated[int, Param("number of prototypes", low=1)] = 8): ...

Type, default, bounds, unit and the one-line doc are all there; nothing is said a second time.
"""

from __future__ import annotations

import inspect
import json
import math
import numbers
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

RandomState = int | np.random.RandomState | None
"""What `random_state` takes, as in scikit-learn."""

_KINDS: dict[object, str] = {
    bool: "boolean",
    int: "integer",
    float: "real",
    str: "text",
    type(None): "none",
    np.random.RandomState: "generator",
}


@dataclass(frozen=True)
class Param:
    """What a type hint cannot say of a parameter.

    Attributes
    ----------
    doc : str
        One line, lower case, no full stop.
    low, high : float, optional
        Bounds, both inclusive unless `open_low` / `open_high`.
    unit : str
        "" for pure numbers.
    advanced : bool
        Whether a form may fold it away.
    """

    doc: str
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    unit: str = ""
    advanced: bool = False


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of an engine.

    Attributes
    ----------
    kinds : frozenset of str
        Which of `integer real boolean choice text array integers mapping generator none` it takes.
    choices : tuple of str
        The words it takes, when `choice` is among the kinds.
    """

    name: str
    kinds: frozenset[str]
    default: Any
    about: Param
    choices: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        return self.about.doc

    @property
    def unit(self) -> str:
        return self.about.unit

    @property
    def low(self) -> float | None:
        return self.about.low

    @property
    def high(self) -> float | None:
        return self.about.high

    @property
    def advanced(self) -> bool:
        return self.about.advanced

    def check(self, value: Any, owner: str) -> None:
        """Raise ValueError, in one sentence that names `owner`, unless `value` is allowed."""
        if not self._accepts(value):
            raise ValueError(f"{owner}: {self.name} must be {self.expectation}, got {_shown(value)}.")

    @property
    def expectation(self) -> str:
        """The allowed values in words, e.g. "an integer of at least 1 or 'auto'"."""
        words = []
        bounds = self._bounds_in_words()
        if "boolean" in self.kinds:
            words.append("True or False")
        if "integer" in self.kinds and "real" not in self.kinds:
            words.append(f"an integer{bounds}")
        if "real" in self.kinds:
            words.append(f"a number{bounds}")
        if "integers" in self.kinds:
            words.append(f"a list of integers{bounds}")
        words += [repr(choice) for choice in self.choices]
        nouns = {"text": "a text", "array": "an array", "mapping": "a mapping", "generator": "a RandomState"}
        words += [noun for kind, noun in nouns.items() if kind in self.kinds]
        if "none" in self.kinds:
            words.append("None")
        return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]

    def parse(self, text: str, owner: str) -> Any:
        """The value that a person's `text` means; raises ValueError as `check` does."""
        text = text.strip()
        value: Any = text
        if text not in self.choices:
            if text.lower() in ("none", "") and "none" in self.kinds:
                value = None
            elif text.lower() in ("true", "false") and "boolean" in self.kinds:
                value = text.lower() == "true"
            else:
                try:
                    value = json.loads(f"[{text[1:-1]}]" if text[:1] + text[-1:] == "()" else text)
                except ValueError:
                    value = _whole_numbers(text) if "integers" in self.kinds else text
                if isinstance(value, float) and value.is_integer() and "real" not in self.kinds:
                    value = int(value)
                if isinstance(value, list) and "integers" in self.kinds:
                    value = tuple(value)
        self.check(value, owner)
        return value

    def _accepts(self, value: Any) -> bool:
        if value is None:
            return "none" in self.kinds
        if isinstance(value, bool | np.bool_):
            return "boolean" in self.kinds
        if isinstance(value, str):
            return value in self.choices or "text" in self.kinds
        if isinstance(value, numbers.Integral):
            return bool(self.kinds & {"integer", "real"}) and self._in_bounds(float(value))
        if isinstance(value, numbers.Real):
            return "real" in self.kinds and self._in_bounds(float(value))
        if isinstance(value, np.random.RandomState):
            return "generator" in self.kinds
        if isinstance(value, Mapping):
            return "mapping" in self.kinds
        if isinstance(value, list | tuple | np.ndarray):
            if "array" in self.kinds:
                return True
            whole = all(isinstance(v, numbers.Integral) and not isinstance(v, bool) for v in value)
            return "integers" in self.kinds and whole and all(self._in_bounds(float(v)) for v in value)
        return "array" in self.kinds and hasattr(value, "__array__")

    def _in_bounds(self, value: float) -> bool:
        if math.isnan(value):
            return False
        about = self.about
        if about.low is not None and (value < about.low or (about.open_low and value == about.low)):
            return False
        return about.high is None or not (value > about.high or (about.open_high and value == about.high))

    def _bounds_in_words(self) -> str:
        about = self.about
        words = []
        if about.low is not None:
            words.append(f"{'above' if about.open_low else 'of at least'} {about.low:g}")
        if about.high is not None:
            words.append(f"{'below' if about.open_high else 'of at most'} {about.high:g}")
        return (" " + " and ".join(words)) if words else ""


def declared(estimator: type) -> tuple[Parameter, ...]:
    """The parameters of an engine class, in the order of its signature; those of a dataclass are its fields.

    Raises
    ------
    TypeError
        If a parameter carries no `Param`.
    """
    owner = next(base for base in estimator.__mro__ if "__init__" in vars(base))
    fields = "__dataclass_fields__" in vars(owner)  # their annotations are read where each was written
    hints = get_type_hints(owner if fields else owner.__init__, include_extras=True)  # type: ignore[misc]
    found = []
    for name, argument in inspect.signature(estimator).parameters.items():
        hint = hints.get(name)
        about = next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Param)), None)
        if hint is None or about is None:
            raise TypeError(
                f"{estimator.__name__}.{name} is not declared: annotate it with Annotated[type, Param(...)]."
            )
        kinds, choices = _kinds_of(hint)
        found.append(Parameter(name, frozenset(kinds), argument.default, about, tuple(choices)))
    return tuple(found)


def check_all(estimator: object) -> None:
    """Raise ValueError for the first parameter of `estimator` whose value its declaration forbids."""
    for parameter in declared(type(estimator)):
        parameter.check(getattr(estimator, parameter.name), type(estimator).__name__)


def _kinds_of(hint: Any) -> tuple[set[str], list[str]]:
    origin = get_origin(hint)
    if origin is Annotated:
        return _kinds_of(get_args(hint)[0])
    if origin in (Union, types.UnionType):
        kinds: set[str] = set()
        choices: list[str] = []
        for part in get_args(hint):
            part_kinds, part_choices = _kinds_of(part)
            kinds |= part_kinds
            choices += part_choices
        return kinds, choices
    if origin is Literal:
        return {"choice"}, [str(word) for word in get_args(hint)]
    if origin in (tuple, list) or (origin is not None and getattr(origin, "__name__", "") == "Sequence"):
        return {"integers"}, []
    if origin in (dict, Mapping):
        return {"mapping"}, []
    if origin is np.ndarray:
        return {"array"}, []
    if hint in _KINDS:
        return {_KINDS[hint]}, []
    raise TypeError(f"a parameter cannot be declared as {hint!r}")


def _whole_numbers(text: str) -> tuple[int, ...] | str:
    """The list that "8, 8", "8 8" or "8 x 8" means; the text itself if it is none."""
    words = re.split(r"[\s,;x×]+", text.strip("[]() "))
    return tuple(int(word) for word in words) if all(re.fullmatch(r"[+-]?\d+", word) for word in words) else text


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


FloatArray = NDArray[np.floating[Any]]
