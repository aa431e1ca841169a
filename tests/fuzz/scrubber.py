"""A target for a fuzzer that is guided by coverage: scrub anything under any kind of key.

Run by hand, with CPython up to the version that atheris supports:

    pip install atheris
    python tests/fuzz/scrubber.py -max_total_time=300 -max_len=2048 CORPUS_DIRECTORY

It starts from the examples of all detectors and formats, which it writes into CORPUS_DIRECTORY where
that is empty. The invariants: nothing is raised, nothing is withheld because something failed inside,
what comes out is text without lone surrogates, scrubbing twice is scrubbing once, and a planted token
is gone. A failing input is left in a file by the fuzzer; it goes into the tests as an example.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["jaeger_guard"]):
    from jaeger_guard.detectors import DETECTORS
    from jaeger_guard.formats import FORMATS
    from jaeger_guard.policy import compile_policy, load_policy
    from jaeger_guard.scrubber import Scrubber

KEYS: Final = (
    *("note", "url.full", "url.path", "url.query", "db.query.text", "exception.stacktrace"),
    *("exception.message", "process.command_line", "http.request.header.cookie", "order_id"),
    *("http.response.header.set-cookie", "http.request.header.authorization", "http.request.body"),
    *("graphql.document", "client.address", "user_agent.original", "payload.json", "server.address"),
)  # fmt: skip
TOKEN: Final = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
SCRUBBER: Final = Scrubber(compile_policy(load_policy("baseline", "the fuzzer")))


class BrokenInvariantError(Exception):
    """What must hold for any text doesn't hold for this one."""


def test_one_input(data: bytes) -> None:
    """Scrub one input: its first byte chooses the key, its second where a token is planted."""
    if len(data) < 3:
        return
    key, place = KEYS[data[0] % len(KEYS)], data[1]
    text = data[2:].decode("utf-8", "surrogateescape")  # bytes that are no text: lone surrogates
    if place < len(text) // 2:
        text = f"{text[:place]} {TOKEN} {text[place:]}"
    once, found = SCRUBBER.value(key, text)
    if any(entry.detector == "failure" for entry in found.entries):
        raise BrokenInvariantError("withheld, since something failed")
    once.encode()
    if TOKEN in once:
        raise BrokenInvariantError("a planted token is left")
    if SCRUBBER.value(key, once)[0] != once:
        raise BrokenInvariantError("twice is not once")


def write_examples(directory: Path) -> None:
    """Write the registries' examples where the fuzzer starts from."""
    texts = [example.text for detector in DETECTORS for example in detector.examples]
    texts += [example.text for entry in FORMATS.values() for example in entry.examples]
    for number, text in enumerate(texts):
        raw = bytes((number % len(KEYS), 255)) + text.encode("utf-8", "surrogatepass")
        (directory / f"example-{number}").write_bytes(raw)


def main() -> None:
    """Hand over to the fuzzer."""
    directories = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if directories and not (directories[0].is_dir() and any(directories[0].iterdir())):
        directories[0].mkdir(parents=True, exist_ok=True)
        write_examples(directories[0])
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
