"""Properties worked out once: one thread never waits for what another works out of another instance."""

from __future__ import annotations

import threading

import numpy as np

from engines import Snapshot
from engines.cached import cached


class Thing:
    def __init__(self) -> None:
        self.made = 0

    @cached
    def value(self) -> int:
        """What it is."""
        self.made += 1
        return 7 * self.made


def test_it_is_worked_out_once_and_can_be_forgotten() -> None:
    thing = Thing()
    assert (thing.value, thing.value, thing.made) == (7, 7, 1)
    del thing.__dict__["value"]
    assert thing.value == 14
    assert Thing.value.__doc__ == "What it is."
    assert isinstance(Thing.value, cached)


def test_arrays_of_one_snapshot_may_wait_for_a_thread_that_asks_for_those_of_another() -> None:
    second = Snapshot(1, None, 0.0, {}, "", lambda: {"prototypes": np.ones(2)})

    def read_elsewhere() -> dict[str, np.ndarray]:
        found: list[np.ndarray] = []
        reader = threading.Thread(target=lambda: found.append(second.arrays["prototypes"]), daemon=True)
        reader.start()
        reader.join(10)
        assert found, "the other thread was kept waiting"
        return {"prototypes": found[0] + 1}

    first = Snapshot(0, None, 0.0, {}, "", read_elsewhere)
    assert first.arrays["prototypes"].tolist() == [2.0, 2.0]
