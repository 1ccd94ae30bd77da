"""Records as lines: what `events.jsonl` holds."""

from explorer.events import Evaluated
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
