"""A trial trains few images for a few steps, by whichever back end would train the experiment."""

from itertools import count, islice

import pytest

from explorer import Experiment
from explorer.benchmarks.trial import Trial, begin, pace
from explorer.events import Network, Progress
from explorer.training import back_ends

LENET = Experiment(dataset="mnist", learning_rate=5.0)


def test_a_trial_is_the_experiment_on_one_mini_batch():
    trial = Trial(**LENET.model_dump())
    assert (trial.data.train, trial.data.validation, trial.data.test) == (60, 1, 1)
    assert (trial.data.shape, trial.parameters, trial.plain) == (LENET.data.shape, LENET.parameters, LENET.plain)


@pytest.mark.parametrize("kind", back_ends(LENET, "cpu"))
def test_as_many_networks_as_asked_for_make_progress_on_noise(kind):
    steps = [event.steps for event in islice(begin(kind, LENET, networks=3), 5)]
    assert steps == sorted(steps)
    assert steps[-1] > 0


def test_the_pace_is_time_by_steps_over_as_much_as_asked_for():
    times = iter([100.0, 100.5, 101.0, 104.0, 108.0])
    progress = (Progress(Network("ticket", 0, 0), 0, steps, 0.0, "CPU", "torch") for steps in count(7, 3))
    assert pace(progress, lambda: next(times), steps=4, seconds=2.0) == pytest.approx(4.0 / 9)
