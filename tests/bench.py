"""Measure the page on this machine, after `lottery bench`, by `make bench`: under load, and the preset's own time.

Nothing here is asserted.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch
from playwright.sync_api import Browser

from explorer.places import place
from explorer.serve import FIRST_PORT, HOST, answers, free_port
from tests.browser.page import Explorer, chromium, serving
from tests.support import until

ROUNDS = 7


WATCH = """() => {
  const native = WebSocket, text = new TextDecoder(), open = {seen: null, curves: false};
  window.watched = {frames: [], painted: null};
  const parts = data => {  // Jupyter's binary protocol: offsets, channel, header, parent, metadata, content
    const view = new DataView(data), at = place => Number(view.getBigUint64(8 * (1 + place), true));
    return place => text.decode(new Uint8Array(data, at(place), Math.min(2000, at(place + 1) - at(place))));
  };
  window.WebSocket = class extends native {
    constructor(...given) {
      super(...given);
      super.addEventListener("message", ({data}) => this.receive(data));
    }
    receive(data) {
      if (!(data instanceof ArrayBuffer)) return;
      const part = parts(data);
      if (!part(1).includes('"comm_msg"')) return;
      const content = part(4), marker = /"frame": ?(\\d+)/.exec(content);
      if (/"content": ?{}/.test(content)) return;  // a ping
      open.seen ??= performance.now();
      open.curves ||= content.includes('"columns":') && !content.includes('"columns": {}');
      if (marker) window.watched[marker[1]] = {...open}, open.seen = null, open.curves = false;
    }
    send(data) {
      const marker = data instanceof ArrayBuffer && /"painted": ?(\\d+)/.exec(parts(data)(4));
      const frame = marker && window.watched[marker[1]];
      if (frame) {
        const now = performance.now(), waited = window.watched.painted && frame.seen - window.watched.painted;
        window.watched.frames.push({...frame, painted: now, latency: now - frame.seen, waited});
        window.watched.painted = now;
        delete window.watched[marker[1]];
      }
      super.send(data);
    }
  };
}"""
CLICK = """([button, status]) => new Promise(done => {
  const before = performance.now();
  const seen = () => document.querySelector('.lt-status').innerText.trim() === status;
  const look = () => seen() ? done(performance.now() - before) : requestAnimationFrame(look);
  document.querySelector(`button.lt-${button}`).click(); look();
})"""
WARM = 15  # seconds that a kernel may take to be ready for the next page


def page() -> None:
    """The page while training runs flat out: how soon it is there, what a frame and a click take, and what it costs."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        with without_preheating(Path(folder)) as address:
            say("page complete, from its request", f"{opened(browser, address):.1f} s (cold kernel)")
        with serving(Path(folder) / "runs") as address:
            for again in ("", "a second time, ", "a third time, "):
                time.sleep(WARM)
                say(f"{again}warm kernel", f"{opened(browser, address):.1f} s")
            explorer = Explorer(browser, address)
            time.sleep(WARM)
            explorer.page.add_init_script(f"({WATCH})()")
            explorer.open(address)
            time.sleep(WARM)
            watched(explorer)
            explorer.page.close()


def watched(explorer: Explorer) -> None:
    """Frames and clicks of searches, and the whole preset once."""
    clicks = []
    for _ in range(ROUNDS):
        explorer.start()
        explorer.wait_for_points("accuracy", "line dense", 1, seconds=120)
        for press in (["pause", "paused"], ["start", "running"]) * 2:
            explorer.page.wait_for_timeout(1000)
            clicks.append(explorer.page.evaluate(CLICK, press))
        explorer.page.wait_for_timeout(1000)
        clicks.append(explorer.page.evaluate(CLICK, ["cancel", "cancelled"]))
        explorer.page.wait_for_selector("button.lt-start:enabled")
    say("click on Pause, Resume, Cancel to its word on screen", spread(clicks))
    explorer.page.evaluate("watched.frames.length = 0")
    before, share = time.perf_counter(), Share(explorer.kernel)
    explorer.press("start")
    explorer.wait_for("running")
    while explorer.status == "running":
        share.measure()
        explorer.page.wait_for_timeout(1000)
    seconds = time.perf_counter() - before
    say("preset sixty-seconds, page open", f"{seconds:.0f} s")
    frames = explorer.page.evaluate("watched.frames")
    say("frames a second", f"{len(frames) / seconds:.1f}")
    say("frame with curves: received to painted", spread([frame["latency"] for frame in frames if frame["curves"]]))
    say("frame without: received to painted", spread([frame["latency"] for frame in frames if not frame["curves"]]))
    say(
        "wait before it: painted to the next received", spread([f["waited"] for f in frames if f["waited"] is not None])
    )
    alone = float(subprocess.check_output([sys.executable, "-c", ALONE], text=True))
    say(
        "CPU seconds of this search",
        f"{share.all:.1f}, and {alone:.1f} without a page (other threads share the caches)",
    )
    say("memory of the kernel afterwards", f"{explorer.kernel.memory_info().rss / 1e6:.0f} MB")
    say("drawing, of the kernel's CPU seconds", f"{100 * share.drawing / share.all:.1f}%")
    for line in explorer.page.inner_text(".lt-foot").splitlines():
        say("", line)


ALONE = """
import tempfile, time
from explorer import Session, preset
with tempfile.TemporaryDirectory() as folder:
    session = Session(preset("sixty-seconds"), out=f"{folder}/run")
    session.start()
    before = time.process_time()
    assert session.wait() == "finished"
    print(time.process_time() - before)
"""


class Share:
    """The CPU seconds of a kernel from now on: of all its threads, and of those that draw and send.

    These are the ones that were there before the search, which brings its own.
    """

    def __init__(self, kernel: psutil.Process) -> None:
        self.kernel, self.all, self.drawing = kernel, 0.0, 0.0
        self._begun, self._before = self._seconds(), self._threads()

    def measure(self) -> None:
        now = self._threads()
        self.all = self._seconds() - self._begun  # those of threads that have ended are among them
        self.drawing = sum(now[thread] - before for thread, before in self._before.items() if thread in now)

    def _seconds(self) -> float:
        times = self.kernel.cpu_times()
        return times.user + times.system

    def _threads(self) -> dict[int, float]:
        return {thread.id: thread.user_time + thread.system_time for thread in self.kernel.threads()}


def opened(browser: Browser, address: str) -> float:
    """Open the page, return the seconds until it is complete, and close it as a person does."""
    before = time.perf_counter()
    explorer = Explorer(browser, address)
    seconds = time.perf_counter() - before
    explorer.page.close(run_before_unload=True)
    return seconds


@contextmanager
def without_preheating(folder: Path) -> Iterator[str]:
    """Serve the page with no kernel made beforehand."""
    port = free_port(FIRST_PORT)
    command = [sys.executable, "-P", "-m", "voila", str(place("apps", "explorer.ipynb")), "--no-browser"]
    command += [f"--port={port}", f"--Voila.config_file_paths={place('assets')}", "--preheat_kernel=False"]
    log = (folder / "log").open("w")
    with log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        until(lambda: answers(port))
        yield f"http://{HOST}:{port}"
        server.terminate()


def spread(milliseconds: list[float]) -> str:
    if len(milliseconds) < 2:
        return "none came"
    cuts = statistics.quantiles(milliseconds, n=20, method="inclusive")
    return f"p50 {cuts[9]:.0f} ms, p95 {cuts[18]:.0f} ms (n = {len(milliseconds)})"


def say(what: str, figure: str) -> None:
    print(f"{what:53}{figure}", flush=True)


def main() -> None:
    say(
        "machine",
        f"{os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}",
    )
    page()


if __name__ == "__main__":
    main()
