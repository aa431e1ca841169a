"""The worker process of a recognizer: lines of JSON in, lines of JSON out.

It prints nothing and logs nowhere: what a recognizer writes to its standard output or error may hold
the texts that it was given. It ends when its standard input does, which is when its parent ends.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import Any, BinaryIO


def main(factory: str, options: dict[str, Any]) -> None:
    """Make the recognizer, say so, and answer until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    try:
        recognizer = _make(factory, options)
    except Exception as error:  # noqa: BLE001 - its parent tells it; no text was seen yet
        _write(answers, {"failed": type(error).__name__, "what": _what(error)})
        return
    _write(answers, {"ready": True})
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        try:
            (recognized,) = recognizer([asked["text"]])
            found = [[int(start), int(end), str(category)] for start, end, category in recognized]
        except Exception as error:  # noqa: BLE001 - its text may hold the value
            _write(answers, {"id": asked["id"], "error": type(error).__name__})
            continue
        _write(answers, {"id": asked["id"], "found": found})


def _make(factory: str, options: dict[str, Any]) -> Any:
    module, _, function = factory.partition(":")
    return getattr(importlib.import_module(module), function)(**options)


def _what(error: Exception) -> list[str]:
    """Return what a ConfigurationError says; of other errors nothing, they may quote anything."""
    parts = [getattr(error, name, None) for name in ("what", "remedy")]
    return [part for part in parts if isinstance(part, str)]


def _write(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()
