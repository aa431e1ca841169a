"""Hooks for forked children: they are called there, and hold nothing alive."""

from __future__ import annotations

import gc
import os
import weakref

import pytest

from jaeger_guard.forks import call_in_forked_children


class Renewed:
    """Counts how often it was renewed."""

    def __init__(self) -> None:
        self.times = 0
        call_in_forked_children(self.renew)

    def renew(self) -> None:
        self.times += 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_child_is_renewed_and_the_parent_is_not() -> None:
    """The method is called in the child, once; one whose object is gone is not."""
    renewed, gone = Renewed(), Renewed()
    reference = weakref.ref(gone)
    del gone
    gc.collect()
    assert reference() is None
    child = os.fork()
    if child == 0:
        os._exit(renewed.times)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert renewed.times == 0
