"""Take the README's pictures anew: `make screenshots`. The page, the preset, and nothing retouched."""

import tempfile
from pathlib import Path

from explorer.places import place
from tests.browser.page import Explorer, chromium, serving

SIZES = {"1280x720": (1280, 720), "1440x900": (1440, 900), "1920x1080": (1920, 1080)}


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
        explorer.set(prune="120")
        take(explorer, folder / "refused-1920x1080.png")


def take(explorer: Explorer, file: Path) -> None:
    explorer.page.wait_for_timeout(1500)  # the figures fit themselves to a new size in their own time
    explorer.page.screenshot(path=file)
    print(file)


if __name__ == "__main__":
    main()
