"""A data set of one's own, made by a function: divided into splits, and refused where it is not as described."""

import numpy as np
import pytest

from explorer import DataError
from explorer.datasets import DATASETS, Data, DataSet, FromArrays, Split, load
from tests.support import is_one_sentence

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (60, 1, 4, 4), np.uint8)
LABELS = np.arange(60) % 3


def described(images=IMAGES, labels=LABELS, **changes):
    sizes = {"shape": (1, 4, 4), "classes": 3, "train": 30, "validation": 12, "test": 18, "accuracy_range": (30, 100)}
    return FromArrays(**{"name": "noise", "title": "Noise", "arrays": lambda: (images, labels)} | sizes | changes)


@pytest.mark.parametrize("labels", [LABELS, LABELS.astype(np.uint8), LABELS.tolist()])
def test_every_image_is_in_one_split_with_its_label_and_the_classes_are_in_proportion(monkeypatch, labels):
    monkeypatch.setitem(DATASETS, "noise", described(labels=labels))
    data = load("noise")
    seen = {image.tobytes(): label for image, label in zip(IMAGES, LABELS, strict=True)}
    found = []
    for split, size in ((data.train, 30), (data.validation, 12), (data.test, 18)):
        assert split.images.shape == (size, 1, 4, 4)
        assert np.bincount(split.labels).tolist() == [size // 3] * 3
        assert all(seen[image.tobytes()] == label for image, label in zip(split.images, split.labels, strict=True))
        found += [image.tobytes() for image in split.images]
    assert sorted(found) == sorted(seen)


def test_images_of_one_channel_need_not_say_so():
    whole, grey = described().load(), described(images=IMAGES[:, 0]).load()
    assert np.array_equal(whole.train.images, grey.train.images)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": IMAGES[:50]}, "uint8 images (50, 1, 4, 4)"),
        ({"images": IMAGES / 255}, "float64 images"),
        ({"images": IMAGES.transpose(0, 2, 3, 1)}, "uint8 images (60, 4, 4, 1)"),
        ({"labels": LABELS[:59]}, "labels (59,)"),
        ({"labels": LABELS / 1}, "float64 labels"),
        ({"labels": LABELS + 1}, "labels 1 to 3"),
        ({"labels": LABELS - 1}, "labels -1 to 1"),
        ({"test": 17}, "uint8 (59, 1, 4, 4)"),
    ],
)
def test_arrays_that_are_not_as_described_are_refused_in_one_sentence(changes, said):
    with pytest.raises(DataError) as caught:
        described(**changes).load()
    assert "Noise" in str(caught.value)
    assert said in str(caught.value)
    assert is_one_sentence(str(caught.value))


def test_so_are_the_splits_of_any_data_set(monkeypatch):
    class Short(DataSet):
        def check(self):
            pass

        def load(self):
            split = Split(IMAGES, LABELS)
            return Data(split, split, Split(IMAGES, LABELS % 2 + 2))

    monkeypatch.setitem(DATASETS, "short", Short("short", "Short", (1, 4, 4), 3, 60, 60, 60, (0, 100)))
    with pytest.raises(DataError, match="Short, test: labels 2 to 3 is not accepted; give 0 to 2"):
        load("short")
