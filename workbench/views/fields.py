"""Fields of forms made from declared parameters: how each is asked for, and what an answer means; nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from engines import Parameter
from workbench.data import Offer

Kind = Literal["check", "whole", "choice", "text"]
Answer = str | int | bool


class Field:
    """One parameter in a form: how it is asked for, and what is answered.

    Attributes
    ----------
    parameter : Parameter
    kind : {"check", "whole", "choice", "text"}
        A box to tick, a whole number, words to choose from, or text.
    title : str
        With the unit.
    choices : tuple of (value, text)
        Of a choice: what is shown stands for the value; those that are offered come after those that are declared.
    is_typed : bool
        Whether a choice also takes what is typed.
    problem : str
        Why the present answer is not allowed, in one sentence; "" if it is.
    """

    def __init__(self, parameter: Parameter, owner: str, value: Any) -> None:
        self.parameter = parameter
        self._owner = owner
        self._given = value
        self._answer: Answer = value if isinstance(value, bool | int) else text_of(value)
        kinds = parameter.kinds - {"generator"}
        self.kind = _kind(kinds)
        self.is_typed = self.kind == "choice" and not kinds <= {"choice", "none"}
        words = [*parameter.choices, *(["None"] if "none" in kinds else [])]
        self.choices: tuple[tuple[str, str], ...] = tuple((w, w) for w in words) if self.kind == "choice" else ()
        title = parameter.name.replace("_", " ").strip()
        self.name = title[:1].upper() + title[1:]
        self.title = f"{self.name} [{parameter.unit}]" if parameter.unit else self.name
        self.problem = ""

    @property
    def allowed(self) -> str:
        """What may be answered, and the default, in two sentences."""
        return f"Allowed: {self.parameter.expectation}. Default: {text_of(self.parameter.default) or 'none'}."

    @property
    def placeholder(self) -> str:
        """What stands where there is no text."""
        return "None" if "none" in self.parameter.kinds else self.parameter.expectation

    @property
    def shown(self) -> Answer:
        """The answer as an editor shows it."""
        value = next((text for value, text in self.choices if value == self._answer), self._answer)
        return value if value != "" or self.kind != "choice" else "None"

    def offer(self, offers: Sequence[Offer]) -> list[tuple[str, str]]:
        """Add values to the choices, each shown with what it is; gives those that were not there."""
        known = {value for value, _ in self.choices}
        new = [
            (offer.value, f"{offer.value} · {offer.about}" if offer.about else offer.value)
            for offer in offers
            if offer.value not in known
        ]
        self.choices = (*self.choices, *new)
        return new

    def put(self, answer: Answer) -> None:
        """Take an answer, sound or not."""
        self._answer = answer
        try:
            self.value()
            self.problem = ""
        except ValueError as error:
            self.problem = str(error)

    def value(self) -> Any:
        """The value that the answer means; raises ValueError where it is not allowed."""
        answer = self._answer
        if isinstance(answer, bool | int):
            return answer
        if answer == text_of(self._given):
            return self._given
        offered = next((value for value, text in self.choices if text == answer), None)
        if offered is not None and offered not in ("None", *self.parameter.choices):
            return offered
        return self.parameter.parse(answer, self._owner)

    @property
    def is_asked(self) -> bool:
        """Whether it is to be told to the engine: not at the default, or put back to it from what it began with."""
        return self.changed_from_default or not same(self._given, self.parameter.default)

    @property
    def changed_from_default(self) -> bool:
        return bool(self.problem) or not same(self.value(), self.parameter.default)

    @property
    def is_changed(self) -> bool:
        """Whether the value is another than at first."""
        return bool(self.problem) or not same(self.value(), self._given)


class Fields(Mapping[str, Field]):
    """A form of declared parameters, by name, in the order of their declarations."""

    def __init__(self, parameters: Sequence[Parameter], owner: str, values: Mapping[str, Any] | None = None) -> None:
        given = values or {}
        self._fields = {p.name: Field(p, owner, given.get(p.name, p.default)) for p in parameters}

    def __getitem__(self, name: str) -> Field:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    @property
    def basic(self) -> list[Field]:
        """Those that are shown at once."""
        return [field for field in self.values() if not field.parameter.advanced]

    @property
    def advanced(self) -> list[Field]:
        """Those that may be folded away."""
        return [field for field in self.values() if field.parameter.advanced]

    def asked(self) -> dict[str, Any]:
        """Values that differ from the defaults, or began so; call only when `problems` is empty."""
        return {name: field.value() for name, field in self.items() if field.is_asked}

    def changes(self) -> dict[str, Any]:
        """Values that are others than at first; call only when `problems` is empty."""
        return {name: field.value() for name, field in self.items() if field.is_changed}

    def problems(self) -> list[str]:
        """One sentence for each value that is not allowed."""
        return [field.problem for field in self.values() if field.problem]


def text_of(value: Any) -> str:
    """A value as it is typed; "" for None."""
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        return f"array {value.shape}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(text_of(v) for v in value) + "]"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)


def same(a: Any, b: Any) -> bool:
    """Whether two values of a parameter are one."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return a is b
    return (type(a) is type(b) and bool(a == b)) or (
        isinstance(a, int | float) and isinstance(b, int | float) and a == b
    )


def _kind(kinds: frozenset[str]) -> Kind:
    if kinds == {"boolean"}:
        return "check"
    if kinds == {"integer"}:
        return "whole"
    return "choice" if "choice" in kinds else "text"
