"""What is dear to reckon is reckoned once: views are drawn many times a second from the same arrays."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")


def remembered(most: int) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Remember a pure function's last `most` results. Arrays and mappings are told apart by who they are.

    They are held meanwhile, so that no other can take their identity, and nobody may change them or the results.
    """

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        kept: OrderedDict[tuple[object, ...], tuple[tuple[Any, ...], T]] = OrderedDict()

        @wraps(function)
        def wrapped(*args: Any) -> T:
            key = tuple(a if isinstance(a, str | int | float | None) else id(a) for a in args)
            if key not in kept:
                kept[key] = (args, function(*args))
                if len(kept) > most:
                    kept.popitem(last=False)
            kept.move_to_end(key)
            return kept[key][1]

        return wrapped

    return decorate
