"""An experiment as the query of a link, `architecture=lenet-300-100&prune=20&…&seed=0`, and back.

Values stand in it as a person types them, so that a link can be read, and written by hand.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from explorer.errors import Refused
from explorer.experiment import Experiment
from explorer.presets import DEFAULT, preset


def to_query(experiment: Experiment) -> str:
    """Return a URL's query, without its question mark, that holds every setting and the seed."""
    return urlencode(experiment.typed())


def to_python(experiment: Experiment) -> str:
    """Return a line of Python that opens the page with every setting and the seed, for a notebook."""
    settings = ", ".join(f"{name}={value!r}" for name, value in experiment.model_dump().items())
    return f"from explorer import Experiment, Explorer; Explorer(Experiment({settings}))"


def from_query(query: str) -> tuple[Experiment, list[str]]:
    """Read a URL's query, whoever wrote it: the experiment, and one sentence for each thing in it that is not accepted.

    The default preset stands in for what is missing or not accepted. Where more levels are asked for than
    can be pruned, its own are taken, or as many of them as can be. Of a name given twice, the last counts.
    """
    given = dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True))
    base, problems = preset(DEFAULT), dict[str, str]()
    while True:
        try:
            return Experiment.parse(given, base), list(problems.values())
        except Refused as refused:
            problems = {**refused.problems, **problems}
            if not given.keys() & refused.problems.keys():
                base = base.but(levels=base.levels - 1)  # the only one of the preset's own that can be too many
            given = {name: text for name, text in given.items() if name not in refused.problems}
