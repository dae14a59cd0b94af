"""The importer of image files and folders: whole images at one size, or patches cut from them."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from engines.parameters import Param
from workbench.data.arrays import thumbnails
from workbench.data.columns import MOST_COLUMNS, pixel_columns
from workbench.data.delimited import holds_tables
from workbench.data.errors import DataError
from workbench.data.labels import encode_labels
from workbench.data.pictures import SUFFIXES, read_picture, size_of
from workbench.data.places import place_name
from workbench.data.plan import Column, Plan, Sample, Table
from workbench.data.recipe import Recipe
from workbench.data.rows import Spool, require_room
from workbench.data.watch import Watch

NAME = "images"
TITLE = "Images, whole or in patches"
ROW_OPTIONS = ("rows", "colour", "height", "width", "fit", "patch", "placement", "stride")
FOREIGN = True
_MOST_SIDE_AS_IS = 64
_USUAL_SIDE = 32
_FEW_IMAGES = 10
_SAMPLE_IMAGES = 64
_SAMPLE_PATCHES = 500
_SAMPLE_PIXELS = 100_000_000
_PIXEL_FLOOR = 0.1
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"GIF8", b"II*\0", b"MM\0*", b"RIFF", b"P4", b"P5", b"P6")


@dataclass(frozen=True)
class Options:
    """What a row is made of; 0 and "auto" are found out from the images."""

    rows: Annotated[Literal["auto", "images", "patches"], Param("whether a row is a whole image or a patch")] = "auto"
    colour: Annotated[Literal["auto", "grey", "rgb"], Param("grey levels, or red, green and blue")] = "auto"
    height: Annotated[int, Param("height of whole images; 0 finds out", low=0, high=4096, unit="px")] = 0
    width: Annotated[int, Param("width of whole images; 0 finds out", low=0, high=4096, unit="px")] = 0
    fit: Annotated[Literal["crop", "stretch"], Param("how images of other proportions are made to fit")] = "crop"
    patch: Annotated[int, Param("side of the square patches", low=2, high=256, unit="px")] = 8
    placement: Annotated[Literal["random", "dense"], Param("patches at random places, or on a grid")] = "random"
    count: Annotated[int, Param("number of random patches", low=2, high=100_000_000)] = 10_000
    stride: Annotated[int, Param("step of the grid of dense patches", low=1, unit="px")] = 4
    seed: Annotated[int, Param("seed of the random places", low=0)] = 0


@dataclass(frozen=True)
class _Picture:
    """One image file, its name for people, and the sub-folder it lies in."""

    path: Path
    name: str
    label: str


def recognises(path: Path, head: bytes) -> bool:
    """Whether this is a folder of anything but tables, or a file that begins as pictures do."""
    return (path.is_dir() and not holds_tables(path)) or (head.startswith(_MAGIC) and path.suffix.lower() in SUFFIXES)


def sample(paths: Sequence[Path], options: Options) -> Sample:
    """The first images or patches; see `Sample`."""
    pictures = _pictures(paths)
    options, warnings = _resolved(pictures, options)
    columns: list[Column] = list(pixel_columns(_shape(options)))
    block, names, labels, told = _first_rows(pictures, options)
    warnings += told
    if not names:
        raise DataError(warnings[0] if warnings else f"No picture in {paths[0].name} can be read.")
    values: list[NDArray[np.generic]] = list(block.astype(np.float64).T)
    columns.append(Column(_free("file", columns), "id", "text"))
    values.append(np.array(names, np.dtypes.StringDType()))
    if any(picture.label for picture in pictures):
        columns.append(Column(_free("folder", columns), "label", "text"))
        values.append(np.array(labels, np.dtypes.StringDType()))
    whole = options.rows == "images"
    exact = whole or options.placement == "random"
    return Sample(
        asdict(options),
        tuple(columns),
        values,
        len(pictures) if whole else _n_patches(pictures, options),
        exact,
        thumbnails(block, _shape(options)),
        tuple(names[:_SAMPLE_IMAGES]),
        tuple(warnings),
        Recipe() if whole else Recipe(whitening_floor=_PIXEL_FLOOR),
    )


def load(plan: Plan, options: Options, watch: Watch) -> Table:
    """All images or patches in a temporary file; broken images are left out and told of."""
    paths = [Path(path) for path in plan.paths]
    pictures = _pictures(paths)
    options, _ = _resolved(pictures, options)
    shape = _shape(options)
    d = int(np.prod(shape))
    features = [k for k, column in enumerate(plan.columns[:d]) if column.role == "feature"]
    places = None if len(features) == d else np.array(features)
    roles = {column.role for column in plan.columns[d:]}
    spool = Spool(len(features), np.uint8)
    names: list[NDArray[np.generic]] = []
    labels: list[str] = []
    counts: list[int] = []
    broken: list[str] = []
    try:
        for picture, block, ids in _rows(pictures, options, broken, watch):
            spool.append(block if places is None else block[:, places])
            if "id" in roles:
                names.append(np.array(ids, np.dtypes.StringDType()))
            labels.append(picture.label)
            counts.append(len(block))
        if spool.shape[0] == 0:
            raise DataError(broken[0] if broken else f"No picture in {paths[0].name} can be read.")
    except BaseException:
        spool.close()
        raise
    codes, classes = encode_labels(np.array(labels), "The list of folders") if "label" in roles else (None, ())
    warnings = (f"Images left out ({len(broken):,}): {broken[0]}",) if broken else ()
    return Table(
        spool,
        None if codes is None else np.repeat(codes, counts),
        classes,
        np.concatenate(names) if names else None,
        "image" if places is None else "table",
        shape if places is None else None,
        warnings,
        {"pictures": _sizes(pictures)} if options.rows == "patches" else {},
    )


def _pictures(paths: Sequence[Path]) -> list[_Picture]:
    """All pictures, folders searched in the order of names; hidden files and folders are passed over."""
    single = [path for path in paths if not path.is_dir()]
    found = [_Picture(path, name, "") for path, name in zip(single, _names(single), strict=True)]
    for folder in (path for path in paths if path.is_dir()):
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inside = Path(place).relative_to(folder)
            label = inside.parts[0] if inside.parts else ""
            for name in sorted(files):
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    found.append(_Picture(Path(place) / name, (inside / name).as_posix(), label))
    if not found:
        known = ", ".join(suffix.removeprefix(".") for suffix in SUFFIXES)
        raise DataError(f"There is no picture in the folder {paths[0]}: it is searched for {known}.")
    return found


def _names(paths: Sequence[Path]) -> list[str]:
    """What pictures that were named one by one are called: with their folders where names alone are not distinct."""
    names = [path.name for path in paths]
    if len(set(names)) == len(names):
        return names
    shared = os.path.commonpath([path.absolute().parent for path in paths])
    return [path.absolute().relative_to(shared).as_posix() for path in paths]


def _resolved(pictures: Sequence[_Picture], options: Options) -> tuple[Options, list[str]]:
    """`options` with nothing left to find out; sizes and colours come from the first images."""
    sizes = []
    for picture in pictures[:_SAMPLE_IMAGES]:
        try:
            sizes.append(size_of(picture.path))
        except DataError as error:
            if len(pictures) == 1:
                raise
            refusal = error
    if not sizes:
        raise refusal
    if options.rows == "auto":
        large = max(max(size[:2]) for size in sizes) > _MOST_SIDE_AS_IS
        options = replace(options, rows="patches" if large and len(pictures) < _FEW_IMAGES else "images")
    if options.colour == "auto":
        options = replace(
            options, colour="rgb" if any(size[2] for size in sizes) and options.rows == "images" else "grey"
        )
    common = Counter(size[:2] for size in sizes).most_common(1)[0][0]
    if max(common) > _MOST_SIDE_AS_IS:
        common = (_USUAL_SIDE, _USUAL_SIDE)
    options = replace(options, height=options.height or common[0], width=options.width or common[1])
    d = int(np.prod(_shape(options)))
    if d > MOST_COLUMNS:
        raise DataError(
            f"Each row would have {d:,} values; up to {MOST_COLUMNS:,} can be imported: choose a smaller size."
        )
    wanted = (options.height, options.width)
    warnings = []
    if options.rows == "images" and any(size[:2] != wanted for size in sizes):
        warnings.append(f"Images of other sizes are scaled to {options.height} × {options.width} pixels.")
    return options, warnings


def _shape(options: Options) -> tuple[int, ...]:
    size = (options.height, options.width) if options.rows == "images" else (options.patch, options.patch)
    return size if options.colour == "grey" else (*size, 3)


def _free(name: str, columns: Sequence[Column]) -> str:
    taken = {column.name for column in columns}
    return name if name not in taken else f"{name} (2)"


Rows = tuple[_Picture, NDArray[np.uint8], list[str]]


def _rows(pictures: Sequence[_Picture], options: Options, broken: list[str], watch: Watch) -> Iterator[Rows]:
    """Rows picture by picture, with their names; sentences on unusable pictures are added to `broken`."""
    if options.rows == "images":
        return _whole(pictures, options, broken, watch)
    return _patches(pictures, options, broken, watch)


def _sizes(pictures: Sequence[_Picture]) -> dict[str, tuple[int, int]]:
    """Height and width by name, of the pictures that can be read."""
    found = {}
    for picture in pictures:
        with suppress(DataError):
            found[picture.name] = size_of(picture.path)[:2]
    return found


def _whole(pictures: Sequence[_Picture], options: Options, broken: list[str], watch: Watch) -> Iterator[Rows]:
    size = (options.height, options.width)
    for k, picture in enumerate(pictures):
        watch(k / len(pictures))
        try:
            pixels = read_picture(picture.path, options.colour == "rgb", size, options.fit == "crop")
        except DataError as error:
            broken.append(str(error))
            continue
        yield picture, pixels.reshape(1, -1), [picture.name]


def _patches(pictures: Sequence[_Picture], options: Options, broken: list[str], watch: Watch) -> Iterator[Rows]:
    """Square patches; the name of a row is its picture's with the row and column of its upper left pixel."""
    for k, (picture, positions_in) in enumerate(_dealt(pictures, options, broken)):
        part = watch.part(k / len(pictures), (k + 1) / len(pictures))
        part(0.0)
        try:
            pixels = read_picture(picture.path, options.colour == "rgb")
        except DataError as error:
            broken.append(str(error))
            continue
        windows = np.lib.stride_tricks.sliding_window_view(pixels, (options.patch, options.patch), (0, 1))
        if pixels.ndim == 3:
            windows = np.moveaxis(windows, 2, -1)
        top, left = positions_in(windows.shape[0], windows.shape[1])
        step = max(1, (4 << 20) // int(np.prod(_shape(options))))
        for start in range(0, len(top), step):
            part(start / len(top))
            chosen = slice(start, start + step)
            rows = np.ascontiguousarray(windows[top[chosen], left[chosen]])
            places = zip(top[chosen].tolist(), left[chosen].tolist(), strict=True)
            yield (
                picture,
                rows.reshape(len(rows), -1),
                [place_name(picture.name, row, column) for row, column in places],
            )


Positions = Callable[[int, int], tuple[NDArray[np.intp], NDArray[np.intp]]]


def _dealt(pictures: Sequence[_Picture], options: Options, broken: list[str]) -> Iterator[tuple[_Picture, Positions]]:
    """Each usable picture with the places of its patches; random ones fall uniformly over all places there are."""
    room = _room(pictures, options, broken)
    if options.placement == "dense":
        require_room(_n_patches(pictures, options) * int(np.prod(_shape(options))))
        for picture, _ in room:
            yield picture, lambda height, width: _grid(height, width, options.stride)
        return
    weights = np.array([places for _, places in room], np.float64)
    counts = np.random.default_rng(options.seed).multinomial(options.count, weights / weights.sum())
    for k, (picture, _) in enumerate(room):
        if counts[k]:
            yield picture, _scattered(int(counts[k]), np.random.default_rng((options.seed, k)))


def _room(pictures: Sequence[_Picture], options: Options, broken: list[str]) -> list[tuple[_Picture, int]]:
    """The pictures that a patch fits into, and how many places it has there."""
    found = []
    for picture in pictures:
        try:
            height, width, _ = size_of(picture.path)
        except DataError as error:
            broken.append(str(error))
            continue
        if min(height, width) < options.patch:
            broken.append(f"{picture.name} ({height} × {width}) is smaller than a patch.")
            continue
        found.append((picture, (height - options.patch + 1) * (width - options.patch + 1)))
    if not found:
        raise DataError(broken[0])
    return found


def _scattered(count: int, random: np.random.Generator) -> Positions:
    return lambda height, width: (
        random.integers(height, size=count, dtype=np.intp),
        random.integers(width, size=count, dtype=np.intp),
    )


def _grid(height: int, width: int, stride: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    top, left = np.meshgrid(np.arange(0, height, stride), np.arange(0, width, stride), indexing="ij")
    return top.ravel(), left.ravel()


def _n_patches(pictures: Sequence[_Picture], options: Options) -> int:
    """How many patches there will be; of a dense grid, from the first images' sizes."""
    if options.placement == "random":
        return options.count
    counts = []
    for picture in pictures[:_SAMPLE_PATCHES]:
        try:
            height, width, _ = size_of(picture.path)
        except DataError:
            continue
        steps = ((side - options.patch) // options.stride + 1 for side in (height, width) if side >= options.patch)
        sides = list(steps)
        counts.append(sides[0] * sides[1] if len(sides) == 2 else 0)
    return round(sum(counts) * len(pictures) / min(len(pictures), _SAMPLE_PATCHES))


def _first_rows(
    pictures: Sequence[_Picture], options: Options
) -> tuple[NDArray[np.uint8], list[str], list[str], list[str]]:
    """Some rows with names and labels for a preview: of images spread over the list, so that classes show."""
    spread = np.unique(np.linspace(0, len(pictures) - 1, min(len(pictures), _SAMPLE_IMAGES)).astype(int))
    chosen = _few_enough([pictures[k] for k in spread])
    few = options
    if options.rows == "patches":
        chosen = chosen[:4]
        few = replace(options, count=min(options.count, _SAMPLE_PATCHES))
    blocks, names, labels = [], [], []
    broken: list[str] = []
    for picture, block, ids in _rows(chosen, few, broken, Watch()):
        blocks.append(block[:_SAMPLE_PATCHES])
        names += ids[:_SAMPLE_PATCHES]
        labels += [picture.label] * len(blocks[-1])
    d = int(np.prod(_shape(options)))
    warnings = [f"Among the first images are some that cannot be used ({len(broken):,}): {broken[0]}"] if broken else []
    return np.concatenate([*blocks, np.zeros((0, d), np.uint8)]), names, labels, warnings


def _few_enough(pictures: Sequence[_Picture]) -> Sequence[_Picture]:
    """As many of the pictures, spread evenly, as can be opened in a few seconds."""
    n_pixels = 0
    for picture in pictures:
        with suppress(DataError):
            n_pixels += math.prod(size_of(picture.path)[:2])
    return pictures[:: max(1, math.ceil(n_pixels / _SAMPLE_PIXELS))]
