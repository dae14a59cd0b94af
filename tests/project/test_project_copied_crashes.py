"""No stop and no failing call, wherever it comes, costs work on a project of a synced folder, or others' work there."""

from __future__ import annotations

from pathlib import Path

import pytest
from copied_inspection import STORIES, Inspector, Story, fail_everywhere, play, stop_everywhere

from workbench.project import arrays, journal


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A synced folder, with the working copies beside it; small arrays have several blocks."""
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 16384)
    monkeypatch.setattr(journal, "_RUN", 3)
    (tmp_path / ".stfolder").touch()
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setenv("VQ_WORKBENCH_COPIES", str(root / "copies"))
    return root


by_name = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)


@by_name
def test_a_stop_at_some_calls_loses_nothing(story: Story, root: Path) -> None:
    played = play(story, root)
    inspector = Inspector(root, played)
    stop_everywhere(played, inspector, samples=1, every=9)
    assert inspector.distinct > 10


@by_name
def test_some_failing_calls_lose_nothing(story: Story, root: Path) -> None:
    played = play(story, root)
    assert fail_everywhere(played, Inspector(root, played), root, every=23) > 2


@pytest.mark.slow
@pytest.mark.timeout(7200)
@by_name
def test_a_stop_at_any_call_loses_nothing(story: Story, root: Path) -> None:
    played = play(story, root)
    inspector = Inspector(root, played)
    count = stop_everywhere(played, inspector, samples=10)
    print(f"{story.name}: {count} stops, {inspector.states} states, {inspector.distinct} distinct, all sound")


@pytest.mark.slow
@pytest.mark.timeout(7200)
@by_name
def test_any_failing_call_loses_nothing(story: Story, root: Path) -> None:
    played = play(story, root)
    count = fail_everywhere(played, Inspector(root, played), root)
    print(f"{story.name}: {count} failing calls, all sound")
