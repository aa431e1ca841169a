"""Renew what doesn't survive a fork: locks that a thread of the parent may hold, and threads."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable


def call_in_forked_children(method: Callable[[], None]) -> None:
    """Call a bound method in every child that is forked from now on, while its object lives."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        alive = reference()
        if alive is not None:
            alive()

    os.register_at_fork(after_in_child=call)


def call_around_forks(before: Callable[[], None], in_parent: Callable[[], None]) -> None:
    """Call two bound methods before and after every fork from now on, while their object lives."""
    references = weakref.WeakMethod(before), weakref.WeakMethod(in_parent)

    def call_first() -> None:
        if (alive := references[0]()) is not None:
            alive()

    def call_second() -> None:
        if (alive := references[1]()) is not None:
            alive()

    os.register_at_fork(before=call_first, after_in_parent=call_second)
