"""The set-up files agree with each other, and fail in plain words."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"pytorch": "torch"}


def name_of(requirement):
    """The normalized name of a distribution: "jupyter_bokeh>=4" → "jupyter-bokeh"."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def test_conda_has_the_same_dependencies():
    wanted = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    python, pip, *others, extra = wanted
    renamed = [re.sub(r"^\w+", lambda name: CONDA_NAMES.get(name[0], name[0]), other) for other in others]
    assert python == "python" + PROJECT["requires-python"]
    assert (pip, extra) == ("pip", {"pip": ["-e ."]})
    assert sorted(renamed) == sorted(PROJECT["dependencies"])


def test_lock_holds_exact_public_versions_of_every_dependency():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+", pin)] == []
    direct = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    assert {name_of(one) for one in direct} - {name_of(pin) for pin in pins} == set()
    assert {"torch==2.13.0", "torchvision==0.28.0"} <= set(pins)


def test_no_file_names_a_registry_or_a_path_of_this_machine():
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout")
    forbidden = re.compile(
        rb"(pypi|pythonhosted|debian|npmjs|anaconda|download\.pytorch)\.org|/(work|opt/wheels|opt/pypi)/"
    )
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    found = {}
    for path in (ROOT / name for name in names.split("\0") if name):
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" not in content and (hit := forbidden.search(content)):  # a text file
            found[path.name] = hit[0]
    assert found == {}


@pytest.mark.parametrize(
    ("flaw", "sentence"),
    [
        ("sys.version_info = (3, 10, 12)", "needs Python 3.11 or newer"),
        ("sys.modules['ensurepip'] = None", "lacks its venv module"),
    ],
)
def test_an_unfit_python_is_one_sentence(tmp_path, flaw, sentence):
    """A python3 on the PATH that is too old, or that came without python3-venv."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; {flaw}; exec(sys.argv[2])" "$@"\n')
    fake.chmod(0o755)

    makes_own = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON"}  # set when this test runs under make
    environment = {name: value for name, value in os.environ.items() if name not in makes_own}
    environment["PATH"] = f"{fake.parent}:{environment['PATH']}"
    made = subprocess.run(["make", "install"], cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert made.returncode != 0
    assert sentence in made.stderr
    assert len(made.stderr.splitlines()) == 1
    assert made.stdout == ""
    assert not (tmp_path / ".venv").exists()
