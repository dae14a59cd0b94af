"""Themes: legible, told apart by colour-blind eyes, and the same tables for every drawing library."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.errors import WorkbenchError
from workbench.resources import resource_path, sample_projects
from workbench.views import MARKERS, Theme, theme
from workbench.views.theme import rgb

LOOKS = [theme("light"), theme("dark")]
looks = pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)

# Machado, Oliveira & Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009,
# severity 1.0, on linear RGB.
EYES = {
    "ordinary": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(color: str) -> NDArray[np.float64]:
    c = np.array(rgb(color)) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def luminance(color: str) -> float:
    return float(linear(color) @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb_linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ottosson, "A perceptual color space for image processing", 2020."""
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return to_lab @ np.cbrt(np.clip(to_lms @ rgb_linear, 0, None))


@looks
def test_text_is_legible_on_every_ground(look: Theme) -> None:
    for ground in (look.background, look.surface):
        assert contrast(look.text, ground) >= 7
        assert contrast(look.muted, ground) >= 4.5
        assert min(contrast(ink, ground) for ink in (look.accent, look.danger, look.good)) >= 4.5
    assert contrast(look.accent_text, look.accent) >= 4.5


@looks
@pytest.mark.parametrize("eye", EYES)
def test_ten_classes_are_told_apart_by_colour_whatever_the_eye(look: Theme, eye: str) -> None:
    seen = [oklab(np.clip(EYES[eye] @ linear(look.class_color(code)), 0, 1)) for code in range(10)]
    assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)) > 0.1


@looks
def test_class_colours_stand_out_from_the_surface(look: Theme) -> None:
    assert min(contrast(color, look.surface) for color in look.classes) > 2


@looks
def test_a_hundred_classes_have_a_colour_and_a_marker_of_their_own(look: Theme) -> None:
    pairs = {(look.class_color(code), look.class_marker(code).name) for code in range(100)}
    assert len(pairs) == 100
    assert look.class_color(-1) == look.neutral


def test_markers_have_names_of_their_own_in_both_libraries() -> None:
    from matplotlib.markers import MarkerStyle

    for names in zip(*((m.name, m.matplotlib, m.pyqtgraph) for m in MARKERS), strict=True):
        assert len(set(names)) == len(MARKERS)
    assert all(marker.matplotlib in MarkerStyle.markers for marker in MARKERS)


@looks
def test_maps_begin_or_have_their_middle_at_the_surface(look: Theme) -> None:
    for table in (look.sequential, look.diverging):
        assert table.shape == (256, 4)
        assert table.dtype == np.uint8
        assert not table.flags.writeable
    assert tuple(look.sequential[0, :3]) == rgb(look.surface)
    assert np.abs(look.diverging[127:129, :3].astype(int).mean(axis=0) - rgb(look.surface)).max() <= 4


@looks
def test_lightness_runs_one_way_along_the_sequential_map_and_both_ways_from_the_middle(look: Theme) -> None:
    def steps(table: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.diff([luminance("#" + bytes(row[:3].tolist()).hex()) for row in table])

    away = -1 if look.name == "light" else 1
    assert (away * steps(look.sequential) >= -1e-9)[30:].all()
    middle = steps(look.diverging)
    assert (away * middle[128:] >= -1e-9).all()
    assert (-away * middle[:127] >= -1e-9).all()


def test_a_missing_resource_is_named() -> None:
    with pytest.raises(WorkbenchError, match=r"templates/nothing\.html"):
        resource_path("templates/nothing.html")


def test_sample_projects_are_project_files() -> None:
    assert all(path.suffix == ".vqw" and path.stem == name for name, path in sample_projects().items())
