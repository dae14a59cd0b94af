"""Light and dark, what is remembered, and what is said where Qt cannot start."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from workbench.desktop import icons, libraries, theme
from workbench.desktop.settings import Settings
from workbench.desktop.theme import ThemeSwitch
from workbench.views.theme import rgb


def contrast(one: str, other: str) -> float:
    """Ratio of luminances (WCAG 2.1, section 1.4.3)."""

    def luminance(colour: str) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb(colour))]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("text", "window"),
        ("text", "base"),
        ("text", "raised"),
        ("text", "hover"),
        ("muted", "window"),
        ("muted", "base"),
        ("accent", "base"),
        ("on_accent", "accent"),
        ("bad", "window"),
        ("warning", "window"),
        ("good", "window"),
    ],
)
def test_all_inks_can_be_read_on_their_grounds(name: str, ink: str, ground: str) -> None:
    colours = theme.colours(name)  # type: ignore[arg-type]
    assert contrast(getattr(colours, ink), getattr(colours, ground)) >= 4.5


def test_a_chosen_theme_is_applied_and_remembered(qapp: QApplication, settings: Settings, switch: ThemeSwitch) -> None:
    switch.choose("dark")
    assert qapp.palette().color(QPalette.ColorRole.Window).lightness() < 60
    assert Settings(settings.path).theme == "dark"
    switch.choose("light")
    assert qapp.palette().color(QPalette.ColorRole.Window).lightness() > 200


def test_icons_take_the_colours_of_the_theme(qapp: QApplication, switch: ThemeSwitch) -> None:
    def darkest(name: str) -> int:
        image = icons.icon(name).pixmap(32, 32).toImage()
        inked = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        return min(colour.lightness() for colour in inked if colour.alpha() > 200)

    switch.choose("light")
    on_light = darkest("stop")
    switch.choose("dark")
    assert darkest("stop") > on_light + 100
    switch.choose("light")


def test_recent_projects_are_newest_first_without_repeats_and_without_lost_ones(
    settings: Settings, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{name}.vqw" for name in "abc"]
    for path in paths:
        path.touch()
        settings.add_recent(path)
    settings.add_recent(paths[0])
    paths[1].unlink()
    assert Settings(settings.path).recent == [paths[0], paths[2]]


def test_a_damaged_settings_file_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "window.ini"
    path.write_bytes(b"\x00\xffrecent={{{\n[layout]\nwindow=nonsense\n")
    settings = Settings(path)
    assert settings.recent == []
    assert settings.theme == "system"
    assert settings.layout("window") is None


def test_missing_system_libraries_are_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        raise ImportError("libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr(libraries, "import_module", nothing)
    monkeypatch.setattr(libraries.ctypes.util, "find_library", lambda name: None)
    with pytest.raises(libraries.QtUnavailable, match=r"libegl1 .*libxcb-cursor0") as caught:
        libraries.require_qt()
    assert "\n" not in str(caught.value)


def test_no_display_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(libraries.QtUnavailable, match="no display"):
        libraries.require_qt()
