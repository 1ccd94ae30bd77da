"""A run directory, read: its tables, masks and weights, also while it is written."""

import numpy as np
import pandas as pd
import pytest
import torch

from explorer import Refused, Run, RunError, Session
from explorer.datasets import load
from explorer.events import Ended, Network, NetworkTrained
from explorer.places import place
from explorer.presets import DEFAULT
from explorer.views import Selection, accuracy, density, histogram, masks
from explorer.views.progress import network_iterations, strip
from explorer.views.story import result, story
from tests.support import MEASURES, is_one_sentence, lines_of, plain, searching


def test_curves_are_the_evaluations(shared):
    rows = [
        {**line, "density": shared.experiment.density(line["level"])}
        for line in lines_of(shared.folder)
        if line["record"] == "Evaluated"
    ]
    columns = ["replicate", "draw", "level", "density", "variant", "iteration", *MEASURES]
    curves = Run.open(shared.folder).curves()
    assert list(curves.columns) == columns
    by = ["level", "variant", "replicate", "iteration"]
    expected = pd.DataFrame(rows)[columns].sort_values(by, ignore_index=True)
    pd.testing.assert_frame_equal(curves.sort_values(by, ignore_index=True), expected)
    assert len(curves) == 26 * len(shared.experiment.evaluations)


def test_summary_is_a_plain_recomputation_from_the_lines(shared):
    evaluations = {}
    for line in lines_of(shared.folder):
        if line["record"] == "Evaluated":
            who = (line["variant"], line["replicate"], line["level"], line["draw"])
            evaluations.setdefault(who, []).append(line)
    summary = Run.open(shared.folder).summary()
    stops = ["early_stop_iteration", *(f"early_stop_{measure}" for measure in MEASURES)]
    finals = [f"final_{measure}" for measure in MEASURES]
    assert list(summary.columns) == ["replicate", "draw", "level", "density", "variant", *stops, *finals]
    assert len(summary) == len(evaluations) == 26
    for row in summary.to_dict("records"):
        of_network = evaluations[row["variant"], row["replicate"], row["level"], row["draw"]]
        least = min(line["validation_loss"] for line in of_network)
        stop = next(line for line in of_network if line["validation_loss"] == least)
        last = of_network[-1]
        assert last["iteration"] == shared.experiment.iterations
        assert row["density"] == shared.experiment.density(row["level"])
        assert row["early_stop_iteration"] == stop["iteration"]
        for measure in MEASURES:
            assert row[f"early_stop_{measure}"] == stop[measure]
            assert row[f"final_{measure}"] == last[measure]


@pytest.mark.parametrize("folder", ["shared", "recorded"])
def test_measures_are_a_plain_recomputation_from_the_summary(shared, folder):
    run = Run.open(shared.folder if folder == "shared" else place("assets", "recorded", DEFAULT))
    summary, measures = run.summary(), run.measures()
    summary["speed_up"] = summary.query("level == 0").early_stop_iteration.mean() / summary.early_stop_iteration
    names = [f"{when}_{split}_accuracy" for when in ("early_stop", "final") for split in ("train", "test")]
    names = ["early_stop_iteration", "speed_up", *names]
    by_variant = summary.groupby(["level", "density", "variant"])
    wanted = by_variant[names].agg(["mean", "min", "max"])
    lowest_highest = {"mean": "mean", "min": "lowest", "max": "highest"}
    wanted.columns = [f"{name}_{lowest_highest[what]}" for name, what in wanted.columns]
    dense = summary.query("level == 0").early_stop_iteration.mean()
    wanted["speed_up_mean"] = dense / wanted["early_stop_iteration_mean"]  # and no mean of quotients
    wanted.insert(0, "n", by_variant.size())
    assert list(measures.columns) == ["level", "density", "variant", *wanted.columns]
    assert measures.equals(measures.sort_values("level", kind="stable"))
    by = ["level", "variant"]
    found = measures.sort_values(by, ignore_index=True)
    wanted = wanted.reset_index().sort_values(by, ignore_index=True)
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False, rtol=1e-12)


def test_masks_and_weights_are_those_of_the_search(shared):
    run = Run.open(shared.folder)
    trained = {event.network: event for event in shared.events if isinstance(event, NetworkTrained)}
    for network in (Network("ticket", 0, 0), Network("ticket", 1, 4), Network("random-sparse", 0, 3)):
        who = {"variant": network.variant, "replicate": network.replicate, "level": network.level}
        mask = run.mask(**who)
        assert {name: (m.shape, m.dtype) for name, m in mask.items()} == {
            p.name: (p.shape, np.dtype(bool)) for p in shared.experiment.prunable
        }
        assert {name: m.sum() for name, m in mask.items()} == shared.experiment.survivors(network.level)
        for when in ("initial", "final"):
            weights = run.weights(**who, when=when)
            assert {name: (w.shape, w.dtype) for name, w in weights.items()} == {
                p.name: (p.shape, np.dtype(np.float32)) for p in shared.experiment.parameters
            }
            for name, values in weights.items():
                assert np.array_equal(values, getattr(trained[network], when)[name])
                assert not values[~mask.get(name, np.ones(values.shape, bool))].any()


def test_what_was_read_is_ones_own_to_change(shared):
    run = Run.open(shared.folder)
    run.mask(level=1)["fc1.weight"][:] = False
    run.weights(level=1)["fc1.weight"][:] = 0
    assert run.mask(level=1)["fc1.weight"].any()
    assert run.weights(level=1)["fc1.weight"].any()


@pytest.mark.parametrize("network", [Network("ticket", 0, 4), Network("random-reinit", 1, 1)])
def test_a_module_has_the_recorded_accuracy(shared, network):
    run, test = Run.open(shared.folder), load("digits").test
    module = run.module(variant=network.variant, replicate=network.replicate, level=network.level)
    with torch.no_grad():
        guesses = module(torch.from_numpy(test.images).float() / 255).argmax(1).numpy()
    assert (guesses == test.labels).mean() == run.state.networks[network].last.test_accuracy


def test_a_module_begins_where_the_network_began(shared):
    run = Run.open(shared.folder)
    initial = run.weights(level=2, when="initial")
    for name, values in run.module(level=2, when="initial").named_parameters():
        assert np.array_equal(values.detach().numpy(), initial[name])


SELECTIONS = [Selection(), Selection(0), Selection(2, "fc2.weight", "random-sparse", 1, "early stop"), Selection(4)]


@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
def test_a_replay_shows_what_was_live(shared, selection):
    replayed = Run.open(shared.folder).state
    assert (replayed.ended, replayed.experiment) == (shared.live.ended, shared.live.experiment)
    assert strip(replayed) == strip(shared.live)
    assert result(replayed) == result(shared.live)
    for view in (accuracy, density, masks, histogram, story):
        assert plain(view(replayed, selection)) == plain(view(shared.live, selection))


def test_a_run_is_read_on_while_it_is_written(small, copy):
    lines = (small / "events.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "events.jsonl").write_bytes(b"")
    run = Run.open(copy)
    state = run.state
    with (copy / "events.jsonl").open("ab") as stream:
        for line in lines:
            stream.write(line[:10])
            stream.flush()
            assert run.state is state
            stream.write(line[10:])
            stream.flush()
            state = run.state
            known = len(state.networks) + sum(len(k.evaluations) + k.trained for k in state.networks.values())
            assert known + (state.ended is not None) == lines.index(line) + 1
    assert run.status == "finished"
    assert plain(run.state.ended) == plain(Run.open(small).state.ended)


def test_a_run_is_running_while_its_process_lives_and_interrupted_once_it_is_killed(tmp_path):
    with searching(tmp_path / "run") as process:
        run = Run.open(tmp_path / "run")
        assert run.status == "running"
        assert run.state.networks
        with pytest.raises(RunError, match="still trains"):
            run.weights(level=run.state.level)
        process.kill()
        process.wait()
    assert run.status == "interrupted"
    again = Run.open(tmp_path / "run")
    assert again.status == "interrupted"
    assert len(again.curves()) >= 1
    for known in again.state.networks.values():
        assert dict(known.masks)
        assert dict(known.initial)


@pytest.mark.parametrize("outcome", ["finished", "cancelled", "failed"])
def test_status_is_running_until_the_writer_writes_the_end(writer, outcome):
    run = Run.open(writer.folder)
    assert run.status == "running"
    writer.write(Ended(outcome))
    assert run.status == outcome
    writer.close()
    assert run.status == outcome


def test_asking_for_the_status_keeps_no_one_from_writing(writer):
    run = Run.open(writer.folder)
    writer.close()
    assert run.status == "interrupted"
    assert run.status == "interrupted"
    assert {path.name for path in writer.folder.iterdir()} == {"run.json", "events.jsonl", "lock", "tensors"}


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda run: run.mask(level=9), "level 9.*it holds level 0, level 1"),
        (lambda run: run.mask(variant="random-reinit"), "level 0.*it holds level 1"),
        (lambda run: run.weights(variant="nobody"), "variant: 'nobody' is not accepted; give one of ticket, "),
        (lambda run: run.mask(variant="tickt"), r"did you mean ticket\?"),
        (lambda run: run.weights(when="finale"), r"did you mean final\?"),
        (lambda run: run.weights(replicate=5), "replicate 5"),
        (lambda run: run.module(draw=1), "draw 1"),
        (lambda run: run.weights(when="middle"), "'middle' is not accepted; give one of initial, final"),
    ],
)
def test_a_network_that_is_not_there_is_one_sentence(small, ask, said):
    with pytest.raises(RunError, match=said) as caught:
        ask(Run.open(small))
    assert is_one_sentence(str(caught.value))


def test_diverged_networks_are_in_no_table_and_counted_alike_in_a_replay(tiny, tmp_path, explode):
    explode(Network("random-sparse", 1, 1))
    session = Session(tiny, "cpu", tmp_path / "run")
    session.start()
    assert session.wait() == "finished"
    run = Run.open(tmp_path / "run")
    assert run.state.diverged == session.state.diverged == 1
    assert network_iterations(run.state) == network_iterations(session.state)
    assert result(run.state) == result(session.state)
    for table in (run.curves(), run.summary()):
        assert set(table[table["variant"] == "random-sparse"]["replicate"]) == {0}
        assert set(table[table["variant"] == "random-reinit"]["replicate"]) == {0, 1}
    assert run.mask(variant="random-sparse", replicate=1, level=1)["fc1.weight"].any()


def test_settings_of_a_run_can_be_run_again(small, tiny):
    assert Run.open(small).experiment == tiny
    with pytest.raises(Refused):
        Run.open(small).experiment.but(levels=0)
