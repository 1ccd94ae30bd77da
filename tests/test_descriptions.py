"""What is described is recalled: all that the program comes with could also be one's own."""

import json

import pytest

from explorer.architectures import ARCHITECTURES
from explorer.descriptions import TABLES, check, describe, recall, setting_of

EVERYTHING = [(setting, name) for setting, table in TABLES.items() for name in table]


@pytest.mark.parametrize(("setting", "name"), EVERYTHING)
def test_what_is_built_in_is_accepted_and_comes_back_from_its_description(setting, name):
    thing = TABLES[setting][name]
    check(thing)
    assert setting_of(thing) == setting
    written = json.dumps(describe(thing))
    recalled = recall(setting, json.loads(written))
    assert describe(recalled) == describe(thing)
    assert json.dumps(describe(recalled)) == written
    if setting == "architecture":
        assert recalled == ARCHITECTURES[name]
    elif setting == "criterion":
        assert recalled.before_training == thing.before_training
    else:
        for size in ("shape", "classes", "train", "validation", "test", "standardized", "flips"):
            assert getattr(recalled, size) == getattr(thing, size)
