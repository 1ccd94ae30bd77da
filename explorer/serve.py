"""Serve the page with Voila: a child process that only this machine can reach."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException

import click

from explorer.errors import ExplorerError, Refused, nearest, one_of, sentence
from explorer.places import place

HOST = "127.0.0.1"
FIRST_PORT = 8866  # Voila's own
LINES = 20  # of the log, shown when the server dies


def serve(port: int | None = None, app: str = "explorer") -> int:
    """Serve one of the notebooks in apps/ until Ctrl-C or a signal ends it, and return the command's exit status.

    Takes the first free port from `port` on, says `Ready: http://…` on stdout when the page can be opened,
    and opens a browser where there is a display. The kernels end with the server.
    Raises `Refused` with the nearest right name where there is no such app.
    """
    apps = sorted(notebook.stem for notebook in place("apps").glob("*.ipynb"))
    if app not in apps:
        raise Refused({"app": sentence("App", repr(app), one_of(apps), nearest(app, apps))})
    port = free_port(FIRST_PORT if port is None else port)
    address = f"http://{HOST}:{port}"
    command = [sys.executable, "-P", "-m", "voila", str(place("apps", f"{app}.ipynb")), "--no-browser"]
    command += [f"--port={port}", "--Voila.port_retries=0", f"--Voila.config_file_paths={place('assets')}"]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        # In a session of its own the child does not see Ctrl-C, and is ended once, in order.
        child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        received = _end_with_signals(child)
        while child.poll() is None and not answers(port):
            time.sleep(0.1)
        if child.poll() is None and not received:
            click.echo(f"Ready: {address}")
            if _has_display():
                webbrowser.open(address)
        child.wait()
        if received:
            return 130 if received[0] == signal.SIGINT else 0
        log.seek(0)
        last = log.read().splitlines()[-LINES:]
    click.echo("\n".join(["The page's server ended. Its last words:", *last]), err=True)
    return 1


def free_port(first: int) -> int:
    """Return the first port from `first` on that nobody listens at."""
    for port in range(first, 2**16):
        with suppress(OSError), socket.create_server((HOST, port)):
            return port
    raise ExplorerError(f"Port: there is no free one from {first} on.")


def _end_with_signals(child: subprocess.Popen[bytes]) -> list[int]:
    """Let signals end the child; return the list that they are then noted in."""
    received: list[int] = []

    def end(number: int, _frame: object) -> None:
        if received:
            child.kill()  # asked twice: at once; the kernels notice and end by themselves
        else:
            child.terminate()  # Voila ends its kernels first
        received.append(number)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    return received


def answers(port: int) -> bool:
    """Whether the page's server is up. Only the head is asked for: a page would start a kernel."""
    with closing(HTTPConnection(HOST, port, timeout=5)) as connection, suppress(OSError, HTTPException):
        connection.request("HEAD", "/")
        connection.getresponse()
        return True
    return False


def _has_display() -> bool:
    """Whether a browser would have a screen to open on."""
    return sys.platform in {"darwin", "win32"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
