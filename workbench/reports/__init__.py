"""What leaves the workbench: codebooks, models, cells, pictures, the report; a new export is a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.parameters import Parameter, declared
from workbench.reports.applying import Applied, apply
from workbench.reports.assignments import write_assignments
from workbench.reports.codebook import FORMS as CODEBOOKS
from workbench.reports.codebook import write_codebook
from workbench.reports.codes import write_codes
from workbench.reports.errors import ReportError
from workbench.reports.figures import drawn, write_figure
from workbench.reports.files import written_beside
from workbench.reports.html import write_report
from workbench.reports.learned import Watch, trained
from workbench.reports.model import write_model
from workbench.reports.onnx_files import write_onnx
from workbench.reports.pictures import save_view, write_views
from workbench.reports.polytopes import write_polytopes
from workbench.reports.portable import REASONS
from workbench.reports.portable_code import write_c, write_python
from workbench.reports.script import write_script
from workbench.reports.search import write_search
from workbench.reports.sheet import SheetOptions, is_of_pictures, write_sheet
from workbench.reports.stability import write_stability
from workbench.reports.sweep import write_sweep
from workbench.reports.tables import FORMS as TABLES
from workbench.reports.together import write_together
from workbench.session import Run, Session
from workbench.views.first_look import sealed_words


@dataclass(frozen=True)
class Export:
    """One way in which a run can leave.

    Attributes
    ----------
    name, title : str
        For programs and for people.
    summary : str
        One line: what is in it.
    formats : tuple of str
        Endings without the dot; the first is taken where none is named.
    write : callable
        (session, trained, path, format, watch[, options]): puts it at `path`; gives the paths if it wrote others.
    is_many : bool
        Whether it is several files, for which `path` may be a folder.
    options : type or None
        A frozen dataclass whose fields are declared with `engines.parameters.Param` and all have defaults; `write`
        takes one more argument then.
    fits : callable or None
        (run) -> whether it can leave in this way; None asks the engine's `exports`.
    needs : str
        What a run must have for that, in words; "" where the engine alone decides.
    of_rows : bool
        Whether it tells of each row.
    """

    name: str
    title: str
    summary: str
    formats: tuple[str, ...]
    write: Callable[..., Any]
    is_many: bool = False
    options: type | None = None
    fits: Callable[[Run], bool] | None = None
    needs: str = ""
    of_rows: bool = False

    def applies(self, run: Run) -> bool:
        """Whether `run` can leave in this way."""
        return self.name in run.engine.exports if self.fits is None else self.fits(run)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The declarations of the options, for forms and command lines."""
        return () if self.options is None else declared(self.options)

    def checked(self, values: Mapping[str, Any]) -> Any:
        """`values` as the options; raises ReportError for an unknown name or a forbidden value."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, value in values.items():
            if name not in known:
                there = f"there are {', '.join(known)}" if known else "there are none"
                raise ReportError(f"The export {self.name} has no option '{name}'; {there}.")
            try:
                known[name].check(value, self.title)
            except ValueError as error:
                raise ReportError(str(error)) from error
        return None if self.options is None else self.options(**values)

    def remark(self, run: Run) -> str:
        """What somebody who writes it of `run` should know; "" for most."""
        sealed = sealed_words(run.dataset) if self.of_rows else ""
        return f"{sealed} Its rows are left out." if sealed else ""


def _any_run(run: Run) -> bool:
    return True


EXPORTS: tuple[Export, ...] = (
    Export("codebook", "Codebook", "All prototypes in original units.", CODEBOOKS, write_codebook),
    Export("model", "Model", "The trained engine with its recipe, to use again.", ("safetensors",), write_model),
    Export("assignments", "Assignments", "The prototype or code of each row.", TABLES, write_assignments, of_rows=True),
    Export("codes", "Codes", "The packed codes of every row of the data.", ("npz",), write_codes, of_rows=True),
    Export("polytopes", "Cells", "The half-spaces that bound each prototype's cell.", ("json", "csv"), write_polytopes),
    Export("c", "C header", "The model and its recipe as C99 that needs no library.", ("h",), write_c),
    Export("python", "Python with NumPy alone", "The model and its recipe as one file.", ("py",), write_python),
    Export("onnx", "ONNX", "The model and its recipe for any ONNX runtime.", ("onnx",), write_onnx, is_many=True),
    Export("report", "Report", "All there is to know of the run.", ("html", "pdf"), write_report, fits=_any_run),
    Export(
        "views", "Views", "Every view as a picture.", ("png", "svg", "pdf"), write_views, is_many=True, fits=_any_run
    ),
    Export(
        "sheet",
        "Sheet of pictures",
        "All prototypes that are pictures, side by side.",
        ("png",),
        write_sheet,
        options=SheetOptions,
        fits=is_of_pictures,
        needs="prototypes that are pictures",
    ),
)
"""Every export, in the order in which people should meet them."""

_SPELLINGS = {"hdf5": "h5", "htm": "html"}


def export(
    kind: str,
    session: Session,
    run: Run,
    path: Path | str,
    *,
    format: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> tuple[Path, ...]:
    """Write what `run` learned to `path`; what was there before stays until the new file is whole.

    Parameters
    ----------
    kind : str
        Name in `EXPORTS`.
    session : Session
        The open project of `run`.
    run : Run
    path : path
        Its ending chooses the form. For "views" and "onnx" a path without ending is a folder.
    format : str, optional
        Takes precedence over the ending of `path`.
    options : mapping, optional
        Those of `Export.parameters` that are not at their defaults.
    progress, stop : callable, optional
        Called with the fraction done; asked whether to give up.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ReportError
        If there is no such export, form or option, nothing is learned yet, or the file cannot be written.
    Cancelled
        If `stop` said so; nothing is left behind.
    """
    chosen = _export(kind, run)
    path = Path(path)
    form = _form(chosen, path, format)
    wanted = chosen.checked(options or {})
    learned = trained(run)
    watch = Watch(progress, stop)
    further = () if wanted is None else (wanted,)
    if chosen.is_many:
        return tuple(chosen.write(session, learned, path, form, watch, *further))
    with written_beside(path) as part:
        chosen.write(session, learned, part, form, watch, *further)
    return (path,)


def export_together(
    session: Session,
    runs: Sequence[Run],
    path: Path | str,
    *,
    format: str | None = None,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> tuple[Path, ...]:
    """Write one report of several runs on the same data, side by side; otherwise as `export` does of one.

    Raises
    ------
    ReportError
        If they are not several runs on the same data, one has learned nothing yet, there is no such form, or the file
        cannot be written.
    Cancelled
        If `stop` said so; nothing is left behind.
    """
    path = Path(path)
    form = _form(_export("report", runs[0]), path, format) if runs else ""
    with written_beside(path) as part:
        write_together(session, runs, part, form, Watch(progress, stop))
    return (path,)


def parse_options(kind: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """The options of an export that texts mean, e.g. from `--set scale=8`; raises ReportError where they mean none."""
    chosen = next((export for export in EXPORTS if export.name == kind), None)
    known = {} if chosen is None else {parameter.name: parameter for parameter in chosen.parameters}
    try:
        return {name: known[name].parse(text, kind) if name in known else text for name, text in texts.items()}
    except ValueError as error:
        raise ReportError(str(error)) from error


def _export(kind: str, run: Run) -> Export:
    for chosen in EXPORTS:
        if chosen.name == kind:
            if chosen.applies(run):
                return chosen
            reason = REASONS.get(run.engine.name) if kind in ("c", "python", "onnx") else None
            why = "" if reason is None else f", since {reason}"
            why = f", which needs {chosen.needs}" if chosen.needs else why
            raise ReportError(f"{run.engine.title} cannot be exported as {kind}{why}.")
    raise ReportError(f"There is no export called '{kind}'; there are {', '.join(e.name for e in EXPORTS)}.")


def _form(chosen: Export, path: Path, wanted: str | None) -> str:
    named = (wanted or path.suffix[1:]).lower()
    form = _SPELLINGS.get(named, named)
    if form in chosen.formats:
        return form
    if not form:
        return chosen.formats[0]
    endings = [f".{ending}" for ending in chosen.formats]
    listed = " or ".join([", ".join(endings[:-1]), endings[-1]] if len(endings) > 1 else endings)
    raise ReportError(f"{chosen.title}: a file ending in {listed} can be written, but not .{named}.")


__all__ = [
    "EXPORTS",
    "Applied",
    "Export",
    "ReportError",
    "apply",
    "drawn",
    "export",
    "export_together",
    "parse_options",
    "save_view",
    "trained",
    "write_figure",
    "write_script",
    "write_search",
    "write_stability",
    "write_sweep",
]
