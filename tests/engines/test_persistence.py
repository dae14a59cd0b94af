"""Model files: whole or not at all, damage told in a sentence, texts and parameters kept."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from safetensors import safe_open
from sklearn.exceptions import NotFittedError

from engines import KMeans, dump, load, restore, save


@pytest.fixture
def model():
    X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    return KMeans(4, init=X[:4], random_state=3).fit(X)


def test_a_file_holds_arrays_and_json_only(model, tmp_path):
    save(model, tmp_path / "m.safetensors")
    with safe_open(str(tmp_path / "m.safetensors"), framework="numpy") as file:
        assert set(file.keys()) >= {"fitted.prototypes_", "fitted.counts_", "fitted.labels_", "parameter.init"}
        values = json.loads(file.metadata()["vq-workbench"])
    assert values["engine"] == "KMeans"
    assert values["parameter.n_clusters"] == 4


def test_parameters_come_back(model, tmp_path):
    model.set_params(tol=np.float32(0.5), n_init=np.int64(2))
    save(model, tmp_path / "m")
    other = load(tmp_path / "m")
    assert (other.n_clusters, other.n_init, other.tol, other.random_state) == (4, 2, 0.5, 3)
    assert np.array_equal(other.init, model.init)
    assert other.history_.keys() == model.history_.keys()
    assert all(np.array_equal(other.history_[k], model.history_[k], equal_nan=True) for k in model.history_)


def test_feature_names_come_back(tmp_path):
    import pandas as pd

    X = pd.DataFrame(np.eye(4), columns=["länge", "幅", "a b", ""])
    model = KMeans(2, random_state=0).fit(X)
    save(model, tmp_path / "m")
    other = load(tmp_path / "m")
    assert list(other.feature_names_in_) == list(X.columns)
    assert np.array_equal(other.predict(X), model.labels_)


def test_a_generator_is_not_kept(model):
    model.set_params(random_state=np.random.RandomState(0))
    assert dump(model)["parameter.random_state"] is None


def test_what_was_not_learned_cannot_be_saved(tmp_path):
    with pytest.raises(NotFittedError):
        save(KMeans(), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file_and_no_other(model, tmp_path, monkeypatch):
    path = tmp_path / "m"
    save(model, path)
    before = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    for name in ("replace", "fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, full)
            with pytest.raises(OSError, match="No space"):
                save(model, path)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no model file"):
        load(tmp_path / "none")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 64, b"\xff" * 64, b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_other_files_are_refused_in_a_sentence(content, tmp_path):
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ValueError, match="is not a model file of this program, or is damaged"):
        load(tmp_path / "m")


def test_a_folder_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="is not a model file"):
        load(tmp_path)


def test_a_file_cut_short_anywhere_is_refused(model, tmp_path):
    save(model, tmp_path / "m")
    content = (tmp_path / "m").read_bytes()
    for length in range(0, len(content), 37):
        (tmp_path / "cut").write_bytes(content[:length])
        with pytest.raises(ValueError, match="damaged"):
            load(tmp_path / "cut")


def test_a_damaged_header_never_ends_in_another_error(model, tmp_path):
    save(model, tmp_path / "m")
    content = bytearray((tmp_path / "m").read_bytes())
    size = 8 + int.from_bytes(content[:8], "little")
    rng = np.random.default_rng(0)
    for _ in range(300):
        mutant = bytearray(content)
        mutant[rng.integers(size)] = rng.integers(256)
        (tmp_path / "mutant").write_bytes(mutant)
        try:
            load(tmp_path / "mutant")
        except ValueError as error:
            assert "\n" not in str(error)  # noqa: PT017 - a mutant may also be a sound file


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "format 99, but this version reads up to 1"),
        ({"engine": "Nothing"}, "no engine called 'Nothing'"),
        ({"parameter.colour": 1}, "damaged"),
        ({"parameter.n_clusters": "many"}, "n_clusters must be an integer"),
    ],
)
def test_states_of_other_versions_are_refused(model, change, words):
    with pytest.raises(ValueError, match=words):
        restore({**dump(model), **change})


def test_a_state_without_what_was_learned_is_refused(model):
    state = {name: value for name, value in dump(model).items() if name != "fitted.prototypes_"}
    with pytest.raises(ValueError, match="damaged"):
        restore(state)
