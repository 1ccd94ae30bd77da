"""A run as one page: what is written down is what an explorer shows; browser/test_offline.py opens the page."""

import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import Explorer, Run
from explorer.events import Ended, NetworkStarted
from explorer.history import Moment
from explorer.runs import Writer
from explorer.runs.thin import thin
from explorer.widgets.offline import WAYS, _plain, _shown, _tree, kept, page
from explorer.widgets.plot import Plot


def recording(page):
    """What a page has written down, its values whole."""
    written = json.loads(re.search(r'id="recording">(.*?)</script>', page, re.DOTALL)[1].replace("<\\/", "</"))
    values = []
    for value in written["values"]:
        if isinstance(value, dict) and "new" in value:
            whole = list(values[value["of"]])
            whole[value["from"] : value["to"]] = value["new"]
            values.append(whole)
        else:
            values.append(value)
    return {**written, "values": values}


def shown(recorded, frame, layer, way):
    """Everything that a recording shows in a frame."""
    found = {}
    for track in recorded["tracks"]:
        changes = track["changes"]
        number = layer if track["by"] == "layer" else way
        timeline = changes[number if len(changes) > 1 else 0]
        value = [value for at, value in timeline if at <= frame][-1]
        found[track["widget"], track["trait"]] = recorded["values"][value]
    return found


def visible(found):
    """Leave out what a heatmap still holds of an earlier picture while it paints none."""
    empty = {place for (place, trait), value in found.items() if trait == "rows" and value == 0}
    left = {"columns", "values", "darkest", "bits"}
    return {key: value for key, value in found.items() if not (key[0] in empty and key[1] in left)}


@pytest.fixture(scope="module")
def run(shared):
    return Run.open(shared.folder)


@pytest.fixture(scope="module")
def made(run):
    return page(run)


def test_a_page_shows_in_every_frame_what_an_explorer_would(run, made):
    recorded, explorer = recording(made), Explorer(run=run)
    explorer.record()
    widgets = list(_tree(explorer))
    moments, layers = recorded["moments"], [parameter.name for parameter in run.experiment.prunable]
    assert [tuple(moment) for moment in moments] == run.history.moments
    some = random.Random(0)
    for _ in range(25):
        frame = some.randrange(len(moments) + recorded["levels"])
        layer, way = some.randrange(len(layers)), some.randrange(len(WAYS))
        measure, presents = WAYS[way]
        number, level = (frame, None) if frame < len(moments) else (None, frame - len(moments))
        explorer.look(number, level=level, layer=layers[layer], measure=measure, presents=presents)
        now = {(place, trait): _plain(value) for place, w in enumerate(widgets) for trait, value in _shown(w)}
        assert visible(shown(recorded, frame, layer, way)) == visible(now)


@given(st.lists(st.integers(1, 90), min_size=1, max_size=30), st.integers(1, 100))
def test_few_moments_are_kept_and_every_levels_last(lengths, most):
    moments = [Moment(level, iteration) for level, count in enumerate(lengths) for iteration in range(count)]
    numbers = kept(moments, most)
    assert numbers == sorted(set(numbers))
    assert len(numbers) <= most + len(lengths)
    assert {moments[number] for number in numbers} >= {Moment(k, count - 1) for k, count in enumerate(lengths)}
    assert numbers == list(range(len(moments))) or len(moments) > most
    assert kept([], most) == []


def test_a_page_is_whole_and_asks_for_nothing_elsewhere(made):
    assert len(made.encode()) < 10_000_000
    outside = re.sub(r"<script>.*?</script>", "", made, flags=re.DOTALL)  # BokehJS names addresses in its comments
    assert "http://" not in outside.replace("http://www.w3.org/", "")
    assert "https://" not in outside
    assert not re.search(r"<(script|img|link)[^>]+(src|href)=", outside)


@pytest.mark.parametrize("ended", [None, Ended("failed", "Failed at level 0: </script><b>the disk is full</b>.")])
def test_a_run_that_came_to_nothing_much_has_a_page(shared, tmp_path, ended):
    writer = Writer(shared.experiment, "cpu", "torch", tmp_path / "run")
    writer.write(next(event for event in shared.events if isinstance(event, NetworkStarted)))
    if ended:
        writer.write(ended)
    writer.close()
    made = page(Run.open(tmp_path / "run"))
    recorded = recording(made)
    assert recorded["moments"] == [[0, 0]]
    assert recorded["levels"] == 1
    assert "<b>the disk is full" not in made.replace("\\u003c", "<")


def test_a_run_without_arrays_has_a_page(shared, tmp_path):
    thin(Run.open(shared.folder), tmp_path / "thin", 600_000)
    for file in (tmp_path / "thin" / "tensors").glob("ticket-*"):
        file.unlink()
    recorded = recording(page(Run.open(tmp_path / "thin"), replays=False))
    assert recorded["moments"] == []
    assert recorded["levels"] == 5


def test_the_script_of_a_chart_is_written_once(run, made):
    recorded = recording(made)
    assert len(set(recorded["scripts"])) == len(recorded["scripts"])
    charts = [widget for widget in _tree(Explorer(run=run)) if isinstance(widget, Plot)]
    assert len([widget for widget in recorded["widgets"] if "figure" in widget]) == len(charts)
