"""All rows of large data in a plane: where they lie, how many fall where, and of which class most of them are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import scenes
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.data import guess
from workbench.session import Session
from workbench.views import projection, scene_of, scene_of_data, theme
from workbench.views.crowd import MOST_KEPT, crowd_in
from workbench.views.density import density, density_image
from workbench.views.planes import place_in

LIMITS = (-1.0, 2.0, 0.0, 3.0)


@given(
    arrays(np.float32, st.tuples(st.integers(0, 30), st.just(2)), elements=st.floats(-2, 4, width=32)),
    st.data(),
    st.tuples(st.integers(1, 7), st.integers(1, 5)),
)
def test_every_row_within_the_limits_is_counted_once_and_the_commonest_class_is_named(points, data, bins) -> None:  # type: ignore[no-untyped-def]
    codes = data.draw(arrays(np.int64, len(points), elements=st.sampled_from([-1, 0, 1, 2, 10**6])))
    points[::7] = np.nan
    made = density(points, codes, LIMITS, bins)
    (left, right, bottom, top), (width, height) = LIMITS, bins
    held: dict[tuple[int, int], Counter[int]] = {}
    for (x, y), code in zip(points.astype(float).tolist(), codes.tolist(), strict=True):
        if left <= x <= right and bottom <= y <= top:
            cell = (
                min(int(np.float32(y - bottom) / np.float32(top - bottom) * height), height - 1),
                min(int(np.float32(x - left) / np.float32(right - left) * width), width - 1),
            )
            held.setdefault(cell, Counter())[code] += 1
    assert made.counts.shape == made.codes.shape == (height, width)
    assert made.counts.sum() == sum(sum(counter.values()) for counter in held.values())
    for cell in np.ndindex(height, width):
        counter = held.get(cell, Counter())
        known = {code: n for code, n in counter.items() if code >= 0}
        most = min((code for code, n in known.items() if n == max(known.values())), default=-1)
        assert (made.counts[cell], made.codes[cell]) == (sum(counter.values()), most)


def test_the_image_is_stronger_where_there_are_more_rows_and_clear_where_there_is_none() -> None:
    points = np.repeat([[0.5, 0.5], [1.5, 1.5]], [40, 1], axis=0)
    made = density(points, np.array([0] * 40 + [1]), LIMITS, (3, 3))
    image = density_image(made, theme("dark"))
    assert ((image[..., 3] > 0) == (made.counts > 0)).all()
    assert image[0, 1, 3] > image[1, 2, 3]
    assert (density_image(density(points[:0], np.empty(0, int), LIMITS), theme("dark"))[..., 3] == 0).all()


def test_few_rows_are_drawn_one_by_one() -> None:
    assert projection.compute(scenes.iris()).planes[0].crowd is None


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crowd")
    rng = np.random.default_rng(0)
    kinds, values = rng.integers(0, 3, 9_000), rng.normal(size=(9_000, 4))
    values[:, 0] += 3 * kinds
    values[17] = 40.0  # far from all others
    rows = [f"{a:.4f},{b:.4f},{c:.4f},{d:.4f},kind {k}" for (a, b, c, d), k in zip(values, kinds, strict=True)]
    (folder / "large.csv").write_text("\n".join(["a,b,c,d,kind", *rows]))
    with Session.create(folder / "large.vqw") as session:
        data = session.import_data(guess([folder / "large.csv"])).result()
        session.drop(data, [3, 5, 8_000])
        session.add_run(data, "GMLVQ", {"max_iter": 2}).wait(120)
    return folder / "large.vqw"


@pytest.mark.parametrize("name", ["pca", "lda", "features"])
def test_all_rows_lie_where_the_plane_puts_them_and_dropped_ones_nowhere(large: Path, name: str) -> None:
    with Session.open(large, read_only=True) as session:
        (run,) = session.runs.values()
        scene = scene_of(run)
        assert scene is not None
        data = projection.compute(scene.asking(str(projection.Asked(name, features=(1, 2)))))
        (plane,) = data.planes
        assert plane.crowd is not None
        kept = np.delete(np.arange(9_000), [3, 5, 8_000])
        expected = place_in(scene, name, data.features)(scene.every.rows.read(0, 9_000))
        np.testing.assert_allclose(plane.crowd.points[kept], expected[kept], rtol=1e-5, atol=1e-5)
        assert np.isnan(plane.crowd.points[[3, 5, 8_000]]).all()
        left, right, bottom, top = plane.limits
        assert left < plane.crowd.points[17, 0] < right
        assert bottom < plane.crowd.points[17, 1] < top
        assert "all 8,997 rows" in data.note
        assert (plane.crowd.codes == run.dataset.codes).all()
        again = projection.compute(scene.asking(str(projection.Asked(name, "feature:2", (1, 2))))).planes[0]
        assert again.crowd is plane.crowd


def test_the_plane_of_a_metric_that_is_learned_has_the_sample_alone(large: Path) -> None:
    with Session.open(large, read_only=True) as session:
        (run,) = session.runs.values()
        scene = scene_of(run)
        assert scene is not None
        data = projection.compute(scene.asking(str(projection.Asked("metric"))))
        assert data.planes[0].crowd is None
        assert "5,000 of 8,997 rows" in data.note


def test_only_classes_are_known_of_all_rows(large: Path) -> None:
    with Session.open(large, read_only=True) as session:
        (dataset,) = session.datasets.values()
        scene = scene_of_data(dataset)
        assert scene is not None
        for colour, is_class in (("class", True), ("feature:0", False), ("feature:3", False)):
            data = projection.compute(scene.asking(str(projection.Asked("pca", colour))))
            crowd = data.planes[0].crowd
            assert crowd is not None
            assert data.colours.of_classes == is_class
            assert ("5,000 of them" in data.note) != is_class
            assert (data.crowd_codes(crowd) == crowd.codes).all() == is_class
            projection.figure(data, theme("light"))


def test_only_the_planes_looked_at_last_are_remembered() -> None:
    scene, asked = scenes.many_rows(), []

    def place(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return rows[:, :2].astype(float)

    first = crowd_in(scene, (0, 1), place)
    n_reads = len(asked)
    assert crowd_in(scene, (0, 1), place) is first
    assert len(asked) == n_reads
    for other in range(2, MOST_KEPT + 2):
        crowd_in(scene, (0, other), place)
    n_reads = len(asked)
    assert crowd_in(scene, (0, 1), place) is not first
    assert len(asked) > n_reads
