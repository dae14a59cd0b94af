"""What a search varies: values or a range for each parameter, in words and as JSON, and the trials made of them."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from engines import EngineInfo, Parameter
from workbench.session.checks import find_engine, parameter_of, plain
from workbench.session.errors import SessionError

Scheme = Literal["grid", "random"]
SCHEMES: tuple[Scheme, ...] = ("grid", "random")
MOST_TRIALS = 2000


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included, from which trials are drawn.

    Attributes
    ----------
    low, high : float
    log : bool
        Whether every order of magnitude is as likely as another, in place of every number.
    integer : bool
        Whether only whole numbers are drawn.
    """

    low: float
    high: float
    log: bool = False
    integer: bool = False

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (" (logarithmic)" if self.log else "")

    @property
    def numbers(self) -> list[int] | None:
        """All whole numbers in it, which is what a grid makes of it; None where a grid cannot take it."""
        if not self.integer or self.log or self.high - self.low >= MOST_TRIALS:
            return None
        return list(range(int(self.low), int(self.high) + 1))

    def rvs(self, random_state: Any = None) -> float:
        """One number, drawn as `sklearn.model_selection.ParameterSampler` asks for it."""
        drawn = self._distribution.rvs(random_state=random_state)
        return min(math.floor(drawn), int(self.high)) if self.integer else float(drawn)

    @cached_property
    def _distribution(self) -> Any:
        """SciPy's, of numbers whose whole part is meant where only whole numbers are drawn."""
        from scipy import stats

        if self.log:
            return stats.loguniform(self.low, self.high + self.integer)
        if self.integer:
            return stats.randint(int(self.low), int(self.high) + 1)
        return stats.uniform(self.low, self.high - self.low)


Space = Mapping[str, Sequence[Any] | Range]


def parse_space(engine: str, texts: Mapping[str, str]) -> dict[str, list[Any] | Range]:
    """What texts say of each parameter: "1, 2, 3" are values, "0.001:0.1" is a range, "0.001:0.1:log" a log one.

    A comma within brackets does not part values, so that "(8,8), (10,10)" are two.

    Raises
    ------
    SessionError
        If the engine or a parameter is not known, or a text is not understood.
    """
    info = find_engine(engine)
    return {name: _parsed(info, parameter_of(info, name), text) for name, text in texts.items()}


def _parsed(info: EngineInfo, parameter: Parameter, text: str) -> list[Any] | Range:
    numeric = bool(parameter.kinds & {"integer", "real"})
    if numeric and ":" in text:
        first, _, rest = text.partition(":")
        last, _, how = rest.partition(":")
        try:
            low, high = float(first), float(last)
            if how.strip() not in ("", "log") or not (math.isfinite(low) and math.isfinite(high)):
                raise ValueError
        except ValueError:
            raise SessionError(
                f"The range '{text}' of {parameter.name} is not understood: write 0.001:0.1, or 0.001:0.1:log where "
                "every order of magnitude is to be as likely."
            ) from None
        return Range(low, high, log=how.strip() == "log", integer="real" not in parameter.kinds)
    values = []
    for word in re.split(r",(?![^(\[]*[)\]])", text):
        if word.strip():
            try:
                values.append(parameter.parse(word, info.name))
            except ValueError as error:
                raise SessionError(str(error)) from None
    return values


def in_words(values: Sequence[Any] | Range) -> str:
    """Values or a range as `parse_space` reads them."""
    if isinstance(values, Range):
        return f"{values.low!r}:{values.high!r}" + (":log" if values.log else "")
    return ", ".join(json.dumps(value) if isinstance(value, list | tuple) else str(value) for value in values)


def space_to_json(space: Space) -> dict[str, Any]:
    return {name: asdict(v) if isinstance(v, Range) else plain(list(v)) for name, v in space.items()}


def space_from_json(value: Mapping[str, Any]) -> dict[str, list[Any] | Range]:
    """The space that `space_to_json` gave."""
    return {name: Range(**v) if isinstance(v, Mapping) else list(v) for name, v in value.items()}


def check_space(info: EngineInfo, space: Space) -> dict[str, list[Any] | Range]:
    """The space as JSON takes it, without repetitions, if every value is one that the engine takes.

    Raises
    ------
    SessionError
        If nothing is varied, a parameter is not known or has no values, or a value or an end of a range is not fit.
    """
    if not space:
        raise SessionError("The search varies nothing: name a parameter and the values to try.")
    checked: dict[str, list[Any] | Range] = {}
    for name, values in space.items():
        parameter = parameter_of(info, name)
        if isinstance(values, Range):
            _check_range(info, parameter, values)
            checked[name] = values
            continue
        if isinstance(values, str) or not isinstance(values, Iterable) or not len(values):
            raise SessionError(f"The search has no values to try for {name}: give some, or leave it out.")
        for value in values:
            _check_value(info, parameter, value)
        checked[name] = [value for _, value in _distinct(values)]
    return checked


def _check_range(info: EngineInfo, parameter: Parameter, wanted: Range) -> None:
    if not parameter.kinds & {"integer", "real"}:
        raise SessionError(f"{parameter.name} is not a number and has no range: list the values to try.")
    if not (math.isfinite(wanted.low) and math.isfinite(wanted.high) and wanted.low < wanted.high):
        raise SessionError(
            f"The range of {parameter.name} from {wanted.low:g} to {wanted.high:g} is none: the second number must be "
            "greater."
        )
    if wanted.log and wanted.low <= 0:
        raise SessionError(f"The logarithmic range of {parameter.name} must begin above 0, not at {wanted.low:g}.")
    for end in (wanted.low, wanted.high):
        if wanted.integer and not float(end).is_integer():
            raise SessionError(f"The range of {parameter.name} is of whole numbers, but {end:g} is none.")
        _check_value(info, parameter, int(end) if wanted.integer else end)


def _check_value(info: EngineInfo, parameter: Parameter, value: Any) -> None:
    try:
        parameter.check(value, info.name)
    except ValueError as error:
        raise SessionError(str(error)) from None


def trials_of(space: Space, scheme: str, n_trials: int | None, seed: int) -> tuple[dict[str, Any], ...]:
    """The values of each trial, as JSON: every combination, or so many drawn at random, none of them twice.

    They are those of scikit-learn's `ParameterGrid`, or `ParameterSampler` with `seed`, in their order.

    Raises
    ------
    SessionError
        If there is no such scheme, a grid is asked for a range of other than whole numbers or for a number of trials,
        or there are too many trials, or none.
    """
    from sklearn.model_selection import ParameterGrid, ParameterSampler

    if scheme not in SCHEMES:
        raise SessionError(f"There is no scheme '{scheme}'; the schemes are {' and '.join(SCHEMES)}.")
    if scheme == "grid":
        if n_trials is not None:
            raise SessionError(
                "A grid tries every combination: leave the number of trials out, or draw them at random."
            )
        lists = {name: _listed(name, values) for name, values in space.items()}
        n = math.prod(map(len, lists.values()))
        _check_number(n, "The grid has")
        return tuple(value for _, value in _distinct(ParameterGrid(lists)))
    wanted = 20 if n_trials is None else n_trials
    _check_number(wanted, "Asked for are")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that there are fewer combinations: then all are taken
        return tuple(value for _, value in _distinct(ParameterSampler(dict(space), wanted, random_state=seed)))


def _check_number(n: int, words: str) -> None:
    if not 1 <= n <= MOST_TRIALS:
        raise SessionError(
            f"{words} {n:,} trials, but a search makes 1 to {MOST_TRIALS:,}: give fewer values, or draw some at random."
        )


def _listed(name: str, values: Sequence[Any] | Range) -> list[Any]:
    found = values.numbers if isinstance(values, Range) else list(values)
    if found is None:
        raise SessionError(
            f"{name} has a range, from which only a random search can draw: list values to try, or search at random."
        )
    return found


def _distinct(values: Iterable[Any]) -> list[tuple[str, Any]]:
    """The values as JSON, each once, in their order, with what tells them apart."""
    return list({json.dumps(plain(value), sort_keys=True): plain(value) for value in values}.items())
