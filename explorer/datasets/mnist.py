"""MNIST and Fashion-MNIST."""

from explorer.datasets.vision import Published

_FILES = {
    "train-images-idx3-ubyte": 16 + 60_000 * 28 * 28,
    "train-labels-idx1-ubyte": 8 + 60_000,
    "t10k-images-idx3-ubyte": 16 + 10_000 * 28 * 28,
    "t10k-labels-idx1-ubyte": 8 + 10_000,
}

MNIST = Published(
    name="mnist",
    title="MNIST",
    shape=(1, 28, 28),
    classes=10,
    train=55_000,
    validation=5_000,
    test=10_000,
    accuracy_range=(94, 99),
    source="MNIST",
    place="MNIST/raw",
    files=_FILES,
    packed=".gz",
)
FASHION_MNIST = Published(
    name="fashion-mnist",
    title="Fashion-MNIST",
    shape=(1, 28, 28),
    classes=10,
    train=55_000,
    validation=5_000,
    test=10_000,
    accuracy_range=(80, 92),
    source="FashionMNIST",
    place="FashionMNIST/raw",
    files=_FILES,
    packed=".gz",
)
