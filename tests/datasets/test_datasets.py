import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from explorer.datasets import DATASETS, Data, Split, check, folder, load
from explorer.datasets.splits import stratified
from explorer.errors import DataError
from explorer.places import place

FILES = [f"{half}-{what}-ubyte" for half in ("train", "t10k") for what in ("images-idx3", "labels-idx1")]
REAL = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def splits(data: Data) -> list[Split]:
    return [data.train, data.validation, data.test]


def pictures(images: np.ndarray, labels: np.ndarray) -> Counter[tuple[bytes, int]]:
    return Counter((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no way out")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.mark.parametrize(
    ("name", "sizes", "accuracy"),
    [
        ("digits", (3_500, 500, 1_000), (84, 95)),
        ("mnist", (55_000, 5_000, 10_000), (94, 99)),
        ("fashion-mnist", (55_000, 5_000, 10_000), (80, 92)),
        ("cifar10", (45_000, 5_000, 10_000), (50, 95)),
    ],
)
def test_description(name: str, sizes: tuple[int, ...], accuracy: tuple[int, int]) -> None:
    described = DATASETS[name]
    assert described.name == name
    assert (described.train, described.validation, described.test) == sizes
    assert described.accuracy_range == accuracy
    assert (described.shape, described.classes) == ((3, 32, 32) if name == "cifar10" else (1, 28, 28), 10)
    assert described.standardized == described.flips == (name == "cifar10")


def test_describing_loads_no_torch() -> None:
    code = "import sys; from explorer.datasets import check; check('mnist'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_digits_are_all_there_once_and_stratified() -> None:
    data = load("digits")
    with np.load(place("assets", "digits.npz"), allow_pickle=False) as arrays:
        all_of_them = pictures(arrays["images"], arrays["labels"])
    assert len(all_of_them) == 5_000  # no two are alike, so being equal below means being disjoint and complete
    assert sum((pictures(split.images, split.labels) for split in splits(data)), Counter()) == all_of_them
    for split, size in zip(splits(data), (3_500, 500, 1_000), strict=True):
        assert split.images.shape == (size, 1, 28, 28)
        assert (split.images.dtype, split.labels.dtype) == (np.uint8, np.int64)
        assert np.bincount(split.labels).tolist() == [size // 10] * 10
        assert sum(a != b for a, b in pairwise(split.labels)) > 0.8 * size  # in no order


def test_digits_are_the_same_every_time() -> None:
    for one, other in zip(splits(load("digits")), splits(load("digits")), strict=True):
        assert np.array_equal(one.images, other.images)
        assert np.array_equal(one.labels, other.labels)


def test_uneven_classes_keep_their_proportions() -> None:
    labels = np.repeat(np.arange(3), [70, 41, 19])
    pool = Split(np.arange(130, dtype=np.uint8).reshape(130, 1, 1, 1), labels)
    parts = stratified(pool, (88, 30, 12), "uneven")
    assert sorted(np.concatenate([part.images.ravel() for part in parts])) == list(range(130))
    for part in parts:
        assert np.array_equal(labels[part.images.ravel()], part.labels)
        fair = np.bincount(labels) * len(part.labels) / 130
        assert np.abs(np.bincount(part.labels, minlength=3) - fair).max() <= 1


def test_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    assert folder() == tmp_path
    monkeypatch.delenv("EXPLORER_DATA")
    assert folder().parts[-2:] == ("lottery-explorer", "data")


@pytest.mark.parametrize("name", REAL)
def test_check_refuses_a_folder_that_cannot_be_made(
    name: str, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data_folder / "file").touch()
    below = data_folder / "file" / "data"
    monkeypatch.setenv("EXPLORER_DATA", str(below))
    with pytest.raises(DataError) as refused:
        check(name)
    assert str(below) in str(refused.value)
    assert "train-images-idx3-ubyte" in str(refused.value)
    assert f"{REAL[name]}/raw" in str(refused.value)
    assert "\n" not in str(refused.value)
    check("digits")  # needs no folder


def test_check_writes_nothing(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_DATA", str(data_folder / "not" / "yet"))
    check("mnist")
    assert list(data_folder.iterdir()) == []


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", REAL)
def test_missing_and_offline(name: str, data_folder: Path) -> None:
    with pytest.raises(DataError) as missing:
        load(name)
    message = str(missing.value)
    assert all(f"{file}.gz" in message for file in FILES)
    assert str(data_folder / REAL[name] / "raw") in message
    assert "could not be downloaded (no way out);" in message
    assert "\n" not in message


@pytest.mark.usefixtures("offline")
def test_cifar10_missing_or_damaged_and_offline(data_folder: Path) -> None:
    place = data_folder / "cifar-10-batches-py"
    with pytest.raises(DataError) as missing:
        load("cifar10")
    message = str(missing.value)
    assert f"put {', '.join([*BATCHES, 'batches.meta'])} into {place}." in message
    assert "CIFAR-10 is not there and could not be downloaded (no way out);" in message
    place.mkdir()
    for name in [*BATCHES, "batches.meta"]:
        (place / name).write_bytes(b"not really")
    with pytest.raises(DataError) as damaged:
        load("cifar10")
    assert f"replace {', '.join([*BATCHES, 'batches.meta'])} in {place}." in str(damaged.value)
    assert "\n" not in message + str(damaged.value)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("content", [b"", b"\x00\x00\x08\x01\x00\x00", b"\x1f\x8b not really"])
def test_damaged_files(suffix: str, content: bytes, data_folder: Path) -> None:
    raw = data_folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in FILES:
        (raw / f"{file}{suffix}").write_bytes(content)
    with pytest.raises(DataError) as damaged:
        load("mnist")
    message = str(damaged.value)
    assert f"train-labels-idx1-ubyte{suffix}" in message
    assert str(raw) in message
    assert "\n" not in message


def test_a_damaged_asset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = place("assets", "digits.npz").read_bytes()
    damaged = tmp_path / "digits.npz"
    monkeypatch.setattr("explorer.datasets.digits.place", lambda *_: damaged)
    for content in (b"", whole[: len(whole) // 2], whole[:5_000] + b"?" * 100 + whole[5_100:]):
        damaged.write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            load("digits")
    damaged.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        load("digits")


@pytest.mark.data
@pytest.mark.parametrize("name", REAL)
def test_real_data(name: str) -> None:
    raw = Path(os.environ.get("EXPLORER_DATA", "nowhere")) / REAL[name] / "raw"
    if not (raw / FILES[0]).is_file():
        pytest.skip(f"EXPLORER_DATA has no {DATASETS[name].title}")
    published = {file: np.fromfile(raw / file, np.uint8, offset=16 if "images" in file else 8) for file in FILES}
    data = load(name)
    for parts, half in (((data.train, data.validation), "train"), ((data.test,), "t10k")):
        images = published[f"{half}-images-idx3-ubyte"].reshape(-1, 1, 28, 28)
        labels = published[f"{half}-labels-idx1-ubyte"]
        assert sum((pictures(part.images, part.labels) for part in parts), Counter()) == pictures(images, labels)
        for part in parts:
            fair = np.bincount(labels) * len(part.labels) / len(labels)
            assert np.abs(np.bincount(part.labels) - fair).max() <= 1
    assert [split.images.shape for split in splits(data)] == [(n, 1, 28, 28) for n in (55_000, 5_000, 10_000)]


@pytest.mark.data
def test_real_cifar10() -> None:
    place = Path(os.environ.get("EXPLORER_DATA", "nowhere")) / "cifar-10-batches-py"
    if not (place / "test_batch").is_file():
        pytest.skip("EXPLORER_DATA has no CIFAR-10")
    data = load("cifar10")
    for parts, names in (((data.train, data.validation), BATCHES[:5]), ((data.test,), BATCHES[5:])):
        found = sum((pictures(part.images, part.labels) for part in parts), Counter())
        read = [(place / name).read_bytes() for name in names]
        assert sum(found.values()) == 10_000 * len(names)
        # Each image lies in one of the files as its 3,072 bytes, colour by colour.
        assert all(any(image in content for content in read) for image, _ in list(found)[:200])
        for part in parts:
            assert part.images.dtype == np.uint8
            assert np.bincount(part.labels).tolist() == [len(part.labels) // 10] * 10
    assert [split.images.shape for split in splits(data)] == [(n, 3, 32, 32) for n in (45_000, 5_000, 10_000)]
