"""Models as C, as Python with NumPy alone and as ONNX: each is run, and says what the engine says of the same rows."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import engines
from engines import ArrayRows, engine_info
from engines.lvq.reject import certainty, rejected
from engines.spd.covariances import covariances
from tests.reports.conftest import HOSTILE_CLASSES, HOSTILE_NAMES, Shelf
from workbench.data import FittedRecipe, Recipe
from workbench.data.fitting import fit_recipe
from workbench.reports import ReportError, export, onnx_files, portable_code
from workbench.reports.onnx_portable import portable_model
from workbench.reports.portable import REASONS, Portable, portable_engine
from workbench.reports.portable_code import c_header, c_text, python_file

COMPILER = shutil.which("cc") or shutil.which("gcc")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O0", "-fsanitize=address,undefined")
THRESHOLD = 0.3
SETTINGS: dict[str, dict[str, Any]] = {
    "KMeans": {"n_clusters": 7},
    "SOM": {"shape": (3, 4)},
    "HierarchicalVQ": {"n_coarse": 3, "n_fine": 3},
    "ProductQuantizer": {"n_subspaces": 2, "n_bits": 2},
    "OptimizedProductQuantizer": {"n_subspaces": 3, "n_bits": 2},
    "ResidualQuantizer": {"n_stages": 3, "n_bits": 2, "beam": 3},
    "GaussianMixture": {"n_components": 3},
    "GMLVQ": {"prototypes_per_class": 2, "rank": 3},
    "LGMLVQ": {"prototypes_per_class": 2, "max_iter": 5},
    "MRSLVQ": {"max_iter": 5},
    "GRLVQ": {"max_iter": 5},
    "PseudoLabelGLVQ": {"n_clusters": 3, "max_iter": 5},
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "LGMLVQ of prototypes": ("LGMLVQ", {"prototypes_per_class": 2, "localization": "prototype", "max_iter": 3}),
    "mixture, tied": ("GaussianMixture", {"n_components": 3, "covariance_type": "tied", "max_iter": 3}),
    "mixture, diag": ("GaussianMixture", {"n_components": 3, "covariance_type": "diag", "max_iter": 3}),
    "mixture, spherical": ("GaussianMixture", {"n_components": 3, "covariance_type": "spherical", "max_iter": 3}),
    "residual, greedy": ("ResidualQuantizer", {"n_stages": 2, "n_bits": 2, "beam": 1, "max_iter": 3}),
}
"""Ways of engines that have formulas of their own."""
TABLES = [info.name for info in engines.catalog() if "c" in info.exports and info.data_kinds[0] == "table"]
NAMES = (*TABLES, *VARIANTS)
GAPS = [name for name in NAMES if name.startswith(("GLVQ", "GRLVQ", "GMLVQ", "LGMLVQ", "RSLVQ", "LVQ1"))]
GAPS += [name for name in NAMES if name == "GaussianMixture" or name.startswith("mixture")]

RECIPES: dict[str, tuple[Recipe, type]] = {
    "as it is": (Recipe(), np.float64),
    "filled": (Recipe(missing="median", scaling="standard"), np.float64),
    "single": (Recipe(missing="mean", scaling="minmax", whitening="zca"), np.float32),
    "bytes": (Recipe(contrast=True, whitening="pca"), np.uint8),
    "kept": (Recipe(missing="keep", scaling="symmetric"), np.float64),
}
FEW = (
    "KMeans",
    "SphericalKMeans",
    "HierarchicalVQ",
    "OptimizedProductQuantizer",
    "ResidualQuantizer",
    "GaussianMixture",
)
FEW += ("GLVQ", "GRLVQ", "GMLVQ", "LGMLVQ")  # type: ignore[assignment]
PAIRS = [
    (recipe, name)
    for recipe in RECIPES
    for name in (NAMES if recipe == "as it is" else GAPS if recipe == "kept" else FEW)
]


@dataclass(frozen=True)
class Case:
    """A fitted engine, and rows that it has not seen."""

    engine: Any
    recipe: FittedRecipe
    model: Portable
    raw: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """The rows as the engine sees them."""
        return self.recipe.transform(self.raw)


@cache
def rows_of(recipe: str) -> tuple[FittedRecipe, np.ndarray, np.ndarray, np.ndarray]:
    """The recipe, rows to learn from and their labels, and others."""
    wish, dtype = RECIPES[recipe]
    rng = np.random.default_rng(0)
    y = np.arange(170) % 3
    raw = rng.normal(size=(170, 6)) @ rng.normal(size=(6, 6)) + 2.5 * y[:, None] * rng.normal(size=6) + 20
    if dtype == np.uint8:
        raw = np.clip(4 * raw, 0, 255).astype(np.uint8)
    else:
        raw = raw.astype(dtype)
        if wish.missing != "error":
            raw[rng.random(raw.shape) < 0.1] = np.nan
            raw[:, 0] = np.where(np.isnan(raw).all(axis=1), 1, raw[:, 0])
        if wish.missing in ("mean", "median"):
            raw[3, 2], raw[160, 1] = np.inf, -np.inf
    fitted = fit_recipe(wish, ArrayRows(raw[:90]), tuple("abcdef"))
    return fitted, raw[:90], np.array(["élan", 'b"', "c*/"])[y[:90]], raw[90:]


@cache
def case_of(recipe: str, name: str) -> Case:
    fitted, raw, labels, others = rows_of(recipe)
    kind, values = VARIANTS.get(name, (name, SETTINGS.get(name, {})))
    info = engine_info(kind)
    told = dict(info.trial) | values
    if any(parameter.name == "random_state" for parameter in info.parameters):
        told["random_state"] = 0
    engine = info.estimator(**told).fit(fitted.transform(raw), labels)
    threshold = THRESHOLD if info.supervised else None
    return Case(engine, fitted, portable_engine(engine, fitted, about={"for": "a test"}, threshold=threshold), others)


def names_in(recipe: str) -> list[str]:
    return [name for other, name in PAIRS if other == recipe]


Found = dict[str, np.ndarray]
"""What is said of rows: `winner` or `codes`, `distances` (n, M) or `distance` (n,), `label`, `certainty`, ..."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What C and Python say, for a recipe: all its models in one program each."""
    folder = tmp_path_factory.mktemp("built")

    @cache
    def said(way: str, recipe: str) -> dict[str, Found]:
        cases = {name: case_of(recipe, name) for name in names_in(recipe)}
        place = folder / f"{way} {recipe}"
        place.mkdir()
        return {"c": said_by_c, "python": said_by_python}[way](cases, place)

    return said


# C


def said_by_c(cases: dict[str, Case], folder: Path) -> dict[str, Found]:
    """All headers in one program, twice each, under a sanitizer; it prints what they say."""
    if COMPILER is None:
        pytest.skip("there is no C compiler")
    include, body = [], []
    for k, case in enumerate(cases.values()):
        (folder / f"m{k}.h").write_text(c_header(case.model, f"m {k}"), encoding="ascii")
        include += [f'#include "m{k}.h"'] * 2
        body.append(_printing(f"vq_m_{k}", case, next(iter(cases.values())).raw.shape))
    main = "\n".join([*include, "#include <stdio.h>", *body, "int main(void)", "{"])
    main += "".join(f"\n    vq_m_{k}_print();" for k in range(len(cases))) + "\n    return 0;\n}\n"
    (folder / "main.c").write_text(main)
    case = next(iter(cases.values()))
    np.ascontiguousarray(case.raw, np.float64).tofile(folder / "rows.bin")
    compiled(folder)
    output = subprocess.run([folder / "main"], cwd=folder, capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in output.splitlines()]
    return {name: _parsed([line for line in lines if line[0] == f"vq_m_{k}"]) for k, name in enumerate(cases)}


def compiled(folder: Path) -> None:
    """main.c as a program; without the sanitizers where the compiler has none."""
    assert COMPILER is not None
    for options in (STRICT, STRICT[:-1]):
        words = [COMPILER, *options, "main.c", "-o", "main", "-lm"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        if done.returncode == 0 or "asan" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr


def _printing(prefix: str, case: Case, shape: tuple[int, int]) -> str:
    """A function that prints a line a row: names and numbers in turn."""
    rule, upper = type(case.model.rule).__name__, prefix.upper()
    parts = ['printf("%s bad %d", "' + prefix + '", bad);']
    numbers = 'for (int k = 0; k < {0}; k++) printf(" %.17g", (double){1}[k]);'
    if rule == "Books":
        parts += ['printf(" codes");', numbers.format(f"{upper}_BOOKS", "r.codes")]
        parts += ['printf(" distance %.17g", r.distance);']
    else:
        parts += ['printf(" winner %d distances", r.winner);', numbers.format(f"{upper}_PROTOTYPES", "d")]
        parts += ['printf(" distance %.17g", r.distance);']
    if rule == "Mixture":
        parts += ['printf(" posteriors");', numbers.format(f"{upper}_PROTOTYPES", "s")]
    if case.model.classes:
        parts += ['printf(" label %d certainty %.17g", r.label, r.certainty);']
    if case.model.threshold is not None:
        parts += ['printf(" rejected %d", r.rejected);']
    n_all = "1" if rule == "Books" else f"{upper}_PROTOTYPES"
    call = {"Books": "", "Mixture": f"{prefix}_distances(row, d, s);"}.get(rule, f"{prefix}_distances(row, d);")
    lines = "\n        ".join(parts)
    return f"""
static void {prefix}_print(void)
{{
    FILE *file = fopen("rows.bin", "rb");
    double row[{shape[1]}], d[{n_all}] = {{0}}, s[{n_all}] = {{0}};
    (void)d, (void)s;
    while (file && fread(row, sizeof(double), {shape[1]}, file) == {shape[1]}) {{
        {prefix}_result r;
        int bad = {prefix}_predict(row, &r);
        if (bad)
            continue;
        {call}
        {lines}
        printf("\\n");
    }}
    if (file)
        fclose(file);
}}"""


def _parsed(lines: list[list[str]]) -> Found:
    found: dict[str, list[Any]] = {}
    for line in lines:
        at, values = "", {}
        for word in line[1:]:
            if word[0].isalpha() and word not in ("nan", "inf"):
                at = word
                values[at] = []
            else:
                values[at].append(float(word))
        for key, numbers in values.items():
            found.setdefault(key, []).append(numbers)
    arrays = {key: np.array(rows) for key, rows in found.items()}
    for key in ("bad", "winner", "codes", "label", "rejected"):
        if key in arrays:
            arrays[key] = arrays[key].astype(np.int64)
    for key in ("bad", "winner", "distance", "label", "certainty", "rejected"):
        if key in arrays:
            arrays[key] = arrays[key][:, 0]
    return arrays


# Python

CHILD = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top != "numpy" and top not in sys.stdlib_module_names:
            raise ImportError(f"{top} is not there")

sys.meta_path.insert(0, Refused())
import runpy
import numpy as np
raw = np.load("rows.npy")
for name in sys.argv[1:]:
    made = runpy.run_path(name, run_name="model")
    if "encode" in made:
        codes = made["encode"](raw)
        found = {"codes": codes, "distance": made["errors"](raw), "decoded": made["decode"](codes)}
    else:
        found = {"winner": made["winners"](raw), "distances": made["distances"](raw)}
        further = dict(label="predict", certainty="certainty", rejected="rejects", posteriors="posteriors")
        for key, function in further.items():
            if function in made and (key != "label" or "CLASSES" in made):
                found[key] = made[function](raw)
    np.savez(name + ".npz", **found)
assert not {"scipy", "sklearn", "engines", "workbench"} & set(sys.modules)
"""


def said_by_python(cases: dict[str, Case], folder: Path) -> dict[str, Found]:
    """All files in one child that has NumPy alone."""
    files = [f"m{k}.py" for k in range(len(cases))]
    for file, case in zip(files, cases.values(), strict=True):
        (folder / file).write_text(python_file(case.model), encoding="ascii")
    np.save(folder / "rows.npy", next(iter(cases.values())).raw)
    (folder / "child.py").write_text(CHILD)
    words = [sys.executable, "-W", "error", "child.py", *files]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env={})
    assert done.returncode == 0, done.stderr
    return {name: dict(np.load(folder / f"{file}.npz")) for name, file in zip(cases, files, strict=True)}


# ONNX


def said_by_onnx(case: Case, raw: np.ndarray) -> Found:
    network = portable_model(case.model, {"note": "of a test"})
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {"rows": raw.astype(case.recipe.dtype)})
    return dict(zip([output.name for output in session.get_outputs()], found, strict=True))


# The comparison


def compare(case: Case, found: Found) -> None:
    """Every number against the engine's own, in the precision of the rows.

    p products are summed in another order, and distances to the mean of all prototypes may be taken first: so they may
    differ by 64 p ε of the largest distance of the row. Prototypes whose distances differ by less than twice that
    are one: such rows are left out, and must be few.
    """
    X, engine, rule = case.seen, case.engine, type(case.model.rule).__name__
    tolerance = 64 * X.shape[1] * np.finfo(X.dtype).eps
    if rule == "Books":
        _compare_codes(case, found, tolerance)
        return
    measured = np.asarray(engine.transform(X), np.float64)
    squared = 2 * measured if type(engine).__name__ == "SphericalKMeans" else measured**2
    allowed = tolerance * np.maximum(squared.max(axis=1, keepdims=True), 1)
    assert np.all(np.abs(found["distances"] - squared) <= allowed)
    if rule == "Mixture":
        shares = engine.predict_proba(X)
        np.testing.assert_allclose(found["posteriors"], shares, atol=float(allowed.max()))
        sure = np.diff(np.sort(shares, axis=1)[:, -2:], axis=1)[:, 0] > 2 * allowed[:, 0]
    else:
        sure = np.diff(np.sort(squared, axis=1)[:, :2], axis=1)[:, 0] > 2 * allowed[:, 0]
    assert sure.mean() > 0.95
    winners = squared.argmin(axis=1) if hasattr(engine, "classes_") else engine.predict(X)
    np.testing.assert_array_equal(found["winner"][sure], winners[sure])
    if "distance" in found:
        np.testing.assert_array_equal(found["distance"], found["distances"][np.arange(len(X)), found["winner"]])
    if hasattr(engine, "classes_"):
        labels = found["label"] if found["label"].dtype.kind in "OU" else engine.classes_[found["label"]]
        np.testing.assert_array_equal(labels[sure], engine.predict(X)[sure])
        sureness = certainty(engine, X)
        np.testing.assert_allclose(found["certainty"], sureness, atol=1e4 * tolerance)
        clear = np.abs(sureness - THRESHOLD) > 1e4 * tolerance
        np.testing.assert_array_equal(found["rejected"][clear], rejected(sureness, [THRESHOLD])[clear])
        assert 0 < found["rejected"].sum() < len(X)


def _compare_codes(case: Case, found: Found, tolerance: float) -> None:
    X, engine = case.seen, case.engine
    codes = engine.encode(X)
    same = (found["codes"] == codes).all(axis=1)
    assert same.mean() > 0.95
    errors = np.square(np.asarray(X, np.float64) - engine.decode(codes)).sum(axis=1)
    size = np.square(X.astype(np.float64)).sum(axis=1)
    assert np.all(np.abs(found["distance"] - errors) <= tolerance * np.maximum(size, 1))
    if "decoded" in found:
        rows = case.recipe.inverse(engine.decode(codes))[same]
        np.testing.assert_allclose(found["decoded"][same], rows, rtol=1e-5, atol=1e-4 * np.ptp(rows))


@pytest.mark.in_turn("name")
@pytest.mark.parametrize(("recipe", "name"), PAIRS)
def test_c_says_what_the_engine_says(built: Any, recipe: str, name: str) -> None:
    compare(case_of(recipe, name), built("c", recipe)[name])


@pytest.mark.in_turn("name")
@pytest.mark.parametrize(("recipe", "name"), PAIRS)
def test_python_with_numpy_alone_says_what_the_engine_says(built: Any, recipe: str, name: str) -> None:
    compare(case_of(recipe, name), built("python", recipe)[name])


@pytest.mark.in_turn("name")
@pytest.mark.parametrize(("recipe", "name"), PAIRS)
def test_onnx_says_what_the_engine_says(recipe: str, name: str) -> None:
    case = case_of(recipe, name)
    if recipe == "kept" and name in ("GaussianMixture", "mixture, tied"):
        with pytest.raises(ReportError, match="ONNX, which has no operation for it"):
            portable_model(case.model, {})
        return
    compare(case, said_by_onnx(case, case.raw))


# Rows that no model takes


def test_rows_that_the_engine_refuses_are_refused_by_all(tmp_path: Path) -> None:
    case = case_of("as it is", "GLVQ")
    raw = case.raw[:4].copy()
    raw[1, 2], raw[3, 0] = np.nan, np.inf
    found = said_by_onnx(case, raw)
    assert found["winner"].tolist()[1::2] == [-1, -1]
    assert (found["label"][1], found["rejected"].dtype) == ("", bool)
    assert np.isnan(found["distances"][1::2]).all()
    assert np.isnan(found["certainty"][1::2]).all()
    np.testing.assert_array_equal(found["label"][::2], case.engine.predict(raw[::2]))
    made: dict[str, Any] = {"__name__": "model"}
    exec(python_file(case.model), made)
    with pytest.raises(ValueError, match="Row 2 has a value that the model cannot take"):
        made["predict"](raw)
    with pytest.raises(ValueError, match="Rows of 6 columns are needed"):
        made["predict"](raw[:, :5])
    if COMPILER is not None:
        said = said_by_c({"GLVQ": replace(case, raw=raw)}, tmp_path)["GLVQ"]
        assert len(said["winner"]) == 2  # of the two others it prints nothing


def test_what_cannot_be_written_down_says_why() -> None:
    rows = np.random.default_rng(0).normal(size=(30, 3))
    recipe = fit_recipe(Recipe(), ArrayRows(rows), tuple("abc"))
    model = engines.MedianLVQ(metric="cityblock", max_iter=1).fit(rows, np.arange(30) % 2)
    with pytest.raises(ReportError, match="by the dissimilarity 'cityblock' cannot be written as code"):
        portable_engine(model, recipe, about={"for": "a test"})
    without = {info.name for info in engines.catalog() if not {"c", "python", "onnx"} <= set(info.exports)}
    assert without == set(REASONS)


# Matrices


def test_logarithms_of_matrices_in_c_and_python_are_those_of_the_engine(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    signals = rng.normal(size=(60, 4, 30))
    y = np.arange(60) % 2
    signals[y == 1, 0] += 2 * signals[y == 1, 1]
    raw = covariances(signals).reshape(60, -1)
    recipe = fit_recipe(Recipe(), ArrayRows(raw), tuple("abcdefghijklmnop"))
    engine = engines.LogEuclideanGLVQ(regularization=0.1, max_iter=3, random_state=0).fit(raw[:30], y[:30])
    model = portable_engine(engine, recipe, about={"for": "a test"})
    case = Case(engine, recipe, model, raw[30:])
    with pytest.raises(ReportError, match="ONNX has no operation for the logarithm"):
        portable_model(model, {})
    ways: dict[str, Any] = {"python": said_by_python} | ({} if COMPILER is None else {"c": said_by_c})
    for way, said in ways.items():
        (tmp_path / way).mkdir()
        found = said({"matrices": case}, tmp_path / way)["matrices"]
        distances = engine.transform(case.seen) ** 2
        np.testing.assert_allclose(found["distances"], distances, rtol=1e-10, atol=1e-10)
        np.testing.assert_array_equal(found["winner"], distances.argmin(axis=1))
    broken = raw[30:33].copy()
    broken[0, 1] += 1
    broken[1] = -broken[1]
    made: dict[str, Any] = {"__name__": "model"}
    exec(python_file(model), made)
    with pytest.raises(ValueError, match="Row 1"):
        made["winners"](broken)
    if COMPILER is not None:
        (tmp_path / "broken").mkdir()
        assert len(said_by_c({"matrices": replace(case, raw=broken)}, tmp_path / "broken")["matrices"]["winner"]) == 1


# Texts

HOSTILE = ('"', "\\", "*/ int x;", "??/", "line\nbreak", "\0", "é日\U0001f600", "%s", '/* // """', "1??)", "x" * 5000)


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    case = case_of("as it is", "GLVQ")
    recipe = replace(case.recipe, names=HOSTILE[:6])
    about = {"a": HOSTILE[2], 'b"""': "'''" + HOSTILE[3], "c\n": HOSTILE[4] + "{{ x }}"}
    model = replace(case.model, recipe=recipe, classes=HOSTILE[6:9], about=about)
    made: dict[str, Any] = {"__name__": "model"}
    exec(python_file(model), made)
    assert tuple(made["COLUMNS"]) == HOSTILE[:6]
    assert tuple(made["CLASSES"]) == HOSTILE[6:9]
    assert made["ABOUT"] == about
    assert set(made["predict"](case.raw).tolist()) <= set(HOSTILE[6:9])
    header = c_header(model, 'a" */ ??/ run')
    assert header.count("*/") == header.count("/*")
    assert set(header) <= {chr(code) for code in range(32, 127)} | {"\n"}
    if COMPILER is None:
        pytest.skip("there is no C compiler")
    lines = [f"fwrite({c_text(text)}, 1, sizeof {c_text(text)} - 1, stdout); putchar(1);" for text in HOSTILE]
    lines.append("for (int k = 0; k < VQ_A_RUN_CLASSES; k++) { fputs(vq_a_run_classes[k], stdout); putchar(1); }")
    (tmp_path / "m.h").write_text(header)
    main = ['#include "m.h"', "#include <stdio.h>", "int main(void)", "{", *lines, "return 0;", "}", ""]
    (tmp_path / "main.c").write_text("\n".join(main))
    compiled(tmp_path)
    printed = subprocess.run([tmp_path / "main"], capture_output=True, check=True).stdout.split(b"\1")
    assert printed[:-1] == [text.encode()[:1000] for text in (*HOSTILE, *HOSTILE[6:9])]
    assert c_text("\ud800") == '"\\077"'  # half a character, which UTF-8 has no bytes for


# The exports themselves


@pytest.mark.parametrize("run", ["flowers", "clusters", "pictures", "readers"])
def test_exports_of_a_run_take_raw_rows(shelf: Shelf, tmp_path: Path, run: str) -> None:
    done = getattr(shelf, run)
    raw = done.dataset.raw.read(0, 100)
    expected = done.model().predict(done.dataset.recipe.transform(raw))
    (path,) = export("python", shelf.session, done, tmp_path / "model.py")
    made: dict[str, Any] = {"__name__": "model"}
    exec(path.read_text(), made)
    np.testing.assert_array_equal(made["predict"](raw), expected)
    (path,) = export("onnx", shelf.session, done, tmp_path / "folder")
    assert path == tmp_path / "folder" / "model.onnx"
    (path,) = export("onnx", shelf.session, done, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = "label" if run in ("flowers", "readers") else "winner"
    (found,) = session.run([name], {"rows": raw.astype(done.dataset.recipe.dtype)})
    np.testing.assert_array_equal(found, expected)
    (path,) = export("c", shelf.session, done, tmp_path / "model.h")
    prefix = {"flowers": "vq_script_run_script"}.get(run, f"vq_{run}")
    assert f"static inline int {prefix}_predict(const double *row, {prefix}_result *result)" in path.read_text()


def test_the_python_file_is_a_program_too(shelf: Shelf, tmp_path: Path) -> None:
    export("python", shelf.session, shelf.flowers, tmp_path / "model.py")
    raw = shelf.flowers.dataset.raw.read(0, 20)
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", *reversed(HOSTILE_NAMES)])
        writer.writerows([k, *row[::-1]] for k, row in enumerate(raw.tolist()))
    words = [sys.executable, "-W", "error", "model.py", "rows.csv"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = list(csv.DictReader(done.stdout.splitlines()))
    model, rows = shelf.flowers.model(), shelf.flowers.dataset.recipe.transform(raw)
    assert [line["class"] for line in lines] == model.predict(rows).tolist()
    assert {line["class"] for line in lines} <= set(HOSTILE_CLASSES)
    np.testing.assert_allclose([float(line["certainty"]) for line in lines], certainty(model, rows), rtol=1e-9)
    with (tmp_path / "bare.csv").open("w", newline="") as file:
        csv.writer(file).writerows(raw.tolist())
    words[-1] = "bare.csv"
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == done.stdout


@pytest.mark.parametrize(("kind", "form"), [("c", "h"), ("python", "py"), ("onnx", "onnx")])
def test_a_model_that_says_something_else_is_not_saved(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, form: str
) -> None:
    def wrong(run: Any) -> Portable:
        model = portable_engine(run.model, run.data.recipe, about={"for": "a test"})
        return replace(model, rule=replace(model.rule, prototypes=model.rule.prototypes * (1 + 1e-9)))

    monkeypatch.setattr(portable_code, "portable", wrong)
    monkeypatch.setattr(onnx_files, "portable", wrong)
    with pytest.raises(ReportError, match=r"gives other distances as .* than in the workbench, so nothing was saved"):
        export(kind, shelf.session, shelf.flowers, tmp_path / f"model.{form}")
    assert list(tmp_path.iterdir()) == []
