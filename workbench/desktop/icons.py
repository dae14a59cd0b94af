"""Our own line icons, tinted with the theme's colours; widgets that show one are re-tinted when the theme changes."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QLabel

from workbench.desktop import theme
from workbench.resources import resource_path

SIZES = (16, 24, 32, 48)


def icon(name: str, colour: str = "") -> QIcon:
    """The icon `name`, in `colour` or in the theme's text colour; disabled in its faint colour."""
    colours = theme.current()
    return _icon(name, colour or colours.text, colours.faint, colours.on_accent)


def pixmap(name: str, size: int, colour: str = "") -> QPixmap:
    """The picture of the icon, `size` logical pixels wide."""
    application = QGuiApplication.instance()
    ratio = application.devicePixelRatio() if isinstance(application, QGuiApplication) else 1.0
    return _pixmap(name, size, colour or theme.current().text, ratio)


def put(target: QAction | QAbstractButton | QLabel, name: str, role: str = "text", size: int = 16) -> None:
    """Show an icon in the theme's colour `role`, now and after each change of theme."""
    target.setProperty("icon-name", name)
    target.setProperty("icon-role", role)
    target.setProperty("icon-size", size)
    _show(target)


def refresh(root: QObject) -> None:
    """Tint anew all that `put` dressed under `root`."""
    for child in root.findChildren(QObject):
        if isinstance(child, QAction | QAbstractButton | QLabel) and child.property("icon-name"):
            _show(child)


def exists(name: str) -> bool:
    """Whether there is an icon called `name`."""
    return (resource_path("icons") / f"{name}.svg").is_file()


def bad() -> str:
    """The colour of errors now."""
    return theme.current().bad


def app_icon() -> QIcon:
    """The product's own mark."""
    made = QIcon()
    for size in (16, 32, 48, 64, 128, 256):
        made.addPixmap(_render(resource_path("icons/app.svg").read_bytes(), size, 1.0))
    return made


def app_pixmap(size: int) -> QPixmap:
    """The product's mark, `size` logical pixels wide."""
    application = QGuiApplication.instance()
    ratio = application.devicePixelRatio() if isinstance(application, QGuiApplication) else 1.0
    return _render(resource_path("icons/app.svg").read_bytes(), size, ratio)


def _show(target: QAction | QAbstractButton | QLabel) -> None:
    name, role = target.property("icon-name"), target.property("icon-role")
    colour = getattr(theme.current(), role)
    if isinstance(target, QLabel):
        target.setPixmap(pixmap(name, target.property("icon-size"), colour))
    else:
        target.setIcon(icon(name, colour))


@cache
def _icon(name: str, colour: str, disabled: str, selected: str) -> QIcon:
    made = QIcon()
    for mode, tint in (
        (QIcon.Mode.Normal, colour),
        (QIcon.Mode.Disabled, disabled),
        (QIcon.Mode.Selected, selected),
    ):
        for size in SIZES:
            made.addPixmap(_pixmap(name, size, tint, 1.0), mode)
    return made


@cache
def _pixmap(name: str, size: int, colour: str, ratio: float) -> QPixmap:
    return _render(_source(name, colour), size, ratio)


def _source(name: str, colour: str) -> bytes:
    return _drawing(name).replace(b"currentColor", colour.encode())


@cache
def _drawing(name: str) -> bytes:
    return resource_path(f"icons/{name}.svg").read_bytes()


def _render(source: bytes, size: int, ratio: float) -> QPixmap:
    made = QPixmap(round(size * ratio), round(size * ratio))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    QSvgRenderer(QByteArray(source)).render(painter, QRectF(0, 0, made.width(), made.height()))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made
