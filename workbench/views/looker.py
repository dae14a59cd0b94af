"""From a run, a fitted model, or data alone, to what views show: computed on one thread, and kept while it holds."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from engines import Snapshot
from workbench.session import Dataset, Run, Threshold
from workbench.session.selection import Selection
from workbench.views import VIEWS, Scene, View, scene_of, scene_of_data
from workbench.views.model_scene import Exhibit
from workbench.views.picking import Pick, Picked, apply, picked_of
from workbench.views.scene_making import at_snapshot
from workbench.views.when import When

Shown = Run | Dataset | Exhibit
"""What views can show."""


@dataclass(frozen=True)
class Key:
    """What a picture shows: equal keys, equal pictures.

    Attributes
    ----------
    shown : str
        Id of the run, of the data or of the model.
    sequence, measured : int
        How many snapshots it has had, and what was measured of it.
    iteration : int or None
        Of the recorded snapshot that is shown in place of the newest.
    others : frozenset
        What is known of the other runs on the same data: which there are, and which of them go on.
    theme : str
    picked : int
        Version of the selection; 0 where the view does not follow it.
    correction : int
        The newest of the data.
    sealed : bool
        Whether their test part is.
    threshold : Threshold or None
        That is kept with the run.
    when : When or None
        Of which moment the recorded snapshot is.
    beside : int
        How many snapshots the run has had that a view lays beside it, while that goes on; else 0.
    """

    shown: str
    sequence: int
    iteration: int | None
    measured: int
    others: frozenset[tuple[str, str, bool, bool]]
    theme: str
    picked: int
    correction: int
    sealed: bool
    threshold: Threshold | None
    when: When | None = None
    beside: int = 0


def key_of(
    thing: Shown,
    theme: str,
    *,
    picked: int = 0,
    pinned: Snapshot | None = None,
    when: When | None = None,
    beside: str | None = None,
) -> Key:
    """What a picture of `thing` shows that is made now.

    Parameters
    ----------
    theme : str
    picked : int
        Version of the selection, for a view that follows it.
    pinned : Snapshot, optional
        Shown in place of the newest, with other runs as they were at `when`.
    beside : str, optional
        Name of the run that the view lays beside it.
    """
    if isinstance(thing, Exhibit):
        return Key(thing.id, thing.sequence, None, 0, frozenset(), theme, picked, 0, False, None)
    if isinstance(thing, Dataset):
        return Key(thing.id, 0, None, 0, frozenset(), theme, picked, thing.correction, thing.is_sealed, None)
    peers = thing.peers()
    return Key(
        thing.id,
        thing.sequence,
        None if pinned is None else pinned.iteration,
        thing.n_measured,
        frozenset((o.id, o.name, o.active, o.active and o.sequence > 0) for o in peers),
        theme,
        picked,
        thing.dataset.correction,
        thing.dataset.is_sealed,
        thing.kept_threshold,
        when,
        next((other.sequence for other in peers if other.name == beside and other.active), 0),
    )


class Looker:
    """The scene that the views look at, and the data of each view; for one thread, but for `pick` and `seen`.

    Attributes
    ----------
    fitting : frozenset of str
        Names of the views that have something to show of the scene.
    """

    def __init__(self) -> None:
        self.fitting: frozenset[str] = frozenset()
        self._key: Key | None = None
        self._scene: Scene | None = None
        self._run = self._dataset = ""
        self._picked: Picked | None = None
        self._data: dict[tuple[str, str], tuple[Key, str, Any]] = {}
        self._lock = threading.Lock()

    def scene(self, thing: Shown, pinned: Snapshot | None, key: Key) -> Scene | None:
        """What there is to see of `thing` at `key`; None while there is nothing."""
        wanted = replace(key, theme="", picked=0, beside=0)
        if self._scene is None or wanted != self._key:
            found = newest_scene(thing)
            if found is not None and pinned is not None:
                found = at_snapshot(found, pinned, key.when)
            with self._lock:
                self._key, self._scene = wanted, found
                self._run, self._dataset = ids_of(thing)
                self._picked = None
            self.fitting = frozenset() if found is None else _fitting(found)
        return self._scene

    def picked(self, selection: Selection | None) -> Picked:
        """What is picked of the scene."""
        assert self._scene is not None
        selection = Selection() if selection is None else selection
        if self._picked is None or self._picked.version != selection.version:
            self._picked = picked_of(selection, self._run, self._dataset, self._scene)
        return self._picked

    def seen(self, shown: str) -> Scene | None:
        """The scene that was last looked at, with what is picked of it; None where it is not of what is `shown`."""
        with self._lock:
            scene, picked, of = self._scene, self._picked, self._run or self._dataset
        return scene.asking("", picked) if scene is not None and of == shown else None

    def data(self, view: View, key: Key, asked: str, picked: Picked, place: str = "") -> Any:
        """What `view` shows of the scene for a person who asked for `asked`, at one of several places for that view."""
        assert self._scene is not None
        wanted = replace(key, theme="")
        known = self._data.get((view.name, place))
        if known is None or known[:2] != (wanted, asked):
            scene = self._scene.asking(asked, picked if view.follows_picks else None)
            known = self._data[view.name, place] = (wanted, asked, view.compute(scene))
        return known[2]

    def forget(self, place: str) -> None:
        """Keep no data of a place that is no more."""
        for known in [known for known in self._data if known[1] == place]:
            del self._data[known]

    def beside(self, view: View, asked: str) -> Scene | None:
        """The scene of the other run that `view` lays beside it for that person; None for a view that compares none."""
        assert self._scene is not None
        return None if view.beside is None else view.beside(self._scene.asking(asked))

    def pick(self, pick: Pick, selection: Selection, shown: str) -> None:
        """Let `selection` have what a person points at in the scene of what is `shown`; may look at all rows.

        What was pointed at in the scene of something else, which is shown no more, is not picked.
        """
        with self._lock:
            scene, run, dataset = self._scene, self._run, self._dataset
        if scene is None or shown not in (run, dataset) or (pick.prototypes and not scene.has_prototypes):
            return
        if all(k < len(scene.prototypes) for k in pick.prototypes):
            apply(pick, selection, run, dataset, scene)


def newest_scene(thing: Shown) -> Scene | None:
    """What there is to see of `thing` now; None while there is nothing."""
    if isinstance(thing, Exhibit):
        return thing.scene()
    return scene_of(thing) if isinstance(thing, Run) else scene_of_data(thing)


def ids_of(thing: Shown) -> tuple[str, str]:
    """Under which ids prototypes, and rows and features, are picked; "" for prototypes of data alone."""
    if isinstance(thing, Exhibit):
        return thing.id, thing.rows_id
    return (thing.id, thing.dataset.id) if isinstance(thing, Run) else ("", thing.id)


def waiting_words(thing: Shown) -> str:
    """Why there is nothing to see of `thing`, in a sentence."""
    if isinstance(thing, Dataset):
        return f"{thing.name} cannot be drawn: its rows are dissimilarities."
    if isinstance(thing, Exhibit):
        return f"{thing.name} has learned nothing yet."
    words = {
        "queued": f"{thing.name} waits for its turn.",
        "running": f"{thing.name} is being set up; the first picture appears with its first step.",
        "paused": f"{thing.name} is paused before its first step.",
        "failed": f"{thing.name} failed before its first step. {thing.error}",
    }
    return words.get(thing.status, f"Nothing was recorded of {thing.name}.")


def unfit_words(view: View, scene: Scene) -> str:
    """Why `view` has nothing to show of a scene, in a sentence."""
    if view.lacking is not None and (lacking := view.lacking(scene)):
        return lacking
    words = f"this view shows {view.summary[:1].lower()}{view.summary[1:]}"
    return f"Not for {scene.engine.title}: {words}" if scene.of_run else f"Train a run to see it here: {words}"


def _fitting(scene: Scene) -> frozenset[str]:
    return frozenset(view.name for view in VIEWS if (scene.of_run or view.of_data) and view.applies(scene))
