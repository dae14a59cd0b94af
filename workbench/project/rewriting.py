"""A project written anew, object by object and each block checked: for a copy, for compaction, for a migration."""

import contextlib
import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from workbench.errors import Cancelled
from workbench.project import carrying
from workbench.project.arrays import HashedRows, Progress, Stop
from workbench.project.disk import Disk
from workbench.project.errors import ProjectError, storage_error
from workbench.project.journal import journal_path
from workbench.project.store import Store
from workbench.project.transaction import Reader, Transaction
from workbench.project.userblock import SCHEMA_VERSION, USERBLOCK_SIZE, UserBlock

MIGRATIONS: dict[int, Callable[[Transaction], None]] = {}
"""From each schema version, the change that leads to the next one."""
BACKUP = " before update from version "
"""In the name of a backup, between the project's name and the version of its layout."""


def new_file(disk: Disk, path: Path, identity: UserBlock | None = None) -> Store:
    """Create an empty project beside `path`, under a passing name; `finish` gives it the real one."""
    passing = new_name(disk, path)
    try:
        return Store.create(disk, passing, identity)
    except BaseException:
        remove(disk, passing)
        raise


def new_name(disk: Disk, path: Path) -> Path:
    """Give the passing name of a file that will be called `path`, free of what a crash may have left there."""
    passing = path.with_name(f".{path.name}.new")
    try:
        for leftover in (passing, journal_path(passing)):
            if leftover.exists():
                disk.remove(leftover)
    except OSError as error:
        raise storage_error(error, path) from error
    return passing


def discard(store: Store) -> None:
    """Remove a file that will not be needed."""
    store.close()
    remove(store.disk, store.path)


def remove(disk: Disk, path: Path) -> None:
    """Take a file and its journal away, as far as the disk lets us; the next file of that name does the rest."""
    for leftover in (path, journal_path(path)):
        with contextlib.suppress(OSError):
            if leftover.exists():
                disk.remove(leftover)


def finish(store: Store, path: Path) -> None:
    """Close a file made by `new_file` and give it its name, in one step that lasts."""
    store.close()
    try:
        store.disk.rename(store.path, path)
        store.disk.sync_folder(path.parent)
    except OSError as error:
        remove(store.disk, store.path)
        raise storage_error(error, path) from error


def copy(source: Store, target: Store, *, progress: Progress | None = None, stop: Stop | None = None) -> None:
    """Write everything in `source` to the empty `target` in one transaction, and read the copy back.

    Raises
    ------
    ProjectDamaged
        If a block of the source or of the copy is not what was written.
    Cancelled
        If `stop` said so.
    """

    def work(reader: Reader) -> None:
        found = [reader.info(key).nbytes for key in walk(reader) if reader.is_array(key)]
        share = Share(2 * sum(found), progress)

        def write(transaction: Transaction) -> None:
            transaction.take_counters(reader.counters())
            write_keys(reader, transaction, walk(reader), share, stop)

        target.transact(write, set())
        target.read(lambda copied: check_all(copied, share, stop))

    source.read(work)


def save_as(store: Store, path: Path, *, progress: Progress | None = None, stop: Stop | None = None) -> None:
    """Write a copy with an identity of its own to `path`, whose lock the caller holds."""
    target = new_file(store.disk, path)
    try:
        copy(store, target, progress=progress, stop=stop)
    except BaseException:
        discard(target)
        raise
    finish(target, path)


def compact(store: Store, *, progress: Progress | None = None, stop: Stop | None = None) -> None:
    """Write the file anew and let it take its own place, one commit later (so that no old journal fits it).

    Raises
    ------
    ProjectError
        If an array is being staged: its place would be lost.
    """
    if store.read(lambda reader: reader.incoming()):
        raise ProjectError("An import is running; compact the project when it is done.")
    target = new_file(store.disk, store.path, replace(store.block, length=USERBLOCK_SIZE))
    try:
        copy(store, target, progress=progress, stop=stop)
    except BaseException:
        discard(target)
        raise
    target.close()
    try:
        store.replace(target.path)
    except BaseException:
        remove(store.disk, target.path)
        raise


def migrated(store: Store) -> tuple[Store, Path]:
    """Bring a file of an older layout to the present one: on a copy, which then takes its place.

    Returns
    -------
    store : Store
        Of the changed file.
    backup : Path
        Beside it, the file as it was.

    Raises
    ------
    ProjectError
        If no way leads from that version to this one; the file is as it was.
    """
    disk, path, schema = store.disk, store.path, store.block.schema
    store.close()
    steps = [MIGRATIONS.get(version) for version in range(schema, SCHEMA_VERSION)]
    if None in steps:
        raise ProjectError(f"'{path.name}' has file version {schema}, which is too old for this program.")
    changed = Store(disk, _copied(disk, path, path))
    try:
        changed.migrate([step for step in steps if step is not None])
        changed.read(lambda reader: check_all(reader, Share(0, None), None))
        backup = _kept(disk, path, schema)
    except BaseException:
        discard(changed)
        raise
    finish(changed, path)
    return Store(disk, path), backup


def backups(path: Path) -> list[Path]:
    """The backups of a project that updates of its layout have left beside it, the newest first."""
    found = [other for other in path.parent.glob(f"*{BACKUP}*{path.suffix}") if _is_backup(other, path)]
    return sorted(found, key=lambda backup: backup.stat().st_mtime, reverse=True)


def _is_backup(other: Path, path: Path) -> bool:
    stem, mark, rest = other.stem.rpartition(BACKUP)
    return bool(mark) and stem == path.stem and rest.partition(" ")[0].isdigit()


def _kept(disk: Disk, path: Path, schema: int) -> Path:
    """Keep a file of an older version as it is, under a name of its own that is free."""
    first = path.with_name(f"{path.stem}{BACKUP}{schema}{path.suffix}")
    others = (first.with_name(f"{first.stem} ({k}){path.suffix}") for k in itertools.count(2))
    backup = next(name for name in itertools.chain([first], others) if not name.exists())
    passing = _copied(disk, path, backup)
    try:
        disk.rename(passing, backup)
        disk.sync_folder(path.parent)
    except OSError as error:
        remove(disk, passing)
        raise storage_error(error, backup) from error
    return backup


def _copied(disk: Disk, path: Path, target: Path) -> Path:
    """A copy of `path`, byte by byte, under the passing name of `target`."""
    passing = new_name(disk, target)
    try:
        carrying.copy(disk, path, passing)
    except OSError as error:
        remove(disk, passing)
        raise storage_error(error, path) from error
    return passing


def walk(reader: Reader, key: str = "") -> list[str]:
    """List the keys of all groups and arrays under `key`, each group before what it holds."""
    found = []
    for name in reader.keys(key):
        child = f"{key}/{name}" if key else name
        found.append(child)
        if not reader.is_array(child):
            found += walk(reader, child)
    return found


def check_all(reader: Reader, share: "Share", stop: Stop | None) -> None:
    """Compare every block of every array with its hash."""
    for key in walk(reader):
        if reader.is_array(key):
            info = reader.info(key)
            report = share.of(info.nbytes)
            for block in range(len(info.digests)):
                if stop is not None and stop():
                    raise Cancelled
                reader.check(info, block, block + 1)
                report((block + 1) / len(info.digests))


def write_keys(
    reader: Reader, transaction: Transaction, keys: Iterable[str], share: "Share", stop: Stop | None
) -> None:
    """Write groups and arrays of another project under the same keys, each block checked while it is read."""
    for key in keys:
        if not reader.is_array(key):
            transaction.put(key, reader.get(key))
            continue
        rows = _rows(reader, key)
        report = share.of(rows.info.nbytes)
        if rows.info.write_once:
            transaction.write(key, rows, progress=report, stop=stop)
        else:
            transaction.rewrite(key, rows)
            report(1.0)


def _rows(reader: Reader, key: str) -> HashedRows:
    info = reader.info(key)
    return HashedRows(info, lambda start, stop: reader.stored_rows(info, start, stop))


class Share:
    """Progress of a whole, told by its parts in bytes."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._done = 0.0
        self._progress = progress

    def of(self, nbytes: int) -> Progress:
        start = self._done
        self._done += nbytes

        def report(fraction: float) -> None:
            if self._progress is not None:
                self._progress((start + fraction * nbytes) / self._total)

        return report
