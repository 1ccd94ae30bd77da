"""CIFAR-10 (Krizhevsky 2009), split as in the paper, Figure 2.

Its files are pickles, which torchvision reads only when their checksums are those of the published ones.
"""

from explorer.datasets.vision import Published

CIFAR10 = Published(
    name="cifar10",
    title="CIFAR-10",
    shape=(3, 32, 32),
    classes=10,
    train=45_000,
    validation=5_000,
    test=10_000,
    accuracy_range=(50, 95),
    source="CIFAR10",
    place="cifar-10-batches-py",
    files={
        "data_batch_1": 31_035_704,
        "data_batch_2": 31_035_320,
        "data_batch_3": 31_035_999,
        "data_batch_4": 31_035_696,
        "data_batch_5": 31_035_623,
        "test_batch": 31_035_526,
        "batches.meta": 158,
    },
    standardized=True,
    flips=True,
)
