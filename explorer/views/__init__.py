"""Views: pure functions of (state, selection) that return plain data. No torch, no widgets."""

from explorer.views.accuracy import accuracy
from explorer.views.compare import compare
from explorer.views.connections import connections
from explorer.views.connectivity import connectivity
from explorer.views.density import density
from explorer.views.distance import distance
from explorer.views.histogram import histogram
from explorer.views.layers import layers
from explorer.views.masks import masks
from explorer.views.measures import measures
from explorer.views.overlap import overlap
from explorer.views.selection import Selection
from explorer.views.supermask import supermask
from explorer.views.timing import timing

__all__ = [
    "Selection",
    "accuracy",
    "compare",
    "connections",
    "connectivity",
    "density",
    "distance",
    "histogram",
    "layers",
    "masks",
    "measures",
    "overlap",
    "supermask",
    "timing",
]
