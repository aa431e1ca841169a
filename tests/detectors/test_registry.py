"""The registry keeps its promises: each entry's examples, near misses, markers, and time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest

from growth import assert_linear, repeated
from jaeger_guard import categories
from jaeger_guard.detectors import Detector, detector_named, installed_detectors
from jaeger_guard.detectors.detector import holds_markers_only, starts_word

DETECTORS = installed_detectors()

each = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)


def found_by(detector: Detector, text: str) -> list[str]:
    return [text[match.start : match.end] for match in detector.find(text)]


def in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def same(text: str) -> str:
    return text


CONTEXTS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ('"{}"', same),
    ("'{}'", same),
    ("[{}]", same),
    ("({})", same),
    ("<{}>", same),
    ("key={}&page=2", same),
    ("It was {}.", same),
    ('{{"k": "{}", "n": 1}}', in_json),
    ("first\n{}\nlast", same),
    ("x, {}, y", same),
    ("x;{};y", same),
)


@each
def test_example_is_found_exactly(detector: Detector) -> None:
    """Each example's finding is found, with the right ends, and nothing else in its text."""
    for example in detector.examples:
        assert found_by(detector, example.text) == [example.found], example
        assert all(match.category == detector.category for match in detector.find(example.text))


@each
def test_finding_stands_alone_in_any_context(detector: Detector) -> None:
    """What stands around an example changes neither that it is found nor where it ends."""
    for example in detector.examples:
        if example.cut:
            assert found_by(detector, f"'{example.text}") == [example.found], example
            continue
        for template, encode in CONTEXTS:
            text = template.format(encode(example.text))
            assert found_by(detector, text) == [encode(example.found)], text


@each
def test_near_misses_are_silent(detector: Detector) -> None:
    """No detector of its category finds anything in a near miss."""
    akin = [other for other in DETECTORS if other.category == detector.category]
    for near_miss in detector.near_misses:
        loud = [other.name for other in akin if found_by(other, near_miss.text)]
        assert loud == [], near_miss


@each
def test_entry_is_whole(detector: Detector) -> None:
    """Each entry has a known category, a source, examples, and reasons for its near misses."""
    assert detector.category in categories.ALL
    assert detector.name == detector.name.lower() and "." in detector.name
    assert detector.source and detector.examples and detector.near_misses
    assert all(near_miss.because for near_miss in detector.near_misses)
    assert detector_named(detector.name) is detector


def test_names_are_unique() -> None:
    """No two entries share a name."""
    names = [detector.name for detector in DETECTORS]
    assert sorted(set(names)) == sorted(names)


def test_unknown_name_raises() -> None:
    """A name that no entry has is an error and no other detector."""
    with pytest.raises(KeyError):
        detector_named("contact.pigeon")


def test_import_compiles_no_pattern() -> None:
    """Importing the registry compiles nothing; patterns are compiled when first used."""
    program = (
        "from jaeger_guard.detectors import DETECTORS\n"
        "from jaeger_guard.detectors.detector import compile_pattern\n"
        "print(len(DETECTORS) > 60, compile_pattern.cache_info().currsize)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["True", "0"]


MARKERS = (
    *(f"[REDACTED:{category}]" for category in categories.ALL),
    "REDACTED",
    "?",
    "https://REDACTED:REDACTED@example.com/a?token=REDACTED",
    "postgres://[REDACTED:credential.connection]@db/shop",
    "https://REDACTED@example.com/",
    "Bearer [REDACTED:credential.token], Basic REDACTED",
    "password=[REDACTED:credential.password];pwd=REDACTED&password='?'",
    '"password": "[REDACTED:credential.password]", "api_key": "REDACTED"',
    "[REDACTED:contact.email]@example.com",
    "ghp_REDACTED sk-REDACTED",
)


@pytest.mark.parametrize("text", MARKERS)
def test_marker_is_never_found(text: str) -> None:
    """No detector finds our own markers, so scrubbing twice equals once."""
    assert [d.name for d in DETECTORS if found_by(d, text)] == []


def test_marker_exempts_only_itself() -> None:
    """A secret beside a marker is still found."""
    assert not holds_markers_only("REDACTED hunter2")
    password = detector_named("credential.password_assigned")
    assert found_by(password, "password=REDACTED-hunter2") == ["REDACTED-hunter2"]


@pytest.mark.parametrize("before", ["", " ", "_", "%3D", "\\n", "\\u003d", "\\x3d", "é"])
def test_token_starts_behind_escape(before: str) -> None:
    """The letter that ends an escape sequence doesn't hide the token behind it."""
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    assert starts_word(before + token, len(before))
    assert found_by(detector_named("credential.github"), f"x={before}{token}") == [token]


def test_token_inside_word_is_none() -> None:
    """A prefix that a longer word happens to hold is no token."""
    token = "sk-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    assert found_by(detector_named("credential.openai"), "di" + token) == []


HOSTILE: dict[str, Callable[[int], str]] = {
    **{
        unit: partial(repeated, unit)
        for unit in (
            *("a", "@", "@a", "é@é.", "1", "0", "1 ", "1.", "1-", "4444 ", "4444-", '"', 'aaaa"@'),
            *("%", "%40", "(", "(212)", "+1", ":", "2001:", "aa:", "aa-", "AA11", "AA11 ", "://"),
            *("://a:b", "://a@", "eyJ", "-eyJ", ".eyJ", "-----BEGIN PRIVATE KEY-----", "ghp_"),
            *("glpat-", "xoxb-", "password=", "Bearer a", "basic aaaa", "sk-", "$2", "a.", "\\"),
            *("mysql ", "curl -u a", "-----END PRIVATE KEY-----", "datadog api_key ", "password\n"),
            *(
                "-00000000",
                ".aaaaaa",
                "M",
                "1/1234567890123456",
                "00000000-00000000-",
                "_mmk",
                "msh",
            ),
            *("a:5432:a:a:", "*0F1E", "$A$005$", "{SHA}a", "SCRAM-SHA-1$", "scrypt:1:"),
            *("MIIEpAIBAAKCAQ", "a@//", "echo a|", "key ", "aQ~", "+ASt", "AKIA", " -p aB1!"),
            *("\n", "MTaa", "response=", "123-45-6789", "[REDACTED:contact.email]", " "),
        )
    },
    "one long domain": lambda size: "x@" + repeated("a.", size),
    "one long key": lambda size: "-----BEGIN PRIVATE " + "KEY-----" + repeated("A", size),
    "one long local part": lambda size: repeated("%3D", size) + "@example.com",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name: str) -> None:
    """Each detector's time grows no faster than the text, up to a megabyte, whatever repeats."""
    make = HOSTILE[name]

    def search(detector: Detector, size: int) -> int:
        return sum(1 for _ in detector.find(make(size)))

    assert_linear(lambda size: [detector.gate.admits(make(size)) for detector in DETECTORS])
    for detector in DETECTORS:
        if detector.gate.admits(make(1000)):
            try:
                assert_linear(partial(search, detector))
            except AssertionError as error:
                error.add_note(detector.name)
                raise
