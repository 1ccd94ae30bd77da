"""Measure this machine: `make bench`. Medians, and ratios within one run; nothing here is asserted.

make bench                 # training speed, the page under load, and the preset's own time
make bench ARGS=training   # only that part
"""

import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from explorer import Experiment, preset
from explorer.algorithm import start
from explorer.datasets import Data, load
from explorer.events import Network
from explorer.training.module import ModuleBackEnd
from tests.browser.page import Explorer, chromium, serving

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


WATCH = """seconds => new Promise(done => {
  let frames = 0;
  const watched = new MutationObserver(() => frames++);  // called once a frame, however much changed in it
  watched.observe(document.querySelector('.lt-figures'), {childList: true, subtree: true});
  setTimeout(() => { watched.disconnect(); done(frames / seconds); }, 1000 * seconds);
})"""
CLICK = """() => new Promise(done => {
  const before = performance.now(), button = document.querySelector('button.lt-cancel');
  const seen = () => document.querySelector('.lt-status').innerText.trim() === 'cancelled';
  const look = () => seen() ? done(performance.now() - before) : requestAnimationFrame(look);
  button.click(); look();
})"""


def page() -> None:
    """The page while training runs flat out: frames a second, and from a click on Cancel to its acknowledgement."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "runs") as address, chromium() as browser:
        before = time.perf_counter()
        explorer = Explorer(browser, address)
        say("page complete, from its request", f"{time.perf_counter() - before:.1f} s (cold kernel)")
        frames, cancels = [], []
        for _ in range(ROUNDS):
            explorer.start()
            explorer.wait_for_points("accuracy", "line ticket", 2)
            frames.append(explorer.page.evaluate(WATCH, 4))
            cancels.append(explorer.page.evaluate(CLICK))
            explorer.page.wait_for_selector("button.lt-start:enabled")
        say("frames a second, training flat out", f"{statistics.median(frames):.1f} (lowest {min(frames):.1f})")
        say(
            "click on Cancel to 'cancelled' on screen",
            f"{statistics.median(cancels):.0f} ms (worst {max(cancels):.0f})",
        )
        before = time.perf_counter()
        explorer.press("start")
        explorer.wait_for("finished", seconds=600)
        say("preset sixty-seconds, page open", f"{time.perf_counter() - before:.0f} s")
        for line in explorer.page.inner_text(".lt-foot").splitlines():
            say("", line)


def say(what: str, figure: str) -> None:
    print(f"{what:45}{figure}", flush=True)


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
