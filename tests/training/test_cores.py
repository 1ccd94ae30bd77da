"""How many cores a process may use, by what the machine says of it."""

import os

import pytest

from explorer.training.cores import usable_cores


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a function that makes up a machine of 8 cores: the process's groups, and files of control groups."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)

    def make(groups, **files):
        (tmp_path / "groups").write_text(groups)
        for name, text in files.items():
            path = tmp_path / "mounted" / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "groups", tmp_path / "mounted"

    return make


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max", 8), ("100000", 1), ("150000", 2), ("300000", 3), ("1000", 1), ("9900000", 8)],
)
def test_a_quota_of_version_2(machine, quota, expected):
    assert usable_cores(*machine("0::/\n", cpu_dot_max=f"{quota} 100000\n")) == expected


def test_the_least_quota_from_the_own_group_to_the_root_counts(machine):
    files = {"one__cpu_dot_max": "200000 100000\n", "one__two__cpu_dot_max": "max 100000\n"}
    assert usable_cores(*machine("0::/one/two\n", **files)) == 2


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("250000", 3)])
@pytest.mark.parametrize("controllers", ["cpu", "cpu,cpuacct", "cpuacct,cpu"])
def test_a_quota_of_version_1_seen_from_inside_a_container(machine, controllers, quota, expected):
    files = {"cpu__cpu_dot_cfs_quota_us": quota, "cpu__cpu_dot_cfs_period_us": "100000"}
    groups = f"5:cpuset:/docker/x\n4:{controllers}:/docker/x\n0::/\n"
    assert usable_cores(*machine(groups, **files)) == expected


def test_what_is_no_machine_with_control_groups(machine, tmp_path, monkeypatch):
    assert usable_cores(tmp_path / "nothing", tmp_path) == 8
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores(tmp_path / "nothing", tmp_path) == 1


def test_this_machine_has_some():
    assert 1 <= usable_cores() <= os.cpu_count()
