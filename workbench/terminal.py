"""How the command line speaks: progress bars, tables, JSON and one-line errors; it knows no project."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def progress() -> Iterator[Callable[[str, float | None], None]]:
    """A progress bar on standard error where that is a terminal, else nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)

        def report(text: str, share: float | None) -> None:
            bar.update(task, description=text, completed=share or 0.0)

        yield report


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: arrays as lists, numbers that are not finite as null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and value - value != 0:
        return None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def print_table(title: str, keys: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*keys, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(Text(_words(row[key])) for key in keys))
    Console().print(table)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{key} {item:.5g}" if isinstance(item, float) else f"{key} {item}" for key, item in value.items()
        )
    return " × ".join(f"{item:,}" for item in value) if isinstance(value, list) else str(value)


def sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; what was finished is kept."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return " ".join(str(error).split())
