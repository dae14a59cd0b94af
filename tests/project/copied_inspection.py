"""Plays sittings with a project of a synced folder, stops them anywhere, and looks at what is left at home and here."""

from __future__ import annotations

import copy
import errno
import hashlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from project_faults import Image, Op, QuickDisk, RecordingDisk, Simulation, get_image, put_image
from project_workloads import content, table

from workbench.errors import WorkbenchError
from workbench.project import Project, Transaction
from workbench.project.copied import CopiedProject
from workbench.project.disk import Disk
from workbench.project.journal import HEADER_SIZE
from workbench.project.opening import create_project, open_project

ACKNOWLEDGED = "acknowledged"
PATIENCE = 30.0


class Sitting:
    """Someone at work on a project of a synced folder, on a disk of ours.

    Attributes
    ----------
    root : Path
        Holds `home`, which is synced, and `copies`, where the working copies are.
    """

    def __init__(self, root: Path, disk: Disk) -> None:
        self.root = root
        self.home = root / "home" / "p.vqw"
        self.disk = disk
        self.project: Project | None = None

    def opened(self) -> CopiedProject:
        if self.project is None:
            self.project = open_project(self.home, disk=self.disk)
        assert isinstance(self.project, CopiedProject)
        return self.project

    def close(self) -> None:
        if self.project is not None:
            self.project.close()
            self.project = None


Step = Callable[[Sitting], object]


def create(sitting: Sitting) -> None:
    sitting.project = create_project(sitting.home, disk=sitting.disk)
    _await(sitting)


def change(number: int) -> Step:
    def work(transaction: Transaction) -> None:
        transaction.put("about", {"number": number})
        transaction.write(f"kept/k_{number}", table(150 + 40 * number, 9, number))
        if transaction.exists(f"kept/k_{number - 2}"):
            transaction.delete(f"kept/k_{number - 2}")

    return lambda sitting: sitting.opened().transact(work).result()


def compact(sitting: Sitting) -> None:
    sitting.opened().compact()


def bring(sitting: Sitting) -> None:
    sitting.opened().bring_back()
    _await(sitting)


def _await(sitting: Sitting) -> None:
    """Wait until it is brought back, or known why not."""
    project = sitting.opened()
    end = time.monotonic() + PATIENCE
    while project.standing.pending and not project.standing.trouble:
        assert time.monotonic() < end
        time.sleep(0.0005)


def close(sitting: Sitting) -> None:
    sitting.opened()
    sitting.close()


def meddle(sitting: Sitting) -> None:
    """Let the sync service replace the file, as it does in one step, with what someone did to it elsewhere."""
    sitting.opened()
    elsewhere = sitting.root / "home" / "p.vqw.arriving"
    if elsewhere.exists():
        sitting.disk.remove(elsewhere)
    handle = sitting.disk.open(elsewhere, create=True)
    try:
        sitting.disk.write(handle, OTHERS, 0)
        sitting.disk.sync(handle)
    finally:
        sitting.disk.close(handle)
    sitting.disk.rename(elsewhere, sitting.home)
    sitting.disk.sync_folder(sitting.home.parent)


OTHERS = b""
"""The bytes of what others did, set by `prepare`."""


def prepare(root: Path) -> Image:
    """A project that lies at home, and another one that takes its place in `meddle`."""
    global OTHERS
    for name in ("others.vqw", "p.vqw"):
        sitting = Sitting(root, QuickDisk())
        sitting.home = root / "home" / name
        sitting.home.parent.mkdir(exist_ok=True)
        create(sitting)
        change(len(name))(sitting)
        sitting.close()
    others = root / "home" / "others.vqw"
    OTHERS = others.read_bytes()
    others.unlink()
    return get_image(root)


@dataclass(frozen=True)
class Story:
    """Steps that are each acknowledged when they return; from `meddle` on, others' work is at home."""

    name: str
    steps: tuple[Step, ...]
    begins: Literal["with nothing", "with a project", "with a journal"] = "with a project"


STORIES = (
    Story("create", (create, change(1), bring, change(2), close), begins="with nothing"),
    Story("work", (change(1), bring, change(2), change(3), close, change(4), close)),
    Story("journal", (change(1), bring, change(2), close), begins="with a journal"),
    Story("compact", (change(1), compact, bring, compact, close)),
    Story("conflict", (change(1), meddle, change(2), bring, change(3), bring, change(4), close)),
    Story("conflict at the end", (change(1), bring, change(2), meddle, change(3), close)),
)


@dataclass(frozen=True)
class Played:
    """A story as the disk saw it, and what the project held after each step (`held[0]` before the first)."""

    story: Story
    before: Image
    ops: list[Op]
    held: list[str | None]
    others: str

    def allowed(self, acknowledged: int) -> set[str | None]:
        """What may be the newest work when so many steps are acknowledged and one more may have been carried out."""
        return set(self.held[acknowledged : acknowledged + 2])

    def met_others(self, acknowledged: int) -> bool:
        return meddle in self.story.steps[:acknowledged]


def play(story: Story, root: Path) -> Played:
    image = prepare(root)
    others = hashed(OTHERS, root)
    before: Image = {} if story.begins == "with nothing" else image
    if story.begins == "with a journal":
        before = with_journal(root, image)
    put_image(root, before)
    disk = RecordingDisk(Simulation(before).names, root)
    sitting = Sitting(root, disk)
    held = [held_at(sitting.home) if before else None]
    try:
        for step in story.steps:
            step(sitting)
            held.append(_held(sitting, held[-1]))
            disk.mark(ACKNOWLEDGED, len(held) - 1)
    finally:
        sitting.close()
    return Played(story, before, disk.ops, held, others)


def _held(sitting: Sitting, before: str | None) -> str | None:
    """What the open project holds; what closing it leaves is what it held."""
    return before if sitting.project is None else sitting.project.read(content).result()


def with_journal(root: Path, image: Image) -> Image:
    """The same where a program that wrote in place was killed right after a commit, which is in the journal alone."""
    disk = RecordingDisk(Simulation(image).names, root)
    with Project.open(root / "home" / "p.vqw", disk=disk) as project:
        project.transact(lambda t: (t.put("about", {"number": 0}), t.write("in the journal", table(90, 9)))[1]).result()
    simulation, found = Simulation(image), image
    for op in disk.ops:
        simulation.apply(op)
        if len(simulation.killed().get("home/p.vqw-wal", b"")) > HEADER_SIZE:
            found = simulation.killed()
            if op.kind == "sync":
                return found
    raise AssertionError("nothing was committed")


def held_at(path: Path) -> str:
    """What the file of a project holds, read where it is."""
    with Project.open(path, read_only=True) as project:
        return project.read(content).result()


def hashed(data: bytes, root: Path) -> str:
    path = root / "hashed.vqw"
    path.write_bytes(data)
    try:
        return held_at(path)
    finally:
        path.unlink()


class Inspector:
    """Looks at what a stop left: whole files at home at that moment, and all work there once it was gone on with.

    Attributes
    ----------
    states, distinct : int
        Looked at, and those among them that differed.
    """

    def __init__(self, root: Path, played: Played) -> None:
        self._root = root
        self._played = played
        self._seen: set[bytes] = set()
        self._contents: dict[bytes, str] = {}
        self.states = self.distinct = 0

    def inspect(self, image: Image, acknowledged: int, where: str) -> None:
        self.states += 1
        key = hashlib.blake2b(repr((acknowledged, sorted(image))).encode())
        for name in sorted(image):
            key.update(image[name])
        if key.digest() in self._seen:
            return
        self._seen.add(key.digest())
        self.distinct += 1
        put_image(self._root, image)
        played = self._played
        known = {*played.held, played.others}
        assert set(self._at_home(where)) <= known, f"half a file is at home {where}"
        allowed = played.allowed(acknowledged)
        sitting = Sitting(self._root, QuickDisk())
        if None in allowed and not sitting.home.exists() and not (self._root / "copies").is_dir():
            return  # nothing was begun
        newest = self._open(sitting, allowed, where)
        if newest is None:
            return
        found = set(self._at_home(where))
        if played.met_others(acknowledged):
            assert played.others in found, f"others' work is lost {where}"
        assert found & (allowed - {None}) or (None in allowed and newest), f"our work is lost {where}"
        left = [path for path in (self._root / "copies").rglob("*") if path.is_file()]
        assert not left, f"{left} is left {where}"
        junk = [path.name for path in (self._root / "home").iterdir() if path.suffix == ".tmp"]
        assert not junk, f"{junk} is left at home {where}"

    def _open(self, sitting: Sitting, allowed: set[str | None], where: str) -> str | None:
        """Open the project and close it; give what it held, None if there is none, which must be allowed."""
        try:
            return sitting.opened().read(content).result()
        except WorkbenchError as error:
            if None not in allowed:
                raise AssertionError(f"{error} {where}") from error
            return None
        finally:
            sitting.close()

    def _at_home(self, where: str) -> Iterator[str]:
        for path in sorted((self._root / "home").glob("*.vqw")):
            journal = path.with_name(f"{path.name}-wal")
            key = hashlib.blake2b(path.read_bytes() + (journal.read_bytes() if journal.exists() else b"")).digest()
            if key not in self._contents:
                self._contents[key] = held_at(path)
            yield self._contents[key]


def stop_everywhere(played: Played, inspector: Inspector, *, samples: int, every: int = 1) -> int:
    """Look at what each stop leaves, by kill and by power cut; give the number of stops."""
    simulation, acknowledged, count = Simulation(played.before), 0, 0
    for number, op in enumerate([*played.ops, Op("mark", name="the end")]):
        if op.kind == "mark" and op.name == ACKNOWLEDGED:
            acknowledged = op.offset
        if op.kind != "mark" and number % every == 0:
            count += 1
            inspector.inspect(
                simulation.killed(), acknowledged, f"when killed before call {number}, {op.kind} {op.name}"
            )
            if op.kind == "write":
                torn = copy.deepcopy(simulation)
                torn.apply(Op(op.kind, op.inode, offset=op.offset, data=op.data[: len(op.data) // 2]))
                inspector.inspect(torn.killed(), acknowledged, f"when killed within call {number}")
            for n, image in enumerate(simulation.cut(random.Random(number), samples=samples, singles=False)):
                inspector.inspect(image, acknowledged, f"after power cut {n} before call {number}, {op.kind} {op.name}")
        simulation.apply(op)
    return count


def fail_everywhere(played: Played, inspector: Inspector, root: Path, *, every: int = 1) -> int:
    """Let one call after the other fail, go on as people do, and look at what is left; give how many failed."""
    for count, number in enumerate(range(0, 1_000_000, every)):
        put_image(root, played.before)
        disk = RecordingDisk(Simulation(played.before).names, root)
        disk.fail_at, disk.error = number, (errno.EIO, errno.ENOSPC)[count % 2]
        sitting = Sitting(root, disk)
        try:
            for step in played.story.steps:
                _do(step, sitting, disk)
        finally:
            failed = disk.calls > number
            disk.fail_at = -1
            sitting.close()
        if not failed:
            return count
        inspector.inspect(get_image(root), len(played.story.steps), f"with call {number} failing")
    raise AssertionError("the story has no end")


def _do(step: Step, sitting: Sitting, disk: RecordingDisk) -> None:
    """Do a step, and once more if it fails in words; what others do is no matter of ours."""
    try:
        step(sitting)
    except WorkbenchError:
        disk.fail_at = -1
        if step is not create or not sitting.home.exists():
            step(sitting)
    except OSError:
        assert step is meddle
        disk.fail_at = -1
        step(sitting)
