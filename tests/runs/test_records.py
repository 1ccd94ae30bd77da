"""Records as lines: what `events.jsonl` holds."""

import json

import pytest

from explorer.events import Evaluated
from explorer.runs.records import from_line
from tests.support import MEASURES, lines_of


def test_records_are_numbered_lines_of_json_and_no_glimpses(shared):
    lines = lines_of(shared.folder)
    assert [line["sequence"] for line in lines] == list(range(len(lines)))
    assert {line["record"] for line in lines} == {"NetworkStarted", "Evaluated", "NetworkTrained", "Ended"}
    records = [event for event in shared.events if type(event).__name__ in {line["record"] for line in lines}]
    assert [line["record"] for line in lines] == [type(event).__name__ for event in records]
    for line, event in zip(lines, records, strict=True):
        if isinstance(event, Evaluated):
            assert {name: line[name] for name in MEASURES} == {name: getattr(event, name) for name in MEASURES}


@pytest.mark.parametrize(
    ("record", "name", "value"),
    [
        ("Ended", "outcome", "<img src=x onerror=alert(1)>"),
        ("Ended", "message", 3),
        ("Evaluated", "test_accuracy", None),
        ("Evaluated", "test_accuracy", "0.9"),
        ("Evaluated", "iteration", 1.5),
        ("NetworkStarted", "variant", "<b>ticket</b>"),
        ("NetworkStarted", "level", True),
    ],
)
def test_what_is_no_record_is_refused(shared, record, name, value):
    line = next(line for line in reversed(lines_of(shared.folder)) if line["record"] == record)
    assert from_line(json.dumps(line), None)
    with pytest.raises(ValueError, match=name):
        from_line(json.dumps(line | {name: value}), None)
