"""States of searches that were never run, with early stops and accuracies as a test wants them."""

from explorer.algorithm import order
from explorer.events import Ended, Evaluated, NetworkStarted, NetworkTrained
from explorer.state import State, fold_all


def made(experiment, stops=lambda network: 100, accuracies=lambda network: 0.9, arrays=lambda network: {}, ended=True):
    """Return the state of a search whose networks stop early at `stops` and have a test accuracy of `accuracies` there.

    `arrays` gives masks, initial and final weights by name.
    """
    events = []
    for population in order(experiment):
        for network in population:
            stop, accuracy, known = stops(network), accuracies(network), arrays(network)
            events.append(NetworkStarted(network, known.get("masks", {}), known.get("initial", {})))
            for iteration in sorted({0, stop, experiment.iterations}):
                loss = abs(iteration - stop) / experiment.iterations
                events.append(Evaluated(network, iteration, loss, 1.0, loss, accuracy, loss, accuracy))
            events.append(NetworkTrained(network, **known))
    return fold_all(State(experiment), [*events, Ended("finished")] if ended else events)
