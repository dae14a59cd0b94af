"""What a widget shows, and with which selection: a run or a dataset of a session, or any fitted engine with rows."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.session import Dataset, Run
from workbench.session.selection import Selection
from workbench.views.looker import Looker, Shown, ids_of
from workbench.views.model_scene import Exhibit, ModelOnRows, NotToBeSeen
from workbench.views.together import Together
from workbench.views.wording import shorten


@dataclass(eq=False)
class Subject:
    """What a widget shows.

    Attributes
    ----------
    shown : Run, Dataset or Exhibit
    selection : Selection
        What is picked: the session's, or, for a model, one of its own until it is linked.
    looker : Looker
        For the feed's thread; shared by all widgets on one run, so that its scene is made once.
    """

    shown: Shown
    selection: Selection
    looker: Looker

    @property
    def name(self) -> str:
        return self.shown.name

    @property
    def n_rows(self) -> int:
        """Of the data; 0 for a model without rows."""
        return self.shown.dataset.n_rows if isinstance(self.shown, Run) else self.shown.n_rows

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Of the features before any recipe."""
        if isinstance(self.shown, Exhibit):
            return self.shown.feature_names
        data = self.shown.dataset if isinstance(self.shown, Run) else self.shown
        return data.raw_names

    def feature(self, wanted: str | int) -> int:
        """The number of a feature, by its name or number; raises NotToBeSeen naming those there are."""
        names = self.feature_names
        if isinstance(wanted, str) and wanted in names:
            return names.index(wanted)
        if isinstance(wanted, int) and 0 <= wanted < len(names):
            return wanted
        listed = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
        raise NotToBeSeen(f"There is no feature {wanted!r}; there are {listed}.")


def subject_of(
    thing: Any,
    X: Any = None,
    y: Any = None,
    *,
    name: str = "",
    feature_names: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> Subject:
    """What shows `thing`: a run or a dataset, which know all the rest, or a model with what is known of its rows.

    Raises
    ------
    NotToBeSeen
        If it is none of these, or the rest does not fit it; in one sentence.
    """
    if not isinstance(thing, Run | Dataset):
        model = ModelOnRows(thing, X, y, name=name, feature_names=feature_names, units=units, image_shape=image_shape)
        return Subject(model, Selection(), Looker())
    given = {"X": X, "y": y, "feature_names": feature_names, "units": units, "image_shape": image_shape}
    needless = [word for word, value in given.items() if value is not None]
    if needless:
        kind = type(thing).__name__.lower()
        raise NotToBeSeen(f"The {kind} '{thing.name}' has its own rows: {needless[0]} is for models without a project.")
    return Subject(thing, thing.selection, _looker_of(thing))


def subject_of_several(
    things: Mapping[str, Any] | Iterable[Any], X: Any = None, *, name: str = "", **about: Any
) -> Subject:
    """What shows several runs or models side by side; models all with the same rows `X`, named by their keys.

    Raises
    ------
    NotToBeSeen
        If there is none, or they cannot be laid side by side; in one sentence.
    """
    if not isinstance(things, Iterable):
        kind = type(things).__name__
        raise NotToBeSeen(f"Give a list or a dict of runs or fitted engines, not a thing of the kind {kind}.")
    pairs = things.items() if isinstance(things, Mapping) else (("", thing) for thing in things)
    shown = [thing if isinstance(thing, Run) else _named(thing, X, str(key), about) for key, thing in pairs]
    projects = {id(thing.selection): thing.selection for thing in shown if isinstance(thing, Run)}
    selection = next(iter(projects.values())) if len(projects) == 1 else Selection()
    return Subject(Together(shown, name), selection, Looker())


def _named(model: Any, X: Any, name: str, about: Mapping[str, Any]) -> ModelOnRows:
    """A model under a name, or, without one, with the parameters that tell it from others."""
    return ModelOnRows(model, X, name=name or shorten(repr(model), 40), **about)


_lookers: weakref.WeakKeyDictionary[Run | Dataset, weakref.ref[Looker]] = weakref.WeakKeyDictionary()


def _looker_of(thing: Run | Dataset) -> Looker:
    """The looker of all widgets that show `thing`, kept while there is one."""
    found = _lookers.get(thing)
    looker = None if found is None else found()
    if looker is None:
        looker = Looker()
        _lookers[thing] = weakref.ref(looker)
    return looker


def link(*subjects: Subject) -> None:
    """Let all `subjects` share what is picked: rows by their number, prototypes where the model is the same.

    Raises
    ------
    NotToBeSeen
        If some are of two projects, or have different numbers of rows.
    """
    sessions = {id(s.selection): s.selection for s in subjects if not isinstance(s.shown, Exhibit)}
    if len(sessions) > 1:
        raise NotToBeSeen("Views of two projects cannot be linked: each project has what is picked for itself.")
    counts = sorted({s.n_rows for s in subjects if s.n_rows})
    if len(counts) > 1:
        words = " and ".join(f"{n:,}" for n in counts)
        raise NotToBeSeen(f"Views of {words} rows cannot be linked: rows are matched by their number.")
    if not subjects:
        return
    in_projects = {ids_of(s.shown)[1] for s in subjects if not isinstance(s.shown, Exhibit)}
    if len(in_projects) > 1:
        raise NotToBeSeen("Views of two datasets cannot be linked, as their rows are not the same.")
    selection = next(iter(sessions.values()), subjects[0].selection)
    rows_id = next(iter(in_projects), next((ids_of(s.shown)[1] for s in subjects if s.n_rows), ""))
    for subject in subjects:
        if isinstance(subject.shown, Exhibit):
            subject.selection = selection
            if subject.n_rows:
                subject.shown.rows_id = rows_id
            subject.looker = Looker()  # the one before knows the rows by their former id
