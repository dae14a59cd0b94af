"""Plays a workload, stops it or lets calls fail, and says whether what is left is what it must be."""

from __future__ import annotations

import contextlib
import copy
import errno
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from project_faults import Image, Op, QuickDisk, RecordingDisk, Simulation, get_image, put_image
from project_workloads import NAME, Desk, Workload, content

from workbench.errors import WorkbenchError
from workbench.project import Project, arrays, journal

ACKNOWLEDGED, DURABLE = "acknowledged", "durable"
KILL = "a kill"


@dataclass(frozen=True)
class Recording:
    """A workload as the disk saw it: the folder before, the calls with a mark at each acknowledgement, and what the
    project held after each step (`held[0]` before the first; None: no project)."""

    before: Image
    ops: list[Op]
    held: list[str | None]

    def allowed(self, acknowledged: int, ahead: int = 1) -> set[str | None]:
        """What may be found when so many steps are acknowledged and `ahead` more may have been carried out."""
        return set(self.held[acknowledged : acknowledged + ahead + 1])


def record(workload: Workload, folder: Path) -> Recording:
    folder.mkdir()
    before = prepare(workload, folder)
    simulation = Simulation(before)
    disk = RecordingDisk(simulation.names)
    desk = Desk(folder, disk)
    held = [held_by(folder, before)]
    put_image(folder, before)
    marks = pytest.MonkeyPatch()
    mark_commits(disk, marks)
    try:
        for number, step in enumerate(workload.steps, 1):
            step(desk)
            disk.mark(ACKNOWLEDGED, number)
            held.append(desk.project.read(content).result() if desk.project else held[-1])
    finally:
        marks.undo()
        desk.close()
    return Recording(before, disk.ops, held)


def prepare(workload: Workload, folder: Path) -> Image:
    if workload.before is not None:
        workload.before(folder, QuickDisk())
    return get_image(folder)


def mark_commits(disk: RecordingDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Note in the record when a frame is known to be on the disk: from there on its commit must not be lost."""
    commit = journal.Journal.commit

    def marked(self: journal.Journal, pages: object, base: int, *rest: object) -> None:
        commit(self, pages, base, *rest)  # type: ignore[arg-type]
        if self._path.name == f"{NAME}-wal":
            disk.mark(DURABLE, base + 1)

    monkeypatch.setattr(journal.Journal, "commit", marked)


def held_by(folder: Path, image: Image) -> str | None:
    """Give what a project holds when it is opened from this image; None if there is none."""
    put_image(folder, image)
    if NAME not in image:
        return None
    with Project.open(folder / NAME, disk=QuickDisk()) as project:
        return project.read(content).result()


class Inspector:
    """Opens what a stop left and says whether it is what it must be; the same state only once.

    Attributes
    ----------
    states, distinct : int
        States looked at, and those among them that differed.
    """

    def __init__(self, folder: Path, recording: Recording) -> None:
        self._folder = folder
        self._recording = recording
        self._seen: set[bytes] = set()
        self._opened: dict[bytes, tuple[str, int]] = {}
        self.states = self.distinct = 0

    def inspect(self, image: Image, allowed: set[str | None], durable: int, where: str) -> None:
        self.states += 1
        key = hashlib.blake2b(repr((sorted(map(str, allowed)), durable, sorted(image))).encode())
        for name in sorted(image):
            key.update(image[name])
        if key.digest() in self._seen:
            return
        self._seen.add(key.digest())
        self.distinct += 1
        if NAME not in image:
            assert None in allowed, f"the project is gone {where}"
            return
        put_image(self._folder, image)
        for path in sorted(self._folder.glob("[!.]*.vqw")):
            try:
                held, number = self._recovered(path)
            except WorkbenchError as error:
                raise AssertionError(f"{path.name} cannot be read {where}: {error}") from error
            if path.name == NAME:
                assert held in allowed, f"a change is lost or halved {where}"
                assert number >= durable, f"commit {durable} became {number} {where}"
            else:
                assert held in self._recording.held, f"the copy is not whole {where}"
        if self.distinct % 100 == 0:
            self._use(where)

    def _recovered(self, path: Path) -> tuple[str, int]:
        """Recover, and open what that gives unless the very same bytes were opened before."""
        journal.recover(QuickDisk(), path)
        key = hashlib.blake2b(path.read_bytes()).digest()
        if key not in self._opened:
            with Project.open(path, disk=QuickDisk()) as project:
                self._opened[key] = project.read(content).result(), project.commit_number
        return self._opened[key]

    def _use(self, where: str) -> None:
        """A project that survived is not only readable: it goes on, and is still there when opened again."""
        with Project.open(self._folder / NAME, disk=QuickDisk()) as project:
            project.transact(lambda t: t.write("used", arrays.np.arange(3000))).result()
        with Project.open(self._folder / NAME, disk=QuickDisk()) as project:
            assert project.verify() == [], where
            assert project.array("used")[-1] == 2999, where


def stops(recording: Recording) -> Iterator[tuple[int, Simulation, int, int]]:
    """Give the folder before each call and after the last, with the steps and commits that are safe."""
    simulation = Simulation(recording.before)
    acknowledged, durable = 0, 0
    for number, op in enumerate(recording.ops):
        if op.kind == "mark" and op.name == ACKNOWLEDGED:
            acknowledged = op.offset
        elif op.kind == "mark" and op.name == DURABLE:
            durable = op.offset
        if op.kind != "mark":
            yield number, simulation, acknowledged, durable
        simulation.apply(op)
    yield len(recording.ops), simulation, acknowledged, durable


def half_done(op: Op) -> Op:
    """A write that a kill cut in the middle."""
    return Op(op.kind, op.inode, offset=op.offset, data=op.data[: len(op.data) // 2])


def stop_everywhere(recording: Recording, inspector: Inspector, *, samples: int, singles: bool, every: int = 1) -> int:
    """Look at what each stop leaves, by kill and by power cut; give the number of stops."""
    count = 0
    for number, simulation, acknowledged, durable in stops(recording):
        count += 1
        if number % every:
            continue
        allowed = recording.allowed(acknowledged)
        inspector.inspect(simulation.killed(), allowed, durable, f"when killed before call {number}")
        if number < len(recording.ops) and recording.ops[number].kind == "write":
            torn = copy.deepcopy(simulation)
            torn.apply(half_done(recording.ops[number]))
            inspector.inspect(torn.killed(), allowed, durable, f"when killed within call {number}")
        rng = random.Random(number)
        for n, image in enumerate(simulation.cut(rng, samples=samples, singles=singles)):
            inspector.inspect(image, allowed, durable, f"after power cut {n} before call {number}")
    return count


def recoveries(simulation: Simulation) -> Iterator[tuple[Simulation, str]]:
    """Give the folders from which a second start may have to recover."""
    yield copy.deepcopy(simulation), KILL
    for n, image in enumerate(simulation.cut(random.Random(0), samples=2, singles=False)):
        yield Simulation(image), f"power cut {n}"


def stop_twice(
    recording: Recording, inspector: Inspector, folder: Path, *, samples: int, singles: bool, every: int = 1
) -> int:
    """Stop anywhere, then again at each step of the recovery and, after a kill, of the next change.

    What a recovered project shows is as good as acknowledged: a second stop must not take it back.

    Returns
    -------
    int
        Number of second stops.
    """
    count = 0
    seen: set[bytes] = set()
    for number, first, acknowledged, durable in stops(recording):
        if number % every:
            continue
        for simulation, how in recoveries(first):
            fingerprint = hashlib.blake2b(repr((simulation.fingerprint(), acknowledged, durable)).encode()).digest()
            if fingerprint in seen or NAME not in simulation.names:
                continue
            seen.add(fingerprint)
            put_image(folder, simulation.killed())
            disk = RecordingDisk(simulation.names)
            allowed = recover_and_go_on(disk, folder, recording.allowed(acknowledged), go_on=how == KILL)
            for step, op in enumerate(disk.ops):
                simulation.apply(op)
                count += 1
                where = f"after {how} before call {number}, and a second stop after call {step} of the recovery"
                inspector.inspect(simulation.killed(), allowed[step], durable, where)
                for image in simulation.cut(random.Random(step), samples=samples, singles=singles):
                    inspector.inspect(image, allowed[step], durable, where)
    return count


def recover_and_go_on(
    disk: RecordingDisk, folder: Path, before: set[str | None], *, go_on: bool
) -> list[set[str | None]]:
    """Open a project and perhaps change something; give what may be found after each call."""
    with Project.open(folder / NAME, disk=disk) as project:
        opened, found = len(disk.ops), project.read(content).result()
        if go_on:
            project.transact(lambda t: (t.write("after", arrays.np.arange(900)), t.put("after all", {}))).result()
        changed, then = len(disk.ops), project.read(content).result()
    calls = range(1, len(disk.ops) + 1)
    return [before if n < opened else {found, then} if n < changed else {then} for n in calls]


@dataclass(frozen=True)
class Fault:
    """How a call fails: once, or with every later call that needs room; with which error."""

    error: int
    sticky: bool


FAULTS = {
    "disk full once": Fault(errno.ENOSPC, sticky=False),
    "disk full from then on": Fault(errno.ENOSPC, sticky=True),
    "input/output error": Fault(errno.EIO, sticky=False),
}


def fail_everywhere(workload: Workload, recording: Recording, folder: Path, fault: Fault, every: int = 1) -> int:
    """Let one call after the other fail; give how many did."""
    inspector = Inspector(folder.with_name("cut"), recording)
    for count, number in enumerate(range(0, 1_000_000, every)):
        put_image(folder, recording.before)
        disk = RecordingDisk(Simulation(recording.before).names)
        disk.fail_at, disk.error, disk.sticky = number, fault.error, fault.sticky
        play_with_failure(workload, recording, Desk(folder, disk), disk)
        if disk.fail_at >= 0:
            return count
        for arrived in (False, True):
            cut_after_failure(
                Recording(recording.before, disk.ops, recording.held), disk.failed_after, arrived, inspector
            )
    raise AssertionError("the workload has no end")


def fail_recoveries(recording: Recording, folder: Path, every: int = 1) -> int:
    """Kill anywhere, let one call after the other of the recovery fail, recover again and cut the power in that."""
    inspector = Inspector(folder.with_name("cut"), recording)
    count = 0
    for number, first, acknowledged, durable in stops(recording):
        if number % every or NAME not in first.names:
            continue
        for failing in range(1000):
            simulation = copy.deepcopy(first)
            put_image(folder, simulation.killed())
            disk = RecordingDisk(simulation.names)
            disk.fail_at, disk.error = failing, errno.EIO
            for _ in range(2):
                with contextlib.suppress(WorkbenchError):
                    Project.open(folder / NAME, disk=disk).close()
            if disk.calls <= failing:
                break
            count += 1
            for step, op in enumerate(disk.ops):
                simulation.apply(op)
                where = f"killed before call {number}, recovery failed at call {failing}, power cut after {step}"
                for image in simulation.cut(random.Random(step), samples=1, singles=False):
                    inspector.inspect(image, recording.allowed(acknowledged), durable, where)
    return count


def cut_after_failure(recording: Recording, start: int, arrived: bool, inspector: Inspector) -> None:
    """Cut the power at each call from a failed one until the next step is acknowledged.

    When waiting for the disk failed, what was written `arrived` nevertheless, or will never do so whatever is
    said later.
    """
    marks = [n for n, op in enumerate(recording.ops) if n >= start and op.name == ACKNOWLEDGED]
    end = marks[1] if len(marks) > 1 else len(recording.ops)
    kind = "sync" if arrived else "lost_sync"
    ops = [replace(op, kind=kind) if op.kind == "lost_sync" else op for op in recording.ops]
    for number, simulation, acknowledged, durable in stops(replace(recording, ops=ops)):
        if start <= number <= end:
            for image in simulation.cut(random.Random(0), samples=0, singles=False):
                where = f"after power cut before call {number}, when something had failed before call {start}"
                inspector.inspect(image, recording.allowed(acknowledged, ahead=2), durable, where)


def play_with_failure(workload: Workload, recording: Recording, desk: Desk, disk: RecordingDisk) -> None:
    """Each step succeeds, or raises one of our errors and leaves all as it was; then it succeeds when repeated.

    A step that fails at its very end may be there nevertheless; then the next one must make it last.
    """
    number, where = disk.fail_at, f"with call {disk.fail_at} failing"
    try:
        for step, (before, after) in enumerate(pairwise(recording.held), 1):
            acknowledged = True
            try:
                workload.steps[step - 1](desk)
            except WorkbenchError:
                assert disk.calls > number, f"step {step} fails of its own {where}"
                disk.fail_at = -1
                if number % 2:
                    desk.close()
                left = held_on(desk)
                assert left in (before, after), f"step {step} {where}"
                if left == before:
                    workload.steps[step - 1](desk)
                else:
                    acknowledged = False
            if disk.calls > number:
                disk.fail_at = -1
                assert held_on(desk) == after, f"step {step} {where}"
            if acknowledged:
                disk.mark(ACKNOWLEDGED, step)
    finally:
        disk.fail_at, at_end = -1, disk.fail_at
        desk.close()
        disk.fail_at = at_end


def held_on(desk: Desk) -> str | None:
    if desk.project is None and not desk.path.exists():
        return None
    return desk.opened().read(content).result()
