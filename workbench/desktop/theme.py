"""Light and dark: palette and style of every widget, made from the one theme that the plots use too."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from workbench.desktop.settings import Settings
from workbench.desktop.style import STYLE
from workbench.resources import resource_path
from workbench.views.theme import Theme, rgb
from workbench.views.theme import theme as plot_theme

Name = Literal["light", "dark"]


@dataclass(frozen=True)
class Colours:
    """The colours of the widgets around the plots, as #rrggbb."""

    name: Name
    window: str
    base: str
    raised: str
    text: str
    muted: str
    faint: str
    border: str
    edge: str
    hover: str
    accent: str
    accent_hover: str
    on_accent: str
    good: str
    warning: str
    bad: str


@cache
def colours(name: Name) -> Colours:
    """The widget colours that belong to the plots' theme of that name."""
    plots = plot_theme(name)
    dark = name == "dark"
    return Colours(
        name=name,
        window=plots.background,
        base=plots.surface,
        raised=_between(plots.surface, plots.text, 0.06) if dark else plots.surface,
        text=plots.text,
        muted=plots.muted,
        faint=_between(plots.muted, plots.background, 0.4),
        border=plots.grid,
        edge=_between(plots.grid, plots.muted, 0.45),
        hover=_between(plots.background, plots.text, 0.13 if dark else 0.07),
        accent=plots.accent,
        accent_hover=_between(plots.accent, plots.text, 0.25),
        on_accent=plots.accent_text,
        good=plots.good,
        warning="#E6B04C" if dark else "#8A5300",
        bad=plots.danger,
    )


LETTERS = {"title": 2.4, "heading": 1.3, "figure": 1.55}
"""Letters of the roles of labels that are larger than those of the application."""

_current: Name = "light"


def current() -> Colours:
    """The colours in use now."""
    return colours(_current)


def current_plots() -> Theme:
    """The plots' theme in use now."""
    return plot_theme(_current)


class ThemeSwitch(QObject):
    """Applies the chosen theme to the application and tells when it changed.

    Attributes
    ----------
    changed : Signal
        Emitted after palette and style are in place.
    """

    changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow)
        self._apply()

    @property
    def choice(self) -> str:
        """One of `system`, `light`, `dark`."""
        return self._settings.theme

    def choose(self, choice: str) -> None:
        """Use `system`, `light` or `dark` from now on, and remember it."""
        self._settings.theme = choice
        self._apply()
        self.changed.emit()

    def size_text(self, percent: int) -> None:
        """Make text `percent` of the system's size from now on, and remember it."""
        self._settings.text_size = percent
        self._apply()
        self.changed.emit()

    @Slot()
    def _follow(self) -> None:
        if self.choice == "system" and self._wanted() != _current:
            self._apply()
            self.changed.emit()

    def _wanted(self) -> Name:
        if self.choice != "system":
            return "dark" if self.choice == "dark" else "light"
        return "dark" if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"

    def _apply(self) -> None:
        schemes = {"system": Qt.ColorScheme.Unknown, "light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        QGuiApplication.styleHints().setColorScheme(schemes[self.choice])
        apply(self._wanted(), self._settings.text_size)


def apply(name: Name, text_size: int = 100) -> None:
    """Dress the application in light or dark, with text of `text_size` percent of the system's."""
    global _current
    _current = name
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    if application.style().objectName().lower() != "fusion":
        application.setStyle("Fusion")
    application.setPalette(palette(colours(name)))
    usual = _usual_font(application)
    font = QFont(usual)
    font.setPointSizeF(usual.pointSizeF() * text_size / 100)
    application.setFont(font)
    words = {field.name: getattr(colours(name), field.name) for field in fields(Colours)}
    letters = QFontInfo(font).pointSizeF()
    words |= {role: f"{share * letters:.1f}" for role, share in LETTERS.items()}
    application.setStyleSheet(STYLE.substitute(words, icons=resource_path("icons").as_posix()))


@cache
def _usual_font(application: QApplication) -> QFont:
    """The font of the system, as it was before its size was changed."""
    return QFont(application.font())


def palette(colours: Colours) -> QPalette:
    """The Qt palette of `colours`."""
    made = QPalette()
    role = QPalette.ColorRole
    pairs = {
        role.Window: colours.window,
        role.WindowText: colours.text,
        role.Base: colours.base,
        role.AlternateBase: colours.window,
        role.Text: colours.text,
        role.PlaceholderText: colours.muted,
        role.Button: colours.raised,
        role.ButtonText: colours.text,
        role.BrightText: colours.bad,
        role.ToolTipBase: colours.raised,
        role.ToolTipText: colours.text,
        role.Highlight: colours.accent,
        role.HighlightedText: colours.on_accent,
        role.Accent: colours.accent,
        role.Link: colours.accent,
        role.LinkVisited: colours.accent,
        role.Light: colours.raised,
        role.Midlight: colours.hover,
        role.Mid: colours.border,
        role.Dark: colours.faint,
        role.Shadow: "#000000",
    }
    for which, colour in pairs.items():
        made.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, which, QColor(colours.faint))
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(colours.border))
    return made


def _between(one: str, other: str, share: float) -> str:
    """The colour at `share` of the way from `one` to `other`."""
    mixed = (round(a + share * (b - a)) for a, b in zip(rgb(one), rgb(other), strict=True))
    return "#{:02X}{:02X}{:02X}".format(*mixed)
