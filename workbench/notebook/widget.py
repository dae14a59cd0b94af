"""What every view widget is: a view of `workbench.views`, kept up to date in the browser by the feed."""

from __future__ import annotations

import base64
import logging
import time
from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar, Literal

import anywidget
import traitlets

from engines.blocks import single_threaded_blas
from workbench.errors import WorkbenchError
from workbench.notebook import pressure
from workbench.notebook.feed import IDLE, LIVELY, feed
from workbench.notebook.look import palettes
from workbench.notebook.parcel import Drawing, Packer
from workbench.notebook.pressure import Pressure
from workbench.notebook.scripts import style
from workbench.notebook.stills import still
from workbench.notebook.subject import Subject, subject_of
from workbench.session import Run
from workbench.session.jobs import one_sentence
from workbench.views import View, view
from workbench.views.looker import Key, key_of, unfit_words, waiting_words
from workbench.views.picking import Pick, Picked
from workbench.views.theme import Theme, theme
from workbench.views.wording import counted

logger = logging.getLogger(__name__)

_MOST_ASKED = 1000
"""So many things that a browser asks for may wait; more come from no person."""


class ViewWidget(anywidget.AnyWidget):
    """A view of a run, a dataset or a fitted model. Subclasses say which view, and how its data go to the browser.

    A subclass sets `VIEW` and `_esm`, and writes `drawing`; where people can choose or pick something also `asked`,
    `choices`, `chose` and `pick`.  See `workbench.notebook` for how to add one.

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
    svg : bool
        Whether the picture for exported notebooks is there as SVG too.
    subject : Subject
    """

    VIEW: ClassVar[str]
    """Name in `workbench.views.VIEWS`."""
    COLOURED: ClassVar[bool] = False
    """Whether what `drawing` gives depends on the theme."""

    _css = style()
    theme = traitlets.Enum(("auto", "light", "dark"), "auto").tag(sync=True)
    height = traitlets.Int(420, min=80, max=4000).tag(sync=True)
    width = traitlets.Int(None, min=120, max=8000, allow_none=True).tag(sync=True)
    svg = traitlets.Bool(False)
    _palettes = traitlets.Dict().tag(sync=True)
    _words = traitlets.Dict().tag(sync=True)
    _still = traitlets.Bytes(b"").tag(sync=True)
    _closed = True  # until it is made

    def __init__(
        self,
        thing: Any,
        X: Any = None,
        y: Any = None,
        *,
        feature_names: Sequence[str] | None = None,
        units: Sequence[str] | None = None,
        image_shape: tuple[int, ...] | None = None,
        name: str = "",
        theme: Literal["auto", "light", "dark"] = "auto",
        height: int | None = None,
        width: int | None = None,
        svg: bool = False,
        **chosen: Any,
    ) -> None:
        """Show a run or a dataset, or any fitted engine; see `ModelOnRows` for what is known of a model's rows.

        Raises
        ------
        NotToBeSeen
            If `thing` cannot be shown, or the rest does not fit it.
        """
        about = {"feature_names": feature_names, "units": units, "image_shape": image_shape, "name": name}
        self.subject: Subject = self.look_at(thing, X, y, **about)
        self.view: View = self.viewed()
        self._pressure = Pressure()
        self._packer = Packer()
        self._asked_for: deque[tuple[Mapping[str, Any], Sequence[Any]]] = deque(maxlen=_MOST_ASKED)
        self._views: dict[str, int] = {}
        self._is_dark = theme == "dark"
        self._sent: Hashable = None
        if height is not None:
            chosen["height"] = height
        super().__init__(
            theme=theme,
            width=width,
            svg=svg,
            _palettes=palettes(),
            _words={"title": self.view.title, "summary": self.view.summary, "name": self.subject.name},
            **chosen,
        )
        self._closed = False
        self.on_msg(self._heard)
        feed.join(self)

    def __repr__(self) -> str:
        rows = f", {counted(self.subject.n_rows, 'row')}" if self.subject.n_rows else ""
        return f"{type(self).__name__}({self.subject.name}{rows})"

    def look_at(self, thing: Any, X: Any, y: Any, **about: Any) -> Subject:
        """What is shown of what the constructor was given."""
        return subject_of(thing, X, y, **about)

    def viewed(self) -> View:
        """The view of the subject that is shown."""
        return view(self.VIEW)

    def drawing(self, data: Any, picked: Picked, theme: Theme) -> Drawing:
        """What the browser needs to draw the view's data, and to mark in them what is picked."""
        raise NotImplementedError

    def always(self) -> Mapping[str, Any]:
        """Facts that the browser has also while there is nothing to draw."""
        return {}

    def asked(self, picked: Picked) -> str:
        """What the view is asked for, as its `Scene.asked`."""
        return ""

    @property
    def part_shown(self) -> str:
        """The only part of the view's figure that the picture for exported notebooks has; "" for all of it."""
        return ""

    def state(self) -> Hashable:
        """Whatever else the picture depends on: it is made anew when this has changed."""
        return ()

    def chose(self, told: Mapping[str, Any]) -> None:
        """Take up what a person chose in the browser: a message of the kind "choose"."""

    def pick(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> Pick | None:
        """What a person pointed at in the browser: a message of the kind "pick"; None for nothing."""
        return None

    def do(self, told: Mapping[str, Any]) -> None:
        """Do at once what a person pressed a button for: a message of the kind "do", on whatever thread it comes."""

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
            self.subject.looker.forget(self._place)
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
                self._answer(*self._asked_for.popleft())
            wanted = self._wanted()
            if wanted == self._sent:
                return LIVELY if self._lively else IDLE
            wait = self._pressure.wait(now)
            if wait == 0:
                self._show(self._drawn(wanted[0]), wanted)
            return wait or LIVELY
        except Exception as error:
            logger.info("%r could not be drawn", self, exc_info=True)
            self._show(Drawing({**self.always(), "say": _error_words(error), "name": self.subject.name}), wanted)
            return pressure.PATIENCE

    def picture(self, form: Literal["png", "svg"] = "png", theme: Literal["light", "dark"] = "light") -> bytes:
        """What is to be seen now as a picture, made from the view's own figure; for exported notebooks."""
        return still(self.subject, self.view, self.asked, form, theme, self.part_shown)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The live widget, and a picture for all that cannot run it: GitHub, PDF, a notebook opened years later."""
        made = super()._repr_mimebundle_(**options)
        if made is None:
            return None
        look: Literal["light", "dark"] = "dark" if self.theme == "dark" else "light"
        picture = self.picture("png", look)
        self._still = picture
        made[0]["image/png"] = base64.b64encode(picture).decode("ascii")
        if self.svg:
            made[0]["image/svg+xml"] = self.picture("svg", look).decode("utf-8")
        bundle: tuple[dict[str, Any], dict[str, Any]] = made
        return bundle

    @property
    def _place(self) -> str:
        return str(id(self))

    @property
    def _lively(self) -> bool:
        return isinstance(self.subject.shown, Run) and self.subject.shown.active

    def _heard(self, _widget: Any, told: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Something came from the browser, on the main thread or a subshell's."""
        kind = told.get("kind")
        if kind == "drawn":
            self._pressure.drawn(int(told["number"]))
        elif kind == "views":
            self._views[str(told["who"])] = int(told["n"])
        elif kind == "do":
            self._do(told)
        else:
            self._asked_for.append((dict(told), list(buffers or ())))
        feed.wake()

    def _do(self, told: Mapping[str, Any]) -> None:
        try:
            self.do(told)
        except WorkbenchError as error:
            self.send({"kind": "say", "text": _error_words(error)})

    def _answer(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Do what the browser asked for; on the feed's thread, as it may look at all rows."""
        kind = told.get("kind")
        if kind == "hello":
            self._packer.forget()
            self._sent = None
        elif kind == "theme":
            self._is_dark = bool(told.get("dark"))
        elif kind == "choose":
            self.chose(told)
        elif kind == "clear":
            self.subject.selection.clear()
        elif kind == "pick" and (pick := self.pick(told, buffers)) is not None:
            subject = self.subject
            subject.looker.scene(subject.shown, None, self._wanted()[0])
            subject.looker.pick(pick, subject.selection, subject.shown.id)

    def _wanted(self) -> tuple[Key, int, str, Hashable]:
        """What a picture depends on: equal ones, equal pictures. The selection is told anew with every frame."""
        version, shown = self.subject.selection.version, self.subject.shown
        follows = version if self.view.follows_picks else 0
        key = key_of(shown, self._theme.name if self.COLOURED else "", picked=follows)
        return key, version, shown.status if isinstance(shown, Run) else "", self.state()

    @property
    def _theme(self) -> Theme:
        return theme("dark" if self._is_dark else "light")

    def _drawn(self, key: Key) -> Drawing:
        subject = self.subject
        common = {"say": "", "name": subject.name, **self.always()}
        scene = subject.looker.scene(subject.shown, None, key)
        if scene is None:
            return Drawing(common | {"say": waiting_words(subject.shown)})
        if self.view.name not in subject.looker.fitting:
            return Drawing(common | {"say": unfit_words(self.view, scene)})
        # beside a training, threads of BLAS would wait for one another
        with single_threaded_blas() if self._lively else nullcontext():
            picked = subject.looker.picked(subject.selection)
            data = subject.looker.data(self.view, key, self.asked(picked), picked, self._place)
            made = self.drawing(data, picked, self._theme)
        return Drawing(common | {"picked": _picked_words(picked)} | dict(made.facts), made.arrays)

    def _show(self, drawing: Drawing, shown: Hashable) -> None:
        if self._closed:
            return
        content, buffers = self._packer.pack(drawing)
        number = self._pressure.send(time.monotonic())
        self._sent = shown
        self.send({"kind": "frame", "number": number, **content}, buffers)


def _picked_words(picked: Picked) -> str:
    """What is picked, for people; "" for nothing."""
    told = [counted(picked.n_rows, "row")] if picked.n_rows else []
    told += [counted(len(picked.prototypes), "prototype")] if picked.prototypes else []
    told += [counted(len(picked.features), "feature")] if picked.features else []
    return " · ".join(told) + " picked" if told else ""


def _error_words(error: Exception) -> str:
    if isinstance(error, WorkbenchError):
        return str(error)
    return f"This view could not be drawn: {one_sentence(error)}"
