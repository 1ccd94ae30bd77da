"""What hypothesis draws."""

from hypothesis import strategies as st

from explorer import Experiment, Refused

rates = st.integers(1, 5).flatmap(
    lambda places: st.integers(10 ** max(0, places - 2), 10**places - 1).map(lambda digits: f"0.{digits:0{places}d}")
)
"""Rates as a person writes them: "0.2", "0.125"."""


@st.composite
def experiments(draw):
    """Experiments that are accepted."""
    iterations = draw(st.integers(1, 1_000_000))
    soon = st.integers(0, min(399, iterations - 1))
    settings = {
        "dataset": draw(st.sampled_from(["digits", "mnist", "fashion-mnist"])),
        "prune": draw(st.one_of(rates.map(float), st.floats(0.01, 0.99))),
        "replicates": draw(st.integers(1, 100)),
        "iterations": iterations,
        "seed": draw(st.integers(0, 2**32 - 1)),
        "batch": draw(st.integers(1, 3_500)),
        "learning_rate": draw(st.floats(0, 10, exclude_min=True)),
        "evaluate": draw(st.integers(1, 1_000_000)),
        "optimizer": draw(st.sampled_from(["adam", "momentum", "sgd"])),
        "milestones": draw(st.none() | st.sets(soon).map(lambda at: tuple(sorted(at - {0})))),
        "warmup": draw(soon),
        "weight_decay": draw(st.floats(0, 1)),
        "dropout": draw(st.floats(0, 0.95)),
        "augment": draw(st.booleans()),
        "initialization": draw(st.sampled_from(["glorot", "kaiming"])),
        "initialization_scale": draw(st.floats(0, 100, exclude_min=True)),
        "protocol": draw(st.sampled_from(["resetting", "one-shot", "continued"])),
        "criterion": draw(st.sampled_from(["magnitude", "movement"])),
        "prune_output": draw(st.none() | st.just(0.125)),
    }
    try:
        return Experiment(levels=draw(st.integers(1, 12)), **settings)
    except Refused:  # more levels than can be pruned at this rate
        return Experiment(levels=1, **settings | {"prune": 0.3})
