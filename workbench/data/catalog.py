"""The list of importers; to add one, write its module and name it here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from engines.parameters import Parameter, declared
from workbench.data import columnar, delimited, excel, hdf5, idx, images, isolated, npy, npz
from workbench.data.errors import DataError
from workbench.data.plan import Plan, Sample, Table
from workbench.data.watch import Watch

_MODULES: tuple[ModuleType, ...] = (npy, npz, hdf5, excel, columnar, images, idx, delimited)
"""In the order in which they are asked whether they recognise a file."""


@dataclass(frozen=True)
class Importer:
    """One kind of file.

    Attributes
    ----------
    name, title : str
        For plans and for people.
    suffixes : tuple of str
        With the dot, lower case; ".gz" may follow.
    options : type
        A frozen dataclass whose fields are declared with `engines.parameters.Param` and all have defaults.
    recognises : callable
        (path, first bytes, decompressed) -> whether the file is of this kind; a folder has no bytes.
    sample : callable
        (paths, options) -> `Sample` from the beginning of the data.
    load : callable
        (plan, options, watch) -> `Table` of everything, in bounded memory.
    row_options : tuple of str
        Options that say what a row is, not how one file is written: new rows are read with the same.
    foreign : bool
        Whether its files are read by libraries that a made-up file could crash or make hang: `sample` and `load` then
        work in a child process.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    options: type
    recognises: Callable[[Path, bytes], bool]
    sample: Callable[[Sequence[Path], Any], Sample]
    load: Callable[[Plan, Any, Watch], Table]
    row_options: tuple[str, ...] = ()
    foreign: bool = False

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The declarations of the options, for forms and command lines."""
        return declared(self.options)

    def checked(self, options: dict[str, Any]) -> Any:
        """`options` as the dataclass; raises DataError for an unknown name or a forbidden value."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, value in options.items():
            if name not in known:
                raise DataError(f'{self.title} has no option "{name}"; there are {", ".join(known)}.')
            try:
                known[name].check(value, self.title)
            except ValueError as error:
                raise DataError(str(error)) from error
        return self.options(**options)


@cache
def importers() -> tuple[Importer, ...]:
    """All importers, in the order in which they are asked whether they recognise a file."""
    return tuple(_importer(module) for module in _MODULES)


def _importer(module: ModuleType) -> Importer:
    """The importer that a module describes; it says FOREIGN where its files are to be read in a child process."""
    foreign = getattr(module, "FOREIGN", False)
    sample, load = module.sample, module.load
    if foreign:
        sample, load = (partial(work, module.__name__) for work in (isolated.sample, isolated.load))
    about = (module.NAME, module.TITLE, module.SUFFIXES, module.Options, module.recognises)
    return Importer(*about, sample, load, getattr(module, "ROW_OPTIONS", ()), foreign)


def importer(name: str) -> Importer:
    """The importer called `name`; raises DataError when there is none."""
    for candidate in importers():
        if candidate.name == name:
            return candidate
    raise DataError(f'There is no importer "{name}"; there are {", ".join(i.name for i in importers())}.')
