"""The views of what a workbench shows: which there are, the one in front, and the widgets of those that were looked at.

A widget is made when its tab comes to the front; behind another one it is not in the page, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Literal

from workbench.notebook.board import Shown
from workbench.notebook.stills import still
from workbench.notebook.subject import Subject, subject_of
from workbench.notebook.tabs import widget_for
from workbench.notebook.widget import ViewWidget
from workbench.session import Dataset, Run, Study
from workbench.views import VIEWS, view
from workbench.views.looker import key_of

_FIRST = {Run: "curves", Dataset: "projection"}
"""What is in front of something that was never looked at."""


class Panes:
    """All on the feed's thread, but for `wanted`, `picture` and `words`.

    Attributes
    ----------
    wanted : str
        Name of the view that a person chose last; it stays in front wherever it applies.
    """

    def __init__(self, options: Callable[[], Mapping[str, Any]]) -> None:
        """Give new widgets the options that are asked for then."""
        self.wanted = ""
        self._options = options
        self._made: dict[str, ViewWidget] = {}
        self._of = ""
        self._subject: Subject | None = None
        self._known: Hashable = None
        self._tabs: tuple[tuple[str, str], ...] = ()

    def tabs(self, thing: Shown | None) -> tuple[tuple[str, str], ...]:
        """Name and title of each view that applies to `thing`."""
        if thing is None or isinstance(thing, Study):
            return ()
        known = _moment(thing)
        if known != self._known:
            self._known = known
            self._subject = subject_of(thing)
            looker = self._subject.looker
            looker.scene(thing, None, key_of(thing, ""))
            fitting = looker.fitting | ({"curves"} if isinstance(thing, Run) else set())
            self._tabs = tuple((known.name, known.title) for known in VIEWS if known.name in fitting)
        return self._tabs

    def front(self, thing: Shown | None) -> str:
        """Name of the view in front; "" where there is none."""
        names = [name for name, _ in self.tabs(thing)]
        for wanted in (self.wanted, _FIRST.get(type(thing), "") if thing is not None else ""):
            if wanted in names:
                return wanted
        return names[0] if names else ""

    def pane(self, thing: Shown | None) -> ViewWidget | None:
        """The widget in front; None where there is none."""
        name = self.front(thing)
        if thing is None or thing.id != self._of:
            self.clear()
            self._of = "" if thing is None else thing.id
        if not name:
            return None
        if name not in self._made:
            self._made[name] = widget_for(name, thing, **self._options())
        return self._made[name]

    def picture(self, thing: Shown | None, look: Literal["light", "dark"]) -> bytes | None:
        """The view in front as a picture; None where there is none."""
        if thing is None or isinstance(thing, Study):
            return None
        name = self.wanted or _FIRST[type(thing)]
        return still(subject_of(thing), view(name), lambda picked: "", "png", look)

    def words(self, thing: Shown | None) -> str:
        """What that picture is of."""
        if thing is None or isinstance(thing, Study):
            return ""
        return f"{view(self.wanted or _FIRST[type(thing)]).title} of {thing.name}"

    def clear(self) -> None:
        """Keep no widget."""
        made, self._made = self._made, {}
        for widget in made.values():
            widget.close()


def _moment(thing: Dataset | Run) -> Hashable:
    """What it depends on which views apply: whether something was learned, not what."""
    if isinstance(thing, Dataset):
        return thing.id, thing.correction, thing.is_sealed
    dataset = thing.dataset
    peers = frozenset((peer.id, peer.sequence > 0) for peer in thing.peers())
    return thing.id, thing.status, thing.sequence > 0, thing.n_measured, dataset.correction, dataset.is_sealed, peers
