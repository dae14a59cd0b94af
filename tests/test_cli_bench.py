"""The published table learned again on small data: figures, choices, reasons, files."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits

import engines
from engines.quantization.columns import split_columns
from workbench import bench
from workbench.bench import methods as methods_of_table
from workbench.bench.methods import METHODS, Candidate, Method
from workbench.bench.running import mean_squared_error, measure
from workbench.bench.uneven import UnevenProduct
from workbench.cli import main
from workbench.errors import WorkbenchError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits as the two IDX files of MNIST, 900 rows to learn from and 300 to test on."""
    folder = tmp_path_factory.mktemp("digits")
    images = load_digits().images.astype(np.uint8)
    for name, part in (("train-images-idx3-ubyte", images[:900]), ("t10k-images-idx3-ubyte", images[900:1200])):
        (folder / name).write_bytes(struct.pack(">I3I", 0x00000803, *part.shape) + part.tobytes())
    return folder


@pytest.fixture(scope="module")
def rows(folder: Path) -> bench.Rows:
    return bench.rows_of(folder)


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_pictures_are_scaled_by_one_range_and_tables_column_by_column(rows: bench.Rows, tmp_path: Path) -> None:
    images = load_digits().data
    np.testing.assert_allclose(rows.train, images[:900] / 8 - 1, atol=1e-6)
    np.testing.assert_allclose(rows.test, images[900:1200] / 8 - 1, atol=1e-6)
    assert rows.mean_row_error == pytest.approx(np.mean((rows.test - rows.train.mean(axis=0)) ** 2), rel=1e-5)
    X = np.random.default_rng(0).normal(size=(40, 3)) * [1, 100, 0]
    np.savetxt(tmp_path / "t.csv", X, delimiter=",", header="a,b,c", comments="")
    project = tmp_path / "t.vqw"
    assert main(["import", str(tmp_path / "t.csv"), "--project", str(project), "--split", "0.5/0/0.5"]) == 0
    with pytest.raises(WorkbenchError, match=r"test part of 't' has not been looked at yet.* show-test"):
        bench.rows_of(project)
    assert main(["show-test", str(project)]) == 0
    parts = bench.rows_of(project)
    assert parts.train.shape[0] + parts.test.shape[0] == 40
    np.testing.assert_allclose([parts.train.min(axis=0), parts.train.max(axis=0)], [[-1, -1, 0], [1, 1, 0]], atol=1e-6)


def test_the_table_is_learned_printed_and_written(
    folder: Path, rows: bench.Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("bench", "--data", folder, "--bits", "6,10", "--methods", "pq,kmeans", "--minutes", "2")
    code, out, _ = said(capsys, *words, "--json", "--out", tmp_path / "made")
    assert code == 0
    told = json.loads(out)
    assert told == json.loads((tmp_path / "made" / "deepvq.json").read_text()) | {"results": told["results"]}
    assert (tmp_path / "made" / "deepvq.png").read_bytes().startswith(b"\x89PNG")
    cells = {(cell["method"], cell["bits"]): cell for cell in told["results"]}
    assert list(cells) == [("pq", 6), ("pq", 10), ("kmeans", 6), ("kmeans", 10)]
    pq, kmeans = cells["pq", 10], cells["kmeans", 6]
    assert (pq["published_train"], pq["published_test"]) == (0.2649, 0.2672)
    assert pq["chosen"] == "ProductQuantizer(n_subspaces=2, n_bits=5)"
    model = engines.KMeans(n_clusters=64, n_init=1, random_state=0).fit(rows.train)
    assert kmeans["test"] == pytest.approx(np.mean((rows.test - model.quantize(rows.test)) ** 2), rel=1e-5)
    assert kmeans["train"] == pytest.approx(np.mean((rows.train - model.quantize(rows.train)) ** 2), rel=1e-5)
    assert kmeans["code_bytes"] == 900
    assert kmeans["model_bytes"] >= 64 * 64 * 4
    assert kmeans["published_test"] is None
    assert "2^10" not in cells["kmeans", 10]["reason"]
    assert cells["kmeans", 10]["reason"]  # more prototypes than rows


def test_a_table_is_resumed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("bench", "--data", folder, "--out", tmp_path)
    assert said(capsys, *words, "--bits", "6", "--methods", "kmeans,pq")[0] == 0
    path = tmp_path / "deepvq.json"
    told = json.loads(path.read_text())
    told["results"][0]["test"] = 0.5  # only a figure that is not learned again can be this one
    told["results"][1]["reason"] = "took longer than 1 min"
    path.write_text(json.dumps(told))
    assert said(capsys, *words, "--bits", "6,7", "--methods", "kmeans,pq", "--resume")[0] == 0
    cells = {(cell["method"], cell["bits"]): cell for cell in json.loads(path.read_text())["results"]}
    assert set(cells) == {("kmeans", 6), ("kmeans", 7), ("pq", 6), ("pq", 7)}
    assert cells["kmeans", 6]["test"] == 0.5
    assert cells["pq", 6] | {"reason": ""} == cells["pq", 6]
    assert cells["kmeans", 7]["processor_seconds"] > 0
    code, out, _ = said(capsys, *words, "--bits", "7", "--methods", "kmeans", "--resume")
    assert code == 0
    assert out.count("│ K-means") == out.count("│ PQ") == 2


def test_the_table_of_other_rows_is_not_resumed(
    folder: Path, rows: bench.Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.write_table(tmp_path, bench.Rows("fewer", rows.train[:100], rows.test), [], 1.0)
    words = ("bench", "--data", folder, "--bits", "6", "--methods", "pq", "--resume")
    code, _, err = said(capsys, *words, "--out", tmp_path)
    assert code == 1
    assert "is a table of other rows" in err
    (tmp_path / "deepvq.json").write_text("[]")
    assert "is no table of this version" in said(capsys, *words, "--out", tmp_path)[2]
    assert "name it with --out" in said(capsys, *words)[2]


def test_the_printed_table_has_a_line_for_each_cell(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "bench", "--data", folder, "--bits", "16,20", "--methods", "kmeans")
    assert code == 0
    assert "900 rows learned, 300 tested" in out
    assert out.count("│ K-means") == 2
    assert "K-means, 20 bits: 2^20 prototypes are too many for one codebook" in out


def test_deep_and_other_methods_stand_beside_one_another(rows: bench.Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = {"hidden": (32,), "max_iter": 12, "batch_size": 32, "learning_rate": 0.01, "device": "cpu"}
    rows = bench.Rows("few", rows.train[:400], rows.test[:100])

    def small(method: Method) -> Method:
        def candidates(n_bits: int) -> tuple[Candidate, ...]:
            given = method.candidates(n_bits)
            deep = ("DeepVQ", "DCN", "ModifiedDCN")
            return tuple((name, {**told, **(trial if name in deep else {})}) for name, told in given)

        return Method(method.name, method.title, candidates, method.published)

    monkeypatch.setattr(methods_of_table, "METHODS", tuple(map(small, METHODS)))
    results = [measure(method, 6, rows, 5) for method in methods_of_table.METHODS if method.name != "kmeans"]
    assert not [result.reason for result in results if result.reason]
    assert all(0 < result.test < rows.mean_row_error for result in results)
    by_name = {result.method: result for result in results}
    assert by_name["opq"].train <= by_name["pq"].train * (1 + 1e-9)
    assert "method=mpec" in by_name["mpec"].chosen
    assert by_name["best"].code_bytes == 400


def test_the_split_is_chosen_on_rows_held_out_and_never_on_test_rows(rows: bench.Rows) -> None:
    pq = next(method for method in METHODS if method.name == "pq")
    swapped = bench.Rows("swapped", rows.train, rows.test[::-1] * 0 + 5)
    assert measure(pq, 12, rows, 2).chosen == measure(pq, 12, swapped, 2).chosen
    errors = []
    for name, parameters in pq.candidates(12):
        order = np.random.default_rng(0).permutation(900)
        held, rest = np.sort(order[:150]), np.sort(order[150:])
        model = getattr(engines, name)(**parameters).fit(rows.train[rest])
        errors.append(mean_squared_error(model, rows.train[held]))
    name, parameters = pq.candidates(12)[int(np.argmin(errors))]
    assert f"n_subspaces={parameters['n_subspaces']}," in measure(pq, 12, rows, 2).chosen


def test_books_of_two_sizes_are_product_quantizers_side_by_side(rows: bench.Rows) -> None:
    pq = next(method for method in METHODS if method.name == "pq")
    assert pq.candidates(32)[-1][1]["widths"] == (11, 11, 10)
    assert pq.candidates(15)[-1][1]["widths"] == (8, 7)
    assert all(name == "ProductQuantizer" for name, _ in pq.candidates(24))
    model = UnevenProduct((4, 4, 3), random_state=0)
    assert not model.train(rows.train).finished
    model.train(rows.train).run()
    splits = split_columns(64, 3)
    expected = np.empty_like(rows.test)
    for which, width in enumerate((4, 4, 3)):
        columns = slice(splits[which], splits[which + 1])
        book = model._parts[which // 2][1].codebooks_[:, columns.start % splits[2] :][:, : columns.stop - columns.start]
        assert book.shape == (2**width, columns.stop - columns.start)
        nearest = cdist(rows.test[:, columns], book).argmin(axis=1)
        np.testing.assert_array_equal(model.encode(rows.test)[:, which], nearest)
        expected[:, columns] = book[nearest]
    np.testing.assert_array_equal(model.quantize(rows.test), expected)
    assert model.encode(rows.test, packed=True).shape == (300, 2)
    alone = engines.KMeans(n_clusters=8, n_init=1, random_state=0).fit(rows.train[:, splits[2] :])
    last = np.mean(np.sum((rows.train - model.quantize(rows.train))[:, splits[2] :] ** 2, axis=1))
    assert last < 1.1 * alone.quantization_error(rows.train[:, splits[2] :])


def test_what_takes_too_long_or_fails_leaves_its_reason(rows: bench.Rows) -> None:
    deep, kmeans, pq = METHODS[1], METHODS[-1], METHODS[3]
    assert measure(deep, 10, rows, 0.0).reason == "took longer than 0 min"
    assert "too many for one codebook" in measure(kmeans, 24, rows, 1).reason
    assert measure(pq, 5, rows, 1).reason == "5 bits cannot be parted among books of 3 to 12 bits"
    wrong = Method("wrong", "wrong", lambda n: (("DeepVQ", {"n_bits": n, "gamma": 9.0, "method": "sign"}),))
    assert "gamma has no effect" in measure(wrong, 4, rows, 1).reason
    broken = Method("broken", "broken", lambda n: 1 / 0)  # type: ignore[arg-type, return-value]
    assert measure(broken, 4, rows, 1).reason == "division by zero"


def test_published_figures_are_those_of_the_paper() -> None:
    by_name = {method.name: method.published for method in METHODS}
    assert by_name["mpec"][24] == (0.1101, 0.1162)
    assert by_name["opq"][32] == (0.1220, 0.1240)
    assert set(by_name["kmeans"]) == {10, 12, 15}
    assert by_name["kmeans"][15] == (0.0421, 0.1658)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--methods", "pq,magic"), "There is no method 'magic'"),
        (("--bits", "ten"), "--bits ten is not understood"),
        (("--bits", "0"), "--bits 0 is not understood"),
        (("--table", "other"), "There is no table 'other'"),
    ],
)
def test_what_is_not_understood_is_said(folder: Path, words, sentence: str, capsys) -> None:
    code, _, err = said(capsys, "bench", "--data", folder, *words)
    assert code == 1
    assert sentence in err


def test_data_without_both_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=r"There is no file train-images\* in"):
        bench.rows_of(tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n" + "\n".join(f"{k},{k * k}" for k in range(30)))
    project = tmp_path / "t.vqw"
    assert main(["import", str(tmp_path / "t.csv"), "--project", str(project)]) == 0
    with pytest.raises(WorkbenchError, match="has no test part"):
        bench.rows_of(project)
