"""What can still be read of a damaged project, written to a new one; what depends on lost things stays behind too.

The damaged file is not written to. Each block that is taken over matches its hash.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from workbench.errors import Cancelled
from workbench.project import damaged, rewriting
from workbench.project.arrays import Progress, Stop
from workbench.project.disk import Disk
from workbench.project.errors import ProjectDamaged, ProjectError
from workbench.project.lock import FileLock
from workbench.project.placing import written_at
from workbench.project.rewriting import Share
from workbench.project.store import Store
from workbench.project.transaction import Json, Reader, Transaction, is_under
from workbench.project.userblock import USERBLOCK_SIZE

_THINGS = {"datasets": "Dataset", "runs": "Run", "sweeps": "Sweep", "searches": "Search", "selections": "Subset"}
_PARTS = {
    "history": "its curves",
    "state/a": "one of the two states to resume from",
    "state/b": "one of the two states to resume from",
    "result": "its last result",
    "stability": "the stability of its metric",
    "loaded": "the model or codebook that it was given",
}

Log = Callable[[list[Mapping[str, Json]], Mapping[str, bool]], list[bool]]
"""Which entries of the log can stay, given what is left: whether it is hidden, by id."""


@dataclass(frozen=True)
class Salvaged:
    """What came of it.

    Attributes
    ----------
    kept : int
        Datasets, runs, sweeps, searches and subsets that are in the new file, hidden ones too.
    left : tuple of str
        A sentence on each thing, or part of a run, that was left behind.
    """

    kept: int
    left: tuple[str, ...]


def salvage(
    path: Path | str,
    target: Path | str,
    log: Log,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    stop: Stop | None = None,
    disk: Disk | None = None,
) -> Salvaged:
    """Write what can be read of the project at `path` to a new one at `target`, with an identity of its own.

    Raises
    ------
    ProjectError
        If there is no such file, or `target` exists and `overwrite` is not set, or is the same file.
    ProjectDamaged
        If nothing can be read.
    ProjectLocked
        If one of them is open.
    Cancelled
        If `stop` said so; nothing was written.
    """
    path, target, disk = Path(path).absolute(), Path(target).absolute(), disk or Disk()
    if not path.is_file():
        raise ProjectError(f"There is no file at '{path}'; check the path.")
    if path == target:
        raise ProjectError(f"'{target.name}' is the damaged project itself; choose another name.")
    held = FileLock(path, shared=True)
    try:
        with written_at(target, overwrite=overwrite, disk=disk) as written:
            return _salvage(disk, path, written, log, progress, stop)
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)  # h5py objects in there must not die on another thread
        raise
    finally:
        held.release()


def _salvage(disk: Disk, path: Path, target: Path, log: Log, progress: Progress | None, stop: Stop | None) -> Salvaged:
    with damaged.reading(disk, path) as (reader, block):
        share = Share(3 * block.length, progress)
        found = _Survey(reader, share, stop)
        found.look(log)
        identity = replace(block, uuid=uuid4().bytes, commit=0, length=USERBLOCK_SIZE)
        made = rewriting.new_file(disk, target, identity)
        try:
            _write(reader, made, found, share, stop)
        except BaseException:
            rewriting.discard(made)
            raise
        rewriting.finish(made, target)
    if progress is not None:
        progress(1.0)
    return Salvaged(found.kept, tuple(found.left))


def _write(reader: Reader, target: Store, found: _Survey, share: Share, stop: Stop | None) -> None:
    def work(transaction: Transaction) -> None:
        transaction.take_counters(found.counters())
        rewriting.write_keys(reader, transaction, found.keys, share, stop)

    target.transact(work, set())
    target.read(lambda copied: rewriting.check_all(copied, share, stop))


@dataclass
class _Survey:
    """Reads everything once, and tells whole things from damaged ones.

    Attributes
    ----------
    keys : list of str
        Groups and arrays to take over, each group before what it holds.
    hidden : dict of str to bool
        The things that are taken over, by id.
    left : list of str
        Sentences on what is not.
    """

    reader: Reader
    share: Share
    stop: Stop | None
    keys: list[str] = field(default_factory=list)
    hidden: dict[str, bool] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        return len(self.hidden)

    def look(self, log: Log) -> None:
        """Go through the whole file."""
        kinds = self.reader.keys()
        for kind in [*_THINGS, *(other for other in kinds if other not in _THINGS)]:
            if kind not in kinds:
                continue
            names = self._names(kind)
            self.keys.append(kind)
            if kind == "commands":
                self._look_at_log(names, log)
                continue
            for name in names:
                self._take(kind, name)

    def counters(self) -> dict[str, int]:
        """The last number used of each kind of id: as written, and no lower than any that was seen."""
        try:
            known = self.reader.counters()
        except (OSError, KeyError, ValueError, TypeError, RuntimeError):  # what h5py raises for damaged bytes
            known = {}
        return {kind: max(known.get(kind, 0), self.seen.get(kind, 0)) for kind in {*known, *self.seen}}

    def _names(self, kind: str) -> list[str]:
        try:
            names = self.reader.keys(kind)
        except ProjectDamaged as error:
            self.left.append(f"None of the {kind} can be found: {_why(error)}.")
            return []
        numbers = [int(name.rpartition("_")[2]) for name in names if name.rpartition("_")[2].isdigit()]
        self.seen[kind] = max(numbers, default=0)
        return names

    def _take(self, kind: str, name: str) -> None:
        """Take a thing over, or say why not."""
        key = f"{kind}/{name}"
        if kind not in _THINGS:
            self._take_other(key)
            return
        try:
            about = self.reader.get(key)
        except ProjectError as error:
            self.left.append(f"{_THINGS[kind]} {name} was left behind: {_why(error)}.")
            return
        what = f"{_THINGS[kind]} '{about.get('name', name)}'"
        dataset = about.get("dataset")
        if kind != "datasets" and dataset not in self.hidden:
            self.left.append(f"{what} was left behind, as its dataset was.")
            return
        found: dict[str, str] = {}
        keys = self._sound_keys(key, found)
        lost = self._lost_parts(key, found) if kind == "runs" else []
        fatal = [why for bad, why in found.items() if not any(is_under(bad, part) for part in lost)]
        if fatal:
            self.left.append(f"{what} was left behind: {fatal[0]}.")
            return
        self.keys += [k for k in keys if not any(is_under(k, part) for part in lost)]
        self.hidden[key] = bool(about.get("hidden", False))
        self.left += [f"{what} came without {_called(part)}: {_first(part, found)}." for part in lost]

    def _lost_parts(self, run: str, found: Mapping[str, str]) -> list[str]:
        """The parts of a run that are left behind so that the rest can be kept; none where nothing learned is left."""
        parts = self._dispensable(run)
        lost = [part for part in parts if any(is_under(bad, part) for bad in found)]
        for place in self._places(run):
            if f"{place}/history" in lost:  # which a state is stored without, and needs
                lost += [key for key in parts if key.startswith(f"{place}/state/") and key not in lost]
        learned = [part for part in parts if "/snapshots/" in part or part.endswith("/result")]
        return [] if learned and set(learned) <= set(lost) else lost

    def _take_other(self, key: str) -> None:
        found: dict[str, str] = {}
        keys = self._sound_keys(key, found)
        if found:
            self.left.append(f"'{key}' was left behind: {next(iter(found.values()))}.")
        else:
            self.keys += keys

    def _look_at_log(self, names: list[str], log: Log) -> None:
        entries = {}
        for name in names:
            with contextlib.suppress(ProjectError):  # it is counted below
                entries[f"commands/{name}"] = self.reader.get(f"commands/{name}")
        stay = log(list(entries.values()), self.hidden)
        kept = [key for key, stays in zip(entries, stay, strict=True) if stays]
        self.keys += kept
        if len(kept) < len(names):
            self.left.append(
                f"Entries of the log that were left behind: {len(names) - len(kept)} of {len(names)}, as they "
                "cannot be read or are about something that was left behind."
            )

    def _sound_keys(self, key: str, found: dict[str, str]) -> list[str]:
        """List a group or array with all under it that is as it was written; note in `found` what is not, and why."""
        try:
            if self.reader.is_array(key):
                self._check(key)
                return [key]
            self.reader.get(key)
            below = [f"{key}/{name}" for name in self.reader.keys(key)]
        except Cancelled:
            raise
        except ProjectError as error:
            found[key] = _why(error)
            return []
        return [key, *(one for child in below for one in self._sound_keys(child, found))]

    def _check(self, key: str) -> None:
        info = self.reader.info(key)
        report = self.share.of(info.nbytes)
        for block in range(len(info.digests)):
            if self.stop is not None and self.stop():
                raise Cancelled
            self.reader.check(info, block, block + 1)
            report((block + 1) / len(info.digests))

    def _places(self, run: str) -> list[str]:
        """A run, and its editions."""
        return [run, *self._below(f"{run}/editions")]

    def _below(self, key: str) -> list[str]:
        try:
            return [f"{key}/{name}" for name in self.reader.keys(key)]
        except ProjectDamaged:
            return []

    def _dispensable(self, run: str) -> list[str]:
        """The parts of a run without which the rest is still of use."""
        parts = []
        for place in self._places(run):
            own = [f"{place}/{name}" for name in _PARTS]
            parts += [key for key in own if self._exists(key)] + self._below(f"{place}/snapshots")
        return parts

    def _exists(self, key: str) -> bool:
        try:
            return self.reader.exists(key)
        except ProjectDamaged:
            return True


def _why(error: Exception) -> str:
    """What is damaged, without what to do about it."""
    return str(error).partition(";")[0]


def _first(part: str, found: Mapping[str, str]) -> str:
    """Why a part is lost: its own damage, or that of the curves which it needs."""
    return next((why for bad, why in found.items() if is_under(bad, part)), "its curves are damaged")


def _called(part: str) -> str:
    """What people call a part of a run."""
    place, _, name = part.rpartition("/")
    if place.endswith("/snapshots"):
        return f"the snapshot of iteration {int(name)}"
    return next(words for ending, words in _PARTS.items() if part.endswith(f"/{ending}"))
