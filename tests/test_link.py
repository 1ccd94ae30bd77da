"""The share link: an experiment survives it, and whatever else comes that way does no harm."""

from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer import Experiment
from explorer.link import from_query, to_python, to_query
from explorer.presets import DEFAULT, PRESETS, preset
from tests.strategies import experiments
from tests.support import is_one_sentence

BASE = preset(DEFAULT)
NAMES = sorted(Experiment.model_fields)


@given(experiments())
def test_an_experiment_survives_the_link(experiment):
    query = to_query(experiment)
    assert from_query(query) == from_query(f"?{query}") == (experiment, [])
    assert sorted(part.partition("=")[0] for part in query.split("&")) == NAMES


def test_a_link_can_be_read():
    assert to_query(PRESETS["paper-lenet"].experiment) == (
        "architecture=lenet-300-100&dataset=mnist&prune=20&levels=20&replicates=5&iterations=50000&seed=0"
        "&batch=60&learning_rate=0.0012&evaluate=100&optimizer=adam&milestones=recipe&warmup=0&weight_decay=0&dropout=0"
        "&augment=no&initialization=glorot&initialization_scale=1&protocol=resetting&criterion=magnitude"
        "&scope=layer-wise&prune_convolution=recipe&prune_fully_connected=recipe&prune_output=recipe&rewind=0"
        "&ticket_draws=1&reinit_draws=3&sparse_draws=2&reinit=drawn&noise=1"
    )


pairs = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text()), st.text() | st.integers().map(str)))


@given(st.one_of(st.text(st.characters()), pairs.map(urlencode)))
@example("levels=" + "9" * 5_000)
@example("prune=99")
@example("prune=99&levels=999&seed=3")
@example("prune=sNaN&learning_rate=1e999999")
@example("levels=__import__('os').abort()")
@example("a=%ff%fe&%00=1&levels=%0a")
@example("=&&;==&seed")
def test_whatever_a_link_says_an_experiment_comes_of_it(query):
    experiment, said = from_query(query)
    assert Experiment.from_json(experiment.to_json()) == experiment
    assert all(is_one_sentence(sentence) for sentence in said)


@given(experiments(), st.sets(st.sampled_from(NAMES)))
def test_what_is_left_out_is_the_default_presets(experiment, left_out):
    typed = {name: text for name, text in experiment.typed().items() if name not in left_out}
    read, said = from_query(urlencode(typed))
    different = {
        name for name in NAMES if getattr(read, name) != getattr(BASE if name in left_out else experiment, name)
    }
    assert different <= {"levels"}, "the preset's may be more than can be pruned, or too many for what was given"
    assert bool(different) == bool(said)


@given(st.sampled_from(NAMES), st.text(min_size=1))
def test_a_broken_value_is_named_and_the_rest_counts(name, text):
    others = {other: typed for other, typed in BASE.but(seed=7, replicates=2).typed().items() if other != name}
    experiment, said = from_query(f"{urlencode(others)}&{name}={quote_plus(f'{text}!')}")
    (sentence,) = said
    assert sentence.startswith(f"{Experiment.model_fields[name].title}: ")
    assert experiment == BASE.but(**{"seed": 7, "replicates": 2} | {name: getattr(BASE, name)})


def test_an_unknown_name_is_named_with_the_nearest_one_and_its_value_is_not_told():
    experiment, said = from_query("token=secret&level=3&seed=4")
    assert experiment == BASE.but(seed=4)
    assert [sentence.partition(";")[0] for sentence in said] == [
        "There is no setting 'token'",
        "There is no setting 'level'",
    ]
    assert "did you mean levels?" in said[1]
    assert "secret" not in "".join(said)


@pytest.mark.parametrize(
    ("query", "levels", "named"),
    [
        ("prune=20&levels=60", BASE.levels, ["60", "at most"]),  # more than can be pruned: the preset's
        ("prune=95&levels=9", None, ["9", "at most", "with 95%"]),  # the preset's are too many as well
        ("prune=99", None, ["at most", "with 99%"]),
    ],
)
def test_levels_that_cannot_be_pruned_fall_back_and_are_named_once(query, levels, named):
    experiment, (sentence,) = from_query(f"{query}&seed=5")
    assert experiment.seed == 5
    assert all(part in sentence for part in (*named, "Levels: "))
    if levels is None:  # as many as can be
        most = int(from_query(f"{query}&levels=999")[1][0].split("at most ")[1].split()[0])
        levels = min(most, BASE.levels)
        assert levels < BASE.levels
    assert experiment.levels == levels


def test_the_last_of_two_counts():
    assert from_query("seed=1&seed=2")[0].seed == 2


@given(experiments())
def test_a_line_of_python_shows_the_same(experiment):
    shown = []
    line = to_python(experiment)
    assert "\n" not in line
    imports, _, expression = line.partition("; ")
    assert imports == "from explorer import Experiment, Explorer"
    eval(expression, {"Experiment": Experiment, "Explorer": shown.append})
    assert shown == [experiment]
