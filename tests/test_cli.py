"""The command line as its users meet it: the main job, JSON for machines, and one line for every mistake."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

import engines
from workbench.cli import main
from workbench.session import Session


@pytest.fixture(scope="module")
def iris_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    iris = load_iris()
    lines = ["sepal length,sepal width,petal length,petal width,species"]
    lines += [
        f"{','.join(map(str, row))},{iris.target_names[k]}" for row, k in zip(iris.data, iris.target, strict=True)
    ]
    path = tmp_path_factory.mktemp("iris") / "iris.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def imported(iris_csv: Path) -> Path:
    path = iris_csv.with_name("imported.vqw")
    assert main(["import", str(iris_csv), "--project", str(path)]) == 0
    return path


@pytest.fixture
def project(imported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(imported, tmp_path / "p.vqw"))


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_what_is_neither_a_command_nor_a_project_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "trane")
    assert (code, out) == (2, "")
    assert err == "vq-workbench: 'trane' is neither a command nor a project; see --help.\n"


def test_the_main_job_from_file_to_report(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(
        capsys, "train", project, "--engine", "kmeans", "--name", "three",
        "--set", "n_clusters=3", "--set", "n_init=20", "--set", "random_state=0", "--json",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["status"] == "finished"
    assert said(capsys, "train", project, "--engine", "GMLVQ", "--set", "random_state=0")[0] == 0

    listed = json.loads(said(capsys, "info", project, "--json")[1])
    assert listed["datasets"][0]["shape"] == [150, 4]
    assert [run["engine"] for run in listed["runs"]] == ["KMeans", "GMLVQ"]

    assert said(capsys, "export", "codebook", project, "--run", "three", "-o", tmp_path / "three.csv")[0] == 0
    assert said(capsys, "export", "model", project, "--run", "three", "-o", tmp_path / "three.safetensors")[0] == 0
    assert said(capsys, "export", "report", project, "-o", tmp_path / "report.html")[0] == 0
    assert (tmp_path / "three.csv").read_text().count("\n") == 4
    # the published best inertia for raw iris and three groups
    model = engines.load(tmp_path / "three.safetensors")
    assert model.inertia_ == pytest.approx(78.8514, abs=1e-3)  # type: ignore[attr-defined]
    assert "petal length" in (tmp_path / "report.html").read_text()
    assert said(capsys, "verify", project)[0] == 0


def test_engines_lists_every_parameter_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "engines", "--json")
    assert code == 0
    listed = {entry["name"]: entry for entry in json.loads(out)}
    assert set(listed) == {info.name for info in engines.catalog()}
    names = [parameter["name"] for parameter in listed["KMeans"]["parameters"]]
    assert {"n_clusters", "max_iter", "random_state"} <= set(names)


def test_text_and_dates_are_encoded_as_the_words_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(
        f"2024-0{1 + k % 9}-15,{('red', 'blue')[k % 2]},{('S', 'L', 'M')[k % 3]},{k % 24}\n" for k in range(40)
    )
    (tmp_path / "t.csv").write_text("sent,colour,size,hour\n" + rows)
    words = ["--encode", "sent=date:days+week", "--encode", "size=ordinal:S<M<L", "--feature", "colour"]
    words += ["--encode", "hour=cyclic:24"]
    project = tmp_path / "t.vqw"
    code, out, err = said(capsys, "import", tmp_path / "t.csv", "--project", project, "--json", *words)
    assert code == 0, err
    assert json.loads(out)["shape"] == [40, 3 + 2 + 1 + 2]
    assert '"sent" (date, 3), "colour" (one-hot, 2), "size" (ordinal, 1), "hour" (cyclic, 2)' in err
    code, _, err = said(capsys, "import", tmp_path / "t.csv", "--project", project, "--encode", "size=sideways")
    assert code == 1
    assert "one-hot" in err


def test_units_and_notes_of_columns_are_kept(
    iris_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "n.vqw"
    words = ["--unit", "petal length=cm", "--note", "petal length=a=b, at the tip"]
    words += ["--note", "species=as Fisher had it"]
    assert said(capsys, "import", iris_csv, "--project", project, *words)[0] == 0
    derived = ("--name", "large", "--where", '"petal length" > 2')
    assert said(capsys, "derive", project, *derived)[0] == 0
    with Session.open(project, read_only=True) as session:
        for data in session.datasets.values():
            assert data.raw_units == ("", "", "cm", "")
            assert data.raw_notes == ("", "", "a=b, at the tip", "")
            assert data.notes == {"petal length": "a=b, at the tip", "species": "as Fisher had it"}
    code, _, err = said(capsys, "import", iris_csv, "--project", project, "--note", "height=none such")
    assert code == 1
    assert 'There is no column "height"' in err


def test_a_dataset_is_made_of_another(iris_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "p.vqw"
    said(capsys, "import", iris_csv, "--project", project, "--name", "iris")
    words = ["--where", '"petal length" > 3', "--ignore", "sepal width", "--split", "0.5/0/0.5", "--seed", "1"]
    code, out, err = said(capsys, "derive", project, "--name", "long", "--sample", "40", "--json", *words)
    assert code == 0, err
    assert json.loads(out)["shape"] == [40, 3]
    datasets = json.loads(said(capsys, "info", project, "--json")[1])["datasets"]
    assert [d["name"] for d in datasets] == ["iris", "long"]
    assert datasets[1]["classes"] == 2
    assert said(capsys, "derive", project, "--dataset", "iris", "--name", "none", "--where", "height > 3")[0] == 1


def test_a_square_matrix_is_imported_and_learned_as_dissimilarities(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    X, y = load_iris(return_X_y=True)
    np.savez(tmp_path / "apart.npz", X=np.square(X[:, None] - X[None]).sum(axis=2), y=y)
    project = tmp_path / "apart.vqw"
    assert said(capsys, "import", tmp_path / "apart.npz", "--project", project, "--dissimilarities")[0] == 0
    settings = ("transfer=identity", "random_state=0")
    words = [word for setting in settings for word in ("--set", setting)]
    assert said(capsys, "train", project, "--engine", "MedianLVQ", *words)[0] == 0
    assert json.loads(said(capsys, "info", project, "--json")[1])["datasets"][0]["kind"] == "dissimilarity"
    assert said(capsys, "export", "model", project, "-o", tmp_path / "m.safetensors")[0] == 0
    model = engines.load(tmp_path / "m.safetensors")
    assert model.prototype_indices_.tolist() == [0, 71, 104]  # type: ignore[attr-defined]
    for kind, suffix in (("codebook", "csv"), ("report", "html"), ("assignments", "csv")):
        assert said(capsys, "export", kind, project, "-o", tmp_path / f"{kind}.{suffix}")[0] == 0


MISTAKES = {
    "missing file": ["import", "{tmp}/nothing.csv", "--project", "{tmp}/n.vqw"],
    "unknown label column": ["import", "{csv}", "--project", "{tmp}/n.vqw", "--label", "colour"],
    "text in a feature": ["import", "{tmp}/text.csv", "--project", "{tmp}/n.vqw", "--set", "header=true"],
    "nothing but missing": ["import", "{tmp}/nan.csv", "--project", "{tmp}/n.vqw"],
    "unknown scaling": ["import", "{csv}", "--project", "{tmp}/n.vqw", "--scale", "sideways"],
    "a split that is none": ["import", "{csv}", "--project", "{tmp}/n.vqw", "--split", "0.9/0.9"],
    "missing project": ["info", "{tmp}/nothing.vqw"],
    "truncated project": ["info", "{tmp}/cut.vqw"],
    "no project at all": ["info", "{csv}"],
    "unknown engine": ["train", "{project}", "--engine", "Oracle"],
    "unknown parameter": ["train", "{project}", "--engine", "KMeans", "--set", "speed=9"],
    "forbidden value": ["train", "{project}", "--engine", "KMeans", "--set", "n_clusters=0"],
    "more prototypes than rows": ["train", "{project}", "--engine", "KMeans", "--set", "n_clusters=151"],
    "unknown dataset": ["train", "{project}", "--engine", "KMeans", "--dataset", "wine"],
    "has no run: train one first": ["export", "codebook", "{project}", "-o", "{tmp}/c.csv"],
    "unknown run": ["export", "codebook", "{project}", "--run", "first", "-o", "{tmp}/c.csv"],
    "unknown export": ["export", "poem", "{project}", "-o", "{tmp}/c.csv"],
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_line_and_exit_code_1_and_changes_nothing(
    mistake: str, project: Path, iris_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.csv").write_text("a,b,species\n1,2,x\n3,four,y\n5,6,x\n7,8,y\n" + "1,2,x\n" * 20)
    (tmp_path / "nan.csv").write_text("a,b\n" + "NaN,NaN\n" * 5)
    (tmp_path / "cut.vqw").write_bytes(project.read_bytes()[:6000])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith(".lock")}
    words = [word.format(tmp=tmp_path, csv=iris_csv, project=project) for word in MISTAKES[mistake]]
    code, out, err = said(capsys, *words)
    assert code == 1, err
    assert out == ""
    assert re.fullmatch(r"vq-workbench: [^\n]{15,400}\n", err), err
    assert "Traceback" not in err
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith(".lock")}
    assert after == before


@pytest.mark.parametrize(
    "words", [["train"], ["info", "--sideways", "p.vqw"], ["train", "p.vqw", "--engine", "KMeans", "--set", "x"]]
)
def test_words_that_are_not_understood_end_with_exit_code_2(words: list[str]) -> None:
    assert main(words) == 2


def test_debug_adds_the_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "info", tmp_path / "nothing.vqw", "--debug")
    assert code == 1
    assert "Traceback" in err


def test_the_recipe_is_fitted_on_training_rows_and_prototypes_leave_in_original_units(
    iris_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, out = tmp_path / "scaled.vqw", tmp_path / "codebook.csv"
    said(
        capsys, "import", iris_csv, "--project", project, "--scale", "standard", "--split", "0.5/0.2/0.3", "--seed", "3"
    )
    said(capsys, "train", project, "--engine", "KMeans", "--set", "n_clusters=1")
    assert said(capsys, "export", "codebook", project, "-o", out)[0] == 0
    header, row = out.read_text().splitlines()
    values = dict(zip(header.split(","), row.split(","), strict=True))
    # the single best prototype is the mean of the training half, in centimetres: near the mean of all rows
    assert float(values["petal length"]) == pytest.approx(load_iris().data[:, 2].mean(), abs=4 * 1.76 / np.sqrt(75))
