"""Every view in words."""

import re

import pytest

from explorer import views
from explorer.views.explanations import EXPLANATIONS
from tests.support import is_one_sentence


def test_every_view_is_explained():
    assert set(EXPLANATIONS) == set(views.__all__) - {"Selection"}


@pytest.mark.parametrize("view", EXPLANATIONS)
def test_an_explanation_is_a_sentence_and_a_few_more(view):
    title, sentence, paragraph = EXPLANATIONS[view]
    assert title[0].isupper()
    assert not title.endswith(".")
    assert is_one_sentence(sentence)
    sentences = re.split(r"(?<=\.) (?=[A-Z])", paragraph)
    assert 3 <= len(sentences) <= 5
    assert all(is_one_sentence(one) for one in sentences)
    assert re.search(r"paper.* Figures? \d|Figures? \d.*paper", paragraph)
