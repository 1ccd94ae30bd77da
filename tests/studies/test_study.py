"""A study: what is one, how it is written and read, and what it costs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import Experiment, Refused, Study
from explorer.algorithm import order
from explorer.studies.study import MOST
from tests.strategies import experiments
from tests.support import is_one_sentence

A, B = Experiment(dataset="digits", levels=3), Experiment(dataset="digits", levels=2, protocol="one-shot")
labels = st.from_regex(r"[a-z]{1,4}(-[a-z0-9]{1,3}|\.[0-9]{1,2})?", fullmatch=True)


def study(**changes):
    """A study of two experiments, but for some changes."""
    return Study(
        **{"name": "mine", "title": "Mine", "about": "Runs two.", "experiments": (("a", A), ("b", B))} | changes
    )


@given(st.dictionaries(labels, experiments(), min_size=1, max_size=MOST), st.text(), st.sampled_from(["", "talk"]))
def test_a_study_comes_back_from_json_as_it_was(given_experiments, title, size):
    written = study(title=title, experiments=tuple(given_experiments.items()), size=size, figure="4a")
    read = Study.from_json(written.to_json())
    assert read == written
    assert read.labels == tuple(given_experiments)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"experiments": ()}, ["mine", "0", "1 to 6"]),
        ({"experiments": tuple((f"a-{number}", A) for number in range(MOST + 1))}, ["mine", "7", "1 to 6"]),
        ({"experiments": (("a", A), ("a", B))}, ["mine", "'a' twice"]),
        ({"experiments": (("lock", A),)}, ["mine", "'lock'"]),  # a file's name in the directory
        ({"name": ""}, ["Name", "''"]),
        ({"name": "../mine"}, ["Name", "'../mine'"]),
        ({"size": "week"}, ["Size", "'week'", "paper, evening, talk"]),
        *(
            ({"experiments": ((label, A),)}, [repr(label), "lower-case"])
            for label in ("", "A", "a b", "a/b", "..", ".a", "a.", "-a", "a--b", "study.json", "a\n", "é")
        ),
    ],
    ids=str,
)
def test_what_is_no_study_is_refused_in_one_sentence(changes, said):
    with pytest.raises(Refused) as caught:
        study(**changes)
    assert is_one_sentence(str(caught.value))
    assert all(part in str(caught.value) for part in said)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "\x00",
        '{"format": 1}',
        json.dumps(json.loads(study().to_json()) | {"format": 2}),
        json.dumps(json.loads(study().to_json()) | {"title": 5}),
        json.dumps(json.loads(study().to_json()) | {"more": "words"}),
        json.dumps(json.loads(study().to_json()) | {"experiments": {"a": [1]}}),
        json.dumps(json.loads(study().to_json()) | {"experiments": {"a": {"levels": 0}}}),
        json.dumps(json.loads(study().to_json()) | {"experiments": ["a"]}),
    ],
)
def test_what_is_no_study_in_json_is_refused_in_one_sentence(text):
    with pytest.raises(Refused) as caught:
        Study.from_json(text)
    assert is_one_sentence(str(caught.value))


def test_cost_counts_every_iteration_of_every_network():
    late = A.but(rewind=7)
    networks = [network for population in order(late) for network in population]
    rewound = sum(network.variant == "ticket" and network.level > 0 for network in networks)
    assert study(experiments=(("late", late),)).cost == len(networks) * late.iterations - 7 * rewound
    assert study().cost == sum(e.iterations * sum(map(len, order(e))) for e in (A, B))
