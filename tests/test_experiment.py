"""The table of settings: the paper's numbers, the same through JSON and through a person's typing, and its refusals."""

import json
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer import Experiment, Refused, preset
from explorer.architectures import ARCHITECTURES, KINDS
from explorer.presets import PRESETS
from explorer.settings import label
from explorer.views import words
from tests.strategies import experiments
from tests.support import is_one_sentence


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
def test_layers_lose_their_rate_and_the_output_half_of_it_or_its_own(experiment):
    main, sizes = Decimal(str(experiment.prune)), {"fc1.weight": 235_200, "fc2.weight": 30_000, "fc3.weight": 1_000}
    output = main / 2 if experiment.prune_output is None else Decimal(str(experiment.prune_output))
    for level in range(experiment.levels + 1):
        assert experiment.survivors(level) == sizes
        assert experiment.density(level) == pytest.approx(sum(sizes.values()) / 266_200, abs=1e-12)
        for name, alive in sizes.items():
            rate = output if name == "fc3.weight" else main
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
@example("milestones", "2 1")
@example("milestones", "1,000 none")
@example("prune_output", "recipe")
@example("prune_convolution", "10")
@example("augment", "maybe")
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
@example("milestones", [3, 9])
@example("milestones", [3, 3])
@example("milestones", [0.5])
@example("milestones", [[]])
@example("prune_convolution", 0.1)
def test_whatever_a_file_holds_is_taken_or_refused_by_its_field(name, value):
    taken, refused = attempt(lambda: Experiment.from_json(json.dumps({name: value})))
    if taken:
        assert value is None or json.loads(taken.to_json())[name] == value
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


CLASHES = [
    ({"warmup": 500, "iterations": 400}, "warmup", "iterations", "at most 400"),
    ({"milestones": (100, 400), "iterations": 400}, "milestones", "iterations", "below 400"),
    ({"milestones": (100, 100)}, "milestones", "iterations", "ascending"),
    ({"rewind": 400, "iterations": 400}, "rewind", "iterations", "at most 399"),
    ({"rewind": 10, "protocol": "continued"}, "rewind", "protocol", "nothing is reset"),
    ({"rewind": 10, "criterion": "snip"}, "rewind", "criterion", "prunes before training"),
    ({"criterion": "random", "protocol": "continued"}, "criterion", "protocol", "one of magnitude,"),
    ({"prune_convolution": 0.1}, "prune_convolution", "architecture", "recipe, for it has no such layer"),
    ({"prune_fully_connected": 0.2, "architecture": "vgg-19"}, "prune_fully_connected", "architecture", "recipe"),
    ({"prune_output": 0.1, "scope": "global"}, "prune_output", "scope", "0, or 20 as for all"),
    ({"prune_fully_connected": 0.0, "prune_output": 0.0}, "prune_fully_connected", "architecture", "nothing is pruned"),
    ({"prune_output": 0.0001}, "prune_output", "architecture", "fc3.weight would lose nothing at level 1"),
    ({"dropout": 0.5, "architecture": "resnet-18"}, "dropout", "architecture", "no hidden fully connected"),
    ({"batch": 1, "architecture": "vgg-19"}, "batch", "architecture", "at least 2"),
    ({"batch": 4_000, "dataset": "digits"}, "batch", "dataset", "at most 3500"),
]


@pytest.mark.parametrize(("settings", "name", "other", "accepted"), CLASHES)
def test_settings_that_do_not_go_together_are_refused_and_both_are_named(settings, name, other, accepted):
    with pytest.raises(Refused) as refused:
        Experiment(**settings)
    assert list(refused.value.problems) == [name]
    said = refused.value.problems[name]
    experiment = Experiment(
        **{k: v for k, v in settings.items() if k not in (name, other)}
        | {k: v for k, v in settings.items() if k == other}
    )
    assert said.startswith(f"{label(name)}: ")
    assert f" with {label(other)} {experiment.typed()[other]} is not accepted; give " in said
    assert accepted in said
    assert is_one_sentence(said)


def test_images_that_are_too_small_for_a_networks_pools_are_refused(tiny):
    with pytest.raises(Refused, match=r"Architecture: vgg-19 with Data set tiny .*conv-2.*larger images") as refused:
        tiny.but(architecture="vgg-19")
    assert "conv-6" not in str(refused.value)
    assert tiny.but(architecture="resnet-18").size > 0
    for name in ARCHITECTURES:
        assert Experiment(architecture=name, dataset="digits", iterations=10).dataset == "digits"


def test_a_global_pruning_that_would_take_nothing_is_refused(tiny):
    with pytest.raises(Refused, match="because the network would lose nothing at level"):
        Experiment(architecture="resnet-18", levels=999)


def test_another_architecture_brings_its_recipe_along_but_for_what_is_given():
    base = Experiment(dataset="digits", iterations=400, levels=2, prune=0.42)
    other = base.but(architecture="resnet-18")
    assert other == Experiment(architecture="resnet-18", dataset="digits", iterations=400, levels=2, prune=0.42)
    assert (other.optimizer, other.learning_rate, other.batch, other.scope) == ("momentum", 0.1, 128, "global")
    assert (other.weight_decay, other.augment, other.drops) == (1e-4, True, (267, 333))
    assert base.but(architecture="resnet-18", batch=60).batch == 60
    assert Experiment.parse({"architecture": "conv-2", "batch": "50"}, base) == base.but(
        architecture="conv-2", batch=50
    )
    assert base.but(architecture="conv-2").but(architecture="lenet-300-100") == base
    pruned = Experiment(architecture="conv-2", prune_convolution=0.0, warmup=10)
    assert pruned.but(architecture="lenet-300-100") == Experiment(dataset="cifar10", iterations=20_000, warmup=10)


def test_rates_are_the_papers_ratio_to_the_main_one_unless_given():
    def rates(**settings):
        experiment = Experiment(architecture="conv-6", levels=3, **settings)
        return [float(experiment.rates[kind]) for kind in KINDS]

    assert rates() == [0.15, 0.2, 0.1]
    assert rates(prune=0.4) == [0.3, 0.4, 0.2]
    assert rates(prune_convolution=0.5, prune_output=0.0) == [0.5, 0.2, 0.0]
    assert rates(scope="global") == [0.2, 0.2, 0.2]
    assert rates(scope="global", prune_output=0.0) == [0.2, 0.2, 0.0]
    only = Experiment(architecture="conv-6", prune_fully_connected=0.0, prune_output=0.0)
    assert {p.kind for p in only.prunable} == {"convolution"}
    assert only.left(3) == sum(only.survivors(3).values())


def test_what_a_plain_back_end_can_train_is_fully_connected_with_adam_at_a_constant_rate_on_plain_pixels():
    plain = Experiment(dataset="digits")
    assert plain.plain
    for pruning in (
        {"protocol": "one-shot"},
        {"criterion": "snip"},
        {"scope": "global"},
        {"initialization": "kaiming"},
    ):
        assert plain.but(**pruning).plain
    for other in (
        {"architecture": "conv-2"},
        {"dataset": "cifar10"},
        {"optimizer": "sgd"},
        {"weight_decay": 0.1},
        {"dropout": 0.5},
        {"warmup": 5},
        {"milestones": (5,)},
        {"augment": True},
        {"rewind": 5},
    ):
        assert not plain.but(**other).plain


def test_an_experiment_of_before_there_were_other_recipes_is_the_papers():
    old = {
        "architecture": "lenet-300-100", "dataset": "digits", "prune": 0.42, "levels": 5, "replicates": 3,
        "iterations": 1_000, "seed": 0, "batch": 60, "learning_rate": 0.0012, "evaluate": 50,
    }  # fmt: skip
    assert Experiment(**old) == preset("sixty-seconds")


def test_milestones_are_typed_with_spaces_and_written_as_a_list():
    experiment = Experiment.parse({"milestones": "20,000 25000"})
    assert experiment.milestones == experiment.drops == (20_000, 25_000)
    assert experiment.typed()["milestones"] == "20000 25000"
    assert json.loads(experiment.to_json())["milestones"] == [20_000, 25_000]
    assert Experiment.parse({"milestones": "none"}, experiment).milestones == ()
    assert Experiment.parse({"milestones": "recipe"}, experiment).milestones is None
