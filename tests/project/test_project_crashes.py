"""No stop and no failing call, wherever it comes, costs an acknowledged change or leaves a project unreadable."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_inspection import (
    FAULTS,
    Fault,
    Inspector,
    fail_everywhere,
    fail_recoveries,
    record,
    stop_everywhere,
    stop_twice,
)
from project_workloads import WORKLOADS, Workload, from_version_0

from workbench.project import arrays, journal, merging, rewriting, transaction


@pytest.fixture(autouse=True)
def _small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small arrays have several blocks and small journals several writes."""
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 8192)
    monkeypatch.setattr(journal, "_RUN", 3)
    monkeypatch.setattr(transaction, "_LARGE", 9000)
    monkeypatch.setattr(merging, "LARGE", 5000)
    monkeypatch.setitem(rewriting.MIGRATIONS, 0, from_version_0)


FAST = ("create and import", "edit")
by_name = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
some = pytest.mark.parametrize("workload", [w for w in WORKLOADS if w.name in FAST], ids=lambda workload: workload.name)


@some
def test_a_stop_at_some_calls_loses_nothing(workload: Workload, tmp_path: Path) -> None:
    recording = record(workload, tmp_path / "a")
    inspector = Inspector(tmp_path / "b", recording)
    stop_everywhere(recording, inspector, samples=2, singles=False, every=4)
    stop_twice(recording, inspector, tmp_path / "c", samples=0, singles=False, every=11)
    assert inspector.distinct > 50


@some
def test_some_failing_recoveries_lose_nothing(workload: Workload, tmp_path: Path) -> None:
    assert fail_recoveries(record(workload, tmp_path / "a"), tmp_path / "a", every=7) > 10


@some
def test_some_failing_calls_lose_nothing(workload: Workload, tmp_path: Path) -> None:
    recording = record(workload, tmp_path / "a")
    for name, fault in FAULTS.items():
        assert fail_everywhere(workload, recording, tmp_path / "a", fault, every=23) > 2, name


@pytest.mark.slow
@pytest.mark.timeout(7200)
@by_name
def test_a_recovery_that_fails_at_any_call_loses_nothing(workload: Workload, tmp_path: Path) -> None:
    recording = record(workload, tmp_path / "a")
    count = fail_recoveries(recording, tmp_path / "a")
    print(f"{workload.name}: {count} failing recoveries, all sound")


@pytest.mark.slow
@pytest.mark.timeout(7200)
@by_name
def test_a_stop_at_any_call_loses_nothing(workload: Workload, tmp_path: Path) -> None:
    recording = record(workload, tmp_path / "a")
    inspector = Inspector(tmp_path / "b", recording)
    count = stop_everywhere(recording, inspector, samples=20, singles=True)
    print(f"{workload.name}: {count} stops, {inspector.states} states, {inspector.distinct} distinct, all sound")


@pytest.mark.slow
@pytest.mark.timeout(7200)
@by_name
def test_a_second_stop_at_any_call_of_the_recovery_loses_nothing(workload: Workload, tmp_path: Path) -> None:
    recording = record(workload, tmp_path / "a")
    inspector = Inspector(tmp_path / "b", recording)
    count = stop_twice(recording, inspector, tmp_path / "c", samples=3, singles=True)
    print(f"{workload.name}: {count} second stops, {inspector.states} states, {inspector.distinct} distinct, all sound")


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@by_name
def test_any_failing_call_loses_nothing(workload: Workload, fault: Fault, tmp_path: Path) -> None:
    recording = record(workload, tmp_path / "a")
    count = fail_everywhere(workload, recording, tmp_path / "a", fault)
    print(f"{workload.name}: {count} failing calls, all sound")
