"""Palettes as people with each common kind of colour blindness see them, by CIEDE2000; letters by WCAG 2."""

from __future__ import annotations

import itertools
from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.views.test_views_theme import EYES, contrast, linear
from workbench.views import MARKERS, Theme, theme

LOOKS = [theme("light"), theme("dark"), theme("print")]
looks = pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
FIRST = 8
JUST_APART = 10.0
"""CIEDE2000: differences of 2 are seen side by side, and of 10 at a glance."""

# Sharma, Wu & Dalal, "The CIEDE2000 color-difference formula: implementation notes", 2005, table 1: pairs 1, 4, 7, 13,
# 17, 20, 25 and 33.
SHARMA = (
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0009, -2.4900), 4.8045),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
)


def lab(rgb_linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* of linear sRGB under D65."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    x, y, z = to_xyz @ rgb_linear / np.array([0.95047, 1.0, 1.08883])
    fx, fy, fz = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


def ciede2000(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Sharma, Wu & Dalal, equations 2 to 22, with all weights 1."""
    (L1, a1, b1), (L2, a2, b2) = one, other
    mean_c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    C1, C2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    dh = 0.0 if C1 * C2 == 0 else (h2 - h1 + 180) % 360 - 180
    dL, dC, dH = L2 - L1, C2 - C1, 2 * np.sqrt(C1 * C2) * np.sin(np.radians(dh / 2))
    L, C = (L1 + L2) / 2, (C1 + C2) / 2
    h = h1 + h2 if C1 * C2 == 0 else (h1 + h2) / 2 if abs(h1 - h2) <= 180 else ((h1 + h2 + 360) / 2) % 360
    terms = ((-0.17, 1, 30), (0.24, 2, 0), (0.32, 3, -6), (-0.20, 4, 63))
    T = 1 + sum(w * np.cos(np.radians(k * h - shift)) for w, k, shift in terms)
    S_L = 1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2)
    S_C, S_H = 1 + 0.045 * C, 1 + 0.015 * C * T
    turn = -np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2)))) * 2 * np.sqrt(C**7 / (C**7 + 25.0**7))
    x, y, z = dL / S_L, dC / S_C, dH / S_H
    return float(np.sqrt(x * x + y * y + z * z + turn * y * z))


@pytest.mark.parametrize(("one", "other", "distance"), SHARMA)
def test_ciede2000_gives_the_published_differences(
    one: tuple[float, ...], other: tuple[float, ...], distance: float
) -> None:
    assert ciede2000(np.array(one), np.array(other)) == pytest.approx(distance, abs=5e-5)
    assert ciede2000(np.array(other), np.array(one)) == pytest.approx(distance, abs=5e-5)


@looks
@pytest.mark.parametrize("eye", EYES)
def test_the_first_classes_differ_at_a_glance_whatever_the_eye(look: Theme, eye: str) -> None:
    seen = [lab(np.clip(EYES[eye] @ linear(look.class_color(code)), 0, 1)) for code in range(FIRST)]
    assert min(ciede2000(a, b) for a, b in itertools.combinations(seen, 2)) > JUST_APART


@looks
def test_the_first_classes_differ_by_their_markers_too(look: Theme) -> None:
    assert len({look.class_marker(code).name for code in range(FIRST)}) == FIRST
    assert {look.class_marker(code) for code in range(len(MARKERS))} == set(MARKERS)


@looks
def test_letters_are_read_on_every_ground_that_they_stand_on(look: Theme) -> None:
    for ground in (look.background, look.surface):
        for ink in (look.text, look.muted, look.accent, look.danger, look.good):
            assert contrast(ink, ground) >= 4.5, (ink, ground)
    assert contrast(look.accent_text, look.accent) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_letters_of_widgets_are_read_on_every_ground_that_they_stand_on(name: str) -> None:
    from workbench.desktop.theme import Colours, colours

    made = colours(name)  # type: ignore[arg-type]
    assert {field.name for field in fields(Colours)} >= {"window", "base", "raised", "hover"}
    for ground in (made.window, made.base, made.raised):
        for ink in (made.text, made.muted, made.accent, made.good, made.warning, made.bad):
            assert contrast(ink, ground) >= 4.5, (ink, ground)
    assert contrast(made.text, made.hover) >= 4.5
    assert min(contrast(made.on_accent, ground) for ground in (made.accent, made.accent_hover)) >= 4.5
