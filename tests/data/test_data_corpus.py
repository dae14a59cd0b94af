"""The same table written in 540 ways, and odd tables by hand: each gives the right rows or one clear sentence."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path

import numpy as np
import pytest

from workbench.data import DataError, guess, preview, read

NUMBERS = [[1.5, -2.0, 1e308], [0.25, 3.0, -1e-300], [1e6, 17.0, 0.1], [7.125, -8.0, 2.5], [0.0, 12.0, 33.0]]
LABELS = ["Käse", 'a "quoted" word', "x;y,z", "two\nlines", "Ærø 100 %"]
NAMES = ["größe", "x, y", "z", "kind"]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1")
DELIMITERS = (",", ";", "\t", "|", ":")
ENDS = ("\n", "\r\n", "\r")
QUOTING = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)


def written(delimiter: str, end: str, quoting: int, header: bool, labels: list[str]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    if header:
        writer.writerow(NAMES)
    for _ in range(4):
        writer.writerows([*row, label] for row, label in zip(NUMBERS, labels, strict=True))
    return out.getvalue()


@pytest.mark.parametrize(("encoding", "delimiter"), list(itertools.product(ENCODINGS, DELIMITERS)))
def test_a_table_is_read_however_it_is_written(encoding: str, delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    wanted = np.array(NUMBERS * 4)
    for end, quoting, header in itertools.product(ENDS, QUOTING, (True, False)):
        labels = LABELS if end != "\r" else [label.replace("\n", " ") for label in LABELS]
        path.write_bytes(written(delimiter, end, quoting, header, labels).encode(encoding))
        told = {"header": "yes" if header else "no"} | ({"delimiter": ":"} if delimiter == ":" else {})
        plan = guess(path, None, told)
        assert [c.name for c in plan.columns] == (NAMES if header else [f"column {k}" for k in range(1, 5)])
        with read(plan.with_roles({plan.columns[3].name: "label"})) as imported:
            np.testing.assert_array_equal(imported.X.read(0, 99), wanted)
            assert imported.y is not None
            assert [text.replace("\r\n", "\n") for text in imported.y.tolist()] == labels * 4


ODD = {
    "nothing": "",
    "blank lines": "\n\n\n",
    "a header alone": "a,b,c\n",
    "one number": "5\n",
    "one row": "a,b\n1,2\n",
    "one column": "a\n1\n2\n3\n",
    "no header": "1,2\n3,4\n5,6\n",
    "ragged, longer": "a,b\n1,2\n3,4,5\n6,7\n",
    "ragged, shorter": "a,b\n1,2\n3\n6,7\n",
    "an open quote": 'a,b\n"1,2\n3,4\n',
    "a quote within": 'a,b\nx"y,2\nz,4\n',
    "names twice": "a,a,a\n1,2,3\n4,5,6\n",
    "empty names": ",,\n1,2,3\n4,5,6\n",
    "mixed types": "a,b\n1,x\n2,3\ny,4\n",
    "infinities": "a,b\ninf,1\n-inf,2\n3,4\n",
    "out of range": "a,b\n1e999,1\n-1e999,2\n3,4\n",
    "only missing": "a,b\nNA,\n?,nan\n",
    "dates": "a,b\n2024-01-01,1\n2024-01-02,2\n",
    "thousands": 'a,b\n"1,234",1\n"2,345",2\n',
    "NUL bytes": "a,b\n1,\0\n3,4\n",
    "control characters": "a,b\n\x01\x02,2\n\x03,4\n",
    "comments": "# made by hand\n# twice\na,b\n1,2\n3,4\n",
    "sep=": "sep=;\na;b\n1;2\n3;4\n",
    "formulas": "=1+1,b\n=cmd|' /C calc'!A0,2\n@x,4\n",
    "markup": "<b>a</b>,<script>\n1,2\n3,4\n",
    "right to left": "\u202eabc,אב\n1,2\n3,4\n",
    "a lone surrogate": "a,b\n1,\ud800\n3,4\n",
    "trailing delimiters": "a,b,\n1,2,\n3,4,\n",
    "white space": "a b   c\n1  2 3\n 4 5  6\n",
    "very long field": "a,b\n" + "x" * 300_000 + ",2\ny,4\n",
    "5,000 columns": ",".join(f"c{k}" for k in range(5000)) + "\n" + (",".join(["1.5"] * 5000) + "\n") * 3,
    "70,000 columns": ",".join(f"c{k}" for k in range(70_000)) + "\n" + (",".join(["1.5"] * 70_000) + "\n") * 2,
    "a million delimiters": "," * 1_000_000 + "\n1\n",
    "long names": "n" * 100_000 + ",b\n1,2\n3,4\n",
    "many kinds of missing": "a,b\nNA,1\nnull,2\n-,3\n.,4\n5,5\n",
}
"""What people and programs make of tables."""


@pytest.mark.parametrize("name", ODD)
def test_an_odd_table_is_read_or_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(ODD[name].encode("utf-8", "surrogatepass"))
    try:
        plan = guess(path)
        shown = preview(plan)
        assert len(shown.columns) == len(plan.columns)
        with read(plan) as imported:
            assert imported.n_rows >= 2
            assert imported.X.read(0, 5).shape[1] == len(imported.feature_names)
            assert len(set(imported.feature_names)) == len(imported.feature_names)
    except DataError as error:
        sentence = str(error)
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert len(sentence) < 500
        assert sentence.isprintable() or name == "right to left"
