"""What is loaded when: arrows between rooms run one way."""

import json
import pkgutil

import pytest

import explorer
from tests.support import PATIENCE, process

SCREEN = {"ipywidgets", "anywidget", "bokeh", "jupyter_bokeh", "IPython", "traitlets"}


def loaded(code):
    """Run code in a fresh process and return the top-level packages that it has loaded."""
    end = "\nimport json, sys\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    with process("-c", code + end) as started:
        out, err = started.communicate(timeout=PATIENCE)
    assert started.returncode == 0, err
    return set(json.loads(out.splitlines()[-1]))


def test_views_and_a_replay_load_no_torch_and_no_widgets(shared):
    code = f"""
import explorer.views, explorer.views.story, explorer.views.progress
from explorer import Run
run = Run.open({str(shared.folder)!r})
assert run.state.done(4)
explorer.views.masks(run.state, explorer.views.Selection())
explorer.views.histogram(run.state, explorer.views.Selection())
assert len(run.curves()) and len(run.summary())
from explorer.runs.catalogue import runs
assert [listed.outcome for listed in runs(run.path.parent)]
"""
    assert loaded(code) & {"torch", "torchvision", *SCREEN} == set()


def test_an_experiment_and_the_command_load_no_torch_and_no_widgets():
    code = """
import explorer.cli
from explorer import Experiment, Study, preset, study
Experiment.parse({"prune": "20"})
assert Study.from_json(study("figure-4a-talk").to_json()).cost
import explorer.studies.cost, explorer.studies.study_writer
"""
    assert loaded(code) & {"torch", "torchvision", *SCREEN} == set()


def test_a_search_loads_no_widgets(tmp_path):
    code = f"""
from explorer import Session, search, Experiment
session = Session(Experiment(dataset="digits", levels=1, replicates=1, iterations=1), "cpu", {str(tmp_path / "run")!r})
session.start()
assert session.wait() == "finished"
"""
    found = loaded(code)
    assert "torch" in found
    assert found & {"torchvision", *SCREEN} == set()


@pytest.mark.parametrize("names", ["search, Session", "Session, search"])
def test_names_are_callables_in_either_order(names):
    first, second = names.split(", ")
    code = f"""
import explorer.session, explorer.algorithm
from explorer import {names}
import explorer
assert callable({first}) and callable({second})
assert explorer.{first} is {first} and explorer.{second} is {second}
from explorer import {second}
assert callable({second})
"""
    assert "numpy" in loaded(code)


def test_no_module_bears_the_name_of_a_public_function():
    assert {module.name for module in pkgutil.iter_modules(explorer.__path__)} & set(explorer.__all__) == set()


def test_every_public_name_is_there():
    for name in explorer.__all__:
        assert callable(getattr(explorer, name)), name
    assert set(explorer.__all__) <= set(dir(explorer))
    assert {"Experiment", "search", "Run", "Session", "Explorer"} <= set(explorer.__all__)


def test_what_is_no_public_name_is_no_attribute():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = explorer.nonsense
