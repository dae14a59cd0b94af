"""A project of a network or synced folder while it is worked on here: fetched, brought back, and never overwritten.

The ledger beside the copy says what its home held of it last. It is on the disk before the copy is opened for writing,
and before anything takes its place at home what comes is written down: so whenever the program ends, the next one
knows what is where.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from workbench.errors import Cancelled
from workbench.priority import at_low_priority
from workbench.project import beside, carrying, marks
from workbench.project.arrays import Progress, Stop
from workbench.project.disk import Disk
from workbench.project.errors import (
    FULL,
    NotBroughtBack,
    ProjectDamaged,
    ProjectError,
    ProjectLocked,
    StorageFull,
    in_words,
    storage_error,
)
from workbench.project.journal import journal_path, recover
from workbench.project.ledger import NAME, NOTHING, Coming, Ledger, State, new_folder
from workbench.project.lock import FileLock, require_free
from workbench.project.places import Place, place_of


class WorkingCopy:
    """A copy in a folder of its own, which no one else uses while this object holds it.

    Attributes
    ----------
    folder, path : Path
        Where the copy is, and the file.
    mark : Mark
        Beside the project at home; None while nobody works on it.
    note : str
        What a person should know of how it was come by, or "".
    """

    def __init__(self, disk: Disk, folder: Path, ledger: Ledger, lock: FileLock, mark: marks.Mark | None) -> None:
        """Hold it; `take`, `make` and `hold` are the ways in."""
        self.folder = folder
        self.path = folder / ledger.name
        self.mark = mark
        self.note = ""
        self._strayed = ""  # where it went, until that is told
        self._disk = disk
        self._ledger = ledger
        self._lock = lock

    @classmethod
    def hold(cls, disk: Disk, folder: Path) -> WorkingCopy:
        """Hold a copy that is there, without a mark at home.

        Raises
        ------
        ProjectLocked
            If it is open.
        """
        found = Ledger.read(folder)
        lock = FileLock(folder / NAME, called=folder.name if found is None else found.name)
        ledger = Ledger.read(folder)  # once more: until it was locked, someone may have brought it back
        if ledger is None:
            lock.release()
            raise ProjectError(f"There is no working copy in '{folder}' any more; try again.")
        return cls(disk, folder, ledger, lock, None)

    @classmethod
    def make(cls, home: Path, place: Place, disk: Disk, mark: marks.Mark) -> WorkingCopy:
        """Hold a place for a project that is to be made, and to replace what is at `home` now, if anything."""
        with _new_folder(disk, home) as (folder, lock):
            seen = carrying.look(disk, home) if home.exists() else None
            ledger = Ledger(home.name, home, home, place, NOTHING, seen)
            ledger.write(disk, folder)
            return cls(disk, folder, ledger, lock, mark)

    @classmethod
    def fetch(
        cls,
        home: Path,
        place: Place,
        disk: Disk,
        mark: marks.Mark,
        *,
        progress: Progress | None = None,
        stop: Stop | None = None,
    ) -> WorkingCopy:
        """Copy the project at `home` here, with its journal, and read the copy back."""
        with _new_folder(disk, home) as (folder, lock):
            try:
                target = folder / home.name
                seen = at_low_priority(
                    lambda stop: carrying.fetch(disk, home, target, progress=progress, stop=stop), stop
                )
            except OSError as error:
                raise _unfetched(error, home) from error
            disk.sync_folder(folder)
            ledger = Ledger(home.name, home, home, place, _state(disk, folder / home.name), seen)
            ledger.write(disk, folder)
            return cls(disk, folder, ledger, lock, mark)

    @property
    def home(self) -> Path:
        """Where the project belongs; elsewhere once what was there turned out to be changed by others."""
        return self._ledger.home

    @property
    def place(self) -> Place:
        return self._ledger.place

    @property
    def held(self) -> State:
        """What its home holds of it."""
        return self._ledger.held

    def state(self) -> State:
        """The last commit of the copy, which must not be open for writing."""
        return _state(self._disk, self.path)

    def home_is_there(self) -> bool:
        """Whether the folder of its home can be reached: a drive that is not mounted leaves an empty folder behind."""
        if not self.home.parent.is_dir():
            return False
        place = place_of(self.home)
        if self.place.kind == "network":
            return place is not None and place.kind == "network"
        return place is not None or self.home.exists()

    def home_is_known(self) -> bool:
        """Whether its home holds what it is known to hold, or nothing at all."""
        self._note_arrival()
        return not self.home.exists() or self._is_known(self.home)

    def bring(self, source: Path, state: State, *, progress: Progress | None = None, stop: Stop | None = None) -> str:
        """Let its home hold what is in `source`, a closed file here; where others have changed that, a file beside it.

        Parameters
        ----------
        source : Path
            The copy itself while it is closed, or a snapshot of it.
        state : State
            The commit that `source` holds.

        Returns
        -------
        str
            One sentence if it went to another file, or "".

        Raises
        ------
        NotBroughtBack
            If the folder cannot be reached or written; what is there stays as it is.
        Cancelled
            If `stop` said so.
        """
        self._require_home()
        try:
            require_free(self.home)
            self._note_arrival()
            self._bring_companions()
            passing = self._passing()
            digest = carrying.copy(self._disk, source, passing, progress=progress, stop=stop)
            self._put(passing, digest, state)
        except (OSError, ProjectDamaged, ProjectLocked) as error:
            raise NotBroughtBack(
                f"'{self.home.name}' could not be brought back to '{self.home.parent}' ({_reason(error)}); it is safe "
                "in a working copy on this computer until that can be done."
            ) from error
        finally:
            self._remove(self._passing())
        told, self._strayed = self._strayed, ""
        return told

    @contextlib.contextmanager
    def room(self) -> Iterator[Path]:
        """A free path here for a snapshot, which is removed afterwards."""
        path = self.folder / ".leaving"
        self._remove(path)
        try:
            yield path
        finally:
            self._remove(path)

    def end(self, *, progress: Progress | None = None, stop: Stop | None = None) -> str:
        """Bring the closed copy back if its home lacks something of it, and let go of it.

        Returns
        -------
        str
            One sentence if not all went as usual: it went to another file, or had to stay here.
        """
        try:
            state = self.state()
            told = "" if state == self.held else self.bring(self.path, state, progress=progress, stop=stop)
            self._remove(self.folder / NAME)  # first: a file without a ledger is nobody's
            _clear(self._disk, self.folder)
        except (ProjectError, Cancelled, OSError) as error:
            return _stays(self.home, error)
        finally:
            self.release()
        return told

    def release(self) -> None:
        """Let go of it as it is: what is not brought back stays for the next time."""
        if self.mark is not None:
            self.mark.release()
        _let_go(self._lock, self.folder)

    def give_up(self) -> None:
        """Let go of a copy that could not be opened; one that holds no more than its home is not kept."""
        with contextlib.suppress(ProjectError):
            if not self.path.exists() or self.state() == self.held:
                self.discard()
        self.release()

    def put_aside(self) -> str:
        """Carry a damaged copy to the folder where it belongs, beside what is there, and let go of it; says so.

        Raises
        ------
        NotBroughtBack
            If the folder cannot be reached.
        """
        self._require_home()
        target = beside.free_name(self.home, "damaged copy")
        for source in (journal_path(self.path), self.path):
            if source.exists():
                passing = self._passing()
                carrying.copy(self._disk, source, passing)
                self._disk.rename(passing, target.with_name(target.name + source.name.removeprefix(self.path.name)))
        self._disk.sync_folder(target.parent)
        self.discard()
        return beside.damaged(self.home, target)

    def discard(self) -> None:
        """Remove a copy that its home does not need."""
        self._remove(self.folder / NAME)
        _clear(self._disk, self.folder)
        self.release()

    # bringing back

    def _require_home(self) -> None:
        if not self.home_is_there():
            raise NotBroughtBack(
                f"The folder '{self.home.parent}' cannot be reached. '{self.home.name}' is safe in a working copy on "
                "this computer, and is brought back as soon as the folder is there again."
            )

    def _put(self, passing: Path, digest: str, state: State) -> None:
        """Give what was carried its name at home, or a free one if what is there is not what it was.

        No system lets a file be replaced on condition of what it is. So the last look comes right before the renaming:
        what others do within that fraction of a millisecond would not be seen, by any program.
        """
        home = self.home
        with contextlib.suppress(OSError):  # a group may share the file; some drives know of no such thing
            shutil.copymode(home, passing)
        self._write(replace(self._ledger, coming=Coming(home, digest, state)))
        if home.exists() and not self._is_known(home):
            home = beside.free_name(home, "copy")
            self._write(replace(self._ledger, coming=Coming(home, digest, state)))
        self._disk.rename(passing, home)
        self._disk.sync_folder(home.parent)
        self._arrived(home, digest, state)

    def _note_arrival(self) -> None:
        """Write down that what was coming when a program ended has come, if it has."""
        coming = self._ledger.coming
        if coming is None or not coming.home.exists():
            return
        if carrying.digest_of(self._disk, coming.home) == coming.digest:
            self._arrived(coming.home, coming.digest, coming.state)

    def _arrived(self, home: Path, digest: str, state: State) -> None:
        """Write down what its home holds now; a journal that was fetched with it is in it."""
        seen = carrying.look(self._disk, home, digest)
        known = self._ledger.seen
        if seen.journal and home == self.home and known is not None and seen.journal == known.journal:
            self._disk.remove(journal_path(home))
            seen = replace(seen, journal="")
        before = self.home
        self._write(replace(self._ledger, home=home, held=state, seen=seen, coming=None))
        if home != before:
            self._strayed = beside.strayed(before, home)
            if self.mark is not None:
                self.mark.move(home)

    def _is_known(self, home: Path) -> bool:
        seen = self._ledger.seen
        return seen is not None and carrying.is_still(self._disk, home, seen)

    def _bring_companions(self) -> None:
        """Carry home what an update or a recovery has put beside the copy: backups, and journals set aside."""
        own = {self.path.name, journal_path(self.path).name, NAME}
        for file in sorted(self.folder.iterdir()):
            if file.name in own or file.name.startswith(".") or file.suffix == ".lock":
                continue
            target = beside.free_for(self._disk, file, self.home.parent)
            if target is not None:
                passing = self._passing()
                carrying.copy(self._disk, file, passing)
                self._disk.rename(passing, target)
                self._disk.sync_folder(target.parent)
            self._disk.remove(file)

    def _passing(self) -> Path:
        """Where what comes is written at home: a name that sync services leave alone, and no other copy uses."""
        passing = self.home.with_name(f".~{self.home.name}.{self.folder.name[:12]}.tmp")
        self._remove(passing)
        return passing

    def _write(self, ledger: Ledger) -> None:
        ledger.write(self._disk, self.folder)
        self._ledger = ledger

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            if path.exists():
                self._disk.remove(path)


@contextlib.contextmanager
def _new_folder(disk: Disk, home: Path) -> Iterator[tuple[Path, FileLock]]:
    """An empty folder for a copy, locked; nothing of it is left if what is done with it fails."""
    folder = new_folder(disk, home)
    lock = FileLock(folder / NAME, called=home.name)
    try:
        _clear(disk, folder)
        yield folder, lock
    except BaseException:
        with contextlib.suppress(OSError):
            _clear(disk, folder)
        _let_go(lock, folder)
        raise


def _clear(disk: Disk, folder: Path) -> None:
    """Remove all files of a folder, its ledger first, but for the lock that we hold."""
    files = [file for file in folder.iterdir() if file.name != f"{NAME}.lock"]
    for file in sorted(files, key=lambda file: file.name != NAME):
        disk.remove(file)


def _let_go(lock: FileLock, folder: Path) -> None:
    lock.release()
    if Ledger.read(folder) is None:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _state(disk: Disk, path: Path) -> State:
    with in_words(path):
        block = recover(disk, path, read_only=True).block
    return State(block.uuid.hex(), block.commit)


def _unfetched(error: OSError, home: Path) -> ProjectError:
    if error.errno not in FULL:
        return storage_error(error, home)
    return StorageFull(
        f"There is no room on this computer for a working copy of '{home.name}'; free some space, or let it be worked "
        "on in its own folder (in the settings, or by --in-place)."
    )


def _stays(home: Path, error: Exception) -> str:
    if isinstance(error, NotBroughtBack):
        return str(error)
    reason = "" if isinstance(error, Cancelled) else f" ({_reason(error)})"
    return (
        f"'{home.name}' was not brought back{reason}; it is safe in a working copy on this computer, and is brought "
        "back when it is next opened."
    )


def _reason(error: Exception) -> str:
    words = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return words.rstrip(".")
