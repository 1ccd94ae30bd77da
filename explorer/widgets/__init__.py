"""The page: one pump that writes it, thin binders, controls, and the Explorer that puts it all together."""

from explorer.widgets.explorer import Explorer
from explorer.widgets.talk import Talk

__all__ = ["Explorer", "Talk"]
