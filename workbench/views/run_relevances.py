"""What the metrics of several runs find relevant, feature by feature, in one figure; pixels as one picture a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas, local_relevance, relevance
from workbench.views.run_colours import mark_of, name_runs
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import distinct

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
MOST_FEATURES = 20


@dataclass(frozen=True, eq=False)
class Profile:
    """The relevances of one run.

    Attributes
    ----------
    run : int
        Its number among the runs.
    name : str
    relevances : (d,) float64
        Diagonal of Λ, which sums to 1; where prototypes have a metric each, of the mean over them.
    bands : (2, d) float64 or None
        The 5 % and the 95 % quantile over refits, where the stability of the run was measured.
    """

    run: int
    name: str
    relevances: Floats
    bands: Floats | None


@dataclass(frozen=True, eq=False)
class RunRelevancesData:
    """The profiles of those runs that learned a metric.

    Attributes
    ----------
    profiles : tuple of Profile
    names : tuple of d str
        Of the features.
    order : (f,) int64
        Features to show, the one first that some run finds most relevant.
    shape : tuple of int or None
        Of the picture that features are pixels of.
    runs : tuple of str
        Names of all runs, also of those without a metric.
    """

    profiles: tuple[Profile, ...]
    names: tuple[str, ...]
    order: NDArray[np.int64]
    shape: tuple[int, ...] | None
    runs: tuple[str, ...]

    @property
    def without(self) -> tuple[str, ...]:
        """Names of the runs that learned no metric."""
        having = {profile.run for profile in self.profiles}
        return tuple(name for run, name in enumerate(self.runs) if run not in having)

    def picture(self, profile: Profile) -> Floats:
        """The relevances of a run as a picture (h, w), summed over colour channels."""
        assert self.shape is not None
        image = profile.relevances.reshape(self.shape)
        return np.asarray(image.sum(axis=2) if image.ndim == 3 else image)


def has_metric(scene: Scene) -> bool:
    """Whether a run learned a metric, one for all prototypes or several."""
    return relevance.applies(scene) or local_relevance.applies(scene)


def compute(scenes: Sequence[Scene]) -> RunRelevancesData:
    """The profiles of runs on the same data, of which at least one learned a metric."""
    from engines.lvq.refits import metric_matrix

    profiles = []
    for run, scene in enumerate(scenes):
        if has_metric(scene):
            found = None if scene.stability is None else scene.stability.stability
            bands = None if found is None or found.n_refits < 2 else np.asarray(found.relevance_bands)[[0, 2]]
            relevances = np.diag(metric_matrix(scene.model)).astype(np.float64)
            profiles.append(Profile(run, scene.name, relevances, bands))
    most = np.max([np.nan_to_num(profile.relevances) for profile in profiles], axis=0)
    first = scenes[profiles[0].run]
    is_picture = first.pixels is not None and math.prod(first.pixels) == len(most)
    return RunRelevancesData(
        profiles=tuple(profiles),
        names=first.feature_names,
        order=np.argsort(-most, kind="stable")[:MOST_FEATURES].astype(np.int64),
        shape=first.pixels if is_picture else None,
        runs=tuple(scene.name for scene in scenes),
    )


def figure(data: RunRelevancesData, theme: Theme) -> Figure:
    """A line for each feature with a mark for each run; or a picture for each run, in the same colours."""
    if data.shape is not None:
        return _pictures(data, theme)
    wide = canvas.room(theme, 8.0)
    made = canvas.new_figure(theme, wide, 1.2 + 0.32 * len(data.order))
    axes = made.subplots()
    canvas.dress(axes, theme, grid=True)
    axes.grid(False, axis="y")
    values = np.array([profile.relevances[data.order] for profile in data.profiles])
    places = np.arange(len(data.order))
    axes.hlines(places, values.min(axis=0), values.max(axis=0), color=theme.grid, linewidth=2.5, zorder=1)
    for profile, its in zip(data.profiles, values, strict=True):
        _mark(axes, data, profile, its, places, theme)
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.tick_params(axis="y", length=0)
    canvas.name_ticks(axes.yaxis, places.tolist(), distinct(tuple(data.names[j] for j in data.order.tolist()), 26))
    canvas.label(axes, x="relevance (diagonal of Λ, sums to 1)")
    name_runs(made, theme, {profile.run: profile.name for profile in data.profiles}, marks=True)
    return made


def _mark(
    axes: Any, data: RunRelevancesData, profile: Profile, values: Floats, places: NDArray[np.int64], theme: Theme
) -> None:
    """Marks of one run; its bands a little above or below, so that those of two runs do not hide one another."""
    if profile.bands is not None:
        n = len(data.profiles)
        aside = 0.5 * (data.profiles.index(profile) - (n - 1) / 2) / n
        low, high = profile.bands[:, data.order]
        axes.hlines(places + aside, low, high, color=theme.class_color(profile.run), linewidth=1.2, alpha=0.8, zorder=2)
    axes.plot(values, places, markersize=6, zorder=3, clip_on=False, **mark_of(theme, profile.run))


def _pictures(data: RunRelevancesData, theme: Theme) -> Figure:
    made, all_axes = canvas.panels(theme, len(data.profiles), 2.6, 2.8, least=1.9, beside=0.8, most=4)
    pictures = [data.picture(profile) for profile in data.profiles]
    top = max(float(np.nan_to_num(picture).max(initial=0.0)) for picture in pictures) or 1.0
    names = distinct(tuple(profile.name for profile in data.profiles), 30)
    for axes, picture, name in zip(all_axes, pictures, names, strict=True):
        canvas.dress(axes, theme, frame=False)
        table = canvas.color_map(theme.sequential, theme.grid)
        shown = axes.imshow(picture, cmap=table, vmin=0, vmax=top, interpolation="nearest", rasterized=True)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():  # pixels without relevance have the colour of the page
            spine.set_visible(True)
            spine.set_color(theme.grid)
        canvas.label(axes, title=name)
    canvas.color_bar(made, shown, list(all_axes), theme, "relevance")
    return made
