"""The command `lottery`: what it refuses, what it prints, how it ends."""

import itertools
import json
import os
import re
import signal
import time
import urllib.error
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from explorer import Experiment, ExplorerError, Run, Session, Study, preset, search
from explorer.browser import ADVICE
from explorer.cli import main
from explorer.events import VARIANTS
from explorer.measures import MEASURED
from explorer.presets import PRESETS, Preset
from explorer.runs.export import KINDS, Choice, files
from explorer.runs.records import to_line
from explorer.studies import STUDIES, cost
from explorer.studies.paper import in_short
from explorer.training import sparse
from explorer.training.sparse import SparseBackEnd
from explorer.views import words
from explorer.views.story import result
from explorer.widgets.panels import VIEWS
from tests.browser.chromium import find
from tests.support import PATIENCE, is_one_sentence, lines_of, searching, until


@pytest.fixture
def lottery(monkeypatch, capfd):
    """Run the command in this process: its exit status and what it wrote to stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["lottery", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        return (caught.value.code or 0, *capfd.readouterr())

    return run


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A folder in which nothing may appear, and which runs would go to."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("EXPLORER_RUNS", str(folder))
    return folder


QUICK = (
    "--dataset",
    "tiny",
    "--prune",
    "50",
    "--levels",
    "1",
    "--replicates",
    "2",
    "--iterations",
    "40",
    "--device",
    "cpu",
)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--prune", "0"], ["Prune per level", "0%", "from 1 to 99"]),
        (["--prune", "100"], ["Prune per level", "100%", "from 1 to 99"]),
        (["--prune", "-3"], ["Prune per level", "-3%", "from 1 to 99"]),
        (["--prune", "0.2"], ["Prune per level", "0.2%", "from 1 to 99", "did you mean 20?"]),
        (["--prune", "nan"], ["Prune per level", "nan", "from 1 to 99"]),
        (["--levels", "60"], ["Levels", "60", "at most ", "would lose nothing"]),
        (["--levels", "0"], ["Levels", "0", "from 1 to 999"]),
        (["--replicates", "many"], ["Replicates", "'many'", "from 1 to 100"]),
        (["--iterations", "-1"], ["Iterations", "'-1'", "from 1 to 1000000"]),
        (["--seed", "1.5"], ["Seed", "'1.5'", "a whole number from 0"]),
        (["--seed", ""], ["Seed", "''", "a whole number from 0"]),
        (["--architecture", "lenet"], ["Architecture", "'lenet'", "did you mean lenet-300-100?"]),
        (["--dataset", "mnst"], ["Data set", "'mnst'", "digits, mnist, fashion-mnist", "did you mean mnist?"]),
        (["--dataset", "digits", "--device", "gpu"], ["Device", "'gpu'", "auto, cpu, cuda"]),
        (["--dataset", "digits", "--device", "cuda"], ["Device", "'cuda'", "auto or cpu", "no CUDA"]),
        (["--preset", "sixty"], ["Preset", "'sixty'", "did you mean sixty-seconds?"]),
        (["--set", "prune=20"], ["Prune per level", "20", "from 0.01 to 0.99", "did you mean 0.2?"]),
        (["--set", "prune=NaN"], ["Prune per level", "nan", "from 0.01 to 0.99"]),
        (["--set", "seeds=1"], ["'seeds'", "did you mean seed?"]),
        (["--set", "seed"], ["--set", "'seed'", "FIELD=VALUE"]),
        (["--set", "seed=[1]"], ["Seed", "[1]", "a whole number from 0"]),
        (["--set", "batch=4000", "--dataset", "digits"], ["Batch", "4000", "at most 3500"]),
        (["no-such-file.json"], ["no-such-file.json", "cannot be read", "No such file"]),
        (["--preset", "sixty-seconds", "no-such-file.json"], ["EXPERIMENT.json or --preset, not both"]),
    ],
    ids=lambda part: " ".join(part),
)
def test_what_is_wrong_is_refused_in_one_sentence_and_nothing_written(
    lottery, nowhere, tmp_path, monkeypatch, arguments, said
):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for out in ((), ("--out", tmp_path / "out")):
        status, stdout, stderr = lottery("search", *arguments, *out)
        assert (status, stdout) == (2, "")
        assert is_one_sentence(stderr.removeprefix("lottery: ").removesuffix("\n"))
        assert all(part in stderr for part in said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "[]", '{"levels": "3"}', '{"nonsense": 1}', "\x00"])
def test_a_file_that_is_no_experiment_is_refused(lottery, nowhere, tmp_path, content):
    (tmp_path / "experiment.json").write_text(content)
    status, _, stderr = lottery("search", tmp_path / "experiment.json")
    assert status == 2
    assert is_one_sentence(stderr.strip())
    assert not nowhere.exists()


def test_every_wrong_flag_is_told(lottery, nowhere):
    status, _, stderr = lottery("search", "--prune", "0", "--seed", "x", "--dataset", "nist")
    assert status == 2
    assert all(name in stderr for name in ("Prune per level", "Seed", "Data set"))


def test_a_data_folder_that_cannot_be_written_is_refused(lottery, nowhere, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "file" / "data"))
    status, _, stderr = lottery("search", "--dataset", "mnist", "--iterations", "1", "--levels", "1")
    assert status == 2
    assert is_one_sentence(stderr.strip())
    assert str(tmp_path / "file" / "data") in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_run_folder_that_cannot_be_made_is_refused(lottery, tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "file"))
    for out in ((), ("--out", tmp_path / "file" / "run")):
        status, _, stderr = lottery("search", *QUICK, *out)
        assert status == 2
        assert is_one_sentence(stderr.strip())
        assert str(tmp_path / "file") in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("arguments", [["seek"], ["search", "--levls", "3"], ["search", "--seed"], ["show"]])
def test_a_command_or_flag_that_is_not_there_is_status_2(lottery, nowhere, arguments):
    status, stdout, stderr = lottery(*arguments)
    assert (status, stdout) == (2, "")
    assert "Traceback" not in stderr
    assert not nowhere.exists()


def test_json_prints_the_records_in_sequence(lottery, tiny, tmp_path):
    status, stdout, stderr = lottery("search", *QUICK, "--json", "--out", tmp_path / "run")
    assert status == 0
    lines = stdout.splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == list(range(len(lines)))
    assert json.loads(lines[-1]) == {
        "sequence": len(lines) - 1,
        "record": "Ended",
        "outcome": "finished",
        "message": "",
    }
    assert stdout == (tmp_path / "run" / "events.jsonl").read_text()
    assert str(tmp_path / "run") in stderr
    assert Run.open(tmp_path / "run").experiment == tiny


def test_without_a_terminal_it_says_a_line_a_level_on_stderr(lottery, tmp_path):
    quick = ("--levels", "2", "--replicates", "1", "--iterations", "100", "--device", "cpu")
    status, stdout, stderr = lottery("search", "--dataset", "digits", *quick, "--out", tmp_path / "run")
    assert (status, stdout) == (0, "")
    *levels, verdict, written = (line for line in stderr.splitlines() if "Compiling" not in line)
    assert written == f"Written to {tmp_path / 'run'}"
    assert verdict == result(Run.open(tmp_path / "run").state).line
    _, shown, _ = lottery("show", tmp_path / "run")
    assert verdict in shown
    assert levels
    for line in levels:
        assert re.fullmatch(r"level \d of 2, [\d.]+% of the weights(: .+ left)?", line)


def test_it_says_once_that_the_training_step_is_compiled(lottery, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(sparse, "FROM_DISK", 0)
    monkeypatch.setattr(SparseBackEnd, "prepare", staticmethod(lambda: time.sleep(1)))
    status, stdout, stderr = lottery("search", *QUICK, "--json", "--out", tmp_path / "run")
    assert status == 0
    assert stderr.splitlines()[0] == "Compiling the training step, once on this machine"
    assert stderr.count("Compiling") == 1
    assert "Compiling" not in stdout


def test_settings_come_from_file_or_preset_then_set_then_flags(lottery, monkeypatch, tmp_path):
    asked = []

    def refuse(experiment, device, out):
        asked.append((experiment, device, out))
        raise ExplorerError("Enough.")

    monkeypatch.setattr("explorer.session.Session", refuse)
    base = Experiment(dataset="digits", levels=2, seed=5)
    (tmp_path / "experiment.json").write_text(base.to_json())
    file = tmp_path / "experiment.json"
    for arguments, wanted in (
        ([], preset("sixty-seconds")),
        (["--preset", "paper-lenet"], Experiment(reinit_draws=3, sparse_draws=2)),
        (["--levels", "3"], Experiment(levels=3)),
        (["--prune", "30%"], Experiment(prune=0.3)),
        ([file], base),
        ([file, "--seed", "6", "--set", "seed=7", "--set", "prune=0.3"], base.but(seed=6, prune=0.3)),
        (["--set", "dataset=digits", "--set", "learning_rate=1e-3"], Experiment(dataset="digits", learning_rate=1e-3)),
        (["--preset", "sixty-seconds", "--replicates", "9"], preset("sixty-seconds").but(replicates=9)),
        (["--preset", "sixty-seconds", "--architecture", "conv-2"], preset("sixty-seconds").but(architecture="conv-2")),
        (
            [file, "--architecture", "resnet-18", "--set", "optimizer=sgd", "--set", "milestones=[5, 9]"],
            base.but(architecture="resnet-18", optimizer="sgd", milestones=(5, 9)),
        ),
    ):
        status, _, stderr = lottery("search", *arguments)
        assert (status, stderr) == (1, "lottery: Enough.\n")
        assert asked.pop() == (wanted, "auto", None)


def test_a_failure_is_status_1_with_its_message(lottery, tiny, tmp_path, monkeypatch):
    def fail(*args, **keywords):
        yield from itertools.islice(search(*args, **keywords), 3)
        raise MemoryError

    monkeypatch.setattr("explorer.session.search", fail)
    status, _, stderr = lottery("search", *QUICK, "--out", tmp_path / "run")
    assert status == 1
    *_, line = stderr.splitlines()  # before it, where that took a moment, how far the search was
    assert "out of memory" in line
    assert str(tmp_path / "run") in line
    assert Run.open(tmp_path / "run").status == "failed"


def test_data_that_cannot_be_had_is_status_1_and_leaves_no_run(lottery, nowhere, tmp_path, monkeypatch):
    def refuse(*args, **keywords):
        raise urllib.error.URLError(OSError(-3, "Temporary failure in name resolution"))

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "data"))
    status, _, stderr = lottery("search", "--dataset", "mnist", "--levels", "1", "--device", "cpu")
    (line,) = stderr.splitlines()
    assert status == 1
    assert "could not be downloaded (Temporary failure in name resolution); put " in line
    assert f"t10k-labels-idx1-ubyte.gz into {tmp_path / 'data' / 'MNIST' / 'raw'}." in line
    assert list(nowhere.iterdir()) == []


def test_a_folder_that_is_not_empty_is_refused(lottery, tiny, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    status, _, stderr = lottery("search", *QUICK, "--out", tmp_path)
    assert status == 2
    assert is_one_sentence(stderr.strip())
    assert f"{tmp_path} is not empty" in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_interrupted_before_anything_was_computed_it_says_so(lottery, tiny, tmp_path, monkeypatch):
    load = type(tiny.data).load

    def interrupted(data):
        os.kill(os.getpid(), signal.SIGINT)  # as if while downloading
        until(lambda: told)
        return load(data)

    told, cancel = [], Session.cancel
    monkeypatch.setattr(Session, "cancel", lambda session: told.append(cancel(session)))
    monkeypatch.setattr(type(tiny.data), "load", interrupted)
    status, _, stderr = lottery("search", *QUICK, "--out", tmp_path / "run")
    assert status == 130
    assert stderr == "Interrupted before anything was computed; nothing is kept.\n"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_search_ends_with_130_and_keeps_what_it_has(tmp_path):
    with searching(tmp_path / "run") as process:
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert str(tmp_path / "run") in stderr
    assert "Traceback" not in stderr
    run = Run.open(tmp_path / "run")
    assert run.status == "cancelled"
    assert len(run.curves()) >= 1


def test_a_reader_that_goes_away_does_not_cost_the_run(tmp_path):
    quick = ("--levels", "1", "--iterations", "20")
    with searching(tmp_path / "run", *quick) as process:
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
        process.stderr.read()
    assert Run.open(tmp_path / "run").status == "finished"


def test_show_prints_the_means_of_every_level_and_variant(lottery, shared):
    status, stdout, _ = lottery("show", shared.folder)
    assert status == 0
    assert "Lenet-300-100 on Digits" in stdout
    assert "4 levels of 52%, 2 replicates, 210 iterations, seed 0: finished" in stdout
    assert all(len(line) <= 120 for line in stdout.splitlines())
    lines = [line.split() for line in stdout.splitlines() if line.strip()[:1].isdigit()]
    rows = [(*first, *last[4:]) for first, last in zip(lines[:13], lines[13:], strict=True)]
    assert [(row[0], row[2]) for row in rows] == [("0", "dense")] + [
        (str(level), variant) for level in range(1, 5) for variant in VARIANTS
    ]
    measures = Run.open(shared.folder).measures()
    for row, known in zip(rows, measures.to_dict("records"), strict=True):
        assert int(row[3]) == known["n"] == 2
        for name, mean, span in zip(MEASURED, row[4::2], row[5::2], strict=True):
            low, high = span.strip("()").split("–")
            scale = 100 if name.endswith("accuracy") else 1
            digits = {"early_stop_iteration": 0.51, "speed_up": 0.0051}.get(name, 0.051)
            for text, what in ((mean, "mean"), (low, "lowest"), (high, "highest")):
                assert float(text) == pytest.approx(scale * known[f"{name}_{what}"], abs=digits)


def test_show_of_an_unfinished_run_says_so(lottery, tiny, tmp_path):
    from explorer.runs import Writer

    writer = Writer(tiny, "cpu", "torch", tmp_path / "run")
    writer.close()
    status, stdout, _ = lottery("show", tmp_path / "run")
    assert status == 0
    assert "interrupted" in stdout


def test_show_of_what_is_no_run_is_status_1_and_one_sentence(lottery, tmp_path):
    for command in (["show", tmp_path], ["show", tmp_path / "nowhere"], ["export", tmp_path, tmp_path / "out"]):
        status, stdout, stderr = lottery(*command)
        assert (status, stdout) == (1, "")
        assert is_one_sentence(stderr.strip())
        assert f"{command[1]} is no run directory" in stderr
    assert list(tmp_path.iterdir()) == []


def test_export_writes_what_is_asked_for_and_says_where(lottery, shared, tmp_path, monkeypatch):
    run, who = (
        Run.open(shared.folder),
        ("--variant", "random-sparse", "--replicate", "1", "--level", "2", "--when", "initial"),
    )
    monkeypatch.setattr(
        "explorer.runs.export.KINDS", {kind: KINDS[kind] for kind in ("csv", "network")}
    )  # the quick ones
    for arguments, made in (
        ((), files(run)),
        (("--what", "csv"), files(run, ["csv"])),
        (("--what", "network", *who), files(run, ["network"], Choice("random-sparse", 1, 2, when="initial"))),
        (("--what", "network", "--what", "csv"), files(run, ["csv", "network"])),
    ):
        out = tmp_path / " ".join(arguments)
        status, stdout, stderr = lottery("export", shared.folder, out, *arguments)
        assert (status, stderr) == (0, "")
        assert {path.name: path.read_bytes() for path in out.iterdir()} == made
        assert stdout.splitlines() == [str(out / name) for name in made]
        assert lottery("export", shared.folder, out, *arguments)[0] == 2
        assert lottery("export", shared.folder, out, *arguments, "--force")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--what", "picture"], ["'picture'", "csv, network, html, pictures, all", "did you mean pictures?"]),
        (["--variant", "tickt"], ["'tickt'", "did you mean ticket?"]),
        (["--when", "finale"], ["'finale'", "did you mean final?"]),
        (["--level", "9"], ["level 9", "it holds level 0, level 1"]),
        (["--level", "last"], ["--level", "'last'", "a whole number from 0"]),
        (["--replicate", "-1"], ["--replicate", "'-1'", "a whole number from 0"]),
        (["--replicate", "2"], ["no ticket of it is trained"]),
    ],
    ids=lambda part: " ".join(part),
)
def test_what_cannot_be_exported_is_refused_in_one_sentence_and_nothing_written(
    lottery, shared, tmp_path, arguments, said
):
    status, stdout, stderr = lottery("export", shared.folder, tmp_path / "out", "--what", "network", *arguments)
    assert (status, stdout) == (2, "")
    assert is_one_sentence(stderr.strip())
    assert all(part in stderr for part in said)
    assert list(tmp_path.iterdir()) == []


def test_pictures_without_a_browser_are_status_1_and_one_sentence_and_nothing_is_written(
    lottery, shared, tmp_path, monkeypatch
):
    monkeypatch.setenv("EXPLORER_BROWSER", str(tmp_path / "nowhere"))
    status, stdout, stderr = lottery("export", shared.folder, tmp_path / "out", "--what", "pictures")
    assert (status, stdout) == (1, "")
    assert "There is no Chromium that runs" in stderr
    assert is_one_sentence(stderr.strip())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.browser
def test_export_draws_pictures_and_a_page(lottery, tmp_path, monkeypatch):
    browser = find()
    if browser is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(ADVICE)
    monkeypatch.setenv("EXPLORER_BROWSER", browser)
    small = Session(Experiment(dataset="digits", levels=1, replicates=1, iterations=20), "cpu", tmp_path / "run")
    small.start()
    assert small.wait() == "finished"
    tmp_path = tmp_path / "pictures"
    status, stdout, stderr = lottery("export", small.folder, tmp_path, "--what", "pictures", "--what", "html")
    assert (status, stderr) == (0, "")
    pictures = [f"{view}.{kind}" for view in VIEWS for kind in ("svg", "png")]
    assert stdout.splitlines() == [str(tmp_path / name) for name in ("replay.html", *pictures)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["replay.html", *pictures])
    for view in VIEWS:
        assert ElementTree.parse(tmp_path / f"{view}.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"
        assert (tmp_path / f"{view}.png").read_bytes().startswith(b"\x89PNG")
    assert "Lenet-300-100 on Digits" in (tmp_path / "replay.html").read_text().partition("</title>")[0]


def test_export_into_what_is_no_folder_is_refused(lottery, shared, tmp_path):
    (tmp_path / "file").write_text("no folder")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        status, _, stderr = lottery("export", shared.folder, out, "--what", "csv")
        assert status == 2
        assert is_one_sentence(stderr.strip())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def paced(tmp_path, monkeypatch):
    """Nothing is tried: every network-iteration takes a millisecond."""
    monkeypatch.setattr(cost, "cache", lambda: tmp_path / "cache" / "trials.json")
    monkeypatch.setattr(cost, "_try", lambda *given: 1e-3)


def test_presets_lists_all_with_their_cost_and_time(lottery, paced):
    status, stdout, _ = lottery("presets", "--device", "cpu")
    assert status == 0
    lines = stdout.splitlines()
    assert max(map(len, lines)) <= 100
    titles = [known.title for known in (*PRESETS.values(), *STUDIES.values())]
    assert [line for line in lines if line in titles] == list(dict.fromkeys(titles))
    for name, known in (*PRESETS.items(), *STUDIES.items()):
        (line,) = [line for line in lines if line.split()[:1] == [name] and "network-iterations" in line]
        takes = cost.seconds(known.experiment if isinstance(known, Preset) else known, "cpu")
        assert f" {words.rounded(known.cost)} network-iterations, about {words.roughly(takes)} here" in line
        assert lines.index(line) > lines.index(known.title)
        about = (known if isinstance(known, Preset) else STUDIES[f"figure-{known.figure}-paper"]).about.split()
        assert about == " ".join(lines[lines.index(known.title) + 1 :]).split()[: len(about)]


def test_presets_as_json_holds_every_setting(lottery, paced):
    status, stdout, _ = lottery("presets", "--json", "--device", "cpu")
    assert status == 0
    listed = {entry["name"]: entry for entry in json.loads(stdout)}
    assert list(listed) == [*PRESETS, *STUDIES]
    for name, preset_ in PRESETS.items():
        assert Experiment(**listed[name]["experiment"]) == preset_.experiment
    for name, known in STUDIES.items():
        entry = listed[name]
        assert [(label, Experiment(**settings)) for label, settings in entry["experiments"].items()] == list(
            known.experiments
        )
        assert (entry["figure"], entry["size"], entry["network_iterations"]) == (known.figure, known.size, known.cost)
        assert entry["seconds"] == pytest.approx(cost.seconds(known, "cpu"))


def test_a_device_that_is_not_there_is_refused_by_presets(lottery, paced):
    status, stdout, stderr = lottery("presets", "--device", "gpu")
    assert (status, stdout) == (2, "")
    assert is_one_sentence(stderr.strip())


@pytest.fixture
def pair(tiny, paced, monkeypatch):
    """A study of two tiny experiments that has a name."""
    study = Study("pair", "Pair", "Runs two.", (("one", tiny), ("two", tiny.but(seed=1))), "4a", "talk")
    monkeypatch.setitem(STUDIES, "pair", study)
    return study


def test_a_study_runs_all_its_experiments_and_says_what_came_out(lottery, pair, tmp_path):
    status, stdout, stderr = lottery("search", "--preset", "pair", "--device", "cpu", "--out", tmp_path / "out")
    assert (status, stdout) == (0, "")
    opened = Study.open(tmp_path / "out")
    assert (opened.study, opened.status) == (pair, "finished")
    first, *levels, one, two, written = (line for line in stderr.splitlines() if "Compiling" not in line)
    assert first == (
        f"pair: 2 experiments to run, {words.rounded(pair.cost)} network-iterations, "
        f"about {words.roughly(cost.seconds(pair, 'cpu'))} here"
    )
    for line in levels:
        assert re.fullmatch(r"(one, 1 of 2|two, 2 of 2): level \d of 1, [\d.]+% of the weights(: .+ left)?", line)
    assert (one, two) == tuple(f"{label}: {result(run.state).line}" for label, run in opened.runs.items())
    assert written == f"Written to {tmp_path / 'out'}"

    status, stdout, _ = lottery("show", tmp_path / "out")
    assert status == 0
    shown = stdout.index("Pair: finished"), *(stdout.index(f"\n{label}: Lenet-300-100") for label in pair.labels)
    assert list(shown) == sorted(shown)
    assert all(result(run.state).line in stdout for run in opened.runs.values())
    rows = opened.judged()
    assert len(rows) > 0
    assert in_short(rows) in stdout
    assert [line.count("not comparable") for line in stdout.splitlines()].count(1) == len(rows)


def test_a_study_prints_records_with_their_label_first(lottery, pair, tmp_path):
    status, stdout, _ = lottery("search", "--preset", "pair", "--json", "--device", "cpu", "--out", tmp_path / "out")
    assert status == 0
    records = [json.loads(line) for line in stdout.splitlines()]
    assert all(line.startswith('{"label": ') for line in stdout.splitlines())
    for label in pair.labels:
        mine = [{k: v for k, v in record.items() if k != "label"} for record in records if record["label"] == label]
        assert mine == lines_of(tmp_path / "out" / label)


def test_a_study_goes_on_where_it_was_interrupted(lottery, pair, tmp_path, monkeypatch):
    told, cancel, out = [], Session.cancel, tmp_path / "out"
    monkeypatch.setattr(Session, "cancel", lambda session: told.append(cancel(session)))

    def interrupted(experiment, *given, **keywords):
        for number, event in enumerate(search(experiment, *given, **keywords)):
            if experiment.seed == 1 and number == 9:
                os.kill(os.getpid(), signal.SIGINT)
                until(lambda: told)
            yield event

    with monkeypatch.context() as patch:
        patch.setattr("explorer.session.search", interrupted)
        status, _, stderr = lottery("search", "--preset", "pair", "--device", "cpu", "--out", out)
    assert status == 130
    assert Study.open(out).status == "cancelled"
    go_on = stderr.splitlines()[-1].partition("go on with: lottery ")[2].split()
    assert go_on == ["search", str(out / "study.json"), "--out", str(out)]
    finished, before = (out / "one" / "events.jsonl").stat(), (out / "two" / "events.jsonl").read_bytes()

    status, _, stderr = lottery(*go_on, "--device", "cpu")
    assert status == 0
    lines = stderr.splitlines()
    assert lines[0].startswith("pair: 1 experiment to run, ")
    assert lines[1] == "one: finished already"
    assert lines[2].startswith("two: begins anew; the run that did not finish is now in ")
    aside = Path(lines[2].partition(" is now in ")[2])
    assert (aside / "events.jsonl").read_bytes() == before
    assert Study.open(out).status == "finished"
    assert (out / "one" / "events.jsonl").stat() == finished

    status, _, stderr = lottery("search", "--preset", "pair", "--out", out)
    assert status == 0
    assert stderr.splitlines()[:2] == ["one: finished already", "two: finished already"]
    status, _, stderr = lottery("search", "--preset", "pair", "--seed", "5", "--out", out)
    assert status == 2
    assert is_one_sentence(stderr.strip())
    assert "holds the study pair with other settings" in stderr


def test_a_study_interrupted_before_anything_was_computed_leaves_nothing(lottery, pair, tmp_path, monkeypatch):
    def interrupt(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(cost, "_try", interrupt)
    status, _, stderr = lottery("search", "--preset", "pair", "--device", "cpu", "--out", tmp_path / "out")
    assert (status, stderr) == (130, "Interrupted before anything was computed; nothing is kept.\n")
    assert list(tmp_path.iterdir()) == []


def test_an_experiment_that_fails_ends_its_study_with_status_1(lottery, pair, tmp_path, monkeypatch):
    def fail(*given, **keywords):
        yield from itertools.islice(search(*given, **keywords), 3)
        raise MemoryError

    monkeypatch.setattr("explorer.session.search", fail)
    status, _, stderr = lottery("search", "--preset", "pair", "--device", "cpu", "--out", tmp_path / "out")
    assert status == 1
    last = stderr.splitlines()[-1]
    assert last.startswith("lottery: one: Failed at level 0: out of memory")
    assert f"go on with: lottery search {tmp_path / 'out' / 'study.json'} --out {tmp_path / 'out'}" in last
    assert Study.open(tmp_path / "out").status == "failed"


def test_flags_change_every_experiment_of_a_study_which_is_then_no_figure(lottery, pair, tmp_path, monkeypatch):
    asked = []

    def refuse(study, out):
        asked.append(study)
        raise ExplorerError("Enough.")

    monkeypatch.setattr("explorer.studies.study_writer.StudyWriter", refuse)
    (tmp_path / "study.json").write_text(pair.to_json())
    for arguments, wanted in (
        (["--preset", "pair"], pair),
        ([tmp_path / "study.json"], pair),
        (["--preset", "pair", "--levels", "1"], pair),
        (["--preset", "pair", "--levels", "2", "--set", "seed=3"], {"levels": 2, "seed": 3}),
        (["--preset", "pair", "--levels", "2", "--set", "batch=30"], {"levels": 2, "batch": 30}),
    ):
        assert lottery("search", *arguments)[::2] == (1, "lottery: Enough.\n")
        if isinstance(wanted, dict):
            experiments = tuple((label, experiment.but(**wanted)) for label, experiment in pair.experiments)
            figure = "" if "batch" in wanted else pair.figure  # smaller or larger, it can be held against the paper
            wanted = replace(pair, experiments=experiments, figure=figure, size="")
        assert asked.pop() == wanted


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--preset", "figure-4a"], ["'figure-4a'", "`lottery presets`", "did you mean figure-4a-paper?"]),
        (["--preset", "pair", "--prune", "0"], ["Prune per level", "0%"]),
        (["--preset", "pair", "--device", "gpu"], ["Device", "'gpu'"]),
        (["--preset", "pair", "--set", "dataset=mnist"], ["EXPLORER_DATA"]),
    ],
    ids=lambda part: " ".join(part),
)
def test_a_study_that_cannot_be_run_is_refused_before_anything_is_written(
    lottery, pair, nowhere, tmp_path, monkeypatch, arguments, said
):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "file" / "data"))
    status, stdout, stderr = lottery("search", *arguments)
    assert (status, stdout) == (2, "")
    assert is_one_sentence(stderr.removeprefix("lottery: ").removesuffix("\n"))
    assert all(part in stderr for part in said)
    assert not nowhere.exists()


def test_a_damaged_study_file_is_refused_in_one_sentence(lottery, pair, nowhere, tmp_path):
    (tmp_path / "study.json").write_text(pair.to_json().replace('"levels": 1', '"levels": 0'))
    status, _, stderr = lottery("search", tmp_path / "study.json")
    assert status == 2
    assert is_one_sentence(stderr.strip())
    assert "Levels" in stderr


def test_show_of_a_damaged_study_is_status_1_and_one_sentence(lottery, tmp_path):
    (tmp_path / "study.json").write_text("{}")
    status, stdout, stderr = lottery("show", tmp_path)
    assert (status, stdout) == (1, "")
    assert is_one_sentence(stderr.strip())


def test_help_names_every_flag_with_what_it_accepts(lottery):
    status, stdout, _ = lottery("search", "--help")
    assert status == 0
    words = " ".join(stdout.split())
    for flag in ("architecture", "dataset", "prune", "levels", "iterations", "replicates", "seed"):
        assert f"--{flag}" in words
    assert "a percentage from 1 to 99" in words


def test_a_line_holds_everything_of_a_record_but_arrays(shared):
    lines = (shared.folder / "events.jsonl").read_text().splitlines()
    records = [
        e for e in shared.events if type(e).__name__ in {"NetworkStarted", "Evaluated", "NetworkTrained", "Ended"}
    ]
    assert [to_line(number, record) for number, record in enumerate(records)] == lines


def test_an_app_that_is_not_there_is_refused(lottery):
    status, stdout, stderr = lottery("explore", "--app", "tlak")
    assert (status, stdout) == (2, "")
    assert is_one_sentence(stderr.strip())
    assert all(said in stderr for said in ("'tlak'", "explorer, talk", "did you mean talk?"))
