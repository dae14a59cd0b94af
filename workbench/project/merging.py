"""Things of another project file, written to this one under other keys in one transaction; what they mean is not known.

The other file is read, and each block compared with its hash; it is never written to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from workbench.errors import Cancelled
from workbench.project.arrays import ArrayInfo, Progress, Stop
from workbench.project.project import Project
from workbench.project.rewriting import Share, walk
from workbench.project.staging import Staged
from workbench.project.transaction import Json, Reader, Transaction

LARGE = 1 << 20
"""Bytes from which on an array is written ahead of the transaction, while other work goes on."""


@dataclass(frozen=True)
class Part:
    """A group or an array of a thing.

    Attributes
    ----------
    key : str
        Where it lies in its project; the first two names are those of the thing.
    attributes : JSON or None
        Of a group.
    info : ArrayInfo or None
        Of an array.
    """

    key: str
    attributes: Mapping[str, Json] | None
    info: ArrayInfo | None

    @property
    def content(self) -> Any:
        """What is equal for equal parts, wherever they lie."""
        if self.info is None:
            return self.attributes
        return self.info.shape, self.info.dtype.str, self.info.data_hash


def parts_of(project: Project, keys: Iterable[str], stop: Stop | None = None) -> list[Part]:
    """All parts of some things, each group before what it holds; raises Cancelled if `stop` said so."""

    def part(reader: Reader, key: str) -> Part:
        if stop is not None and stop():
            raise Cancelled
        if reader.is_array(key):
            return Part(key, None, reader.info(key))
        return Part(key, reader.get(key), None)

    def work(reader: Reader) -> list[Part]:
        return [part(reader, found) for key in keys for found in (key, *walk(reader, key))]

    return project.read(work).result()


@dataclass(frozen=True)
class Freight:
    """Parts of another project that are on their way into this one.

    Attributes
    ----------
    project : Project
        To be written.
    other : Project
        To be read.
    parts : tuple of Part
        Of the other.
    staged : dict of str to Staged
        Large arrays that are written already, by their key in the other; `unload` gives their places back.
    share : Share
        Of the progress.
    """

    project: Project
    other: Project
    parts: tuple[Part, ...]
    staged: dict[str, Staged]
    share: Share

    @classmethod
    def of(cls, project: Project, other: Project, parts: Collection[Part], progress: Progress | None = None) -> Freight:
        """Nothing of it is written yet."""
        total = sum(part.info.nbytes for part in parts if part.info is not None)
        return cls(project, other, tuple(parts), {}, Share(total or 1, progress))

    def load(self, stop: Stop | None = None) -> None:
        """Write large arrays from this thread, to places without a name; raises Cancelled if `stop` said so."""
        for part in self.parts:
            if part.info is not None and part.info.write_once and part.info.nbytes >= LARGE:
                rows, report = self.other.rows(part.key), self.share.of(part.info.nbytes)
                self.staged[part.key] = self.project.stage(rows, progress=report, stop=stop)

    def unload(self) -> None:
        """Give the places back that nothing was named in."""
        for staged in self.staged.values():
            self.project.unstage(staged)

    def write(
        self,
        transaction: Transaction,
        places: Mapping[str, str],
        changed: Mapping[str, Mapping[str, Json]],
        stop: Stop | None = None,
    ) -> None:
        """Write all of it, in a transaction of the project.

        Parameters
        ----------
        places : dict of str to str
            Where each thing is to lie, by its key in the other.
        changed : dict
            Attributes that things have otherwise here, by the same keys.

        Raises
        ------
        ProjectDamaged
            If a block is not as it was written.
        Cancelled
            If `stop` said so.
        """
        for part in self.parts:
            if stop is not None and stop():
                raise Cancelled
            kind, name, *rest = part.key.split("/")
            key = "/".join([places[f"{kind}/{name}"], *rest])
            if part.info is None:
                transaction.put(key, {**(part.attributes or {}), **changed.get(part.key, {})})
            elif part.key in self.staged:
                transaction.write(key, self.staged[part.key])
            else:
                write = transaction.write if part.info.write_once else transaction.rewrite
                write(key, self.other.read(partial(Reader.load, key=part.key)).result())
                self.share.of(part.info.nbytes)(1.0)
