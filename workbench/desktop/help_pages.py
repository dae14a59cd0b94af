"""The pages of the help: Markdown files with pictures, read once, with what the table of actions says filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname, normpath

from workbench.desktop.actions import ACTIONS
from workbench.resources import resource_path

HOME = "contents.md"
SCHEME = "help:/"
ACTION_TABLE = "{{actions}}"
"""Stands in a page for the table of all actions with their keys."""
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_CONTENT = re.compile(r"^( *)- \[([^\]]+)\]\(([^)\s]+)\)", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """A line of the contents: how deep it lies, its words, and the page."""

    depth: int
    title: str
    page: str


@dataclass(frozen=True)
class Found:
    """A page in which words were found, with the words around the first of them."""

    title: str
    page: str
    excerpt: str


@dataclass(frozen=True)
class Link:
    """A link or, if `picture`, a picture in a page; `target` is as written there."""

    words: str
    target: str
    picture: bool


@dataclass(frozen=True, eq=False)
class Pages:
    """All of the help.

    Attributes
    ----------
    texts : mapping of str to str
        Markdown by the page's path within the help, such as ``"views/som.md"``.
    pictures : mapping of str to bytes
        Files by path, such as ``"pictures/window.png"``.
    """

    texts: Mapping[str, str]
    pictures: Mapping[str, bytes]

    @property
    def contents(self) -> list[Entry]:
        """The lines of the contents page, in order."""
        return [Entry(len(deep) // 2, title, page) for deep, title, page in _CONTENT.findall(self.texts[HOME])]

    def title(self, page: str) -> str:
        """The heading of a page."""
        return self.texts[page].partition("\n")[0].removeprefix("# ").strip()

    def search(self, typed: str) -> list[Found]:
        """The pages that hold all the typed words, those with one in their heading first."""
        words = typed.lower().split()
        found = []
        for page in dict.fromkeys(entry.page for entry in self.contents):
            text = plain(self.texts[page])
            if words and all(word in text.lower() for word in words):
                rank = sum(word not in self.title(page).lower() for word in words)
                body = text.partition("\n")[2]
                found.append((rank, len(found), Found(self.title(page), page, _excerpt(body, words[0]))))
        return [one for _, _, one in sorted(found, key=lambda row: row[:2])]


def read_pages() -> Pages:
    """Read the help that the program ships with."""
    folder = resource_path("help")
    texts = {_name(path, folder): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.md"))}
    pictures = {_name(path, folder): path.read_bytes() for path in sorted(folder.rglob("*.png"))}
    return Pages(texts, pictures)


def addressed(text: str, page: str) -> str:
    """The text of `page` with `SCHEME` and the whole path in each link within the help, which then works anywhere."""
    return _LINK.sub(lambda found: f"{found[1]}[{found[2]}]({SCHEME}{resolve(found[3], page)})", text)


def resolve(target: str, page: str) -> str:
    """The path within the help that a link on `page` names."""
    return normpath(f"{dirname(page)}/{target}" if dirname(page) else target)


def filled(text: str, keys: Mapping[str, str]) -> str:
    """A page with the table of actions in its place; `keys` are those in force, by action."""
    if ACTION_TABLE not in text:
        return text
    lines = []
    menu = ""
    for action in sorted(ACTIONS, key=lambda one: _MENUS.index(one.menu)):
        if action.menu != menu:
            menu = action.menu
            lines += ["", f"## {menu.replace('/', ', ')}", "", "| Action | Keys | What it does |", "|---|---|---|"]
        name = action.text.rstrip("…")
        lines.append(f"| {name} | {keys.get(action.name, '').replace('|', chr(92) + '|')} | {action.tip} |")
    return text.replace(ACTION_TABLE, "\n".join(lines).strip())


_MENUS = list(dict.fromkeys(action.menu for action in ACTIONS))


def links(text: str) -> list[Link]:
    """The links and pictures of a page, in order."""
    return [Link(words, target, bool(mark)) for mark, words, target in _LINK.findall(text)]


def anchor(heading: str) -> str:
    """By which `page.md#anchor` finds a heading: lower case, words joined by "-"."""
    return "-".join(re.findall(r"[\w.]+", heading.lower()))


def anchors(text: str) -> set[str]:
    """The anchors of all headings of a page."""
    return {anchor(line.lstrip("#")) for line in text.splitlines() if line.startswith("#")}


def plain(text: str) -> str:
    """A page without the marks of Markdown."""
    text = _LINK.sub(lambda found: "" if found[1] else found[2], text)
    return re.sub(r"[*`#|]|^[-\s|:]+$", "", text, flags=re.MULTILINE)


def _excerpt(text: str, word: str) -> str:
    """The words around the first `word`."""
    at = text.lower().find(word)
    around = " ".join(text[max(0, at - 50) : at + 70].split())
    return f"…{around}…"


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
