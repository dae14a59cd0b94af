"""What is picked, as views draw it; and what a person points at in a view: a question that every row answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from engines.cached import cached
from workbench.views.planes import place_in
from workbench.views.scene import Array, Scene
from workbench.views.scene_rows import Block

if TYPE_CHECKING:
    from workbench.session.selection import Combination, Selection

MOST_SHOWN = 2000
"""So many picked rows are drawn one by one."""


@dataclass(frozen=True, eq=False)
class Picked:
    """What is picked of the data and the run that a scene is of.

    Attributes
    ----------
    version : int
        Of the selection.
    mask : (n,) bool
        Every row of the data: whether it is picked; no dropped one is.
    prototypes, features : frozenset of int
    scene : Scene
    """

    version: int
    mask: NDArray[np.bool_]
    prototypes: frozenset[int]
    features: frozenset[int]
    scene: Scene

    @cached
    def n_rows(self) -> int:
        """How many rows are picked."""
        return int(np.count_nonzero(self.mask))

    @property
    def nothing(self) -> bool:
        """Whether neither rows nor prototypes are picked."""
        return not self.n_rows and not self.prototypes

    @property
    def original_features(self) -> frozenset[int]:
        """The picked features among those of the data; none where a recipe has made others of them."""
        same = self.scene.feature_names == self.scene.original_names
        return self.features if same else frozenset()

    @cached
    def in_sample(self) -> NDArray[np.bool_]:
        """(m,) which rows of the scene's sample are picked."""
        return self.mask[np.asarray(self.scene.sample.rows)]

    @cached
    def shown(self) -> NDArray[np.int64]:
        """(k,) up to `MOST_SHOWN` row numbers of those picked, evenly taken from all of them, increasing."""
        rows = np.flatnonzero(self.mask)
        if len(rows) <= MOST_SHOWN:
            return rows
        return rows[np.linspace(0, len(rows) - 1, MOST_SHOWN).round().astype(np.int64)]

    @cached
    def vectors(self) -> Array:
        """(k, d) the rows `shown` in training units."""
        return self.scene.every.take(self.shown)

    @cached
    def codes(self) -> NDArray[np.int64]:
        """(k,) class codes of the rows `shown`; -1 for none."""
        codes = self.scene.every.codes
        return np.full(len(self.shown), -1, np.int64) if codes is None else codes[self.shown].astype(np.int64)

    @cached
    def share(self) -> NDArray[np.float64]:
        """(M,) which share of the picked rows each prototype wins, told by those `shown`."""
        n = len(self.scene.prototypes) if self.scene.has_prototypes else 0
        if not n or not len(self.shown):
            return np.zeros(n)
        won = self.scene.nearest_to(self.vectors)
        return np.bincount(won[won >= 0], minlength=n) / len(self.shown)


RowTest = Callable[[Scene], Callable[[Block], NDArray[np.bool_]]]
"""For a scene, what tells which rows of a block are meant, (k,) bool."""


@dataclass(frozen=True, eq=False)
class Pick:
    """What a person points at.

    Attributes
    ----------
    prototypes : tuple of int
        With them go the rows that they win.
    features : tuple of int
    rows : tuple of int
        Row numbers.
    test : RowTest or None
        Which rows are meant, where a place says more than numbers do.
    how : {"replace", "and", "or", "not"}
        What becomes of what was picked before: forgotten, narrowed, widened, lessened.
    """

    prototypes: tuple[int, ...] = ()
    features: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()
    test: RowTest | None = None
    how: Combination = "replace"

    @property
    def about(self) -> Literal["prototypes", "features", "rows"]:
        """What kind of thing it points at."""
        return "prototypes" if self.prototypes else "features" if self.features else "rows"

    def is_in(self, picked: Picked) -> bool:
        """Whether all that it names is picked; what is only tested for is not known to be."""
        if self.about == "prototypes":
            return picked.prototypes.issuperset(self.prototypes)
        if self.about == "features":
            return picked.features.issuperset(self.features)
        return bool(self.rows) and bool(picked.mask[list(self.rows)].all())


def narrowed(scene: Scene) -> Scene:
    """The scene with picked rows alone as its sample, for views that show some rows; as it is where none are picked."""
    picked = scene.picked
    if picked is None or not picked.n_rows:
        return scene
    codes = None if scene.sample.codes is None else picked.codes.astype(np.int32)
    return replace(scene, sample=replace(scene.sample, X=picked.vectors, codes=codes, rows=picked.shown))


def picked_of(selection: Selection, run: str, dataset: str, scene: Scene) -> Picked:
    """What `selection` has of the run and the dataset with these ids, which `scene` is of."""
    mask = selection.rows(dataset, len(scene.every.kept)).mask & scene.every.kept
    return Picked(selection.version, mask, selection.prototypes(run), selection.features(dataset), scene)


def rows_of(pick: Pick, scene: Scene) -> NDArray[np.bool_]:
    """(n,) which rows of all the data a pick means, no dropped one; reads them where it must, block by block."""
    mask = np.zeros(len(scene.every.kept), bool)
    mask[list(pick.rows)] = True
    if pick.prototypes:
        mask |= np.isin(scene.every_winner, pick.prototypes)
    if pick.test is not None:
        test = pick.test(scene)
        for block in scene.blocks():
            mask[block.start : block.start + len(block.X)] |= test(block)
    return mask & scene.every.kept


def apply(pick: Pick, selection: Selection, run: str, dataset: str, scene: Scene) -> None:
    """Make `selection` of it: prototypes bring their rows, rows alone leave no prototype picked."""
    from workbench.session.selection import RowMask

    if pick.about == "features":
        selection.pick_features(dataset, pick.features, pick.how)
        return
    selection.pick_rows(dataset, RowMask.of(rows_of(pick, scene)), pick.how)
    if pick.prototypes or pick.how == "replace":
        selection.pick_prototypes(run, pick.prototypes, pick.how)


def inside(outline: NDArray[np.float64], plane: str, features: tuple[int, int] = (0, 1)) -> RowTest:
    """The rows that lie inside an outline (k, 2) in a plane, as `planes.place_in` lays them out."""
    from matplotlib.path import Path

    path = Path(np.concatenate([outline, outline[:1]]), closed=True)
    low, high = outline.min(axis=0), outline.max(axis=0)

    def of(scene: Scene) -> Callable[[Block], NDArray[np.bool_]]:
        place = place_in(scene, plane, features)

        def test(block: Block) -> NDArray[np.bool_]:
            points = place(block.X)
            near: NDArray[np.bool_] = ((points >= low) & (points <= high)).all(axis=1)
            near[near] = path.contains_points(points[near])
            return near

        return test

    return of


def taken_for(true: int, predicted: int, part: int) -> RowTest:
    """The rows of a part of the split that are of the class `true` and taken for `predicted` (class codes)."""

    def of(scene: Scene) -> Callable[[Block], NDArray[np.bool_]]:
        def test(block: Block) -> NDArray[np.bool_]:
            mine: NDArray[np.bool_] = (block.codes == true) & (block.split == part)
            if mine.any():
                mine[mine] = scene.predict(block.X[mine]) == predicted
            return mine

        return test

    return of
