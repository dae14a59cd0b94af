"""Exports of an engine whose code is bits: what codes decode to, the bits of rows as tables and packed, the report."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from workbench.data import Split, guess
from workbench.reports import ReportError, export
from workbench.session import Run, Session

QUICK = {"hidden": [8], "max_iter": 3, "device": "cpu", "random_state": 0}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, Run, Run]]:
    """A project with iris, standardised and split, and runs of 5 and of 20 bits."""
    folder = tmp_path_factory.mktemp("bits")
    data = load_iris()
    lines = ["a,b,c,d,kind", *(",".join(map(str, [*x, y])) for x, y in zip(data.data, data.target, strict=True))]
    (folder / "iris.csv").write_text("\n".join(lines) + "\n")
    plan = guess(folder / "iris.csv")
    plan = replace(plan, recipe=replace(plan.recipe, scaling="standard", split=Split(0.6, 0.0, 0.4)))
    with Session.create(folder / "bits.vqw") as session:
        dataset = session.import_data(plan).result(120)
        made = [session.add_run(dataset, "DeepVQ", {**QUICK, "n_bits": n}, name=f"{n} bits") for n in (5, 20)]
        assert [run.wait(300) for run in made] == ["finished"] * 2, [run.error for run in made]
        session.show_test_part(dataset)
        yield session, made[0], made[1]


def rows_of(run: Run) -> np.ndarray:
    return np.asarray(run.dataset.rows("all").read(0, run.dataset.n_rows))


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_packed_codes_are_those_of_the_rows_in_order(runs, tmp_path: Path) -> None:
    session, few, many = runs
    for run, n_bits in ((few, 5), (many, 20)):
        (path,) = export("codes", session, run, tmp_path / "codes.npz")
        with np.load(path) as file:
            codes, split, about = file["codes"], file["split"], json.loads(str(file["about"]))
        np.testing.assert_array_equal(codes, run.model().encode(rows_of(run), packed=True))
        np.testing.assert_array_equal(split, run.dataset.split)
        assert about["n_bits"] == n_bits
        assert about["n_rows"] == 150
        j = np.arange(n_bits)
        bits = codes[:, j // 8] >> (j % 8) & 1  # as the documentation has it
        np.testing.assert_array_equal(bits, run.model().encode(rows_of(run)) > 0)


def test_assignments_give_each_bit_a_column_and_the_code_as_a_number(runs, tmp_path: Path) -> None:
    session, few, many = runs
    for run, n_bits in ((few, 5), (many, 20)):
        (path,) = export("assignments", session, run, tmp_path / "out.csv")
        lines = lines_of(path)
        assert list(lines[0])[:4] == ["row", "part", "code", "bit 1"]
        bits = np.array([[int(line[f"bit {j + 1}"]) for j in range(n_bits)] for line in lines])
        X = rows_of(run)
        np.testing.assert_array_equal(bits, run.model().encode(X) > 0)
        np.testing.assert_array_equal([int(line["code"]) for line in lines], bits @ 2 ** np.arange(n_bits))
        distances = [float(line["distance"]) for line in lines]
        np.testing.assert_allclose(np.mean(np.square(distances)), run.model().quantization_error(X), rtol=1e-5)


def test_the_codebook_of_few_bits_is_what_every_code_decodes_to(runs, tmp_path: Path) -> None:
    session, few, _ = runs
    (path,) = export("codebook", session, few, tmp_path / "out.npz")
    with np.load(path) as file:
        book, codes, counts = file["prototypes"], file["code"], file["training_rows"]
    model, dataset = few.model(), few.dataset
    np.testing.assert_array_equal(codes, np.arange(32))
    packed = np.arange(32, dtype=np.uint8)[:, None]
    np.testing.assert_allclose(book, dataset.recipe.inverse(model.decode(packed)), rtol=1e-6)
    training = rows_of(few)[dataset.split == 0]
    np.testing.assert_array_equal(counts, np.bincount(model.encode(training, packed=True)[:, 0], minlength=32))
    (path,) = export("codebook", session, few, tmp_path / "out.csv")
    assert [line["code"] for line in lines_of(path)] == [str(k) for k in range(32)]


def test_many_bits_have_no_codebook_and_that_is_said_in_a_sentence(runs, tmp_path: Path) -> None:
    session, _, many = runs
    with pytest.raises(ReportError, match=r"has no codebook: its 20 bits make 2\^20 codes"):
        export("codebook", session, many, tmp_path / "out.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("n_bits", [pytest.param(5, marks=pytest.mark.slow), 20])
def test_the_report_tells_what_bits_do(runs, n_bits: int, tmp_path: Path) -> None:
    session, few, many = runs
    (path,) = export("report", session, few if n_bits == 5 else many, tmp_path / "out.html")
    page = path.read_text(encoding="utf-8")
    assert "<h2>Codes</h2>" in page
    assert "Every bit" in page
    assert "bits a row" in page
    assert f"{n_bits} bits, one by one worth" in page
    assert page.count('alt="Code atlas') == page.count('alt="Reconstructions') == page.count('alt="Code usage') == 1
    assert "quantization error, test" in page
    assert "rototype" not in page.split("<h2>Codes</h2>")[1].split("<h2>Origin")[0]


@pytest.mark.slow
def test_views_of_bits_leave_as_pictures(runs, tmp_path: Path) -> None:
    session, few, _ = runs
    names = {path.stem for path in export("views", session, few, tmp_path / "pictures")}
    assert names == {"curves", "reconstructions", "code_atlas", "usage", "rate_distortion"}
