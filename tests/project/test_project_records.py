"""What a project knows of datasets, runs and selections comes back as it was put there, bit for bit."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.project import Project, ProjectDamaged, ProjectError, schema
from workbench.project.records import DatasetRecord, RunRecord, SelectionRecord


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "p.vqw") as project:
        yield project


@pytest.fixture
def run(project: Project) -> str:
    return project.transact(lambda t: schema.add_run(t, RunRecord("r", "datasets/d_000001", "KMeans"))).result().id


numbers = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(endianness="?", sizes=(64, 128)),
    hnp.datetime64_dtypes(endianness="?"),
    hnp.timedelta64_dtypes(endianness="?"),
    hnp.byte_string_dtypes(min_len=1),
    hnp.unicode_string_dtypes(min_len=1, endianness="="),
)
some_arrays = hnp.arrays(numbers, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
states = st.dictionaries(st.text(st.characters(), max_size=12), some_arrays | json_values, max_size=6)


def same(a: Any, b: Any) -> bool:
    """Equal in type, dtype, shape and every bit; NaN equals NaN."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, float):
        return isinstance(b, float) and (
            (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
        )
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states)
def test_a_state_comes_back_bit_for_bit(project: Project, run: str, state: dict[str, Any]) -> None:
    project.transact(lambda t: schema.write_state(t, run, state)).result()
    back = project.read(lambda r: schema.read_state(r, run)).result()
    assert back is not None
    assert same(state, back)


def test_what_training_keeps_comes_back_exactly(project: Project, run: str) -> None:
    generator = np.random.default_rng(2**100)
    state = {
        "generator": generator.bit_generator.state,
        "seed": np.int64(-(2**63)),
        "optimizer/step 1": np.array(7),
        "": [1.5, None, math.inf],
        ".": np.array(["", "longer", "ß"]),
        "..": np.array([np.nan, -0.0, np.inf], np.float32),
        "%2F": np.zeros((0, 4)),
        "names": {"a": [True, 2**200]},
    }
    project.transact(lambda t: schema.write_state(t, run, state)).result()
    back = project.read(lambda r: schema.read_state(r, run)).result()
    assert back is not None
    assert same(state | {"seed": np.array(-(2**63))}, back)
    again = np.random.default_rng()
    again.bit_generator.state = back["generator"]
    assert again.random() == generator.random()


def test_states_alternate_between_two_slots_and_the_newest_is_read(project: Project, run: str) -> None:
    for number in range(5):
        state = {"n": number, "W": np.full(number + 1, number)}
        project.transact(lambda t, state=state: schema.write_state(t, run, state)).result()  # type: ignore[misc]
        back = project.read(lambda r: schema.read_state(r, run)).result()
        assert back is not None
        assert same(state, back)
    assert project.read(lambda r: r.keys(f"{run}/state")).result() == ["a", "b"]
    assert project.read(lambda r: schema.read_state(r, "runs/none")).result() is None


def test_a_damaged_state_gives_way_to_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "p.vqw"
    with Project.create(path) as project:
        run = project.transact(lambda t: schema.add_run(t, RunRecord("r", "", "KMeans"))).result().id
        for number in (1, 2):
            state = {"n": number, "W": np.full(3000, number)}
            project.transact(lambda t, state=state: schema.write_state(t, run, state)).result()  # type: ignore[misc]
        places = project.read(lambda r: [r.info(f"{run}/state/{slot}/W").offset for slot in "ba"]).result()
    for place, left in zip(places, ({"n": 1, "W": np.full(3000, 1)}, None), strict=True):
        with path.open("r+b") as file:
            file.seek(place + 100)
            file.write(b"!")
        with Project.open(path) as project:
            if left is None:
                with pytest.raises(ProjectDamaged):
                    project.read(lambda r: schema.read_state(r, run)).result()
            else:
                assert same(left, project.read(lambda r: schema.read_state(r, run)).result())


def test_a_state_with_fewer_arrays_leaves_none_of_the_old_ones(project: Project, run: str) -> None:
    for state in ({"a": np.ones(3), "b": np.ones(3)}, {}, {"a": 1}, {"b": np.ones((2, 2))}):
        project.transact(lambda t, state=state: schema.write_state(t, run, state)).result()  # type: ignore[misc]
    assert same(project.read(lambda r: schema.read_state(r, run)).result(), {"b": np.ones((2, 2))})
    assert project.read(lambda r: [r.keys(f"{run}/state/{slot}") for slot in "ab"]).result() == [[], ["b"]]


def test_a_dataset_comes_back_with_its_arrays(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    given_record = DatasetRecord(
        "Blüten",
        source={"file": "x.csv"},
        columns=[{"name": "a"}],
        classes=("no", "yes"),
        image_shape=(2, 2),
        warnings=("w",),
    )
    fitted = {"mean": X.mean(axis=0), "kind": "standard"}
    with Project.create(tmp_path / "p.vqw") as project:
        record = project.transact(
            lambda t: schema.add_dataset(
                t,
                given_record,
                X,
                codes=np.arange(50) % 2,
                split=np.zeros(50, np.uint8),
                ids=np.array([f"i{k}" for k in range(50)]),
                fitted=fitted,
            )
        ).result()
    with Project.open(tmp_path / "p.vqw") as project:
        assert project.read(schema.read_datasets).result() == [record]
        assert (record.id, record.shape, record.dtype) == ("datasets/d_000001", (50, 4), "float32")
        assert record.created
        assert record.data_hash == project.rows(f"{record.id}/X").info.data_hash
        assert (project.array(f"{record.id}/X") == X).all()
        assert project.array(f"{record.id}/ids")[49] == "i49"
        assert same(fitted, project.read(lambda r: schema.read_fitted(r, record.id)).result())
        hidden = replace(record, hidden=True, name="other")
        project.transact(lambda t: schema.write_dataset(t, hidden)).result()
        assert project.read(lambda r: schema.read_dataset(r, record.id)).result() == hidden
        with pytest.raises(ProjectError, match="no group called"):
            project.read(lambda r: schema.read_dataset(r, "datasets/d_000009")).result()


def test_a_run_comes_back_with_its_timeline_and_result(project: Project, run: str) -> None:
    record = project.read(lambda r: schema.read_run(r, run)).result()
    changed = replace(
        record, status="finished", metrics={"accuracy": math.inf}, branched_from={"run": run, "iteration": 3}
    )
    curves = {"cost": np.arange(3.0), "iteration": np.arange(3)}
    result = {"prototypes_": np.eye(3), "name": "m"}

    def work(transaction: schema.Transaction) -> None:
        schema.write_run(transaction, changed)
        schema.write_history(transaction, run, {"cost": np.arange(2.0)})
        schema.write_history(transaction, run, curves)
        for number in (10, 2, 7):
            schema.write_snapshot(transaction, run, number, {"W": np.full(3, number), "message": "x"})
        schema.delete_snapshots(transaction, run, [7])
        schema.write_result(transaction, run, {"other": np.eye(2)})
        schema.write_result(transaction, run, result)

    project.transact(work).result()
    assert changed in project.read(schema.read_runs).result()
    assert same(curves, project.read(lambda r: schema.read_history(r, run)).result())
    assert project.read(lambda r: schema.read_snapshots(r, run)).result() == [2, 10]
    assert same(
        {"W": np.full(3, 10), "message": "x"}, project.read(lambda r: schema.read_snapshot(r, run, 10)).result()
    )
    assert project.read(lambda r: schema.read_snapshot(r, run, 7)).result() is None
    assert same(result, project.read(lambda r: schema.read_result(r, run)).result())
    assert (project.array(f"{run}/result/prototypes_") == np.eye(3)).all()


@given(hnp.arrays(bool, st.integers(0, 40)))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_selection_comes_back_row_by_row(project: Project, rows: np.ndarray) -> None:
    record = project.transact(
        lambda t: schema.add_selection(t, SelectionRecord("some", "datasets/d_000001"), rows)
    ).result()
    assert record in project.read(schema.read_selections).result()
    assert same(rows, project.read(lambda r: schema.read_selection_rows(r, record.id)).result())


def test_commands_come_back_in_order(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p.vqw") as project:
        commands = [{"do": "rename", "to": f"n{k}"} for k in range(12)]
        for command in commands:
            project.transact(lambda t, c=command: schema.append_command(t, c)).result()  # type: ignore[misc]
        assert project.read(schema.read_commands).result() == commands
