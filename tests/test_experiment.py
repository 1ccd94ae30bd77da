"""The table of settings: the paper's numbers, the same through JSON and through a person's typing, and its refusals."""

import json
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer import Experiment, Refused, preset
from explorer.presets import PRESETS
from explorer.views import words
from tests.strategies import experiments


def attempt(make):
    """Return an experiment and None, or None and why it was refused."""
    try:
        return make(), None
    except Refused as refused:
        return None, refused


def test_the_default_is_the_papers_recipe():
    experiment = Experiment()
    recipe = (experiment.architecture, experiment.dataset, experiment.iterations, experiment.batch)
    assert recipe == ("lenet-300-100", "mnist", 50_000, 60)
    assert (experiment.learning_rate, experiment.prune, experiment.evaluate) == (1.2e-3, 0.2, 100)
    assert {p.name: p.shape for p in experiment.parameters} == {
        "fc1.weight": (300, 784),
        "fc1.bias": (300,),
        "fc2.weight": (100, 300),
        "fc2.bias": (100,),
        "fc3.weight": (10, 100),
        "fc3.bias": (10,),
    }
    assert sum(experiment.survivors(0).values()) == 266_200
    assert experiment.survivors(1) == {"fc1.weight": 188_160, "fc2.weight": 24_000, "fc3.weight": 900}


@given(experiments())
def test_layers_lose_their_rate_and_the_output_half_of_it(experiment):
    main, sizes = Decimal(str(experiment.prune)), {"fc1.weight": 235_200, "fc2.weight": 30_000, "fc3.weight": 1_000}
    for level in range(experiment.levels + 1):
        assert experiment.survivors(level) == sizes
        assert experiment.density(level) == pytest.approx(sum(sizes.values()) / 266_200, abs=1e-12)
        for name, alive in sizes.items():
            rate = main / 2 if name == "fc3.weight" else main
            sizes[name] = alive - int((alive * rate).quantize(Decimal(1), ROUND_HALF_UP))


@given(st.integers(1, 1_000), st.integers(1, 1_200))
@example(210, 100)
@example(7, 3)
def test_evaluations_are_every_20_up_to_200_then_every_evaluate_and_the_last(iterations, evaluate):
    wanted = [
        iteration
        for iteration in range(iterations + 1)
        if iteration in (0, iterations) or (iteration <= 200 and iteration % 20 == 0) or iteration % evaluate == 0
    ]
    assert list(Experiment(iterations=iterations, evaluate=evaluate).evaluations) == wanted


@given(experiments())
def test_json_gives_an_equal_experiment(experiment):
    again = Experiment.from_json(experiment.to_json())
    assert again == experiment
    assert again.to_json() == experiment.to_json()
    assert Experiment(**json.loads(experiment.to_json())) == experiment


@given(experiments())
def test_parse_accepts_what_is_printed(experiment):
    typed = experiment.typed()
    assert Experiment.parse(typed) == experiment
    assert Experiment.parse({**typed, "prune": f" {typed['prune']} % "}) == experiment


@given(experiments(), experiments())
def test_typed_settings_win_over_the_base(experiment, base):
    assert Experiment.parse({"seed": experiment.typed()["seed"]}, base) == base.but(seed=experiment.seed)


@given(st.integers(1, 1_000_000))
def test_numbers_are_read_with_their_commas_as_the_page_writes_them(iterations):
    assert Experiment.parse({"iterations": words.count(iterations)}) == Experiment(iterations=iterations)


def test_an_experiment_cannot_be_changed():
    experiment = Experiment()
    with pytest.raises(ValueError, match="frozen"):
        experiment.seed = 1
    assert experiment.but(seed=1).seed == 1
    assert experiment.seed == 0


@given(st.sampled_from(sorted(Experiment.model_fields)), st.text(max_size=12))
@example("prune", "nan")
@example("prune", "sNaN")
@example("prune", "1e999999")
@example("prune", "-inf")
@example("learning_rate", "sNaN")
@example("learning_rate", "1e-999999")
@example("levels", "1e3")
@example("seed", "9" * 5_000)
def test_whatever_is_typed_is_taken_or_refused_beside_its_field(name, text):
    taken, refused = attempt(lambda: Experiment.parse({name: text}))
    assert taken or name in refused.problems


@given(
    st.sampled_from(sorted(Experiment.model_fields)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=4,
    ),
)
@example("prune", float("nan"))
@example("prune", float("inf"))
@example("prune", True)
@example("seed", 1.0)
def test_whatever_a_file_holds_is_taken_or_refused_by_its_field(name, value):
    taken, refused = attempt(lambda: Experiment.from_json(json.dumps({name: value})))
    if taken:
        assert value is None or getattr(taken, name) == value
    else:
        assert name in refused.problems


@pytest.mark.parametrize(
    ("name", "text", "given", "accepted"),
    [
        ("prune", "0", "0%", "from 1 to 99"),
        ("prune", "100", "100%", "from 1 to 99"),
        ("prune", "-3", "-3%", "from 1 to 99"),
        ("prune", "0.2", "0.2%", "did you mean 20?"),
        ("prune", "a lot", "a lot", "from 1 to 99"),
        ("levels", "0", "0", "from 1 to 999"),
        ("levels", "999", "999", "at most"),
        ("replicates", "101", "101", "from 1 to 100"),
        ("iterations", "2.5", "2.5", "a whole number from 1"),
        ("seed", "one", "one", "a whole number from 0 to 4294967295"),
        ("seed", "-1", "-1", "a whole number from 0 to 4294967295"),
        ("batch", "9999", "9999", "at most 3500"),
        ("iterations", "1_000", "1_000", "a whole number from 1"),
        ("iterations", "1,00", "1,00", "a whole number from 1"),
        ("iterations", "1000,000", "1000,000", "a whole number from 1"),
        ("prune", "1_0", "1_0", "from 1 to 99"),
        ("learning_rate", "0,5", "0,5", "above 0 and up to 10"),
        ("learning_rate", "0", "0", "above 0 and up to 10"),
        ("dataset", "digit", "digit", "did you mean digits?"),
        ("architecture", "lenet", "lenet", "did you mean lenet-300-100?"),
    ],
)
def test_a_refusal_names_the_field_what_was_given_and_what_is_accepted(name, text, given, accepted):
    base = Experiment(dataset="digits")
    with pytest.raises(Refused) as caught:
        Experiment.parse({name: text}, base)
    (problem,) = caught.value.problems.values()
    assert list(caught.value.problems) == [name]
    assert problem.startswith(f"{Experiment.model_fields[name].title}: ")
    assert given in problem
    assert accepted in problem
    assert str(caught.value) == problem


@pytest.mark.parametrize("settings", [{"prune": 20}, {"prune": 20.0}])
def test_a_file_that_says_20_is_asked_whether_it_meant_a_fifth(settings):
    with pytest.raises(Refused, match=r"did you mean 0\.2\?"):
        Experiment(**settings)


def test_an_unknown_setting_is_refused_with_the_nearest_one():
    with pytest.raises(Refused, match=r"'level'.*did you mean levels\?"):
        Experiment(level=3)


def test_every_wrong_setting_is_told():
    with pytest.raises(Refused) as caught:
        Experiment.parse({"prune": "0", "seed": "x", "levels": "3", "dataset": "nist"})
    assert set(caught.value.problems) == {"prune", "seed", "dataset"}


@given(st.integers(1, 99))
def test_as_many_levels_as_it_says_can_be_pruned_and_no_more(rate):
    with pytest.raises(Refused) as caught:
        Experiment(prune=rate / 100, levels=999)
    most = int(caught.value.problems["levels"].split("at most ")[1].split()[0])
    assert Experiment(prune=rate / 100, levels=most).levels == most
    with pytest.raises(Refused, match=f"at most {most} "):
        Experiment(prune=rate / 100, levels=most + 1)


@pytest.mark.parametrize("text", ["", "nonsense", "[1, 2]", "null", '"digits"'])
def test_what_is_no_object_of_settings_is_refused(text):
    with pytest.raises(Refused, match="not a JSON object"):
        Experiment.from_json(text)


def test_presets_are_known_by_name():
    assert all(preset(name) == known.experiment for name, known in PRESETS.items())
    with pytest.raises(Refused, match=r"'sixty'.*did you mean sixty-seconds\?") as caught:
        preset("sixty")
    assert list(caught.value.problems) == ["preset"]
