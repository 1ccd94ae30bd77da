"""Measure this machine: `make bench`. Medians, and ratios within one run; nothing here is asserted.

make bench                 # training speed, the page under load, and the preset's own time
make bench ARGS=training   # only that part
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

from explorer import Experiment, preset
from explorer.algorithm import start
from explorer.datasets import Data, load
from explorer.events import Network
from explorer.places import place
from explorer.serve import FIRST_PORT, HOST, answers, free_port
from explorer.training.module import ModuleBackEnd
from tests.browser.page import Explorer, chromium, serving
from tests.support import until

ROUNDS = 7


def training() -> None:
    """Lenet-300-100, batch 60, one thread, against a plain torch loop with a DataLoader, interleaved."""
    experiment = preset("sixty-seconds").but(levels=1, replicates=1, evaluate=1_000_000)
    data, steps, evaluations, ratios = load(experiment.dataset), [], [], []
    for _ in range(ROUNDS):
        # Both are evaluated equally often (at 0, 20, …, 200 and at the end), so their difference is steps alone.
        short, long = (train(experiment.but(iterations=iterations), data) for iterations in (201, 701))
        steps.append((long - short) / 500)
        evaluations.append((short - 201 * steps[-1]) / 12)
        ratios.append(data_loader_loop(data, 300) / 300 / steps[-1])
    say("a network-iteration", f"{1e6 * statistics.median(steps):,.0f} µs")
    say("plain DataLoader loop ÷ ours", f"{statistics.median(ratios):.1f} ×")
    say("an evaluation (2,500 images)", f"{1e3 * statistics.median(evaluations):.0f} ms")


def train(experiment: Experiment, data: Data) -> float:
    """Train one dense network and return its seconds."""
    network, before = Network("ticket", 0, 0), time.perf_counter()
    for _ in ModuleBackEnd(experiment, data, "cpu")([(network, start(experiment, network, {}))], lambda network: False):
        pass
    return time.perf_counter() - before


def data_loader_loop(data: Data, iterations: int) -> float:
    """The loop that anyone would write first, on one thread; returns its seconds."""
    torch.set_num_threads(1)
    model = torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Linear(784, 300),
        torch.nn.ReLU(),
        torch.nn.Linear(300, 100),
        torch.nn.ReLU(),
        torch.nn.Linear(100, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1.2e-3)
    images = [(torch.from_numpy(x) / 255, int(y)) for x, y in zip(data.train.images, data.train.labels, strict=True)]
    loader = torch.utils.data.DataLoader(images, batch_size=60, shuffle=True)
    done, before = 0, time.perf_counter()
    while done < iterations:
        for pixels, labels in loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(pixels), labels).backward()
            optimizer.step()
            done += 1
            if done == iterations:
                break
    return time.perf_counter() - before


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

    These are the ones that were there before the search, which brings its own: torch starts one beside the loop's.
    """

    def __init__(self, kernel: psutil.Process) -> None:
        self.kernel, self.all, self.drawing = kernel, 0.0, 0.0
        self._before = self._seconds()

    def measure(self) -> None:
        now = self._seconds()
        own = sum(now[thread] - before for thread, before in self._before.items() if thread in now)
        taken = own + sum(seconds for thread, seconds in now.items() if thread not in self._before)
        if taken > self.all:  # a search that has just ended took its threads along
            self.all, self.drawing = taken, own

    def _seconds(self) -> dict[int, float]:
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
    parts = {"training": training, "page": page}
    chosen = sys.argv[1:] or list(parts)
    unknown = [name for name in chosen if name not in parts]
    if unknown:
        sys.exit(f"bench: {unknown[0]!r} is not accepted; give one of {', '.join(parts)}.")
    say(
        "machine",
        f"{os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}",
    )
    for name in chosen:
        parts[name]()


if __name__ == "__main__":
    main()
