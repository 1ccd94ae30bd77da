"""Where the files that are no code lie: `apps/` and `assets/`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def place(*parts: str) -> Path:
    """Return the path of a file or folder, such as ("assets", "digits.npz").

    A wheel holds the folders inside the package; in a checkout they stand beside it.
    """
    inside = _PACKAGE.joinpath(*parts)
    return inside if inside.exists() else _PACKAGE.parent.joinpath(*parts)
