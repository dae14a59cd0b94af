"""What every view widget is: a view of `workbench.views`, kept up to date in the browser by the feed."""

from __future__ import annotations

import base64
from collections.abc import Hashable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar, Literal

import traitlets

from engines.blocks import single_threaded_blas
from workbench.notebook.feed import IDLE, LIVELY
from workbench.notebook.live import LiveWidget
from workbench.notebook.parcel import Drawing
from workbench.notebook.stills import still
from workbench.notebook.subject import Subject, subject_of
from workbench.session import Dataset, Run
from workbench.views import View, view
from workbench.views.looker import Key, key_of, unfit_words, waiting_words
from workbench.views.picking import Pick, Picked
from workbench.views.theme import Theme, theme
from workbench.views.wording import counted


class ViewWidget(LiveWidget):
    """A view of a run, a dataset or a fitted model. Subclasses say which view, and how its data go to the browser.

    A subclass sets `VIEW` and `_esm`, and writes `drawing`; where people can choose or pick something also `asked`,
    `choices`, `chose` and `pick`.  See `workbench.notebook` for how to add one.

    Everything but the constructor and `close` may run on the feed's thread, where no trait that goes to the browser may
    be set: what changes goes there as a frame.

    Attributes
    ----------
    svg : bool
        Whether the picture for exported notebooks is there as SVG too.
    subject : Subject
    """

    VIEW: ClassVar[str]
    """Name in `workbench.views.VIEWS`."""
    COLOURED: ClassVar[bool] = False
    """Whether what `drawing` gives depends on the theme."""

    svg = traitlets.Bool(False)

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
        if height is not None:
            chosen["height"] = height
        words = {"title": self.view.title, "summary": self.view.summary, "name": self.subject.name}
        super().__init__(words, theme=theme, width=width, svg=svg, **chosen)

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

    @property
    def pace(self) -> float:
        return LIVELY if self._lively else IDLE

    def close(self) -> None:
        if not self._closed:
            self.subject.looker.forget(self._place)
        super().close()

    def failed(self, words: str) -> Drawing:
        return Drawing({**self.always(), "say": words, "name": self.subject.name})

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
        return not isinstance(self.subject.shown, Dataset) and self.subject.shown.active

    def answer(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        kind = told.get("kind")
        if kind == "choose":
            self.chose(told)
        elif kind == "clear":
            self.subject.selection.clear()
        elif kind == "pick" and (pick := self.pick(told, buffers)) is not None:
            subject = self.subject
            subject.looker.scene(subject.shown, None, self._wanted()[0])
            subject.looker.pick(pick, subject.selection, subject.shown.id)

    def _wanted(self) -> tuple[Key, int, str, Hashable]:
        """What a picture depends on. The selection is told anew with every frame."""
        version, shown = self.subject.selection.version, self.subject.shown
        follows = version if self.view.follows_picks else 0
        key = key_of(shown, self._theme.name if self.COLOURED else "", picked=follows)
        return key, version, shown.status if isinstance(shown, Run) else "", self.state()

    @property
    def _theme(self) -> Theme:
        return theme("dark" if self._is_dark else "light")

    def _drawn(self, wanted: tuple[Key, int, str, Hashable]) -> Drawing:
        key, subject = wanted[0], self.subject
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


def _picked_words(picked: Picked) -> str:
    """What is picked, for people; "" for nothing."""
    told = [counted(picked.n_rows, "row")] if picked.n_rows else []
    told += [counted(len(picked.prototypes), "prototype")] if picked.prototypes else []
    told += [counted(len(picked.features), "feature")] if picked.features else []
    return " · ".join(told) + " picked" if told else ""
