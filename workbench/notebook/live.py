"""What is kept up to date in a browser by the feed: frames under back-pressure, theme, size; not what is in a frame."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import anywidget
import traitlets

from workbench.errors import WorkbenchError
from workbench.notebook import pressure
from workbench.notebook.feed import IDLE, LIVELY, feed
from workbench.notebook.look import palettes
from workbench.notebook.parcel import Drawing, Packer
from workbench.notebook.pressure import Pressure
from workbench.notebook.scripts import style
from workbench.session.jobs import one_sentence

logger = logging.getLogger(__name__)

_MOST_ASKED = 1000
"""So many things that a browser asks for may wait; more come from no person."""


class LiveWidget(anywidget.AnyWidget):
    """A widget that the feed serves. A subclass writes `_wanted`, `_drawn` and `answer`.

    Everything but the constructor and `close` may run on the feed's thread, where no trait that goes to the browser may
    be set: what changes goes there as a frame.

    Attributes
    ----------
    theme : {"auto", "light", "dark"}
        "auto" follows the page.
    height : int
        Pixels of the picture.
    width : int or None
        Pixels; None for the whole width of the cell.
    """

    _css = style()
    theme = traitlets.Enum(("auto", "light", "dark"), "auto").tag(sync=True)
    height = traitlets.Int(420, min=80, max=4000).tag(sync=True)
    width = traitlets.Int(None, min=120, max=8000, allow_none=True).tag(sync=True)
    _palettes = traitlets.Dict().tag(sync=True)
    _words = traitlets.Dict().tag(sync=True)
    _still = traitlets.Bytes(b"").tag(sync=True)
    _closed = True  # until it is made

    def __init__(self, words: Mapping[str, str], **chosen: Any) -> None:
        """Begin to be served; `words` are the title, the summary of what it is, and the name of what it shows."""
        self._pressure = Pressure()
        self._packer = Packer()
        self._asked_for: deque[tuple[Mapping[str, Any], Sequence[Any]]] = deque(maxlen=_MOST_ASKED)
        self._views: dict[str, int] = {}
        self._is_dark = chosen.get("theme") == "dark"
        self._sent: Hashable = None
        super().__init__(_palettes=palettes(), _words=dict(words), **chosen)
        self._closed = False
        self.on_msg(self._heard)
        feed.join(self)

    def _wanted(self) -> Any:
        """What a frame depends on, hashable: equal ones, equal frames."""
        raise NotImplementedError

    def _drawn(self, wanted: Any) -> Drawing:
        """What the browser needs."""
        raise NotImplementedError

    def failed(self, words: str) -> Drawing:
        """What the browser needs where that went wrong."""
        return Drawing({"say": words})

    def answer(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Do what the browser asked for; on the feed's thread."""

    def do(self, told: Mapping[str, Any]) -> None:
        """Do at once what a person pressed a button for: a message of the kind "do", on whatever thread it comes."""

    @property
    def pace(self) -> float:
        """Seconds between two looks at what has changed."""
        return IDLE

    @property
    def n_frames(self) -> int:
        """How many frames were sent to the browser."""
        return self._pressure.n_sent

    @property
    def n_drawn(self) -> int:
        """The newest frame that the browser said it has drawn."""
        return self._pressure.n_drawn

    @property
    def awake(self) -> bool:
        """Whether it is to be seen in a browser."""
        return not self._closed and any(self._views.values())

    def close(self) -> None:
        """Show nothing any more, here and in the browser."""
        if not self._closed:
            self._closed = True
            feed.leave(self)
        super().close()

    def refresh(self) -> None:
        """Make the picture anew, though nothing of it is known to have changed."""
        self._sent = None
        feed.wake()

    def turn(self, now: float) -> float:
        """Serve it once, as `feed` asks; see `feed.Member`."""
        wanted: Hashable = None
        try:
            while self._asked_for:
                self._take(*self._asked_for.popleft())
            wanted = self._wanted()
            if wanted == self._sent:
                return self.pace
            wait = self._pressure.wait(now)
            if wait == 0:
                self._show(self._drawn(wanted), wanted)
            return wait or LIVELY
        except Exception as error:
            logger.info("%r could not be drawn", self, exc_info=True)
            self._show(self.failed(error_words(error)), wanted)
            return pressure.PATIENCE

    def _heard(self, _widget: Any, told: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Something came from the browser, on the main thread or a subshell's."""
        kind = told.get("kind")
        if kind == "drawn":
            self._pressure.drawn(int(told["number"]))
        elif kind == "views":
            self._views[str(told["who"])] = int(told["n"])
        elif kind == "do":
            try:
                self.do(told)
            except WorkbenchError as error:
                self.send({"kind": "say", "text": error_words(error)})
        else:
            self._asked_for.append((dict(told), list(buffers or ())))
        feed.wake()

    def _take(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        kind = told.get("kind")
        if kind == "hello":
            self._packer.forget()
            self._sent = None
        elif kind == "theme":
            self._is_dark = bool(told.get("dark"))
        else:
            self.answer(told, buffers)

    def _show(self, drawing: Drawing, shown: Hashable) -> None:
        if self._closed:
            return
        content, buffers = self._packer.pack(drawing)
        number = self._pressure.send(time.monotonic())
        self._sent = shown
        self.send({"kind": "frame", "number": number, **content}, buffers)


def error_words(error: Exception) -> str:
    """What went wrong, in a sentence."""
    if isinstance(error, WorkbenchError):
        return str(error)
    return f"This view could not be drawn: {one_sentence(error)}"
