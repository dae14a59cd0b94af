"""What rows are coloured by: classes, prototypes, right or wrong, certainty, a feature; as codes or as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.views.planes import row_codes
from workbench.views.scene import PARTS, Scene
from workbench.views.theme import Theme
from workbench.views.wording import number, with_unit

FEATURE = "feature:"
MOST_FEATURES = 200
"""So many features are offered as colours."""


@dataclass(frozen=True, eq=False)
class RowColours:
    """The colour of each row of a sample: of a kind, or by a value.

    Attributes
    ----------
    name, title : str
        Of what they are coloured by; for programs and for people.
    codes : (m,) int64
        Which kind each is, for `Theme.class_color`; -1 for none.
    kinds : tuple of str
        What the codes mean.
    values : (m,) float64 or None
        In place of codes; NaN where there is none.
    unit : str
        Of the values.
    """

    name: str
    title: str
    codes: NDArray[np.int64]
    kinds: tuple[str, ...] = ()
    values: NDArray[np.float64] | None = None
    unit: str = ""

    @property
    def of_classes(self) -> bool:
        """Whether they are known of rows outside the sample too: those of their classes, or one colour for all."""
        return self.name in ("class", "none")

    @property
    def ends(self) -> tuple[float, float]:
        """Lowest and highest value; both 0 where there is none."""
        known = np.empty(0) if self.values is None else self.values[np.isfinite(self.values)]
        return (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)

    @property
    def scale(self) -> str:
        """What the ends of the scale of values mean."""
        low, high = (with_unit(number(end), self.unit) for end in self.ends)
        return f"{self.title}: {low} to {high}"

    def rgb(self, theme: Theme) -> NDArray[np.uint8]:
        """(m, 3) colours of the values."""
        assert self.values is not None
        low, high = self.ends
        scaled = np.nan_to_num((self.values - low) / (high - low if high > low else 1.0))
        return np.asarray(theme.sequential[np.clip(40 + 215 * scaled, 0, 255).astype(np.int64), :3])


def choices(scene: Scene) -> tuple[tuple[str, str], ...]:
    """(name, title) of everything that rows of the scene can be coloured by, what is most looked at first."""
    made = []
    if scene.sample.codes is not None:
        made.append(("class", "Class"))
    if scene.has_prototypes:
        made.append(("prototype", "Nearest prototype"))
    if scene.engine.supervised and scene.sample.codes is not None:
        made += [("predicted", "Predicted class"), ("right", "Right or wrong")]
    if _has_certainty(scene):
        made.append(("certainty", "Certainty"))
    if len(PARTS) > 1 and len(np.unique(scene.split)) > 1:
        made.append(("part", "Part of the split"))
    if not made:
        made.append(("none", "One colour"))
    names = scene.original_names[:MOST_FEATURES]
    return (*made, *((f"{FEATURE}{j}", name) for j, name in enumerate(names)))


def colours_of(scene: Scene, name: str) -> RowColours:
    """The colours of the sample's rows by what is called `name`; by the first of the choices where it is not one."""
    offered = dict(choices(scene))
    name = name if name in offered else next(iter(offered))
    title = offered[name]
    if name.startswith(FEATURE):
        which = int(name[len(FEATURE) :])
        values = np.asarray(scene.to_original(np.asarray(scene.sample.X)), float)[:, which]
        return RowColours(name, title, _none(scene), values=values, unit=scene.units[which])
    if name == "certainty":
        return RowColours(name, title, _none(scene), values=_certainty(scene))
    codes, kinds = _kinds(scene, name)
    return RowColours(name, title, codes, kinds)


def _kinds(scene: Scene, name: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if name == "prototype":
        return scene.winners, tuple(f"prototype {k}" for k in range(len(scene.prototypes)))
    if name == "predicted":
        return scene.predicted, scene.class_names
    if name == "right":
        known = row_codes(scene) >= 0
        return np.where(known, (scene.predicted != row_codes(scene)).astype(np.int64), -1), ("right", "wrong")
    if name == "part":
        return scene.split.astype(np.int64), PARTS
    return row_codes(scene), scene.class_names


def _none(scene: Scene) -> NDArray[np.int64]:
    return np.full(len(scene.sample.rows), -1, np.int64)


def _has_certainty(scene: Scene) -> bool:
    from engines.lvq.classifier import PrototypeClassifier

    return scene.of_run and issubclass(scene.engine.estimator, PrototypeClassifier)


def _certainty(scene: Scene) -> NDArray[np.float64]:
    from engines.lvq.reject import certainty

    model: Any = scene.model
    return np.asarray(certainty(model, np.asarray(scene.sample.X)), np.float64)
