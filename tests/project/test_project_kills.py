"""A program that is really killed while it writes loses nothing that was acknowledged; small commits stay small."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from project_faults import RecordingDisk, get_image

from workbench.project import Project, schema
from workbench.project.records import DatasetRecord, RunRecord

ROOT = Path(__file__).parents[2]
CHILD = """
import sys
import numpy as np
from workbench.project import Project, schema

with Project.open(sys.argv[1]) as project:
    run, number = project.read(lambda r: (r.get("about")["run"], r.get("about")["number"])).result()
    print("ready", flush=True)
    while True:
        number += 1
        def work(t):
            W = np.full((300, 40), number, np.float32)
            schema.write_state(t, run, {"W": W, "number": number})
            schema.write_history(t, run, {"cost": np.arange(number % 500, dtype=float)})
            if number % 3 == 0:
                t.write(f"kept/k_{number}", W)
            if number % 3 == 1 and t.exists(f"kept/k_{number - 4}"):
                t.delete(f"kept/k_{number - 4}")
            t.put("about", {"number": number})
        if number % 7 == 0:
            staged = project.stage(np.full((2000, 40), number, np.float64))
            project.transact(lambda t: (t.exists("big") and t.delete("big"), t.write("big", staged))).result()
        project.transact(work).result()
        print(number, flush=True)
        if number % 40 == 0:
            project.compact()
"""


def kill_and_look(path: Path, rng: random.Random) -> int:
    """Start a writer, kill it at some moment, check everything; give the last number that it acknowledged."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(rng.random() * 0.4)
    child.kill()
    said = [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    child.wait()
    child.stdout.close()
    with Project.open(path) as project:
        about = project.read(lambda r: r.get("about")).result()
        number = about["number"]
        if said:
            assert number in (said[-1], said[-1] + 1)
        state = project.read(lambda r: schema.read_state(r, about["run"])).result()
        if number:
            assert state is not None
            assert state["number"] == number
            assert (state["W"] == number).all()
        for key in project.read(lambda r: r.keys("kept")).result():
            assert (project.array(f"kept/{key}") == int(key[2:])).all()
        if project.read(lambda r: r.exists("big")).result():
            big = project.array("big")
            assert big[0, 0] in (number, number + 1, *range(number - 7, number))
            assert (big == big[0, 0]).all()
        assert project.verify() == []
    return said[-1] if said else 0


def prepare(path: Path) -> None:
    with Project.create(path) as project:

        def work(transaction: schema.Transaction) -> None:
            run = schema.add_run(transaction, RunRecord("r", "", "KMeans"))
            transaction.put("about", {"run": run.id, "number": 0})

        project.transact(work).result()


def test_a_few_real_kills_lose_nothing(tmp_path: Path) -> None:
    prepare(tmp_path / "p.vqw")
    rng = random.Random(1)
    assert max(kill_and_look(tmp_path / "p.vqw", rng) for _ in range(3)) > 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_hundred_real_kills_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.vqw"
    prepare(path)
    rng = random.Random(0)
    numbers = [kill_and_look(path, rng) for _ in range(200)]
    print(f"200 kills, {max(numbers)} commits acknowledged, none lost; the file has {path.stat().st_size} bytes")
    assert max(numbers) > 200


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_disk_that_is_really_full_costs_only_the_change_that_met_it(tmp_path: Path) -> None:
    path = tmp_path / "p.vqw"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["no room", "no room", "kept", "goes on"]
    with Project.open(path) as project:
        assert project.read(lambda r: r.keys()).result() == ["after", "before"]
        assert project.verify() == []
    assert path.stat().st_size < 1_000_000


FULL = """
import resource, sys
import numpy as np
from workbench.project import Project, StorageFull

project = Project.create(sys.argv[1])
project.transact(lambda t: t.put("before", {"kept": True})).result()
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
for attempt in (
    lambda: project.transact(lambda t: t.write("big", np.zeros(10**6))).result(),
    lambda: project.stage(np.zeros(10**6)),
):
    try:
        attempt()
    except StorageFull as error:
        assert "free some space" in str(error)
        print("no room")
if project.read(lambda r: r.get("before")).result() == {"kept": True}:
    print("kept")
project.transact(lambda t: t.put("after", {})).result()
print("goes on")
project.close()
"""


def bytes_of_a_small_commit(folder: Path, megabytes: int) -> int:
    """Give what a renaming writes in a project that holds this much data and many objects."""
    folder.mkdir()
    with Project.create(folder / "p.vqw") as project:
        X = np.zeros((megabytes * 1024, 256), np.float32)
        project.transact(lambda t: schema.add_dataset(t, DatasetRecord("d"), X)).result()
        for k in range(megabytes):
            project.transact(lambda t, k=k: t.write(f"runs/r/{k}", np.arange(100))).result()  # type: ignore[misc]
    disk = RecordingDisk({name: number for number, name in enumerate(get_image(folder))})
    with Project.open(folder / "p.vqw", disk=disk) as project:
        before = len(disk.ops)
        project.transact(lambda t: t.put("datasets/d_000001", {"name": "e"})).result()
        return sum(len(op.data) for op in disk.ops[before:])


def test_a_small_commit_writes_as_much_in_a_large_project_as_in_a_small_one(tmp_path: Path) -> None:
    small, large = (bytes_of_a_small_commit(tmp_path / str(size), size) for size in (1, 60))
    assert large == small < 50_000
