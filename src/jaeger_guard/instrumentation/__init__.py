"""Instrumentors of frameworks and libraries: which to load, and our hooks in them.

Theory of operation. An instrumentor is a singleton per class that is instrumented once; a second
`instrument()` is ignored, with the hooks that were given to it. So the class itself is prepared
(`attaching`): whoever calls it from then on, the user's code, `opentelemetry-instrument` or we, gets
our hooks, each before a hook of the user's own; and a user's call with arguments, after ours, is done
again with them rather than ignored.

1. `selection` finds what was asked for, and refuses what can't be had, before anything is installed.
2. `attaching` prepares the classes, instruments, and takes back what it did.
3. `registry` lists what the guard knows of each; one that it doesn't list is instrumented as it is.

Nothing of `opentelemetry.instrumentation` is imported before an instrumentor is asked for.
"""

from __future__ import annotations

from jaeger_guard.instrumentation.attaching import Instrumented, instrument, load
from jaeger_guard.instrumentation.framework import Framework
from jaeger_guard.instrumentation.registry import FRAMEWORKS, framework_of
from jaeger_guard.instrumentation.selection import (
    Instrument,
    Selected,
    check_instrument,
    prepare_installed,
    select,
)

__all__ = [
    "FRAMEWORKS",
    "Framework",
    "Instrument",
    "Instrumented",
    "Selected",
    "check_instrument",
    "framework_of",
    "instrument",
    "load",
    "prepare_installed",
    "select",
]
