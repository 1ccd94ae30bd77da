"""Every colour of the page, in both themes: Okabe–Ito marks, and darker or lighter shades of their hues for text."""

from __future__ import annotations

from typing import Literal, NamedTuple

Theme = Literal["light", "dark"]


class Look(NamedTuple):
    """How things are drawn: in which colours, and how large the letters are in pixels."""

    theme: Theme = "light"
    letters: float = 12.0


PALETTE: dict[Theme, dict[str, str]] = {
    "light": {
        "page": "#FFFFFF",
        "side": "#F6F5F1",
        "selection": "#F1F0EB",
        "ink": "#1A1C20",
        "muted": "#5A5F66",
        "axis": "#85888C",
        "rule": "#DEDCD5",
        "grid": "#ECEAE4",
        "ticket": "#D55E00",
        "ticket-text": "#AD4A00",
        "random-reinit": "#0072B2",
        "random-reinit-text": "#006BAB",
        "random-sparse": "#009E73",
        "random-sparse-text": "#007A59",
        "dense": "#767B82",
        "dense-text": "#5A5F66",
        "error": "#B3261E",
        "error-page": "#FDF0EE",
        "few": "#E5E6E7",  # the key of the heatmaps, in grey
        "some": "#8F9296",
        "most": "#34373C",
    },
    "dark": {
        "page": "#15181D",
        "side": "#1D2127",
        "selection": "#2A3038",
        "ink": "#F1F0EC",
        "muted": "#A9AFB8",
        "axis": "#737A84",
        "rule": "#343A42",
        "grid": "#262B32",
        "ticket": "#F0782A",
        "ticket-text": "#FF8A3D",
        "random-reinit": "#56B4E9",
        "random-reinit-text": "#56B4E9",
        "random-sparse": "#009E73",
        "random-sparse-text": "#2FC195",
        "dense": "#8E959F",
        "dense-text": "#A9AFB8",
        "error": "#FF8F87",
        "error-page": "#33201F",
        "few": "#2F3134",
        "some": "#85878A",
        "most": "#E9EAEB",
    },
}


def text(theme: Theme, tone: str) -> str:
    """Return the shade of a tone that can be read."""
    return PALETTE[theme].get(f"{tone}-text", PALETTE[theme][tone])


def style() -> str:
    """Return both themes as custom properties of CSS: --lt-ink and so on."""
    rules = []
    for theme, colours in PALETTE.items():
        values = " ".join(f"--lt-{name}: {colour};" for name, colour in colours.items())
        rules.append(f".lt-explorer.lt-{theme}, .lt-alone-page.lt-{theme} {{ color-scheme: {theme}; {values} }}")
    return "\n".join(rules)
