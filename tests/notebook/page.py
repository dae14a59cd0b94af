"""A page without a browser: keeps what a widget sends as the browser would, and answers like one; no tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from comm.base_comm import BaseComm
from numpy.typing import NDArray

from workbench.notebook import ViewWidget


class Page(BaseComm):
    """The other end of one widget's comm.

    Attributes
    ----------
    state : dict
        The widget's traits.
    facts, arrays : dict
        As the frames so far have made them.
    numbers, times : list
        Of the frames.
    draws : bool
        Whether each frame is acknowledged at once.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self.state: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.arrays: dict[str, NDArray[Any]] = {}
        self.numbers: list[int] = []
        self.times: list[float] = []
        self.said: list[str] = []
        self.draws = True
        self.is_closed = False
        self.arrived = threading.Condition()
        super().__init__(*args, **options)

    def publish_msg(self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any) -> None:
        data = data or {}
        with self.arrived:
            self.state.update(data.get("state", {}))
            self.is_closed |= msg_type == "comm_close"
            content = data.get("content", {}) if data.get("method") == "custom" else {}
            if content.get("kind") == "say":
                self.said.append(content["text"])
            if content.get("kind") == "frame":
                self._take(content, buffers or [])
            self.arrived.notify_all()
        if content.get("kind") == "frame" and self.draws:
            self.drew(content["number"])

    def _take(self, content: dict[str, Any], buffers: Sequence[Any]) -> None:
        self.facts.update(content["facts"])
        for told, buffer in zip(content["arrays"], buffers, strict=True):
            values = np.frombuffer(bytes(buffer), told["dtype"])
            self.arrays[told["name"]] = values.reshape(told["shape"])
        for name in content.get("gone", ()):
            self.facts.pop(name, None)
            self.arrays.pop(name, None)
        self.numbers.append(content["number"])
        self.times.append(time.monotonic())

    def tell(self, buffers: Sequence[Any] = (), **content: Any) -> None:
        """Send something as the browser does."""
        message = {"method": "custom", "content": {"who": "page", **content}}
        self.handle_msg({"content": {"data": message}, "buffers": list(buffers)})

    def drew(self, number: int) -> None:
        self.tell(kind="drawn", number=number)

    def look(self) -> None:
        """Start, and show one view."""
        self.tell(kind="hello")
        self.tell(kind="views", n=1)

    def leave(self) -> None:
        """Show it no more."""
        self.tell(kind="views", n=0)

    def until(self, holds: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until what was sent is so."""
        with self.arrived:
            assert self.arrived.wait_for(holds, seconds), f"never so; last: {self.facts}"


def page_of(widget: ViewWidget) -> Page:
    """The page that shows a widget."""
    assert isinstance(widget.comm, Page)
    return widget.comm


def looked_at(widget: ViewWidget) -> Page:
    """The page of a widget, when it has drawn the first frame."""
    page = page_of(widget)
    page.look()
    page.until(lambda: bool(page.numbers))
    return page
