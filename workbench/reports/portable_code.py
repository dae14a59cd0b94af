"""A trained model as one C header or one Python file, which need nothing of the workbench."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from engines.spd.matrices import ASYMMETRY, side_of
from workbench.reports.errors import ReportError
from workbench.reports.learned import Trained, Watch
from workbench.reports.portable import Books, Mixture, Nearest, Portable, portable
from workbench.reports.portable_check import Answers, check
from workbench.resources import resource_path
from workbench.session import Session

WIDEST = 256
"""Columns up to which a C function may hold a covariance on its stack."""
_LONGEST_TEXT = 1000
"""Bytes of a name that are kept: C99 promises 4095 in a text."""
_PER_LINE = 8


def write_c(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> None:
    """Write the model of `run` as a C99 header to `path`.

    Raises
    ------
    ReportError
        If the model is none that can be written down, or what is written down does other than the engine.
    """
    model = _checked(run, watch)
    path.write_text(c_header(model, run.run.name), encoding="ascii")
    watch(1.0)


def write_python(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> None:
    """Write the model of `run` as a Python file to `path`; raises ReportError as `write_c` does."""
    model = _checked(run, watch)
    path.write_text(python_file(model), encoding="ascii")
    watch(1.0)


def _checked(run: Trained, watch: Watch) -> Portable:
    """What the model computes; its Python form has been tried against the engine."""
    watch(0.1)
    model = portable(run)
    functions: dict[str, Any] = {"__name__": "model"}
    exec(compile(python_file(model), "model.py", "exec"), functions)
    watch(0.4)
    check(run, model, lambda raw: _answers(model, functions, raw), "code")
    watch(0.9)
    return model


def _answers(model: Portable, functions: dict[str, Any], raw: NDArray[Any]) -> Answers:
    """What the functions of a Python file say of raw rows."""
    if isinstance(model.rule, Books):
        return Answers(functions["encode"](raw), functions["errors"](raw)[:, None])
    winners, squared = functions["winners"](raw), functions["distances"](raw)
    if isinstance(model.rule, Mixture):
        return Answers(winners, squared, posteriors=functions["posteriors"](raw))
    if not model.classes:
        return Answers(winners, squared)
    return Answers(winners, squared, functions["predict"](raw), functions["certainty"](raw))


# Python


@dataclass(frozen=True)
class _Encoded:
    """An array as text that gives its bits back."""

    dtype: str
    shape: tuple[int, ...]
    text: str


def python_file(model: Portable) -> str:
    """The model as the text of a Python file, in ASCII."""
    arrays = _arrays(model)
    if isinstance(model.rule, Books) and model.recipe.backward is not None:
        arrays["backward"] = model.recipe.backward
    values = _facts(model) | {
        "about": _python(model.about),
        "columns": _python(list(model.names)),
        "classes": _python(list(model.classes)) if model.classes else "",
        "threshold": None if model.threshold is None else repr(model.threshold),
        "precision": model.recipe.dtype.name,
        "arrays": {name.upper(): _encoded(array) for name, array in arrays.items()},
    }
    return str(_template("model.py.txt").render(values))


def _python(value: Any) -> str:
    """A list or dictionary of plain values as Python, an entry a line."""
    if isinstance(value, dict):
        lines = [f"    {key!a}: {entry!a},\n" for key, entry in value.items()]
        return "{\n" + "".join(lines) + "}"
    return "[\n" + "".join(f"    {entry!a},\n" for entry in value) + "]"


def _encoded(array: NDArray[Any]) -> _Encoded:
    kept = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    text = base64.b64encode(kept.tobytes()).decode("ascii")
    return _Encoded(kept.dtype.str, kept.shape, "\n".join(text[at : at + 100] for at in range(0, len(text), 100)))


# C


@dataclass(frozen=True)
class _Literal:
    """An array as a C initialiser."""

    type: str
    dimensions: str
    text: str


def c_header(model: Portable, name: str) -> str:
    """The model as the text of a C header, in ASCII; identifiers begin with `name`, as far as that can be one."""
    rule, arrays = model.rule, _arrays(model)
    width = _width(rule)
    if isinstance(rule, Mixture) and rule.factors is not None and model.takes_gaps and width > WIDEST:
        raise ReportError(
            f"A mixture of full covariances of {width} columns of which values may be missing cannot be written as C, "
            f"only one of up to {WIDEST}: fill missing values on import, or export the model as Python."
        )
    single = model.recipe.dtype == np.float32
    prefix, facts = _identifier(name), _facts(model)
    values = facts | {
        "p": prefix,
        "P": prefix.upper(),
        "width": width,
        "n_prepared": len(model.recipe.feature_names),
        "about": [c_text(f"{key}: {value}") for key, value in model.about.items()],
        "columns": [c_text(name) for name in model.names],
        "classes": [c_text(str(value)) for value in model.classes],
        "threshold": None if model.threshold is None else repr(model.threshold),
        "single": single,
        "round": "(float)" if single else "",
        "side": 0 if facts["shrinkage"] is None else side_of(len(model.names)),
        "log_2pi": repr(math.log(2 * math.pi)),
        "prototypes_type": _type(rule.books[0] if isinstance(rule, Books) else _centres(rule)),
        "arrays": {key: _literal(array) for key, array in arrays.items()},
    }
    return str(_template("model.h.txt").render(values))


def c_text(text: str) -> str:
    """A C string literal of the UTF-8 of `text`, in printable ASCII: no quote, comment, line or trigraph ends it."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) > _LONGEST_TEXT:
        encoded = encoded[:_LONGEST_TEXT].decode("utf-8", "ignore").encode()
    return '"' + "".join(_character(byte) for byte in encoded) + '"'


def _character(byte: int) -> str:
    plain = 32 <= byte < 127 and chr(byte) not in '"\\?/*'
    return chr(byte) if plain else f"\\{byte:03o}"


def _identifier(name: str) -> str:
    """What identifiers of a run called `name` begin with."""
    plain = re.sub("[^a-z0-9]+", "_", name.lower().encode("ascii", "ignore").decode()).strip("_")[:40]
    return f"vq_{plain or 'model'}"


def _literal(array: NDArray[Any]) -> _Literal:
    return _Literal(_type(array), "".join(f"[{n}]" for n in array.shape), _initialiser(array))


def _type(array: NDArray[Any]) -> str:
    return "int" if array.dtype.kind == "i" else "float" if array.dtype == np.float32 else "double"


def _initialiser(array: NDArray[Any]) -> str:
    if array.ndim > 1:
        return "{\n" + ",\n".join(_initialiser(part) for part in array) + "\n}"
    numbers = [_number(value) for value in array]
    lines = [", ".join(numbers[first : first + _PER_LINE]) for first in range(0, len(numbers), _PER_LINE)]
    return "{" + ",\n".join(lines) + "}"


def _number(value: Any) -> str:
    """The shortest decimal that is read as this very number."""
    if isinstance(value, np.integer):
        return str(int(value))
    if not np.isfinite(value):
        return "-HUGE_VAL" if value < 0 else "HUGE_VAL"
    return f"{value.item() if value.dtype == np.float64 else np.format_float_scientific(value, unique=True)}" + (
        "f" if value.dtype == np.float32 else ""
    )


# Both


def _arrays(model: Portable) -> dict[str, NDArray[Any]]:
    """The arrays that the model has, by their names in code."""
    recipe, rule = model.recipe, model.rule
    found: dict[str, Any] = {"fill": recipe.fill, "shift": recipe.shift, "scale": recipe.scale}
    found |= {"center": recipe.center, "forward": recipe.forward}
    if isinstance(rule, Nearest):
        found |= {"prototypes": rule.prototypes, "relevances": rule.relevances, "omegas": rule.omegas}
        found |= {"metric": None if rule.omegas is None else rule.of, "coarse": rule.coarse, "offsets": rule.offsets}
    elif isinstance(rule, Mixture):
        by_column = model.takes_gaps and rule.variances is not None
        found |= {"means": rule.means, "constants": None if by_column else rule.constants}
        found["log_weights"] = rule.log_weights if model.takes_gaps else None
        found |= {"factors": rule.factors, "variances": rule.variances}
        found["covariances"] = rule.covariances if model.takes_gaps else None
    else:
        found |= {f"book_{k}": book for k, book in enumerate(rule.books)}
        found |= {"splits": rule.splits, "mean": rule.mean, "rotation": rule.rotation}
    if model.classes:
        found["labels"] = model.codes
    return {name: np.asarray(array) for name, array in found.items() if array is not None}


def _facts(model: Portable) -> dict[str, Any]:
    """What both templates ask for beside the arrays."""
    recipe, rule = model.recipe, model.rule
    books = rule.books if isinstance(rule, Books) else ()
    widths = [book.shape[1] for book in books]
    return {
        "kind": {Nearest: "nearest", Mixture: "mixture", Books: "books"}[type(rule)],
        "n_columns": len(model.names),
        "no_fill": recipe.fill is None and not model.takes_gaps,
        "takes_gaps": model.takes_gaps,
        "contrast": recipe.recipe.contrast,
        "row_floor": repr(recipe.row_floor),
        "row_mean": repr(recipe.row_mean),
        "row_deviation": repr(recipe.row_deviation),
        "is_unit": isinstance(rule, Nearest) and rule.is_unit,
        "shrinkage": repr(rule.shrinkage) if isinstance(rule, Nearest) and rule.shrinkage is not None else None,
        "asymmetry": repr(ASYMMETRY[recipe.dtype]),
        "n_prototypes": 0 if isinstance(rule, Books) else len(_centres(rule)),
        "n_coarse": 0 if not isinstance(rule, Nearest) or rule.coarse is None else len(rule.coarse),
        "rank": 0 if not isinstance(rule, Nearest) or rule.omegas is None else rule.omegas.shape[1],
        "n_factors": 0 if not isinstance(rule, Mixture) or rule.factors is None else len(rule.factors),
        "n_books": len(books),
        "sizes": [len(book) for book in books],
        "widths": widths,
        "starts": np.cumsum([0, *widths]).tolist(),
        "beam": _beam(rule),
    }


def _beam(rule: Nearest | Mixture | Books) -> int:
    """Sums of codewords that can be followed at all."""
    if not isinstance(rule, Books):
        return 0
    most = math.prod(len(book) for book in rule.books)
    return max(1, min(rule.beam, most))


def _centres(rule: Nearest | Mixture) -> NDArray[Any]:
    return rule.prototypes if isinstance(rule, Nearest) else rule.means


def _width(rule: Nearest | Mixture | Books) -> int:
    """Numbers of a row as it is compared."""
    if not isinstance(rule, Books):
        return int(_centres(rule).shape[1])
    return sum(book.shape[1] for book in rule.books) if rule.splits is not None else int(rule.books[0].shape[1])


def _template(name: str) -> Any:
    """A template of code, which fails on anything that it is not given; nothing is escaped for web pages."""
    environment = Environment(
        loader=FileSystemLoader(resource_path("templates")),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)
