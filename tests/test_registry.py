"""One's own architectures, data sets and criteria: registered, searched with, and shown where they are not there."""

import json
import re
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from explorer import Experiment, Explorer, Refused, Run, RunError, Session, Study, register, search
from explorer.architectures import ARCHITECTURES, Architecture, AveragePool, Block, Convolution, Linear, MaxPool
from explorer.cli import main
from explorer.datasets import DATASETS, FromArrays
from explorer.descriptions import TABLES
from explorer.events import NetworkTrained
from explorer.link import from_query, to_query
from explorer.pruning import CRITERIA, Criterion
from explorer.runs import Writer
from explorer.runs.catalogue import runs
from explorer.runs.thin import thin
from explorer.views import words
from explorer.widgets.offline import page
from tests.support import PATIENCE, is_one_sentence, process

ROOT = Path(__file__).parent.parent


def dots():
    """A hundred grey images of 6 × 6 pixels, light above or below."""
    images, labels = np.random.default_rng(0).integers(0, 150, (100, 6, 6), np.uint8), np.arange(100) % 2
    images[labels == 0, :3] += 100
    return images, labels


def data_set(**changes):
    sizes = {"shape": (1, 6, 6), "classes": 2, "train": 60, "validation": 20, "test": 20, "accuracy_range": (50, 100)}
    return FromArrays(**{"name": "dots", "title": "Dots", "arrays": dots} | sizes | changes)


def architecture(*layers, **changes):
    """A network of one hidden layer, or of other layers, with changes."""
    recipe = {"dataset": "dots", "iterations": 20, "batch": 10, "learning_rate": 0.01, "prune": 0.5}
    layers = layers or (Linear("fc1", 8), Linear("fc2", kind="output"))
    kinds = {"convolution" if isinstance(layer, Block) else getattr(layer, "kind", None) for layer in layers}
    ratio = {kind: Fraction(1) for kind in kinds if kind}
    return Architecture(**{"name": "small", "title": "Small", "layers": layers, "ratio": ratio} | recipe | changes)


def sign_kept(initial, final):
    return np.sign(initial) * final


@pytest.fixture
def own(tables):
    """An experiment of things of one's own, each registered."""
    register(data_set())
    register(architecture())
    register(sign_kept)
    return Experiment(architecture="small", criterion="sign-kept", levels=1, replicates=1)


@pytest.fixture(scope="module")
def example():
    """The example of ARCHITECTURE.md."""
    blocks = re.findall(
        r"^  ```python\n(.*?)^  ```", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.S | re.M
    )
    (block,) = (block for block in blocks if "register(" in block)
    return re.sub("^  ", "", block, flags=re.M)


@pytest.fixture(scope="module")
def stranger(example, tmp_path_factory):
    """The run of the example, which ran in another process: nothing that it names is registered in this one."""
    folder = tmp_path_factory.mktemp("example")
    with process("-c", f"import os\nos.chdir({str(folder)!r})\n{example}") as started:
        _, errors = started.communicate(timeout=PATIENCE)
    assert started.returncode == 0, errors
    return folder / "runs" / "mine"


def searched(experiment, folder):
    session = Session(experiment, "cpu", folder)
    session.start()
    assert session.wait(PATIENCE) == "finished", session.state.ended
    return folder


def test_the_example_has_20_lines(example):
    assert len([line for line in example.splitlines() if line.strip()]) <= 20


def test_a_run_opens_and_shows_where_nothing_it_names_is_registered(stranger, tmp_path):
    run = Run.open(stranger)
    experiment = run.experiment
    assert run.status == "finished"
    assert not any(getattr(experiment, setting) in table for setting, table in TABLES.items())
    assert words.settings(experiment).startswith("Lenet-30 on Stripes, 2 levels of 50%, 1 replicate, 100 iterations")
    assert [parameter.shape for parameter in experiment.parameters] == [(30, 64), (30,), (2, 30), (2,)]
    assert experiment.data.accuracy_range == (50, 100)
    assert run.mask(level=2)["fc1.weight"].sum() == 30 * 64 // 4
    weights = run.weights(level=2)
    module = run.module(level=2)
    assert {name: values.shape for name, values in module.state_dict().items()} == {
        name: values.shape for name, values in weights.items()
    }
    thin(run, tmp_path / "runs" / "thin", 1_000_000)
    assert Run.open(tmp_path / "runs" / "thin").curves().equals(run.curves())
    (listed,) = runs(tmp_path / "runs")
    assert listed.settings == words.settings(experiment)
    assert listed.outcome


def test_the_command_shows_it(stranger, monkeypatch, capfd):
    monkeypatch.setattr("sys.argv", ["lottery", "show", str(stranger)])
    with pytest.raises(SystemExit) as caught:
        main()
    out, errors = capfd.readouterr()
    assert (caught.value.code or 0, errors) == (0, "")
    assert "Lenet-30 on Stripes" in out
    assert "25.0" in out


def test_the_page_shows_it_offline_too_and_its_start_is_refused(stranger):
    explorer = Explorer(run=stranger)
    said = {name: control._message for name, control in explorer._side.controls._controls.items()}
    assert explorer.status == "finished"
    assert explorer._side.controls._controls["architecture"].entry.label == "Lenet-30"
    explorer.start()
    assert explorer.session is None
    for name, given in (("dataset", "stripes"), ("architecture", "lenet-30"), ("architecture", "same-sign")):
        assert f"&#x27;{given}&#x27; is known from the run&#x27;s file only; register it first" in said[name].value
    chosen = explorer._side.controls._controls["architecture"]
    chosen.value = "lenet-300-100"
    chosen.value = "lenet-30"
    assert explorer._side.controls.experiment.network == Run.open(stranger).experiment.network
    explorer.close()
    assert "<title>Lenet-30 on Stripes" in page(Run.open(stranger), replays=False)


def test_searching_with_it_is_refused_in_one_sentence_each(stranger, tmp_path):
    experiment = Run.open(stranger).experiment
    with pytest.raises(Refused) as caught:
        search(experiment, "cpu")
    said = caught.value.problems
    names = {"architecture": "lenet-30", "dataset": "stripes", "criterion": "same-sign"}
    assert said.keys() == names.keys()
    for setting, name in names.items():
        assert repr(name) in said[setting]
        assert "register it first" in said[setting]
        assert is_one_sentence(said[setting])
    session = Session(experiment, "cpu", tmp_path / "run")
    with pytest.raises(Refused, match="register it first"):
        session.start()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Refused, match=r"'lenet-30' is not accepted; give one of .*, or register it first"):
        Experiment.from_json(experiment.to_json())
    assert to_query(experiment).startswith("architecture=lenet-30&dataset=stripes")
    assert {name for name in names.values() if any(repr(name) in one for one in from_query(to_query(experiment))[1])}


def test_once_it_is_registered_it_is_searched_as_before(stranger, example, tables):
    run = Run.open(stranger)
    exec(example.partition("session =")[0], {})
    again = {event.network: event for event in search(run.experiment, "cpu") if isinstance(event, NetworkTrained)}
    assert again.keys() == run.state.networks.keys()
    for network, known in run.state.networks.items():
        for name, values in known.final.items():
            assert np.array_equal(values, again[network].final[name])
    made = Experiment(architecture="lenet-30", criterion="same-sign", levels=2, replicates=1)
    assert made == Run.open(stranger).experiment == run.experiment.but()
    assert hash(made) == hash(run.experiment)


def test_an_experiment_that_was_read_equals_itself_and_keeps_its_names_when_changed(stranger):
    experiment = Run.open(stranger).experiment
    assert experiment == Run.open(stranger).experiment
    other = experiment.but(levels=1)
    assert other != experiment
    assert (other.network, other.data) == (experiment.network, experiment.data)
    assert Experiment.parse(experiment.typed(), experiment) == experiment
    elsewhere = experiment.but(architecture="lenet-300-100", criterion="magnitude")
    assert elsewhere.network == ARCHITECTURES["lenet-300-100"]
    assert elsewhere.described.keys() == {"dataset"}
    with pytest.raises(Refused, match="'lenet-30' is not accepted"):
        elsewhere.but(architecture="lenet-30")


def test_each_run_is_shown_by_its_own_description(tables, tmp_path):
    folders = {}
    for units in (8, 12):
        register(data_set(title=f"Dots for {units}"))
        register(architecture(Linear("fc1", units), Linear("fc2", kind="output")))
        folders[units] = searched(Experiment(architecture="small", levels=1, replicates=1), tmp_path / str(units))
        tables()
    register(data_set())
    register(architecture(Linear("fc1", 5), Linear("fc2", kind="output")))
    assert Experiment(architecture="small", levels=1, replicates=1).parameters[0].shape == (5, 36)
    read = {units: Run.open(folder) for units, folder in folders.items()}
    assert read[8].experiment != read[12].experiment
    for units, run in read.items():
        assert run.experiment.data.title == f"Dots for {units}"
        assert run.experiment.parameters[0].shape == (units, 36)
        assert run.mask(level=1)["fc1.weight"].shape == (units, 36)
        assert run.weights(level=1)["fc1.weight"].shape == (units, 36)
        with pytest.raises(Refused, match="'small' stands for another one here than in the run's file"):
            search(run.experiment, "cpu")


def test_runs_of_what_is_built_in_are_described_as_before(tmp_path):
    Writer(Experiment(dataset="digits", criterion="movement"), "cpu", "torch", tmp_path / "run").close()
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about.keys() == {"format", "experiment", "versions", "device", "back_end"}


def test_what_is_registered_can_be_named_everywhere_also_on_a_page_that_was_there_before(tables, monkeypatch, capfd):
    explorer = Explorer()
    before = explorer.experiment
    register(data_set())
    register(architecture())
    explorer._draw()
    assert explorer.experiment == before
    controls = explorer._side.controls._controls
    controls["dataset"].value = "dots"
    controls["architecture"].value = "small"
    assert explorer.experiment.network == architecture()
    explorer.close()
    experiment = Experiment(architecture="small", levels=1)
    assert from_query(to_query(experiment)) == (experiment, [])
    assert Experiment.from_json(experiment.to_json()) == experiment
    with pytest.raises(Refused, match="vgg-19, small, or register it first"):
        Experiment(architecture="missing")
    monkeypatch.setattr("sys.argv", ["lottery", "search", "--help"])
    with pytest.raises(SystemExit):
        main()
    said = " ".join(capfd.readouterr().out.split())
    assert "vgg-19, small." in said
    assert "cifar10, dots." in said


def test_a_script_that_registers_may_be_the_command(own, monkeypatch, capfd, tmp_path):
    settings = ("--architecture", "small", "--levels", "1", "--replicates", "1", "--set", "criterion=sign-kept")
    arguments = ("search", *settings, "--device", "cpu", "--out", tmp_path / "run")
    monkeypatch.setattr("sys.argv", ["lottery", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert (caught.value.code or 0) == 0, capfd.readouterr().err
    assert Run.open(tmp_path / "run").experiment == own


def test_a_study_of_it_can_be_read_where_it_is_not_registered(own, tables):
    experiments = (("mine", own), ("digits", Experiment(dataset="digits", levels=1)))
    written = Study("mine", "Mine", "Mine.", experiments).to_json()
    tables()
    read = Study.from_json(written)
    assert read.to_json() == written
    (_, mine), (_, digits) = read.experiments
    assert mine.network == architecture()
    assert digits.described == {}
    assert "described" not in json.loads(Study("plain", "P", "P.", (("digits", digits),)).to_json())


def test_register_returns_what_it_was_given_and_may_be_repeated(own):
    for thing in (data_set(), architecture(), sign_kept, Criterion("other", lambda final: final)):
        assert register(thing) is thing
        assert register(thing) is thing
    again = data_set(arrays=lambda: dots())
    register(again)  # as when a notebook's cell is run twice: equal, but another function
    assert DATASETS["dots"] is again
    assert CRITERIA["sign-kept"].score is sign_kept


LAYERS_OF_ALL_KINDS = (
    Convolution("conv1", 4, size=5, normalized=True),
    Block("block1", 6, stride=2),
    MaxPool(),
    Convolution("conv2", 4, kind=None),
    AveragePool(),
    Linear("fc", kind="output"),
)


def test_a_network_of_every_kind_of_layer_is_searched_and_read_back_where_it_is_not_registered(tables, tmp_path):
    register(data_set())
    register(architecture(*LAYERS_OF_ALL_KINDS, optimizer="momentum", milestones=(5, 10), scope="global", augment=True))
    experiment = Experiment(architecture="small", levels=1, replicates=1)
    folder = searched(experiment, tmp_path / "run")
    tables()
    run = Run.open(folder)
    assert run.experiment.network.layers == LAYERS_OF_ALL_KINDS
    assert run.experiment.drops == (5, 10)
    assert run.experiment.departures == {}
    assert run.experiment.counts == experiment.counts
    assert run.module(level=1)


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (42, ["register", "42", "an Architecture, a DataSet, a Criterion or a function"]),
        (FromArrays, ["register", "FromArrays", "a DataSet"]),
        (lambda final: final, ["Name", "'<lambda>'", "small letters"]),
        (data_set(name="My Dots"), ["Name", "'My Dots'", "hyphens"]),
        (data_set(name="dots\n"), ["Name", "hyphens"]),
        (data_set(name="../dots"), ["Name", "hyphens"]),
        (data_set(name="digits"), ["Name", "'digits'", "another", "data set"]),
        (data_set(title=""), ["Title of dots", "''"]),
        (data_set(shape=(6, 6)), ["Shape of dots", "(6, 6)", "channels, height and width"]),
        (data_set(classes=1), ["Classes of dots", "1", "from 2"]),
        (data_set(train=60.0), ["Train of dots", "60.0", "whole number"]),
        (data_set(validation=0), ["Validation of dots", "0"]),
        (data_set(accuracy_range=(100, 50)), ["Accuracy range of dots", "(100, 50)", "lower one first"]),
        (data_set(flips=1), ["Flips of dots", "1", "True or False"]),
        (architecture(name="lenet-300-100"), ["Name", "'lenet-300-100'", "another", "architecture"]),
        (architecture(name="Lenet"), ["Name", "'Lenet'"]),
        (architecture(name=7), ["Name", "7"]),
        (architecture(layers=[Linear("fc", kind="output")]), ["Layers of small", "a tuple of Linear"]),
        (architecture(layers=("fc",)), ["Layers of small", "'fc'"]),
        (architecture(layers=()), ["Layers of small", "0 output layers", "as the last"]),
        (architecture(Linear("fc1", 8)), ["Layers of small", "0 output layers"]),
        (architecture(Linear("fc1", kind="output"), Linear("fc2", 8)), ["Layers of small", "before others", "last"]),
        (architecture(Linear("fc1", 8), Linear("fc1", kind="output")), ["Layers of small", "fc1 twice"]),
        (architecture(Linear("fc1", 8), MaxPool(), Linear("fc2", kind="output")), ["Linear before others", "pools"]),
        (architecture(Linear("fc1"), Linear("fc2", kind="output")), ["Units of fc1", "0", "from 1"]),
        (architecture(Linear("fc.1", 8), Linear("fc2", kind="output")), ["Layer", "'fc.1'", "such as fc1"]),
        (architecture(Linear("flatten", 8), Linear("fc2", kind="output")), ["Layer", "'flatten'"]),
        (architecture(Linear("train", 8), Linear("fc2", kind="output")), ["Layers of small", "train", "other names"]),
        (architecture(Convolution("conv1", 4, size=2), Linear("fc", kind="output")), ["Size of conv1", "2", "odd"]),
        (architecture(Block("block1", 0), Linear("fc", kind="output")), ["Channels of block1", "0"]),
        (architecture(ratio={"output": 1}), ["Ratio of small", "fully connected, output"]),
        (architecture(ratio={"fully connected": 0.5, "output": 1}), ["Ratio of small", "0.5", "Fraction(1, 2)"]),
        (architecture(ratio={"fully connected": -1, "output": 1}), ["Ratio of small", "-1", "from 0"]),
        (architecture(ratio={"fully connected": 0, "output": 0}), ["nothing is pruned"]),
        (architecture(dataset="elsewhere"), ["Data set", "'elsewhere'", "dots"]),
        (architecture(batch=0), ["Batch", "0"]),
        (architecture(batch=61), ["Batch", "61 with Data set dots", "60"]),
        (architecture(learning_rate="fast"), ["Learning rate", "'fast'"]),
        (architecture(iterations=0), ["Iterations", "0"]),
        (architecture(milestones=(30,)), ["Milestones", "30", "below 20"]),
        (architecture(optimizer="newton"), ["Optimizer", "'newton'"]),
        (architecture(*[MaxPool()] * 3, Linear("fc", kind="output")), ["small", "Data set dots", "larger images"]),
    ],
    ids=str,
)
def test_what_cannot_be_registered_is_refused_in_one_sentence_and_leaves_no_trace(tables, thing, said):
    register(data_set())
    before = {setting: dict(table) for setting, table in TABLES.items()}
    with pytest.raises(Refused) as caught:
        register(thing)
    assert is_one_sentence(str(caught.value))
    assert all(part in str(caught.value) for part in said), str(caught.value)
    assert before == TABLES


def test_a_name_that_is_taken_by_another_thing_is_refused(own):
    def magnitude(final):
        return final

    def sign_kept(final):
        return final

    taken = (magnitude, sign_kept, data_set(test=19), architecture(Linear("fc1", 9), Linear("fc2", kind="output")))
    for thing in taken:
        with pytest.raises(Refused, match="is not accepted; give another, for it is that of another"):
            register(thing)
    assert own.network == architecture()


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("architecture", lambda described: described.pop("layers")),
        ("architecture", lambda described: described.update(name="other")),
        ("architecture", lambda described: described.update(title="<b>\n")),
        ("architecture", lambda described: described.update(more=1)),
        ("architecture", lambda described: described.update(layers=[])),
        ("architecture", lambda described: described.update(layers=[{"layer": "Softmax"}])),
        ("architecture", lambda described: described["layers"][0].update(units=-1)),
        ("architecture", lambda described: described["layers"][0].update(units=10**30)),
        ("architecture", lambda described: described["layers"][0].update(name="<script>")),
        ("architecture", lambda described: described.update(ratio={"fully connected": "1e999999999", "output": "1"})),
        ("architecture", lambda described: described.update(ratio={"fully connected": "1/0", "output": "1"})),
        ("architecture", lambda described: described.update(iterations=0)),
        ("dataset", lambda described: described.update(shape=5)),
        ("dataset", lambda described: described.update(classes="ten")),
        ("dataset", lambda described: described.pop("train")),
        ("criterion", lambda described: described.update(needs=["hessian"])),
        ("criterion", lambda described: described.update(needs=["not a name"])),
        ("criterion", lambda described: described.update(needs=None)),
        ("criterion", dict.clear),
    ],
)
def test_a_damaged_description_is_one_sentence(stranger, tmp_path, setting, change):
    copy = shutil.copytree(stranger, tmp_path / "copy")
    about = json.loads((copy / "run.json").read_text())
    change(about["described"][setting])
    (copy / "run.json").write_text(json.dumps(about))
    with pytest.raises(RunError) as caught:
        Run.open(copy)
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize("described", [[], 5, "x", {"seed": {}}, {"dataset": []}, {"architecture": None}])
def test_descriptions_that_are_none_are_one_sentence(stranger, tmp_path, described):
    copy = shutil.copytree(stranger, tmp_path / "copy")
    about = json.loads((copy / "run.json").read_text()) | {"described": described}
    (copy / "run.json").write_text(json.dumps(about))
    with pytest.raises(RunError) as caught:
        Run.open(copy)
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (lambda final: final.sum(), "scores of shape () for fc1.weight"),
        (lambda final: final[0], "scores of shape (36,) for fc1.weight"),
        (lambda initial, final: final * np.nan, "a score that is no number"),
        (lambda final: np.abs(final, out=final), "read-only"),
    ],
)
def test_a_criterion_that_scores_wrongly_ends_its_search_with_one_sentence(own, score, said, tmp_path):
    register(Criterion("wrong", score))
    session = Session(own.but(criterion="wrong"), "cpu", tmp_path / "run")
    session.start()
    assert session.wait(PATIENCE) == "failed"
    message = session.state.ended.message
    assert said in message
    assert message.startswith("Failed at level 0")
    assert "\n" not in message
