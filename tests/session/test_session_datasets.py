"""Imports into a project, and datasets as engines and views see them."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from session_help import until, with_split, write_blobs

from engines import KMeans
from workbench.data import Recipe, guess
from workbench.errors import Cancelled
from workbench.session import Session, SessionError
from workbench.session import dataset as dataset_module
from workbench.session.rows import TrainingRows, blocks, held, tile_rows


def test_an_imported_dataset_is_found_again_with_all_that_belongs_to_it(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    plan = guess(blobs_csv)
    plan = with_split(replace(plan, recipe=replace(plan.recipe, scaling="standard")), 0.5, 0.25, 0.25)
    with Session.create(path) as session:
        made = session.import_data(plan, name="three clouds").result(60)
        X, y, split = made.rows().read(0, 180), made.labels(), made.split.copy()
    with Session.open(path, read_only=True) as session:
        found = session.dataset("three clouds")
        assert found.id == made.id
        assert found is session.dataset(found.id) is session.dataset(found.id.rpartition("/")[2])
        np.testing.assert_array_equal(found.rows().read(0, 180), X)
        np.testing.assert_array_equal(found.labels(), y)
        np.testing.assert_array_equal(found.split, split)
        assert (found.n_rows, found.n_features) == (180, 4)
        assert found.classes == ("kind 0", "kind 1", "kind 2")
        assert found.feature_names == ("a", "b", "c", "d")
        assert found.data_hash == made.data_hash
        assert [column.role for column in found.columns] == ["feature"] * 4 + ["label"]
        assert found.plan == made.plan
        assert found.plan["paths"] == list(plan.paths)
        train = found.rows("train")
        np.testing.assert_allclose(train.read(0, train.shape[0]).mean(axis=0), 0, atol=1e-6)


def test_names_of_rows_come_back(session, tmp_path):
    csv = tmp_path / "named.csv"
    csv.write_text("id,x,y\n" + "".join(f"row ä{k},{k},{k * k}\n" for k in range(20)))
    dataset = session.import_data(guess(csv)).result(60)
    assert dataset.ids.tolist() == [f"row ä{k}" for k in range(20)]


def test_two_imports_of_one_file_get_different_names(session, blobs_csv):
    names = [session.import_data(guess(blobs_csv)).result(60).name for _ in range(3)]
    assert names == ["blobs", "blobs 2", "blobs 3"]
    assert session.can_undo == "import of blobs 3"


@pytest.mark.parametrize("stage", [0.0, 0.3, 0.65, 0.8, 0.999])
def test_a_cancelled_import_leaves_nothing(session, blobs_csv, monkeypatch, stage):
    reached = threading.Event()

    def report(job, fraction):
        if fraction >= stage:
            reached.set()
            until(job.cancelled)

    monkeypatch.setattr("workbench.session.jobs.Job.report", report)
    before = session.project.commit_number
    job = session.import_data(guess(blobs_csv))
    assert reached.wait(30)
    job.cancel()
    with pytest.raises(Cancelled):
        job.result(30)
    assert job.status == "cancelled"
    assert (dict(session.datasets), session.can_undo, session.log) == ({}, None, ())
    assert session.project.read(lambda reader: [*reader.keys("datasets"), *reader.keys("commands")]).result() == []
    assert session.project.commit_number >= before
    assert session.project.verify() == []


def test_a_file_that_cannot_be_imported_gives_one_sentence_and_leaves_nothing(session, tmp_path):
    csv = write_blobs(tmp_path / "gone.csv")
    plan = guess(csv)
    csv.unlink()
    told = []
    session.events.failed.connect(lambda title, detail: told.append(detail))
    job = session.import_data(plan)
    with pytest.raises(Exception, match=r"gone\.csv") as caught:
        job.result(30)
    until(lambda: told)
    assert told == [job.error] == [str(caught.value)]
    assert dict(session.datasets) == {}


def test_closing_during_an_import_ends_it_and_leaves_nothing(tmp_path, blobs_csv, monkeypatch):
    reached = threading.Event()

    def report(job, fraction):
        reached.set()
        until(job.cancelled)

    with monkeypatch.context() as patched:
        patched.setattr("workbench.session.jobs.Job.report", report)
        session = Session.create(tmp_path / "p.vqw")
        job = session.import_data(guess(blobs_csv))
        assert reached.wait(30)
        session.close()
    assert job.status == "cancelled"
    with Session.open(tmp_path / "p.vqw") as session:
        assert dict(session.datasets) == {}


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe(scaling="standard"),
        Recipe(contrast=True, whitening="zca"),
        Recipe(whitening="pca", scaling="minmax"),
    ],
)
def test_a_row_has_the_same_bits_whoever_reads_it(session, tmp_path, recipe):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.normal(size=(2100, 37)).astype(np.float32))
    plan = guess(tmp_path / "x.npy")
    dataset = session.import_data(with_split(replace(plan, recipe=recipe), 0.6, 0.1, 0.3)).result(60)
    whole = held(TrainingRows(dataset.raw, dataset.recipe), lambda: False)
    assert whole.dtype == np.float32
    for start, stop in ((0, 1), (5, 17), (63, 65), (1000, 2100), (2099, 2100)):
        assert dataset.rows().read(start, stop).tobytes() == whole[start:stop].tobytes()
    train = dataset.rows("train")
    assert train.read(7, 701).tobytes() == whole[dataset.split == 0][7:701].tobytes()
    sample = dataset.sample(100)
    assert sample.X.tobytes() == whole[sample.rows].tobytes()
    assert sample is dataset.sample(100)
    assert sample.n_total == dataset.n_in("shown") == 1470


def test_rows_are_transformed_in_the_same_tiles_whatever_is_asked_for(blobs):
    class Watched:
        shape, dtype = (1000, 700), np.dtype(np.float32)

        def read(self, start, stop):
            asked.append((start, stop))
            return np.full((stop - start, 700), 1.0, np.float32)

    recipe = replace(blobs.recipe, names=tuple(map(str, range(700))))
    tile = tile_rows(700)
    assert 3 * tile < 1000
    for start, stop in ((0, 1), (tile - 1, tile + 1), (3, 1000), (999, 1000)):
        asked = []
        TrainingRows(Watched(), recipe).read(start, stop)
        first, last = start // tile, (stop - 1) // tile
        assert asked == [(k * tile, min((k + 1) * tile, 1000)) for k in range(first, last + 1)]
    asked = []
    TrainingRows(Watched(), recipe, np.array([5, 6, 999])).read(0, 3)
    assert asked == [(0, tile), (999 // tile * tile, 1000)]


def test_streaming_and_held_rows_train_the_same_bits(session, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(3000, 20)).astype(np.float32))
    plan = guess(tmp_path / "x.npy")
    plan = replace(plan, recipe=Recipe(whitening="zca"))
    dataset = session.import_data(with_split(plan, 0.7, 0, 0.3)).result(60)
    first = session.add_run(dataset, "KMeans", {"n_clusters": 12, "random_state": 0})
    first.wait(120)
    monkeypatch.setattr(dataset_module, "HELD_BYTES", 0)
    assert not isinstance(dataset.training_rows("train", labelled=False), np.ndarray)
    second = session.add_run(dataset, "KMeans", {"n_clusters": 12, "random_state": 0})
    assert second.wait(120) == "finished", second.error
    assert first.model().prototypes_.tobytes() == second.model().prototypes_.tobytes()
    assert first.metrics == second.metrics
    X = dataset.rows("train").read(0, 2100)
    assert KMeans(12, random_state=0).fit(X).prototypes_.tobytes() == first.model().prototypes_.tobytes()


def test_holding_rows_ends_soon_after_a_cancel(session, blobs):
    with pytest.raises(Cancelled):
        held(blobs.rows(), lambda: True)


def test_blocks_cover_all_rows_in_whole_tiles():
    for n, d in ((1, 1), (5000, 3), (100_000, 784), (7, 3_000_000)):
        bounds = blocks(n, d)
        assert bounds[0][0] == 0
        assert bounds[-1][1] == n
        assert all(a[1] == b[0] and a[1] % tile_rows(d) == 0 for a, b in pairwise(bounds))


def test_labels_of_a_part_follow_its_rows_and_missing_ones_are_none(session, tmp_path):
    csv = tmp_path / "gaps.csv"
    csv.write_text("x,class\n" + "".join(f"{k},{'' if k % 5 == 0 else 'ab'[k % 2]}\n" for k in range(50)))
    dataset = session.import_data(with_split(guess(csv), 0.5, 0.0, 0.5)).result(60)
    for part in ("train", "test", "all"):
        X = dataset.rows(part).read(0, dataset.n_in(part))[:, 0].astype(int)
        expected = [None if k % 5 == 0 else "ab"[k % 2] for k in X]
        assert dataset.labels(part).tolist() == expected
        X = dataset.rows(part, labelled=True).read(0, 50)[:, 0].astype(int)
        assert dataset.labels(part, labelled=True).tolist() == ["ab"[k % 2] for k in X]
    with pytest.raises(SessionError, match="There is no part 'tset'"):
        dataset.rows("tset")
