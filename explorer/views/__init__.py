"""Views: pure functions of (state, selection) that return plain data. No torch, no widgets."""

from explorer.views.accuracy import accuracy
from explorer.views.density import density
from explorer.views.histogram import histogram
from explorer.views.masks import masks
from explorer.views.selection import Selection

__all__ = ["Selection", "accuracy", "density", "histogram", "masks"]
