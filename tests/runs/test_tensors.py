"""The files of masks and weights: bits and survivors, whole or not at all."""

import json
import struct

import numpy as np
import pytest
import safetensors.numpy

from explorer import Run, RunError
from explorer.events import VARIANTS
from explorer.runs import tensors
from tests.support import is_one_sentence


def header_of(file):
    """Read a safetensors file's header by hand: its length in 8 bytes, then JSON."""
    content = file.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_tensor_file_holds_bits_and_survivors_only(shared, variant):
    header, body = header_of(shared.folder / "tensors" / f"{variant}-r1-l2-d0.safetensors")
    shapes = {p.name: p.shape for p in shared.experiment.parameters}
    assert {name: tuple(json.loads(shape)) for name, shape in header.pop("__metadata__").items()} == shapes
    run, wanted = Run.open(shared.folder), set()
    for name, shape in shapes.items():
        alive = shared.experiment.survivors(2).get(name, np.prod(shape))
        wanted |= {f"initial:{name}", f"final:{name}"}
        for moment in ("initial", "final"):
            entry = header[f"{moment}:{name}"]
            assert (entry["dtype"], entry["shape"]) == ("F32", [alive])
            stored = np.frombuffer(body[slice(*entry["data_offsets"])], "<f4")
            values = run.weights(variant=variant, replicate=1, level=2, when=moment)[name]
            assert np.array_equal(values.ravel()[np.flatnonzero(values)] if name.endswith("weight") else values, stored)
    for name, mask in run.mask(variant=variant, replicate=1, level=2).items():
        entry = header[f"mask:{name}"]
        assert entry["dtype"] == "U8"
        packed = np.frombuffer(body[slice(*entry["data_offsets"])], np.uint8)
        assert len(packed) == -(-mask.size // 8)
        assert np.array_equal(np.unpackbits(packed)[: mask.size].reshape(mask.shape), mask)
        wanted.add(f"mask:{name}")
    assert set(header) == wanted


def test_a_file_is_whole_or_absent(tmp_path, monkeypatch):
    file = tmp_path / "file"

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            tensors.write_whole(file, b"first")
        assert not file.exists()
    tensors.write_whole(file, b"second")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            tensors.write_whole(file, b"third")
    assert file.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [file], "no part is left beside it"


def test_a_files_bytes_depend_on_what_is_in_it_alone():
    def file(names):
        arrays = {name: np.full((3, 5), number, np.float32) for number, name in enumerate(sorted(names))}
        return tensors.serialize({name: arrays[name] for name in names}, {name: f"about {name}" for name in names})

    names = [f"layer {number}" for number in range(20)]  # in any order, 20 would hardly be sorted by chance
    content = file(names)
    assert content == file(names[::-1])
    read = safetensors.numpy.load(content)
    assert set(read) == set(names)
    assert all((read[name] == number).all() for number, name in enumerate(sorted(names)))
    (length,) = struct.unpack("<Q", content[:8])
    assert length % 8 == 0
    assert list(json.loads(content[8 : 8 + length])["__metadata__"]) == sorted(names)


def test_a_tensor_file_cut_short_is_one_sentence(copy):
    file = copy / "tensors" / "ticket-r1-l1-d0.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(RunError) as caught:
        Run.open(copy).weights(replicate=1, level=1)
    assert is_one_sentence(str(caught.value))
