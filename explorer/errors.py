"""What the program says when it refuses or fails: one sentence, and no traceback for a user."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping


class ExplorerError(Exception):
    """Anything that a user is told in one sentence instead of a traceback."""


class Refused(ExplorerError, ValueError):  # noqa: N818 (a name that reads as a sentence where it is caught)
    """Settings that are not accepted, found before anything runs.

    `problems` maps a field's name to its sentence, which names the field, what was given and
    what is accepted; the page shows each beside its control, the command line shows them all.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(self.problems.values()))


class DataError(ExplorerError):
    """A data set that cannot be read, fetched or written."""


class RunError(ExplorerError):
    """A run directory that cannot be made, written or understood."""


def sentence(label: str, given: object, accepted: str, hint: str = "") -> str:
    """Say what was given to the field called `label` and what it accepts, in the one form used everywhere."""
    return f"{label}: {given} is not accepted; give {accepted}{hint}."


def one_of(names: Iterable[str]) -> str:
    """Say which names are accepted."""
    names = list(names)
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


def nearest(given: object, names: Iterable[str]) -> str:
    """Hint at the accepted name that begins with the one given or is most like it, or say nothing."""
    names, lower = list(names), str(given).lower()
    begun = [name for name in names if lower and name.startswith(lower)]
    close = begun or difflib.get_close_matches(lower, names, n=1, cutoff=0.4)
    return f" (did you mean {close[0]}?)" if close else ""
