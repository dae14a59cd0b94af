"""What each view shows: pure functions from a scene to frozen data, and one figure each; a new view is a line here."""

from __future__ import annotations

from workbench.views import (
    closely,
    code_atlas,
    comparable,
    comparison,
    confusion,
    contributions,
    curves,
    description,
    energy,
    label_desk,
    local_relevance,
    mixture,
    picked_rows,
    projection,
    prototypes,
    rate_distortion,
    reconstructions,
    reject,
    relevance,
    som,
    sources,
    stability,
    table,
    usage,
)
from workbench.views.canvas import render
from workbench.views.page import NoRoom, Page
from workbench.views.scene import PARTS, Scene
from workbench.views.scene_making import scene_of, scene_of_data
from workbench.views.theme import MARKERS, Marker, Theme, theme
from workbench.views.view import View

_OF_DATA = frozenset({"description", "table", "projection", "picked", "sources"})
_FOLLOWING = frozenset({"picked", "closely", "reconstructions", "contributions"})
_ON_SCREEN = frozenset({"description", "table", "picked", "closely", "comparison", "label_desk"})

VIEWS: tuple[View, ...] = tuple(
    View(
        name,
        title,
        summary,
        module.applies,
        module.compute,
        module.figure,
        of_data=name in _OF_DATA,
        follows_picks=name in _FOLLOWING,
        printed=name not in _ON_SCREEN,
        beside=comparable.beside if module is comparison else None,
        lacking=comparable.lacking if module is comparison else None,
    )
    for name, title, summary, module in (
        ("curves", "Learning curves", "Cost and every metric against iterations.", curves),
        ("table", "Rows", "All rows with labels, predictions and values.", table),
        (
            "description",
            "Description",
            "What is in the data: every feature, gaps, classes, what goes together.",
            description,
        ),
        ("projection", "Projection", "Rows and prototypes in the plane.", projection),
        ("picked", "Picked rows", "The picked rows: what sets them apart, and each as a picture.", picked_rows),
        ("prototypes", "Prototypes", "Every prototype as a picture or a profile.", prototypes),
        (
            "closely",
            "Prototype",
            "One prototype closely: its rows, its rivals, and what-if.",
            closely,
        ),
        ("som", "Map", "The units of a map on their grid: distances, hits, classes, features.", som),
        ("mixture", "Mixture", "Components of a mixture as ellipses, and which rows are whose.", mixture),
        ("reconstructions", "Reconstructions", "Rows, their codes, and what the codes make of them.", reconstructions),
        (
            "sources",
            "Source image",
            "Patches in the pictures they were cut from, and which codeword is where.",
            sources,
        ),
        ("code_atlas", "Code atlas", "What codes of bits draw, and what each bit does.", code_atlas),
        ("usage", "Code usage", "How evenly the codes are used, and what that wastes.", usage),
        ("rate_distortion", "Rate–distortion", "Bits against error of all runs on these data.", rate_distortion),
        ("comparison", "Comparison", "Two runs side by side, prototypes matched, moved rows marked.", comparison),
        ("energy", "Energy", "The energy of a codebook as a landscape.", energy),
        ("relevance", "Relevance", "Which features the learned metric uses.", relevance),
        ("stability", "Stability", "How far refits agree on the learned metric.", stability),
        ("local_relevance", "Local relevance", "Which features the metric of each class uses.", local_relevance),
        ("contributions", "Contributions", "Which features speak for a class, and what would flip it.", contributions),
        ("confusion", "Confusion", "Which classes are taken for which.", confusion),
        ("reject", "Reject option", "How right the rest is when the least sure rows are rejected.", reject),
        ("label_desk", "Label desk", "Rows whose labels are doubted, most doubtful first.", label_desk),
    )
)
"""Every view, in the order in which people should meet them."""


def view(name: str) -> View:
    """The view called `name`.

    Raises
    ------
    KeyError
        If there is none; the message lists those there are.
    """
    for candidate in VIEWS:
        if candidate.name == name:
            return candidate
    raise KeyError(f"There is no view called {name!r}; there are {', '.join(v.name for v in VIEWS)}.")


__all__ = [
    "MARKERS",
    "PARTS",
    "VIEWS",
    "Marker",
    "NoRoom",
    "Page",
    "Scene",
    "Theme",
    "View",
    "render",
    "scene_of",
    "scene_of_data",
    "theme",
    "view",
]
