"""The command that serves the page, in processes of its own; what the page shows is tested in browser/."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from explorer.serve import FIRST_PORT, HOST, free_port
from tests.support import command_of, own_port, until

READY = re.compile(rf"Ready: (http://{HOST}:(\d+))\n")
PATIENCE = 60


@contextmanager
def serving(folder: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Serve from a folder, without a display, and leave nothing running."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    with subprocess.Popen(
        [sys.executable, "-P", "-c", f"import sys; from explorer.serve import serve; sys.exit(serve({port}))"],
        cwd=folder,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:  # a test has failed
                for left in [*psutil.Process(process.pid).children(recursive=True), process]:
                    left.kill()


def ready(process: subprocess.Popen[str]) -> str:
    """Wait for the line that says where the page is."""
    assert process.stdout
    said = READY.fullmatch(process.stdout.readline())
    assert said
    return said[1]


def kernels(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The kernels of a server."""
    family = psutil.Process(process.pid).children(recursive=True)
    return [member for member in family if "ipykernel_launcher" in command_of(member)]


def test_page_and_kernels_come_and_go(tmp_path: Path) -> None:
    # All of this lies in wait for a server that takes its settings, package or kernel from the wrong place.
    (tmp_path / "voila.py").write_text("raise SystemExit('not these settings')")
    (tmp_path / "explorer.py").write_text("raise SystemExit('not this package')")
    kernel = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps({"argv": ["not-this-kernel"], "display_name": "", "language": "python"}))
    astray = {"JUPYTER_DATA_DIR": str(tmp_path / "jupyter"), "JUPYTER_PREFER_ENV_PATH": "0", "EXPLORER_RUNS": "runs"}

    with socket.create_server((HOST, free_port(own_port(FIRST_PORT)))) as taken:
        port = taken.getsockname()[1]
        with serving(tmp_path, port, **astray) as process:
            address = ready(process)
            assert int(address.rpartition(":")[2]) > port
            until(lambda: kernels(process))  # one is warm before anyone asks
            with urllib.request.urlopen(address, timeout=PATIENCE) as page:
                assert page.status == 200
                assert "<title>Lottery Ticket Explorer</title>" in page.read().decode()
            family = psutil.Process(process.pid).children(recursive=True)
            kernel_process = kernels(process)[0]
            assert kernel_process.cmdline()[0] == sys.executable
            assert kernel_process.environ()["EXPLORER_RUNS"] == str(tmp_path / "runs")
            process.send_signal(signal.SIGTERM)
            rest, _ = process.communicate(timeout=PATIENCE)
            assert (process.returncode, rest) == (0, "")
            _, alive = psutil.wait_procs(family, timeout=5)
            assert alive == []


def test_ctrl_c(tmp_path: Path) -> None:
    with serving(tmp_path, free_port(own_port(FIRST_PORT))) as process:
        ready(process)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert psutil.wait_procs(family, timeout=5)[1] == []


def test_a_server_that_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "voila.py").write_text("raise SystemExit('a broken installation')")
    with serving(tmp_path, free_port(own_port(FIRST_PORT)), PYTHONPATH=str(tmp_path)) as process:
        said, complained = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (1, "")
    assert "a broken installation" in complained


@pytest.mark.parametrize("first", [FIRST_PORT, 2**16 - 100])
def test_a_taken_port_is_passed_over(first: int) -> None:
    with socket.create_server((HOST, free_port(first))) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) > port
