"""The page of a search as a file: a picture, or a web page that loads nothing from anywhere."""

from __future__ import annotations

from pathlib import Path

from workbench.reports.html import picture
from workbench.reports.pages import page_of, write_page
from workbench.session import Search
from workbench.views import search, theme
from workbench.views.wording import counted

MOST_ROWS = 500


def write_search(made: Search, path: Path) -> Path:
    """Write the page of a search, as far as it has come; `path` ends in one of `pages.FORMS`.

    Raises
    ------
    ReportError
        If the ending is another, or the file cannot be written.
    """
    data = search.compute(made)
    return write_page(path, "search", lambda: _page(made, data), lambda: search.figure(data, theme("light")))


def method(made: Search) -> str:
    """How the numbers of a search came about, in some sentences."""
    rows = made.dataset.n_in("train", labelled=made.engine.supervised)
    drawn = "every combination of the values" if made.scheme == "grid" else "drawn at random"
    cut = "each class cut alike" if made.engine.supervised else "cut at random"
    fitted = (
        ""
        if made.dataset.recipe.changes_nothing
        else " The preprocessing is fitted anew for each fold, without the rows that are held out."
    )
    return (
        f"{counted(len(made.keys), 'trial')}, {drawn} (seed {made.seed}). The {rows:,} training rows are shuffled and "
        f"cut into {made.folds} folds, {cut}, the same for every trial. A trial learns from all folds but one and is "
        f"judged on that one, in turn: the score is the {made.score.title}, the standard error that of the mean over "
        f"the folds. Rows for validation and for testing have no part in it.{fitted} Trials within one standard error "
        "of the best cannot be told from it (Breiman, Friedman, Olshen and Stone 1984). The score of the best of many "
        "trials is somewhat too good to be true: judge the run that is trained with it on rows for testing."
    )


def _page(made: Search, data: search.SearchData) -> str:
    shown = data.order[:MOST_ROWS]
    left = len(data.order) - len(shown)
    return page_of(
        title=data.title,
        about=f"{made.engine.title} on {made.dataset.name}, {made.facts.created.replace('T', ' ')[:16]}",
        picture=picture(search.figure, data, "svg", f"{data.headline}. {data.reason}"),
        remarks=data.remarks,
        table_title="Trials, the best first" + (f" ({left:,} more are left out)" if left else ""),
        columns=data.columns,
        rows=[data.row(trial) for trial in shown],
        chosen=0 if data.best is not None else None,
        method=method(made),
        parameters=made.parameters,
    )
