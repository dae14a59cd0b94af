"""Operations of surgery on the model of a run: arguments as JSON, their effect, and all that in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from workbench.session.dataset import Dataset
from workbench.session.editions import Edition
from workbench.session.errors import SessionError
from workbench.session.rows import TrainingRows, blocks
from workbench.session.run import Run
from workbench.session.selection import RowMask
from workbench.session.worker import given_rows

if TYPE_CHECKING:  # imported where used: it brings the compiler
    from engines.surgery import Effect

Operation = Literal["merge", "split", "delete", "add", "relabel", "pin", "unpin", "prune", "merge_close"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
_NEEDED: dict[str, tuple[str, ...]] = {
    "merge": ("which",),
    "split": ("which",),
    "delete": ("which",),
    "add": (),
    "relabel": ("which", "label"),
    "pin": ("which",),
    "unpin": ("which",),
    "prune": (),
    "merge_close": ("within",),
}
_ALLOWED: dict[str, tuple[str, ...]] = {"split": ("offset",), "add": ("vector", "rows", "label")}


@dataclass(frozen=True, eq=False)
class Edit:
    """One operation carried out on a model, and nothing else changed.

    Attributes
    ----------
    operation : str
    arguments : dict
        JSON: what the function of `engines.surgery` was given by name, besides the model and rows.
    before, after : fitted engines
    effect : Effect
        On the training rows.
    """

    operation: str
    arguments: dict[str, Any]
    before: Any = field(repr=False)
    after: Any = field(repr=False)
    effect: Effect

    @property
    def text(self) -> str:
        """What a menu says after "Undo "."""
        return _described(self)[1]

    def edition(self, number: int, basis: int) -> Edition:
        """This edit as a record of a run."""
        effect = self.effect
        shown = [_shown(effect.measure, value) for value in (effect.before, effect.after)]
        sentence = f"{_described(self)[0]}: {effect.measure} {shown[0]} → {shown[1]}"
        return Edition(
            number,
            basis,
            self.operation,
            self.arguments,
            effect.measure,
            effect.before,
            effect.after,
            *effect.n_prototypes,
            sentence,
        )


def carry_out(run: Run, operation: str, given: Mapping[str, Any]) -> Edit:
    """Do an operation on the newest model of a run, which stays as it is.

    Raises
    ------
    SessionError
        If there is no such operation or argument, the engine or the prototypes do not allow it, or it would change
        nothing.
    """
    from engines import surgery

    _check_names(operation, given)
    X, y, _ = given_rows(run, lambda: False)
    try:
        model = surgery.going_on(run.model())
        arguments = _arguments(run, model, operation, given, X, y)
        function: Callable[..., Any] = getattr(surgery, operation)
        after = function(model, **arguments, **({"X": X, "y": y} if operation == "prune" else {}))
        effect = surgery.effect(model, after, X, y)
    except ValueError as error:
        raise SessionError(str(error)) from None
    if operation in ("prune", "merge_close") and effect.n_prototypes[0] == effect.n_prototypes[1]:
        raise SessionError(_NOTHING[operation].format(**arguments))
    return Edit(operation, arguments, model, after, effect)


_NOTHING = {
    "prune": "Every prototype is of use on the training rows: there is none to prune.",
    "merge_close": "No two prototypes of one class are within {within:g} of each other: choose a greater distance.",
}


def _check_names(operation: str, given: Mapping[str, Any]) -> None:
    if operation not in OPERATIONS:
        raise SessionError(f"There is no operation called '{operation}'; there are {', '.join(OPERATIONS)}.")
    needed = _NEEDED[operation]
    allowed = (*needed, *_ALLOWED.get(operation, ()))
    for name in given:
        if name not in allowed:
            takes = f"takes {', '.join(allowed)}" if allowed else "takes nothing"
            raise SessionError(f"'{operation}' takes no '{name}'; it {takes}.")
    for name in needed:
        if name not in given:
            raise SessionError(f"'{operation}' needs '{name}'.")
    if operation == "add" and ("vector" in given) == ("rows" in given):
        raise SessionError("'add' needs either a vector, or rows of which the new prototype shall be the mean.")


def _arguments(run: Run, model: Any, operation: str, given: Mapping[str, Any], X: Any, y: Any) -> dict[str, Any]:
    """What the operation is given, as JSON; what was left out is found from the training rows."""
    from engines import surgery

    arguments: dict[str, Any] = {}
    if "which" in given:
        which = np.asarray(given["which"])
        arguments["which"] = which.tolist()
    if "label" in given:
        label = given["label"]
        arguments["label"] = label.item() if isinstance(label, np.generic) else label
    if "within" in given:
        arguments["within"] = float(given["within"])
    if operation == "split":
        if np.size(given["which"]) != 1:
            raise SessionError("One prototype is split at a time.")
        offset = given.get("offset")
        if offset is None:
            offset = surgery.half_apart(model, given["which"], *_rows_of(model, given["which"], X, y))
        arguments["offset"] = np.asarray(offset, np.float64).tolist()
    if "vector" in given:
        arguments["vector"] = np.asarray(given["vector"], np.float64).tolist()
    if "rows" in given:
        rows = _row_numbers(run.dataset, given["rows"])
        arguments["vector"] = _mean(run.dataset, rows)
        if run.engine.supervised and "label" not in given:
            arguments["label"] = _most_frequent_label(run.given, rows)
    return arguments


def _rows_of(model: Any, which: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """Rows, with their labels, among which are all that a prototype wins; few enough to be held in memory."""
    if isinstance(X, np.ndarray):
        return X, y
    found = []
    for start, stop in blocks(*X.shape):
        block = X.read(start, stop)
        own = np.asarray(model.encode(block)) == which
        found.append((block[own], None if y is None else y[start:stop][own]))
    return np.concatenate([X for X, _ in found]), None if y is None else np.concatenate([y for _, y in found])


def _row_numbers(dataset: Dataset, rows: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    mask = rows if isinstance(rows, RowMask) else RowMask.of_rows(rows, dataset.n_rows)
    if mask.n_rows != dataset.n_rows:
        raise SessionError(f"The rows are of {mask.n_rows}, but dataset '{dataset.name}' has {dataset.n_rows}.")
    if not len(mask):
        raise SessionError("No rows are named, so there is no mean to put a prototype at: select some.")
    return mask.rows


def _mean(dataset: Dataset, rows: Any) -> list[float]:
    """Mean of rows of a dataset in training units; those that lack values are left out."""
    values = TrainingRows(dataset.raw, dataset.recipe, rows).read(0, len(rows)).astype(np.float64)
    whole = values[np.isfinite(values).all(axis=1)]
    if not len(whole):
        raise SessionError("All of these rows lack values, so they have no mean: select others.")
    mean: list[float] = whole.mean(axis=0).tolist()
    return mean


def _most_frequent_label(dataset: Dataset, rows: Any) -> Any:
    """The class that most of these rows bear, of equally frequent ones the first."""
    assert dataset.codes is not None
    codes = dataset.codes[rows]
    if not (codes >= 0).any():
        raise SessionError("None of these rows bears a label: say to which class the new prototype shall belong.")
    return dataset.classes[int(np.bincount(codes[codes >= 0]).argmax())]


def _shown(measure: str, value: float) -> str:
    return f"{100 * value:.3g} %" if measure == "error rate" else f"{value:.4g}"


def _described(edit: Edit) -> tuple[str, str]:
    """What was done, as a sentence begins, and as a menu says it after "Undo "."""
    arguments = edit.arguments
    named = _named(arguments.get("which", []))
    n_gone = edit.effect.n_prototypes[0] - edit.effect.n_prototypes[1]
    of_class = f" of class {arguments['label']}" if arguments.get("label") is not None else ""
    return {
        "merge": (f"merged {named}", f"merging of {named}"),
        "split": (f"split {named}", f"splitting of {named}"),
        "delete": (f"deleted {named}", f"deletion of {named}"),
        "add": (f"added a prototype{of_class}", f"new prototype{of_class}"),
        "relabel": (
            f"gave {named} to class {arguments.get('label')}",
            f"relabelling of {named}",
        ),
        "pin": (f"pinned {named}", f"pinning of {named}"),
        "unpin": (f"unpinned {named}", f"unpinning of {named}"),
        "prune": (f"pruned {n_gone} prototype{'s' if n_gone > 1 else ''}", "pruning"),
        "merge_close": (
            f"merged prototypes within {arguments.get('within', 0):g}, {n_gone} fewer",
            "merging of close prototypes",
        ),
    }[edit.operation]


def _named(which: Any) -> str:
    """Such as "prototype 3", or "prototypes 1, 3 and 7"."""
    numbers = [str(number) for number in np.atleast_1d(which).tolist()]
    if len(numbers) < 2:
        return f"prototype {''.join(numbers)}"
    return f"prototypes {', '.join(numbers[:-1])} and {numbers[-1]}"
