"""Leave the page alone for long: `make soak`. What grows, and what stops when nobody looks; nothing is asserted.

make soak                # a tab hidden for 3 minutes, then an hour of searches, one after the other
make soak ARGS="3 10"    # minutes hidden, and minutes of searches
"""

import sys
import tempfile
import time
from pathlib import Path

from explorer import Run
from tests.bench import say
from tests.browser.page import chromium, serving
from tests.browser.tab import Tab
from tests.support import until

HIDDEN, LONG = 3.0, 60.0  # minutes
ALLOWED = 50  # MB that heap and kernel may grow in an hour


def hidden(tab: Tab, runs: Path, minutes: float) -> None:
    """A tab behind another one goes on training: what was written while nobody could see it."""
    search(tab)
    before = sum(map(records, runs.iterdir()))
    tab.hide()
    until_then = time.monotonic() + 60 * minutes
    while time.monotonic() < until_then:
        time.sleep(1)
        search(tab)
    assert tab.evaluate("document.hidden")
    say(
        f"records a minute, hidden for {minutes:g} min", f"{(sum(map(records, runs.iterdir())) - before) / minutes:.0f}"
    )
    tab.show()
    time.sleep(2)
    say("the page then says", f"{tab.text('.lt-status')} {tab.text('.lt-presence')}")


def long(tab: Tab, minutes: float) -> None:
    """Searches one after the other: the page's heap after a collection and the kernel's memory, each minute."""
    kernel, measured = tab.kernel, []
    begun = time.monotonic()
    for minute in range(round(minutes) + 1):
        while time.monotonic() < begun + 60 * minute:
            time.sleep(0.5)
            search(tab)
        measured.append((tab.heap(), kernel.memory_info().rss / 1e6))
        say(f"minute {minute}", "heap {:.1f} MB, kernel {:.0f} MB".format(*measured[-1]))
    for name, values in zip(("heap", "kernel"), zip(*measured, strict=True), strict=True):
        growth = values[-1] - values[min(1, len(values) - 1)]
        say(f"{name}: growth after the first minute", f"{growth:.1f} MB ({ALLOWED} are allowed)")


def search(tab: Tab) -> None:
    """See to it that a search runs."""
    if tab.text(".lt-status") != "running":
        tab.press("start")
        until(lambda: tab.text(".lt-status") == "running")


def records(run: Path) -> int:
    return Run.open(run).state.records


def main() -> None:
    minutes = [float(given) for given in sys.argv[1:]]
    unseen, seen = minutes + [HIDDEN, LONG][len(minutes) :]
    with tempfile.TemporaryDirectory() as folder, chromium(sparing=True) as browser:
        runs = Path(folder) / "runs"
        with serving(runs) as address:
            tab = Tab(browser, address)
            hidden(tab, runs, unseen)
            long(tab, seen)
            tab.close()


if __name__ == "__main__":
    main()
