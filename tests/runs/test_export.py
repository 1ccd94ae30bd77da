"""What is taken away from a run: tables that pandas reads, networks that torch reads, digests that can be checked.

Pages are tested in widgets/test_offline.py, pictures in browser/test_offline.py.
"""

import csv
import hashlib
import io
import json
import struct

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from explorer import Experiment, Refused, Run, RunError
from explorer.browser import ADVICE, NoBrowser
from explorer.events import Network
from explorer.runs import Writer
from explorer.runs.export import KINDS, Choice, export, files, network
from explorer.training.module import build
from tests.support import is_one_sentence


@pytest.fixture
def run(shared):
    return Run.open(shared.folder)


def test_tables_are_read_by_pandas_as_they_are(run):
    made = files(run, ["csv"])
    assert list(made) == ["curves.csv", "summary.csv", "measures.csv"]
    for content, table in zip(made.values(), (run.curves(), run.summary(), run.measures()), strict=True):
        pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(content)), table, rtol=1e-14)
        for line, row in zip(csv.DictReader(io.StringIO(content.decode())), table.to_dict("records"), strict=True):
            assert {name: type(row[name])(text) for name, text in line.items()} == row, "every digit is there"


@pytest.mark.parametrize("when", ["initial", "final"])
@pytest.mark.parametrize(
    "who", [Network("ticket", 0, 4), Network("random-sparse", 1, 2), Network("ticket", 1, 0)], ids=str
)
def test_a_network_is_read_by_torch_with_its_names(run, tmp_path, who, when):
    (tmp_path / "network").write_bytes(network(run, *who, when))
    read, weights = load_file(tmp_path / "network"), run.weights(*who, when)
    module = build(run.experiment.network, run.experiment.data.shape, run.experiment.data.classes)
    module.load_state_dict(read)
    for name, values in module.state_dict().items():
        assert values.dtype == torch.float32
        assert np.array_equal(values.numpy(), weights[name])


def test_a_networks_file_says_what_it_is_and_its_digest_can_be_recomputed(run, tmp_path):
    content = network(run, "random-reinit", 1, 3, 0, "initial")
    (tmp_path / "network").write_bytes(content)
    with safe_open(tmp_path / "network", "numpy") as file:
        about = file.metadata()
    assert Experiment.from_json(about["experiment"]) == run.experiment
    assert json.loads(about["network"]) == {"variant": "random-reinit", "replicate": 1, "level": 3, "draw": 0}
    assert about["when"] == "initial"
    # by hand, from the file's bytes alone
    (length,) = struct.unpack("<Q", content[:8])
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    digest = hashlib.sha256()
    for name in sorted(set(header) - {"__metadata__"}):
        digest.update(body[slice(*header[name]["data_offsets"])])
    assert about["sha256"] == digest.hexdigest()
    assert network(Run.open(run.path), "random-reinit", 1, 3, 0, "initial") == content
    assert network(run, "random-reinit", 1, 3, 0, "final") != content


def test_the_last_trained_level_is_exported_unless_one_is_asked_for(run):
    assert set(files(run, ["network"])) == {"ticket-r0-l4-d0-final.safetensors"}
    (name,) = files(run, ["network"], Choice("random-sparse", 1, 2, when="initial"))
    assert name == "random-sparse-r1-l2-d0-initial.safetensors"


def test_all_is_every_kind_that_there_is_something_for_and_a_way_to_make(run, tiny, tmp_path, monkeypatch):
    Writer(tiny, "cpu", "torch", tmp_path).close()
    empty = Run.open(tmp_path)
    assert set(files(empty)) == {"curves.csv", "summary.csv", "measures.csv"}
    assert set(KINDS) == {"csv", "network", "html", "pictures"}

    def no_browser(run, choice):
        raise NoBrowser(ADVICE)

    quick = {kind: KINDS[kind] for kind in ("csv", "network")} | {"pictures": no_browser}
    monkeypatch.setattr("explorer.runs.export.KINDS", quick)
    with pytest.raises(NoBrowser):
        files(run, ["all", "pictures"])
    kinds = [files(run, [kind]) for kind in ("csv", "network")]
    assert files(run) == {name: content for made in kinds for name, content in made.items()}
    with pytest.raises(RunError, match="no ticket of it is trained yet") as caught:
        files(empty, ["network"])
    assert is_one_sentence(str(caught.value))


def test_an_export_is_written_and_replaces_nothing_unless_it_is_forced(run, tmp_path):
    out = tmp_path / "new" / "folder"
    written = export(run, out, ["csv"])
    assert sorted(written) == sorted(out.iterdir())
    (out / "summary.csv").write_text("mine")
    for other in ("curves.csv", "measures.csv"):
        (out / other).unlink()
    with pytest.raises(RunError, match=r"summary\.csv would be replaced") as caught:
        export(run, out, ["csv"])
    assert is_one_sentence(str(caught.value))
    assert [path.name for path in out.iterdir()] == ["summary.csv"]
    export(run, out, ["csv"], force=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files(run, ["csv"])


@pytest.mark.parametrize(
    ("what", "choice", "error", "said"),
    [
        (["cvs"], Choice(), Refused, "what: 'cvs'.*did you mean csv?"),
        (["all"], Choice("tickt"), Refused, "variant: 'tickt'.*did you mean ticket?"),
        (["csv"], Choice(when="finally"), Refused, "when: 'finally'.*did you mean final?"),
        (["all"], Choice(level=9), RunError, "level 9.*it holds level 0"),
        (["network"], Choice(replicate=7), RunError, "no ticket of it is trained"),
    ],
)
def test_what_is_not_there_is_refused_and_nothing_written(run, tmp_path, what, choice, error, said):
    with pytest.raises(error, match=said) as caught:
        export(run, tmp_path / "out", what, choice)
    assert is_one_sentence(str(caught.value))
    assert list(tmp_path.iterdir()) == []
