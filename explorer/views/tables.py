"""The numbers behind each view, by its name."""

from __future__ import annotations

from collections.abc import Callable

from explorer.state import State
from explorer.views.accuracy import table as accuracy_table
from explorer.views.connections import table as connections_table
from explorer.views.connectivity import table as connectivity_table
from explorer.views.density import table as density_table
from explorer.views.distance import table as distance_table
from explorer.views.histogram import table as histogram_table
from explorer.views.layers import layers
from explorer.views.masks import table as masks_table
from explorer.views.measures import table as measures_table
from explorer.views.overlap import table as overlap_table
from explorer.views.selection import Selection
from explorer.views.supermask import table as supermask_table
from explorer.views.table import Table
from explorer.views.timing import table as timing_table

TABLES: dict[str, Callable[[State, Selection], Table]] = {
    "accuracy": accuracy_table,
    "connections": connections_table,
    "connectivity": connectivity_table,
    "density": density_table,
    "distance": distance_table,
    "histogram": histogram_table,
    "layers": layers,
    "masks": masks_table,
    "measures": measures_table,
    "overlap": overlap_table,
    "supermask": supermask_table,
    "timing": timing_table,
}
