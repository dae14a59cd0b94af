"""The style sheet over Qt's Fusion style: spacing, borders, the few roles of widgets; colours come from the theme."""

# ruff: noqa: E501 (one rule a line)

from __future__ import annotations

from string import Template

STYLE = Template("""
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 4px 6px; }

QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit { background: $base; color: $text; border: 1px solid $edge;
    border-radius: 4px; padding: 3px 6px; selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus { border-color: $accent; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: $faint; border-color: $border; }
QLineEdit:read-only { background: $window; }
QComboBox QLineEdit, QAbstractSpinBox QLineEdit, QAbstractItemView QLineEdit { border: none; padding: 0; }
QComboBox { padding-right: 22px; }
QComboBox::drop-down { subcontrol-origin: padding; subcontrol-position: center right; width: 20px; border: none; }
QComboBox::down-arrow { image: url($icons/down_$name.svg); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $border; padding: 3px; outline: none;
    selection-background-color: $accent; selection-color: $on_accent; }
QAbstractSpinBox { padding-right: 20px; }
QAbstractSpinBox::up-button { subcontrol-origin: border; subcontrol-position: top right; width: 18px; border: none; }
QAbstractSpinBox::down-button { subcontrol-origin: border; subcontrol-position: bottom right; width: 18px; border: none; }
QAbstractSpinBox::up-arrow { image: url($icons/up_$name.svg); width: 9px; height: 9px; }
QAbstractSpinBox::down-arrow { image: url($icons/down_$name.svg); width: 9px; height: 9px; }
QCheckBox { spacing: 7px; }
QCheckBox::indicator, QTreeView::indicator {
    width: 14px; height: 14px; border: 1px solid $edge; border-radius: 3px; background: $base; }
QCheckBox::indicator:focus { border-color: $accent; }
QCheckBox::indicator:checked, QTreeView::indicator:checked {
    background: $accent; border-color: $accent; image: url($icons/check_$name.svg); }
QTreeView::indicator:selected { border-color: $on_accent; }
QCheckBox::indicator:disabled { background: $border; border-color: $border; }

QMenuBar { background: $window; border-bottom: 1px solid $border; padding: 1px 4px; }
QMenuBar::item { padding: 5px 9px; border-radius: 4px; }
QMenuBar::item:selected { background: $hover; color: $text; }
QMenu { background: $raised; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 6px 26px 6px 10px; border-radius: 4px; }
QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu::item:disabled { color: $faint; background: transparent; }
QMenu::separator { height: 1px; background: $border; margin: 4px 6px; }
QMenu::icon { padding-left: 6px; }

QToolBar { background: $window; border: none; border-bottom: 1px solid $border; spacing: 3px; padding: 5px 8px; }
QToolBar::separator { width: 1px; background: $border; margin: 4px 6px; }
QToolButton { border: 1px solid transparent; border-radius: 5px; padding: 4px 7px; color: $text; }
QToolButton:hover { background: $hover; }
QToolButton:pressed, QToolButton:checked { background: $hover; border-color: $border; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $faint; }
QToolButton[popupMode="2"] { padding-right: 20px; }
QToolButton::menu-indicator { subcontrol-origin: padding; subcontrol-position: right center; right: 5px; }

QPushButton { background: $raised; border: 1px solid $border; border-radius: 5px; padding: 5px 14px; color: $text; }
QPushButton:hover { background: $hover; }
QPushButton:focus { border-color: $accent; }
QPushButton:pressed { background: $border; }
QPushButton:disabled { color: $faint; background: $window; }
QPushButton[role="primary"] { background: $accent; border-color: $accent; color: $on_accent; font-weight: 600; }
QPushButton[role="primary"]:hover { background: $accent_hover; }
QPushButton[role="primary"]:focus { border: 2px solid $text; padding: 4px 13px; }
QPushButton[role="primary"]:disabled { background: $border; border-color: $border; color: $faint; }
QPushButton[role="link"] { background: transparent; border: 1px solid transparent; padding: 3px 4px; color: $accent; text-align: left; }
QPushButton[role="link"]:hover { background: $hover; }
QPushButton[role="link"]:focus { border-color: $accent; }
QPushButton[role="card"] { background: $raised; border: 1px solid $border; border-radius: 8px; padding: 0; text-align: left; }
QPushButton[role="card"]:hover { border-color: $accent; background: $hover; }
QPushButton[role="card"]:focus { border: 2px solid $accent; }

QLabel[role="title"] { font-size: ${title}pt; font-weight: 600; }
QLabel[role="heading"] { font-size: ${heading}pt; font-weight: 600; }
QLabel[role="section"] { font-weight: 600; color: $muted; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="chosen"] { color: $on_accent; }
QLabel[role="bad"] { color: $bad; }
QLabel[role="warning"] { color: $warning; }
QLabel[role="good"] { color: $good; }
QLabel[role="figure"] { font-size: ${figure}pt; font-weight: 600; }
QLabel[role="key"] { color: $muted; border: 1px solid $border; border-radius: 3px; padding: 0px 4px; }

QFrame[role="panel"] { background: $base; border: none; }
QFrame[role="line"] { background: $border; border: none; max-height: 1px; }
QFrame[role="card"] { background: $raised; border: 1px solid $border; border-radius: 8px; }
QFrame[role="pointer"] { background: $raised; border: 2px solid $accent; border-radius: 8px; }
QFrame[role="notice"] { background: $hover; border: 1px solid $border; border-radius: 6px; }
QWidget[role="page"] { background: $base; }
QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget[role="clear"] { background: transparent; }

QTreeView, QTableView, QListView { background: $base; border: none; outline: none; alternate-background-color: $window; }
QTreeView[role="framed"], QTableView[role="framed"], QListView[role="framed"] { border: 1px solid $border; }
QTreeView::item { padding: 4px 2px; }
QListView::item { padding: 6px 8px; border-radius: 4px; }
QTreeView::item:hover, QListView::item:hover { background: $hover; }
QTreeView::item:selected, QListView::item:selected, QTableView::item:selected { background: $accent; color: $on_accent; }
QHeaderView { background: $window; border: none; }
QHeaderView::section { background: $window; color: $muted; border: none; border-right: 1px solid $border;
    border-bottom: 1px solid $border; padding: 4px 8px; }
QTableView { gridline-color: $border; }
QTableCornerButton::section { background: $window; border: none; }

QTabWidget::pane { border: none; border-top: 1px solid $border; }
QTabBar { background: $window; qproperty-drawBase: 0; }
QTabBar::tab { padding: 7px 12px; color: $muted; background: transparent; border: none; border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; background: $hover; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { color: $accent; }
QTabBar::scroller { width: 44px; }
QTabBar QToolButton { background: $window; border: 1px solid $border; border-radius: 0px; padding: 0px; }
QTabBar QToolButton:hover { background: $hover; }
QTabBar QToolButton::left-arrow { image: url($icons/previous_$name.svg); width: 12px; height: 12px; }
QTabBar QToolButton::right-arrow { image: url($icons/next_$name.svg); width: 12px; height: 12px; }

QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QMainWindow::separator { background: $border; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $accent; }
QDockWidget { color: $muted; }
QDockWidget::title { background: $window; padding: 6px 10px; border-bottom: 1px solid $border; }

QStatusBar { background: $window; border-top: 1px solid $border; color: $muted; }
QStatusBar::item { border: none; }
QStatusBar QLabel { color: $muted; padding: 2px 6px; }
QProgressBar { border: none; border-radius: 4px; background: $border; max-height: 8px; min-height: 8px; }
QProgressBar::chunk { background: $accent; border-radius: 4px; }
""")
