"""What the cells of a script are made with: words beside code, the names of variables, and what is imported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines import Parameter
from workbench.reports.source import identifier, source_line

_SHORT = {"numpy": " as np"}
_OWN = (
    "bits_of_numbers",
    "decoded",
    "derive",
    "drop",
    "engines",
    "error",
    "here",
    "keep",
    "measure_counts",
    "np",
    "read_dataset",
)
_OWN += ("relabel", "sample", "snapshot", "surgery", "sys")  # what a script may import, or give a name to, itself


@dataclass(frozen=True)
class Cell:
    """Some words and the code that they are about; either may be missing.

    Attributes
    ----------
    title : str
    words : tuple of str
        Paragraphs; names stand in them as they are.
    code : str
        Lines, the last one without its end.
    """

    title: str
    words: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class Rows:
    """The variables that hold the rows and labels of each part, "" or None where there are none."""

    X: str
    y: str
    validation: tuple[str, str] | None
    test: tuple[str, str] | None


class Namespace:
    """The variables of a script, each name given once; its imports and the files beside it, as they are needed.

    Parameters
    ----------
    stem : str
        With which the names of these files begin.
    here : str
        An expression for the folder of the script.

    Attributes
    ----------
    files : dict of str to callable
        By name: what writes the file to a path.
    """

    def __init__(self, stem: str, here: str) -> None:
        self._stem, self._here = stem, here
        self._taken = set(_OWN)
        self._modules: set[str] = set()
        self._members: dict[str, set[str]] = {}
        self.files: dict[str, Callable[[Path], None]] = {}

    def file(self, name: str, write: Callable[[Path], None]) -> tuple[str, str]:
        """Let a file lie beside the script; gives its name, and an expression for its path."""
        full = f"{self._stem}-{name}"
        self.files[full] = write
        self.need("pathlib", "Path")
        return full, f"here / {source_line(full)}"

    def name(self, text: str, otherwise: str) -> str:
        """A variable for what people call `text`; `otherwise` where that has no letters for it."""
        found = identifier(text, otherwise, self._taken)
        self._taken.add(found)
        return found

    def rows(self, text: str) -> str:
        """A variable like `text`, in which capitals stay."""
        found = next(name for k in range(1, 1 << 20) if (name := text if k == 1 else f"{text}_{k}") not in self._taken)
        self._taken.add(found)
        return found

    def need(self, module: str, *members: str) -> None:
        """Let the script import these members of a module; the module itself if none is named."""
        if members:
            self._members.setdefault(module, set()).update(members)
        else:
            self._modules.add(module)

    def imports(self) -> str:
        """The lines that import what is needed: Python's own, then others."""
        own = [f"import {name}" for name in sorted(self._modules & {"sys"})]
        own += [f"from {name} import {_listed(self._members[name])}" for name in ("pathlib",) if name in self._members]
        others = [f"import {name}{_SHORT.get(name, '')}" for name in sorted(self._modules - {"sys"})]
        others += [f"from {k} import {_listed(names)}" for k, names in sorted(self._members.items()) if k != "pathlib"]
        place = [f"here = {self._here}"] if self.files else []
        return "\n\n".join("\n".join(group) for group in (own, others, place) if group)


def not_default(values: Mapping[str, Any], parameters: Iterable[Parameter]) -> dict[str, Any]:
    """Those JSON `values` of known parameters that are not what the parameter is by default."""
    defaults = {parameter.name: parameter.default for parameter in parameters}
    return {k: v for k, v in values.items() if k in defaults and json.dumps(v) != json.dumps(defaults[k])}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
