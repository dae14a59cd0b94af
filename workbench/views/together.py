"""Several runs, of one project or of many, or fitted models, as one thing for views that compare them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

from workbench.session import Run
from workbench.views.model_scene import Exhibit, ModelOnRows, NotToBeSeen
from workbench.views.scene import Scene
from workbench.views.scene_making import scene_of
from workbench.views.siblings import Sibling, sibling_of
from workbench.views.wording import counted

Thing = Run | ModelOnRows


class Together(Exhibit):
    """Several things side by side; rows and what is known of them are those of the first that has learned something.

    Attributes
    ----------
    things : tuple of Run or ModelOnRows
    """

    def __init__(self, things: Sequence[Thing], name: str = "") -> None:
        """Lay `things` side by side, under a name; without one, as so many runs or models.

        Raises
        ------
        NotToBeSeen
            If there is none, they have different features, or a model has neither rate nor distortion.
        """
        self.things = tuple(things)
        if not self.things:
            raise NotToBeSeen("There is nothing to lay side by side: give runs or fitted engines.")
        widths = sorted({_n_features(thing) for thing in self.things})
        if len(widths) > 1:
            words = " and ".join(f"{n:,}" for n in widths)
            raise NotToBeSeen(f"Errors of rows of {words} features cannot be compared.")
        for thing in self.things:
            if isinstance(thing, ModelOnRows) and thing.scene().as_sibling is None:
                raise NotToBeSeen(f"{thing.name} cannot be compared: it tells no bits of a row and no error.")
        first = self.things[0]
        self.id = f"together {id(self)}"
        self.rows_id = first.dataset.id if isinstance(first, Run) else first.rows_id
        self.n_rows = first.dataset.n_rows if isinstance(first, Run) else first.n_rows
        noun = "run" if all(isinstance(thing, Run) for thing in self.things) else "model"
        self.name = name or counted(len(self.things), noun)
        self._seen: Hashable = None
        self._sequence = 0

    @property
    def feature_names(self) -> tuple[str, ...]:
        first = self.things[0]
        return first.dataset.raw_names if isinstance(first, Run) else first.feature_names

    @property
    def sequence(self) -> int:
        now = tuple(_state(thing) for thing in self.things)
        if now != self._seen:
            self._seen, self._sequence = now, self._sequence + 1
        return self._sequence

    @property
    def active(self) -> bool:
        return any(thing.active for thing in self.things)

    def scene(self) -> Scene | None:
        scenes = (scene_of(thing) if isinstance(thing, Run) else thing.scene() for thing in self.things)
        first = next((scene for scene in scenes if scene is not None), None)
        if first is None:
            return None
        found = tuple(record for thing in self.things if (record := _record(thing)) is not None)
        return replace(first, find_siblings=lambda: found, of_several=True)


def _n_features(thing: Thing) -> int:
    return thing.dataset.n_features if isinstance(thing, Run) else int(thing.model.n_features_in_)


def _state(thing: Thing) -> Hashable:
    if isinstance(thing, Run):
        return thing.sequence, thing.n_measured, thing.active, thing.name, thing.dataset.correction
    return thing.sequence


def _record(thing: Thing) -> Sibling | None:
    return sibling_of(thing) if isinstance(thing, Run) else thing.scene().as_sibling
