"""Take pictures of the page anew: `make screenshots`. The preset, every view in both themes, and nothing retouched."""

import tempfile
from pathlib import Path

from explorer.places import place
from explorer.widgets.main import ROOMS
from explorer.widgets.panels import VIEWS
from tests.browser.page import Explorer, chromium, serving

SIZES = {"1280x720": (1280, 720), "1440x900": (1440, 900), "1920x1080": (1920, 1080)}
DRAWN = "() => [...document.querySelectorAll('.lt-plot')].every(plot => !plot.clientWidth || plot.drawing?.())"


def main() -> None:
    folder = place("assets") / "screenshots"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as runs, serving(Path(runs)) as address, chromium() as browser:
        explorer = Explorer(browser, address)
        take(explorer, folder / "idle-1440x900.png")
        explorer.start()
        explorer.page.wait_for_function(
            "() => document.querySelector('.lt-level-scrubber button:nth-child(4)')?.dataset.stage === 'training'",
            timeout=300_000,
        )
        explorer.wait_for_points("accuracy", "line ticket", 12)
        take(explorer, folder / "live-1440x900.png")
        explorer.wait_for("finished", seconds=600)
        explorer.page.click(".lt-level-scrubber button:nth-child(5)")
        for name, (width, height) in SIZES.items():
            explorer.page.set_viewport_size({"width": width, "height": height})
            take(explorer, folder / f"finished-{name}.png")
        explorer.page.set_viewport_size({"width": 1440, "height": 900})
        explorer.page.keyboard.press("f")
        take(explorer, folder / "studies-1440x900.png")
        explorer.page.keyboard.press("Escape")
        for theme in ("light", "dark"):
            views(explorer, folder, theme)
            explorer.page.keyboard.press("t")
        explorer.page.keyboard.press("t")
        explorer.page.click(f"text={next(iter(ROOMS))}")
        explorer.page.keyboard.press(" ")
        explorer.until(lambda: explorer.points("density", "points ticket 0") >= 3)
        explorer.page.keyboard.press(" ")
        take(explorer, folder / "replaying-dark-1440x900.png")
        explorer.page.keyboard.press("Escape")
        explorer.page.keyboard.press("t")
        explorer.set(prune="120")
        take(explorer, folder / "refused-1440x900.png")


def views(explorer: Explorer, folder: Path, theme: str) -> None:
    """Take each room of views, each drawer, and each view presented."""
    for room in ROOMS:
        explorer.page.click(f"text={room}")
        take(explorer, folder / f"{theme}-room-{room.split()[0].lower()}.png")
    explorer.page.click(f"text={next(iter(ROOMS))}")
    for key, drawer in (("?", "help"), ("r", "runs"), ("e", "export"), ("f", "studies")):
        explorer.page.keyboard.press(key)
        take(explorer, folder / f"{theme}-{drawer}.png")
        explorer.page.keyboard.press("Escape")
    for number, view in enumerate(list(VIEWS)[:10], start=1):
        explorer.page.keyboard.press(str(number % 10))
        take(explorer, folder / f"{theme}-presenting-{view}.png")
    explorer.page.keyboard.press("Escape")


def take(explorer: Explorer, file: Path) -> None:
    explorer.page.wait_for_function(DRAWN)
    explorer.page.wait_for_timeout(1500)  # the figures fit themselves to a new size in their own time
    explorer.page.screenshot(path=file)
    print(file)


if __name__ == "__main__":
    main()
