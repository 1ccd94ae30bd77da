"""The page: one pump that writes it, thin binders, controls, and the Explorer that puts it all together."""

from explorer.widgets.explorer import Explorer

__all__ = ["Explorer"]
