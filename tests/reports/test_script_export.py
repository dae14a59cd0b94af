"""A project as a script or a notebook: run in an empty folder, it learns the same codebooks, bit for bit."""

from __future__ import annotations

import ast
import builtins
import gzip
import io
import json
import keyword
import os
import struct
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris

import engines
from engines import surgery
from workbench.cli import main
from workbench.data import Column, Encoding, Plan, Recipe, Split, guess, importer
from workbench.data.columns import pixel_columns
from workbench.reports import ReportError, export, write_script
from workbench.reports.columns_source import columns_source
from workbench.reports.retelling import story
from workbench.reports.script import notebook, script
from workbench.reports.source import WIDTH, comment, identifier, plain, source, source_line
from workbench.samples import sample
from workbench.session import Entry, RowMask, Run, Session, SessionError, measure_counts, read_dataset

ROOT = Path(__file__).parents[2]


def carried_out(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a script says when it runs in the empty `folder`."""
    folder.mkdir()
    (folder / "script.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "script.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False
    )


def code_of(text: str) -> str:
    """The code cells of a notebook as one script."""
    return "\n\n".join(cell["source"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")


def differing(one: Any, other: Any) -> list[str]:
    """The fitted arrays in which two engines are not the same, in type or in any bit."""
    assert type(one) is type(other)
    pairs = {name: (np.asarray(getattr(one, name)), np.asarray(getattr(other, name))) for name in type(one).FITTED}
    return [name for name, (a, b) in pairs.items() if a.dtype != b.dtype or not np.array_equal(a, b)]


def same_codebook(made: Path, session: Session, run: Run, folder: Path) -> bool:
    """Whether a codebook that a script saved holds the arrays of the one that the project exports."""
    (exported,) = export("codebook", session, run, folder / f"{made.stem}-exported.npz")
    with np.load(made) as mine, np.load(exported) as theirs:
        return all(mine[name].dtype == theirs[name].dtype and np.array_equal(mine[name], theirs[name]) for name in mine)


HOSTILE = st.text(min_size=1, max_size=30) | st.sampled_from(
    [
        '"""',
        "'''\nimport os\n",
        '"); import os; print("',
        "a\\",
        '\\"""',
        "# %%\nraise SystemExit",
        "\r\n\x0c\x0bexit()",
        "\u2028exit()\u2029\x85\x1c",
        "<script>alert(1)</script> **b** [x](y) `c`",
        "{x}{{y}}",
        "\u202egnol",
        "\ud800",
        "print",
        "np",
        "X",
        "日本語",
        "f\x00g",
    ]
)
"""Names that would like to be more than names."""


def done(
    kind: Any, target: str, details: Any, attribute: Any = "hidden", before: Any = True, after: Any = False
) -> Entry:
    """An entry of the log, as it would be read from a file."""
    return Entry.from_json(
        {
            "action": "do",
            "time": "2030-01-01T00:00:00+00:00",
            "command": {
                "kind": kind,
                "text": f"{kind} of it",
                "target": target,
                "attribute": attribute,
                "before": before,
                "after": after,
                "details": details,
            },
        }
    )


def stand_in(run: Run, status: str, latest: Any) -> Any:
    """What a script asks of a run that was never made."""
    return SimpleNamespace(engine=run.engine, facts=run.facts, error="", status=status, latest=latest, threshold=None)


def as_session(**contents: Any) -> Any:
    """Something that a script is told of as of a session."""
    return SimpleNamespace(
        **contents,
        known_dataset=contents["datasets"].__getitem__,
        known_run=contents["runs"].get,
        sweeps={},
        searches={},
    )


def told_with(project: Session, names: list[str], columns: list[str]) -> Any:
    """A session with a dataset and two runs of these names, one with a note, one failed."""
    file, data, run = "datasets/d_1", project.dataset("flowers"), project.run("four groups")
    plan = Plan(tuple(data.plan["paths"]), "delimited", columns=tuple(map(Column, columns)), name=names[0])
    log = [
        done("import", file, {"name": names[1], "plan": plan.to_json()}),
        done("run", "runs/r_1", {"name": names[2], "dataset": file, "engine": "KMeans", "parameters": {}}),
        done("run", "runs/r_2", {"name": names[3], "dataset": file, "engine": "KMeans", "parameters": {}}),
        done("note", "runs/r_1", {}, "note", "", names[4]),
    ]
    failed = stand_in(run, "failed", None)
    failed.error = names[5]
    runs = {"runs/r_1": stand_in(run, "finished", run.latest), "runs/r_2": failed}
    return as_session(log=log, datasets={file: data}, runs=runs, path=SimpleNamespace(stem=names[5]))


def calls_of(tree: ast.AST, function: str) -> list[Any]:
    """The calls of a function by its name."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == function]


def plans_in(text: str) -> list[Plan]:
    """The plans that a script makes."""
    known = {"Plan": Plan, "Column": Column, "Encoding": Encoding, "Recipe": Recipe, "Split": Split}
    return [eval(ast.unparse(call), known) for call in calls_of(ast.parse(text), "Plan")]


# Data

SPECIES = ("setosa", '"versi, color"', "'v'")


def flowers(folder: Path) -> Path:
    """Iris as CSV with identifiers, a unit, some gaps and some labels missing."""
    X, y = load_iris(return_X_y=True)
    lines = ["plant,sepal length [cm],sepal width,petal length,petal width,colour,species"]
    for k, (row, label) in enumerate(zip(X, y, strict=True)):
        cells = ["" if (k + j) % 23 == 0 else f"{value:g}" for j, value in enumerate(row)]
        lines.append(",".join([f"p{k}", *cells, "blue", "" if k % 29 == 0 else SPECIES[label]]))
    path = folder / "flowers.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def pictures(folder: Path) -> Path:
    """60 pictures of 6 × 5 as IDX, packed, with a file of labels beside them."""
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, (60, 6, 5), dtype=np.uint8)
    labels = np.arange(60, dtype=np.uint8) % 2
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(struct.pack(">HBB3I", 0, 8, 3, *images.shape) + images.tobytes()))
    companion = struct.pack(">HBBI", 0, 8, 1, 60) + labels.tobytes()
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(companion))
    return path


def with_recipe(plan: Plan, **changes: Any) -> Plan:
    return replace(plan, recipe=replace(plan.recipe, **changes))


def small(folder: Path) -> Session:
    """A new, open project with one run, on a table that lacks values and labels."""
    session = Session.create(folder / "small.vqw")
    plan = guess(flowers(folder)).with_roles({"species": "label", "plant": "id"})
    plan = with_recipe(plan, missing="mean", scaling="standard", split=Split(0.6, 0.2, 0.2, seed=3))
    settings = {"random_state": 1, "max_iter": 6, "solver": "adam", "prototypes_per_class": [1, 2, 1]}
    finished(session.add_run(session.import_data(plan).result(60), "GMLVQ", settings, name="two"))
    return session


def finished(*runs: Run) -> None:
    assert [run.wait(120) for run in runs] == ["finished"] * len(runs), [run.error for run in runs]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Three datasets, six runs, one of them stopped; one thing deleted, one undone, one renamed, one with a note."""
    folder = tmp_path_factory.mktemp("told")
    with Session.create(folder / "told.vqw") as session:
        plan = guess(flowers(folder)).with_roles({"species": "label", "plant": "id"})
        plan = with_recipe(plan, missing="mean", scaling="standard", split=Split(0.6, 0.2, 0.2, seed=3))
        table = session.import_data(plan).result(60)
        shown = session.import_data(with_recipe(guess(pictures(folder)), scaling="minmax")).result(60)
        digits = sample("digits")
        (folder / "gone").mkdir()
        file = digits.write(folder / "gone")
        bundled = session.import_data(with_recipe(guess(file), whitening="zca", whitening_floor=0.1)).result(60)
        file.unlink()
        quick = {"random_state": 1, "max_iter": 7}
        settled = quick | {"solver": "adam", "prototypes_per_class": [1, 2, 1]}
        runs = [
            session.add_run(table, "KMeans", {"n_clusters": 4, "random_state": 3}, name="groups"),
            session.add_run(table, "GMLVQ", settled, name="metric"),
            session.add_run(table, "GaussianMixture", quick | {"n_components": 3}, name="clouds"),
            session.add_run(shown, "DeepVQ", quick | {"n_bits": 3, "hidden": [8]}, name="bits"),
            session.add_run(bundled, "SOM", quick | {"shape": [4, 3]}, name="map"),
            session.add_run(table, "KMeans", {"n_clusters": 2}, name="deleted"),
        ]
        finished(*runs)
        stopped = session.add_run(table, "GLVQ", {"random_state": 0, "solver": "sgd"}, name="stopped", paused=True)
        for _ in range(4):
            stopped.step()
        while stopped.sequence < 4:
            stopped.wait(0.01)
        stopped.stop()
        assert stopped.wait(60) == "stopped"
        session.delete(runs[5])
        session.rename(runs[0], "four groups")
        session.note(runs[1], "petals\nmatter most")
        session.add_run(table, "LBG", {"n_clusters": 2}, name="undone").wait(60)
        session.undo()
        assert session.add_sweep(table, "KMeans", (2, 3), {"random_state": 4}, name="how many?").wait(60) == "finished"
        session.name_subset("odd ones", table, RowMask.of_rows([1, 3], table.n_rows))
        yield session


@pytest.fixture(scope="module")
def made(project: Session, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the script of the whole project has run."""
    folder = tmp_path_factory.mktemp("made") / "empty"
    done = carried_out(script(project), folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "changed since" not in done.stdout
    return folder


NAMES = {
    "four groups": "four_groups",
    "metric": "metric",
    "clouds": "clouds",
    "bits": "bits",
    "map": "map_2",
    "stopped": "stopped",
}
"""The runs that are left, and how a script calls them."""


# The same bits


@pytest.mark.parametrize("name", NAMES)
def test_the_script_learns_what_each_run_has_learned_bit_for_bit(
    project: Session, made: Path, tmp_path: Path, name: str
) -> None:
    run = project.run(name)
    assert differing(engines.load(made / f"{NAMES[name]}.safetensors"), run.model()) == []
    assert same_codebook(made / f"{NAMES[name]}.npz", project, run, tmp_path)


def test_the_code_of_the_notebook_is_that_of_the_script(project: Session) -> None:
    told = ast.parse(script(project))
    assert ast.get_docstring(told) is not None
    assert ast.unparse(ast.Module(told.body[1:], [])) == ast.unparse(ast.parse(code_of(notebook(project))))


def test_the_notebook_of_a_run_learns_the_same_bits(project: Session, tmp_path: Path) -> None:
    run = project.run("clouds")
    done = carried_out(code_of(notebook(project, run)), tmp_path / "empty")
    assert (done.returncode, done.stderr) == (0, "")
    assert differing(engines.load(tmp_path / "empty" / "clouds.safetensors"), run.model()) == []


def test_the_sweep_of_the_script_measures_the_same_table(project: Session, made: Path) -> None:
    table = project.sweep("how many?").table
    with np.load(made / "how_many.npz") as mine:
        assert mine["n_clusters"].tolist() == [2, 3]
        for name in table.keys() - {"seconds"}:
            np.testing.assert_array_equal(mine[name], table[name])


# What is told


def test_what_was_deleted_or_undone_is_left_out_and_names_and_notes_are_the_last_ones(project: Session) -> None:
    text = script(project)
    assert "deleted" not in text
    assert "undone" not in text
    assert "LBG" not in text
    assert "Run: groups" not in text
    assert "Run: four groups" in text
    assert "# Note: petals matter most" in text
    assert '"odd ones" (2 rows)' in text
    assert "if snapshot.iteration == 3:" in text


def test_a_run_is_told_with_its_own_data_alone(project: Session) -> None:
    text = script(project, project.run("map"))
    assert "engines.SOM(shape=(4, 3), max_iter=7, random_state=1)" in text
    assert text.count("Plan(") == 1
    assert 'sample("digits")' in text
    assert text.count("engines.") == 2  # made, and saved


def test_a_plan_in_the_script_is_the_plan_of_the_import(project: Session) -> None:
    for dataset in project.datasets.values():
        if dataset.name != "digits":
            run = next(run for run in project.runs.values() if run.dataset is dataset)
            (plan,) = plans_in(script(project, run))
            stored = Plan.from_json(dataset.plan)
            complete = {p.name: p.default for p in importer(plan.importer).parameters} | dict(plan.options)
            assert replace(plan, options=complete) == replace(stored, options=complete | dict(stored.options))
            assert complete.items() >= dict(stored.options).items()


def test_encoded_columns_are_encoded_alike_by_the_script(tmp_path: Path) -> None:
    rows = "".join(f"2024-0{1 + k % 9}-15,{('red', 'blue', 'green')[k % 3]},{k % 24},{k * k % 7}\n" for k in range(60))
    (tmp_path / "parcels.csv").write_text("sent,colour,hour,weight\n" + rows)
    wished = {"sent": "date:days+year", "colour": "one-hot", "hour": "cyclic:24"}
    plan = guess(tmp_path / "parcels.csv").with_encodings({k: Encoding.parse(how) for k, how in wished.items()})
    with Session.create(tmp_path / "p.vqw") as session:
        data = session.import_data(with_recipe(plan, scaling="standard", split=Split(0.5, 0.0, 0.5))).result(60)
        assert data.n_features == 9
        run = session.add_run(data, "KMeans", {"n_clusters": 3, "random_state": 0}, name="groups")
        finished(run)
        text = script(session, run)
        done = carried_out(text, tmp_path / "empty")
        assert (done.returncode, done.stderr) == (0, "")
        told, stored = plans_in(text)[0], Plan.from_json(data.plan)
        assert (told.columns, told.encodings) == (stored.columns, stored.encodings)
        assert same_codebook(tmp_path / "empty" / "groups.npz", session, run, tmp_path)


def test_the_notebook_is_of_the_form_that_jupyter_reads(project: Session) -> None:
    whole = json.loads(notebook(project))
    assert (whole["nbformat"], whole["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in whole["cells"]]
    assert len(set(ids)) == len(ids)
    assert {cell["cell_type"] for cell in whole["cells"]} == {"markdown", "code"}
    for cell in whole["cells"]:
        assert cell["source"].strip()
        assert {"cell_type", "id", "metadata", "source"} <= cell.keys()
        assert ({"execution_count", "outputs"} <= cell.keys()) == (cell["cell_type"] == "code")


def test_the_script_is_laid_out_as_a_formatter_would(project: Session, tmp_path: Path) -> None:
    write_script(project, tmp_path / "told.py")
    for check in (["format", "--check"], ["check", "--select", "E,F,I,W,UP,B,SIM"]):
        command = [sys.executable, "-m", "ruff", *check, "--isolated", "--line-length", str(WIDTH), "told.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


# Files that are not as they were


def test_a_missing_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    with small(tmp_path) as session:
        text = script(session)
        (tmp_path / "flowers.csv").unlink()
        done = carried_out(text, tmp_path / "empty")
        assert done.returncode == 1
        assert done.stderr == f"There is no file {tmp_path / 'flowers.csv'}: check the name.\n"
        assert os.listdir(tmp_path / "empty") == ["script.py"]


def test_a_changed_file_is_told_in_one_sentence_and_read_as_it_is(tmp_path: Path) -> None:
    with small(tmp_path) as session:
        path = tmp_path / "flowers.csv"
        path.write_text(path.read_text().replace("5.1", "5.2"))
        done = carried_out(script(session), tmp_path / "empty")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("flowers.csv was changed since the import, so codebooks will differ.\n")


def test_there_is_nothing_to_tell_of_an_empty_project_or_of_a_run_that_learned_nothing(tmp_path: Path) -> None:
    with Session.create(tmp_path / "p.vqw") as session:
        with pytest.raises(ReportError, match="nothing to tell yet"):
            script(session)
        idle: Any = SimpleNamespace(name="idle", status="queued", latest=None)
        with pytest.raises(ReportError, match="Run 'idle' has learned nothing yet"):
            script(session, idle)
        with pytest.raises(ReportError, match=r"written as .py, a notebook as .ipynb, but not as '.txt'"):
            write_script(session, tmp_path / "told.txt")


def test_the_command_line_writes_the_script_of_a_run_or_of_the_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small(tmp_path).close()
    project = str(tmp_path / "small.vqw")
    assert main(["export", "script", project, "-o", str(tmp_path / "all.py")]) == 0
    assert main(["export", "script", project, "--run", "two", "-o", str(tmp_path / "two.ipynb")]) == 0
    ast.parse((tmp_path / "all.py").read_text(encoding="utf-8"))
    ast.parse(code_of((tmp_path / "two.ipynb").read_text(encoding="utf-8")))
    capsys.readouterr()
    assert main(["export", "script", project, "--run", "three", "-o", str(tmp_path / "no.py")]) == 1
    assert "There is no run called 'three'" in capsys.readouterr().err


# Branches and surgery


def test_a_branch_and_operations_on_prototypes_are_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small(tmp_path) as project:
        parent, data = project.run("two"), project.dataset("flowers")
        asked = {"run": parent.id, "iteration": 3, "engine": "GMLVQ"}
        fork, merged = "runs/r_900001", "runs/r_900002"
        offset = [0.125, 0.0, 0.0, 0.25]
        parting = {"run": fork, "operation": "split", "arguments": {"which": 0, "offset": offset}}
        pruning = {"run": fork, "operation": "prune", "arguments": {}}
        merging = {"run": merged, "operation": "merge", "arguments": {"which": [1, 2]}}
        log = [
            *project.log,
            done("branch", fork, {**asked, "name": "fork", "parameters": parent.parameters | {"max_iter": 4}}),
            done("edit", fork, {**parting, "edition": 1, "branch": None}, "edition", 0, 1),
            done("edit", fork, {**pruning, "edition": 2, "branch": None}, "edition", 1, 2),
            done("edit", merged, {**merging, "edition": 1, "branch": {**asked, "name": "merged", "parameters": {}}}),
        ]
        runs = {
            parent.id: parent,
            fork: stand_in(parent, "finished", parent.latest),
            merged: stand_in(parent, "stopped", None),
        }
        session: Any = as_session(log=log, datasets=project.datasets, runs=runs, path=project.path)
        monkeypatch.chdir(tmp_path)
        exec(compile(script(session), "told", "exec"), {})

        X, y = data.training_rows("train", labelled=True), data.labels("train", labelled=True)
        validation = data.training_rows("validation", labelled=True), data.labels("validation", labelled=True)
        earlier = engines.GMLVQ(**parent.arguments)
        for snapshot in earlier.train(X, y, validation=validation):
            if snapshot.iteration == 3:
                break
        model = surgery.going_on(earlier).set_params(max_iter=4)
        model = surgery.prune(surgery.split(model, 0, offset), X, y)
        model.train(X, y, validation=validation).run()
        assert differing(engines.load(tmp_path / "fork.safetensors"), model) == []
        together = surgery.merge(surgery.going_on(earlier), [1, 2])
        assert differing(engines.load(tmp_path / "merged.safetensors"), together) == []


def test_an_edited_map_is_learned_and_goes_on_as_kmeans_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small(tmp_path) as project:
        som = project.add_run("flowers", "SOM", {"shape": [3, 3], "max_iter": 4, "random_state": 2}, name="map")
        som.wait(60)
        branch = project.edit(som, "merge", which=[1, 4])
        branch.resume()
        branch.wait(60)
        project.rename(branch, "free")
        monkeypatch.chdir(tmp_path)
        exec(compile(script(project, branch), "told", "exec"), {})
        assert differing(engines.load(tmp_path / "free.safetensors"), branch.model()) == []


@pytest.mark.slow
def test_every_run_is_learned_again_from_the_corrections_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = {"random_state": 0, "max_iter": 6}
    with small(tmp_path) as session:
        data = session.dataset("flowers")
        session.relabel(data, [3, 5, 120], "versi, color")
        session.drop(data, [11])
        session.undo()
        session.drop(data, range(0, 150, 4))
        made = [session.add_run(data, "GLVQ", quick, name="first")]
        session.keep(data, range(150))
        session.relabel(data, [7, 9], None)
        session.drop(data, [2, 140])
        session.drop(data, [8])
        session.keep(data, [2])
        made += [
            session.add_run(data, "GLVQ", quick, name="second"),
            session.add_run(data, "KMeans", {"n_clusters": 3, "random_state": 2}, name="third"),
        ]
        finished(*made)
        sweep = session.add_sweep(data, "KMeans", (2, 3), {"random_state": 4}, name="how many?")
        assert sweep.wait(60) == "finished"
        session.drop(data, [30])
        branch = session.branch(made[0], 3, name="fork")
        branch.resume()
        finished(branch)
        session.set_threshold(made[1], 0.25)
        found = session.add_search(data, "GLVQ", {"max_iter": [2, 4]}, folds=3, name="which?")
        assert found.wait(60) == "finished"
        assert branch.facts.correction == made[0].facts.correction == 3
        text = script(session)
        plainly = " ".join(text.replace("#", " ").split())
        assert "By now 5 rows are relabelled and 3 dropped; no run here depends on that." in plainly
        assert "is below 0.25 are to be rejected: that threshold was chosen on the validation part." in plainly
        assert f"The best is trial {found.ranking.best}, max_iter" in plainly
        assert "Careful" not in text
        assert "Not told" not in text
        monkeypatch.chdir(tmp_path)
        done = carried_out(text, tmp_path / "made")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        for run, name in zip((*made, branch), ("first", "second", "third", "fork"), strict=True):
            assert differing(engines.load(tmp_path / "made" / f"{name}.safetensors"), run.model()) == [], name
            assert same_codebook(tmp_path / "made" / f"{name}.npz", session, run, tmp_path)
        with np.load(tmp_path / "made" / "how_many.npz") as table:
            for column, values in sweep.table.items():
                if column != "seconds":
                    np.testing.assert_array_equal(table[column], values)
        for run in (made[1], branch):
            done = carried_out(script(session, run), tmp_path / f"{run.name} alone")
            assert (done.returncode, done.stderr) == (0, ""), done.stderr
            again = engines.load(tmp_path / f"{run.name} alone" / f"{run.name}.safetensors")
            assert differing(again, run.model()) == []


def test_a_branch_of_an_engine_that_starts_nowhere_else_is_its_training_again(project: Session) -> None:
    parent = project.run("clouds")
    asked = {
        "name": "on",
        "run": parent.id,
        "iteration": 3,
        "engine": "GaussianMixture",
        "parameters": parent.parameters,
    }
    run = stand_in(parent, "finished", parent.latest)
    run.id, run.name = "runs/r_900001", "on"
    log = [*project.log, done("branch", run.id, asked)]
    session: Any = as_session(
        log=log,
        datasets=project.datasets,
        runs={run.id: run},
        path=project.path,
    )
    again = script(session, run)
    assert "surgery" not in again
    made = "engines.GaussianMixture(n_components=3, max_iter=7, random_state=1)"
    assert f"clouds = {made}" in script(project, parent)
    assert f"on = {made}" in again
    assert 'goes on with "clouds" after iteration 3' in again


def test_what_a_kept_run_depends_on_is_told_though_it_was_deleted() -> None:
    asked = {"name": "fork", "run": "runs/r_1", "iteration": 2, "engine": "KMeans", "parameters": {}}
    log = [
        done("import", "datasets/d_1", {"name": "data", "plan": {}}),
        done("run", "runs/r_1", {"name": "parent", "dataset": "datasets/d_1", "engine": "KMeans", "parameters": {}}),
        done("branch", "runs/r_2", asked),
        done("delete", "runs/r_1", {}, "hidden", False, True),
    ]
    told = story(log)
    assert [thing.id for thing in told.things] == ["datasets/d_1", "runs/r_2"]
    assert told.known["runs/r_1"].name == "parent"


def test_commands_of_other_kinds_are_told_in_words() -> None:
    log = [
        done("import", "datasets/d_1", {"name": "data", "plan": {}}),
        done("polish", "datasets/d_1", {"rows": [3]}, "gloss", 0, 1),
        done("painting", "paintings/p_1", {"name": "painting"}),
    ]
    told = story(log)
    assert told.things[0].untold == ["polish of it"]
    assert told.untold == ("painting of it",)


# Names cannot break out


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(HOSTILE, min_size=6, max_size=6), columns=st.lists(HOSTILE, min_size=3, max_size=3, unique=True))
def test_no_name_changes_what_a_script_does(project: Session, names: list[str], columns: list[str]) -> None:
    hostile, tame = told_with(project, names, columns), told_with(project, list("abcdef"), ["p", "q", "r"])
    for form in (script, lambda session: code_of(notebook(session))):
        text = form(hostile)
        tree = ast.parse(text)
        assert [type(node) for node in ast.walk(tree)] == [type(node) for node in ast.walk(ast.parse(form(tame)))]
        (plan,) = plans_in(text)
        assert [column.name for column in plan.columns] == columns
        assert plan.name == names[0]
        printed = [node.args[0].value for node in calls_of(tree, "print")]
        assert f"{names[2]}: cost" in printed
    json.loads(notebook(hostile))


@settings(max_examples=50, deadline=None)
@given(HOSTILE | st.text())
def test_a_comment_is_nothing_but_a_comment(text: str) -> None:
    tokens = list(tokenize.generate_tokens(io.StringIO(comment(text) + "\nx = 1\n").readline))
    kinds = [token.type for token in tokens]
    first = next(k for k, kind in enumerate(kinds) if kind not in (tokenize.COMMENT, tokenize.NL))
    assert tokens[first].string == "x"
    assert " ".join(comment(text).replace("#", " ").split()) == " ".join(plain(text).replace("#", " ").split())


@settings(max_examples=50, deadline=None)
@given(HOSTILE | st.text(), st.sets(st.sampled_from(["run", "run_2", "print", "a"])))
def test_a_variable_is_a_free_name_that_means_nothing_else(text: str, taken: set[str]) -> None:
    name = identifier(text, "run", taken)
    assert name.isidentifier()
    assert name.isascii()
    assert name not in {*taken, *keyword.kwlist, *dir(builtins)}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_the_source_of_a_value_means_the_value(value: Any) -> None:
    text = source(value)
    assert ast.literal_eval(text) == value
    assert repr(ast.literal_eval(text)) == repr(value)
    assert "\n" not in source_line(value)


@pytest.mark.parametrize(
    "columns",
    [
        pixel_columns((8, 8)),
        pixel_columns((3, 9, 3)),
        tuple(Column(f"column {k + 1}") for k in range(50)),
        tuple(Column(f"x{k % 7}", unit="cm") for k in range(7)),
        tuple(Column(f"gene {k * k}") for k in range(40)),
        (*pixel_columns((6, 4)), Column("label", "label", "text"), Column("file", "id", "text")),
        tuple(Column(f"pixel {k},0", type="pixel") for k in range(30, 60)),
        tuple(Column(f"0{k}") for k in range(30)),
    ],
    ids=["grey", "colours", "numbered", "few", "any", "with label", "not from 0", "not a number"],
)
def test_columns_in_short_are_the_same_columns(columns: tuple[Column, ...]) -> None:
    text = source(columns_source(columns))
    assert eval(text, {"Column": Column}) == columns


@pytest.mark.parametrize("columns", [pixel_columns((28, 28)), pixel_columns((9, 9, 3))], ids=["grey", "colours"])
def test_many_pixels_are_one_line(columns: tuple[Column, ...]) -> None:
    assert source(columns_source(columns)).count("\n") <= 2


# Datasets and sweeps without a project


def test_a_dataset_without_a_project_has_the_rows_and_labels_of_the_one_in_it(project: Session) -> None:
    stored = project.dataset("flowers")
    data = read_dataset(Plan.from_json(stored.plan))
    assert (data.classes, data.kind, data.columns) == (stored.classes, stored.kind, stored.columns)
    assert data.source["files"] == stored.source["files"]
    for part in ("train", "validation", "test", "all"):
        for labelled in (False, True):
            mine, theirs = (d.rows(part, labelled=labelled) for d in (data, stored))
            np.testing.assert_array_equal(mine.read(0, mine.shape[0]), theirs.read(0, theirs.shape[0]))
            mine, theirs = (d.labels(part, labelled=labelled) for d in (data, stored))
            assert mine.dtype == theirs.dtype
            assert mine.tolist() == theirs.tolist()


def test_counts_that_cannot_be_measured_are_refused_as_by_a_project(project: Session) -> None:
    data = read_dataset(Plan.from_json(project.dataset("flowers").plan))
    with pytest.raises(SessionError, match="compares 2 to"):
        measure_counts(data, "KMeans", [3])
    with pytest.raises(SessionError, match="has no single number"):
        measure_counts(data, "GMLVQ", [2, 3])
