"""The widget's other homes: JupyterLab and Notebook 7, whole and as single views in cells."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as PatienceLost

from explorer.serve import free_port
from tests.browser.page import Explorer
from tests.support import own_port

pytestmark = pytest.mark.browser

CELLS = (
    "from explorer import Explorer\nexplorer = Explorer()\nexplorer",
    "explorer.view('masks')",
    "explorer.view('density')",
)


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    """A Jupyter server with a notebook that shows the explorer and two views, and its address."""
    folder, port = tmp_path_factory.mktemp("notebooks"), free_port(own_port(9050))
    cells = [
        {"cell_type": "code", "id": f"cell-{k}", "metadata": {}, "execution_count": None, "outputs": [], "source": code}
        for k, code in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    (folder / "explorer.ipynb").write_text(json.dumps(notebook))
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0"]
    options += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}", "--ServerApp.ip=127.0.0.1"]
    own = {"EXPLORER_RUNS": str(folder / "runs"), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    log = (folder / "log").open("w")
    with (
        log,
        subprocess.Popen(
            [sys.executable, "-m", "notebook", *options], env=os.environ | own, cwd=folder, stdout=log, stderr=log
        ) as server,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 90
            while not answers(address):
                assert server.poll() is None, (folder / "log").read_text()[-2000:]
                assert time.monotonic() < deadline
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait(30)


def answers(address):
    try:
        with urllib.request.urlopen(f"{address}/api"):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


def run_the_cells(page, address):
    """Run each cell by its key, again if need be: Lab forgets what it is asked while it connects its kernel."""
    while not any(kernel["connections"] and kernel["execution_state"] == "idle" for kernel in kernels(address)):
        page.wait_for_timeout(200)
    for _ in range(4):
        page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
        for _ in CELLS:
            page.keyboard.press("Shift+Enter")
        with suppress(PatienceLost):
            page.locator(".jp-Notebook .jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).first.wait_for(timeout=20_000)
            return
    pytest.fail("no cell was run")


def kernels(address):
    with urllib.request.urlopen(f"{address}/api/kernels") as answer:
        return json.load(answer)


@pytest.mark.parametrize("home", ["lab/tree", "notebooks"])
def test_the_page_and_single_views_in_cells(browser, notebooks, home):
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.goto(f"{notebooks}/{home}/explorer.ipynb")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    run_the_cells(page, notebooks)
    page.locator("button.lt-start:enabled").wait_for(timeout=90_000)
    alone = page.locator(".lt-alone-page")
    alone.nth(1).locator(".bk-Canvas, canvas").first.wait_for(timeout=30_000)
    assert alone.count() == 2

    explorer = Explorer.__new__(Explorer)
    explorer.page = page
    box = page.locator(".lt-explorer").bounding_box()
    assert box["width"] <= 1600
    assert explorer.story.startswith("Recorded:")
    explorer.until(lambda: explorer.pixels(".lt-alone-page .lt-matrix.lt-of-ticket") != 0)
    matrix = explorer.pixels(".lt-alone-page .lt-matrix.lt-of-ticket")
    page.locator(".lt-explorer .lt-level-scrubber button").nth(2).click()
    explorer.until(lambda: explorer.story.startswith("A recorded search. At 33.7%"))
    explorer.until(lambda: explorer.pixels(".lt-alone-page .lt-matrix.lt-of-ticket") != matrix)

    alone.nth(1).locator(".lt-ask").click()
    drawer = alone.nth(1).locator(".lt-drawer.lt-open")
    drawer.locator("h3", has_text="Accuracy against weights remaining").wait_for()
    box, around = drawer.bounding_box(), alone.nth(1).bounding_box()
    assert box["width"] > 200
    assert box["x"] >= around["x"]
    if os.environ.get("SHOT"):
        page.screenshot(path=os.environ["SHOT"])
    drawer.get_by_text("Close").click()
    drawer.wait_for(state="hidden")

    page.locator(".lt-explorer h1").click()
    page.keyboard.press("t")  # the page's keys are its own while it has the focus, and the notebook's otherwise
    page.locator(".lt-explorer.lt-dark").wait_for()
    explorer.set(levels="1", replicates="1", iterations="60")
    page.locator("button.lt-start").click()
    explorer.wait_for("finished", seconds=90)
    explorer.until(lambda: explorer.story.startswith("At 58.1%"))
    page.close()
