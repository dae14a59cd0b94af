"""Frames: no more under way than a browser keeps up with, never an old one last, and nothing sent twice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notebook.page import Page
from workbench.notebook.parcel import DTYPES, Drawing, Packer
from workbench.notebook.pressure import IN_FLIGHT, PATIENCE, SHORTEST, Pressure

EVENTS = st.lists(st.tuples(st.floats(0, 3, allow_subnormal=False), st.sampled_from(["wait", "change", "draw"])))


@given(EVENTS)
def test_frames_wait_for_the_browser_and_the_newest_always_arrives(events: list[tuple[float, str]]) -> None:
    pressure, now, newest, shown = Pressure(), 100.0, 1, 0
    sent: list[tuple[float, int]] = []  # when, and how many were under way with it

    def serve() -> None:
        nonlocal shown
        if shown != newest and pressure.wait(now) == 0:
            pressure.send(now)
            shown = newest
            sent.append((now, pressure.n_sent - pressure.n_drawn))

    for seconds, event in events:
        now += seconds
        newest += event == "change"
        if event == "draw":
            pressure.drawn(pressure.n_sent)
        serve()
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(sent)]
    assert all(gap >= SHORTEST - 1e-9 for gap in gaps)
    for (_, under_way), gap in zip(sent[1:], gaps, strict=True):
        assert under_way <= IN_FLIGHT or gap >= PATIENCE - 1e-9
    now += pressure.wait(now)
    serve()
    assert shown == newest


def test_a_browser_that_draws_nothing_gets_a_frame_a_second() -> None:
    pressure, now = Pressure(), 0.0
    for _ in range(IN_FLIGHT):
        now += pressure.wait(now)
        pressure.send(now)
    for _ in range(3):
        assert pressure.wait(now) == pytest.approx(PATIENCE)
        now += PATIENCE
        pressure.send(now)
    pressure.drawn(pressure.n_sent)
    assert pressure.wait(now) == pytest.approx(SHORTEST)
    pressure.drawn(pressure.n_sent + 5)
    assert pressure.n_drawn == pressure.n_sent


VALUES = st.one_of(st.none(), st.booleans(), st.text(max_size=3), st.lists(st.integers(0, 3), max_size=2))
ARRAYS = st.builds(
    lambda dtype, values: np.array(values, dtype), st.sampled_from(DTYPES), st.lists(st.integers(0, 200), max_size=3)
)
DRAWINGS = st.builds(
    Drawing, st.dictionaries(st.sampled_from("abc"), VALUES), st.dictionaries(st.sampled_from("xyz"), ARRAYS)
)


@given(st.lists(st.tuples(DRAWINGS, st.booleans()), max_size=8))
def test_after_each_message_the_page_has_the_whole_drawing_and_nothing_else(
    drawings: list[tuple[Drawing, bool]],
) -> None:
    packer, page = Packer(), Page()
    for number, (drawing, anew) in enumerate(drawings):
        if anew:
            packer.forget()
            page.facts, page.arrays = {}, {}
        content, buffers = packer.pack(drawing)
        page.publish_msg("comm_msg", frame(number, content), buffers=buffers)
        assert page.facts == drawing.facts
        assert page.arrays.keys() == drawing.arrays.keys()
        for name, array in drawing.arrays.items():
            assert page.arrays[name].dtype == array.dtype
            assert np.array_equal(page.arrays[name], array)


def frame(number: int, content: dict[str, Any]) -> dict[str, Any]:
    return {"method": "custom", "content": {"kind": "frame", "number": number, **content}}


def test_what_is_the_same_is_not_sent_again() -> None:
    packer = Packer()
    one = Drawing({"a": 1}, {"x": np.arange(3, dtype=np.float32)})
    assert len(packer.pack(one)[1]) == 1
    again = Drawing({"a": 1}, {"x": np.arange(3, dtype=np.float32)})
    assert packer.pack(again) == ({"facts": {}, "arrays": []}, [])


def test_arrays_that_a_browser_cannot_read_are_refused() -> None:
    with pytest.raises(TypeError, match="float64"):
        Packer().pack(Drawing({}, {"x": np.zeros(2)}))
