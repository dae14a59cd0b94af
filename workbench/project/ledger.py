"""What is written down beside each working copy: whose it is, and what of it its home holds; nothing is copied here."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs

from workbench.project.carrying import Seen
from workbench.project.disk import Disk
from workbench.project.places import Place, place_of

NAME = "ledger.json"


@dataclass(frozen=True)
class State:
    """A commit of a project."""

    uuid: str
    commit: int


NOTHING = State("", -1)
"""What is held where there is no file yet."""


@dataclass(frozen=True)
class Coming:
    """What was about to take its place when it was written down: where, its hash, and the commit that it holds."""

    home: Path
    digest: str
    state: State


@dataclass(frozen=True)
class Ledger:
    """What is known of a working copy.

    Attributes
    ----------
    name : str
        Of the copy, in the folder of the ledger.
    origin : Path
        Where it was fetched from.
    home : Path
        Where it is brought back to: there, or beside it once others have changed what is there.
    place : Place
        Where that is.
    held : State
        What its home holds of it.
    seen : Seen or None
        How its home was when it held that; None if there was no file.
    coming : Coming or None
        What is, or was, being brought there.
    """

    name: str
    origin: Path
    home: Path
    place: Place
    held: State
    seen: Seen | None
    coming: Coming | None = None

    def write(self, disk: Disk, folder: Path) -> None:
        """Write it down in one step that lasts."""
        passing = folder / f".{NAME}.new"
        if passing.exists():
            disk.remove(passing)
        handle = disk.open(passing, create=True)
        try:
            disk.write(handle, json.dumps(asdict(self), default=str).encode(), 0)
            disk.sync(handle)
        finally:
            disk.close(handle)
        disk.rename(passing, folder / NAME)
        disk.sync_folder(folder)

    @classmethod
    def read(cls, folder: Path) -> Ledger | None:
        """What is written down in a folder; None if nothing is that makes sense."""
        try:
            found: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
            place, seen, coming = found["place"], found["seen"], found["coming"]
            return cls(
                str(found["name"]),
                Path(found["origin"]),
                Path(found["home"]),
                Place(place["kind"], place["service"], Path(place["top"])),
                State(**found["held"]),
                None if seen is None else Seen(**seen),
                None if coming is None else Coming(Path(coming["home"]), coming["digest"], State(**coming["state"])),
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None


def copies_folder() -> Path | None:
    """Where the working copies of this person are, `VQ_WORKBENCH_COPIES` if that names a folder.

    Where home folders are on the network too, it is one that outlasts a restart; None if there is no disk to be had.
    """
    named = os.environ.get("VQ_WORKBENCH_COPIES")
    return Path(named) if named else _own_folder()


@functools.cache
def _own_folder() -> Path | None:
    data = Path(platformdirs.user_data_dir("vq-workbench", appauthor=False)) / "working copies"
    if place_of(data) is None:
        return data
    if sys.platform != "win32":
        own = Path(f"/var/tmp/vq-workbench-{os.getuid()}")
        if place_of(own) is None and _is_ours(own):
            return own
    return None


def _is_ours(folder: Path) -> bool:
    """Whether a folder where anyone may make one is this person's alone; made, if there is none."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    return sys.platform != "win32" and stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def place_for_copy(home: Path) -> Place | None:
    """Where a project is that is to be worked on in a copy; None of others, and where there is no room for copies."""
    if copies_folder() is None:
        return None
    return place_of(home) or next((ledger.place for _, ledger in ledgers() if ledger.home == home), None)


def ledgers() -> Iterator[tuple[Path, Ledger]]:
    """The folders of all working copies there are, with their ledgers."""
    top = copies_folder()
    for folder in sorted(top.iterdir()) if top is not None and top.is_dir() else ():
        ledger = Ledger.read(folder)
        if ledger is not None:
            yield folder, ledger


def folders_of(home: Path) -> list[Path]:
    """The folders of working copies that are brought back to `home`."""
    return [folder for folder, ledger in ledgers() if ledger.home == home]


def strayed_from(origin: Path) -> list[Path]:
    """The folders of working copies that were fetched from `origin` and are brought back to another file."""
    return [folder for folder, ledger in ledgers() if ledger.origin == origin != ledger.home]


def new_folder(disk: Disk, home: Path) -> Path:
    """A folder for a new working copy of `home`, made or empty but for what a stop left there before its ledger was."""
    stem = hashlib.blake2b(str(home).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
    top = copies_folder()
    assert top is not None  # or nobody asks for a folder
    top.mkdir(mode=0o700, parents=True, exist_ok=True)  # who may read what is shared, others decide
    number = 1
    while Ledger.read(folder := top / (stem if number == 1 else f"{stem}-{number}")) is not None:
        number += 1
    folder.mkdir(exist_ok=True)
    for above in (folder.parent, folder.parent.parent):  # or a power cut takes the folder with all that is in it
        disk.sync_folder(above)
    return folder
