"""Names in free text, through the whole engine: by any recognizer, and by Presidio."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from jaeger_guard import Policy, Recognition
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.spans import SpanScrubber
from jaeger_guard.types import Finding, Surface

HERE = Path(__file__).parent
TEXT = "met Ada Lovelace at noon"
CLEAN = "met [REDACTED:person.name] at noon"
PATIENT = 10.0  # seconds; the most that a budget may be


def scrubber_with(recognition: Recognition) -> Scrubber:
    return Scrubber(compile_policy(Policy(name="test", rules=(), recognition=recognition)))


@pytest.fixture
def scrubber(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scrubber]:
    """An engine whose recognizer knows one name."""
    monkeypatch.syspath_prepend(HERE)
    made = scrubber_with(Recognition(recognizer="makers:names", budget=PATIENT))
    yield made
    assert made.recognizer is not None
    made.recognizer.close()


def test_name_in_prose_is_gone(scrubber: Scrubber) -> None:
    """A recognized name is redacted in attributes, JSON members, messages and status texts."""
    assert scrubber.value("note", TEXT)[0] == CLEAN
    assert scrubber.value("exception.message", f"code=7: {TEXT}")[0] == f"code=7: {CLEAN}"
    assert scrubber.value("data", f'{{"comment": "{TEXT}"}}')[0] == f'{{"comment": "{CLEAN}"}}'
    findings: list[Finding] = []
    assert scrubber.text(Surface.STATUS, TEXT, findings) == CLEAN
    assert findings[0].category == "person.name"
    assert scrubber.value("note", CLEAN)[0] == CLEAN


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("http.route", "/Ada Lovelace/orders"),
        ("order.id", "Ada Lovelace 17"),
        ("note", "GET"),
        ("note", "checkout-7d9f8b6c4d"),
        ("note", "connection refused by peer"),
    ],
)
def test_what_is_no_prose_is_not_asked_about(scrubber: Scrubber, key: str, text: str) -> None:
    """Technical keys, ids, words and messages without a capital cost no question."""
    assert scrubber.value(key, text)[0] == text
    assert scrubber.recognizer is not None
    assert scrubber.recognizer.counts["asked"] == 0


def test_unanswered_text_is_searched_and_asked_again(scrubber: Scrubber) -> None:
    """Without an answer a text goes on as the detectors leave it, and isn't taken for clean later."""
    assert scrubber.recognizer is not None
    pid = scrubber.recognizer._holder[0].pid
    os.kill(pid, signal.SIGSTOP)
    scrubber.recognizer._budget = 0.05
    mixed = f"{TEXT}, ada@example.com"
    assert scrubber.value("note", mixed)[0] == f"{TEXT}, [REDACTED:contact.email]"
    assert scrubber.value("note", TEXT)[0] == TEXT
    os.kill(pid, signal.SIGCONT)
    scrubber.recognizer._budget = PATIENT
    while scrubber.recognizer.ask(TEXT) is None:
        pass
    assert scrubber.value("note", TEXT)[0] == CLEAN
    assert scrubber.value("note", mixed)[0] == f"{CLEAN}, [REDACTED:contact.email]"
    counts = SpanScrubber(scrubber).statistics()["recognizer"]
    assert counts["timed_out"] == 1


def test_unanswered_text_may_be_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy may rather withhold what got no answer."""
    monkeypatch.syspath_prepend(HERE)
    strict = scrubber_with(
        Recognition(recognizer="makers:names", budget=PATIENT, longest=100, unanswered="withhold")
    )
    assert strict.value("note", TEXT)[0] == CLEAN
    assert strict.value("note", "now raise Ada Lovelace")[0] == "[REDACTED:content.withheld]"
    assert strict.value("note", f"{TEXT} " * 10)[0] == "[REDACTED:content.withheld]"
    assert strict.value("http.route", "/a/{id}")[0] == "/a/{id}"
    assert strict.recognizer is not None
    strict.recognizer.close()


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A spaCy pipeline without a model: a tokenizer, and rules for two names."""
    import spacy

    made = spacy.blank("en")
    ruler = made.add_pipe("entity_ruler")
    ruler.add_patterns(  # type: ignore[attr-defined]  # the factory says what it is
        [
            {"label": "PERSON", "pattern": [{"LOWER": "ada"}, {"LOWER": "lovelace"}]},
            {"label": "PERSON", "pattern": [{"LOWER": "grace"}, {"LOWER": "hopper"}]},
            {"label": "ORG", "pattern": "Acme"},
        ]
    )
    path = str(tmp_path_factory.mktemp("pipeline") / "people")
    made.to_disk(path)
    return path


def test_presidio_recognizes_names(pipeline: str) -> None:
    """Presidio, on a pipeline that is there, finds people's names, and leaves companies'."""
    engine = scrubber_with(Recognition(recognizer="presidio", model=pipeline, budget=PATIENT))
    text = "Grace Hopper of Acme met Ada Lovelace"
    marker = "[REDACTED:person.name]"
    assert engine.value("note", text)[0] == f"{marker} of Acme met {marker}"
    assert engine.recognizer is not None
    engine.recognizer.close()


def test_missing_pipeline_is_an_error_and_no_download() -> None:
    """A pipeline that isn't installed is told at once, with the command that installs one."""
    with pytest.raises(ConfigurationError, match="spacy download"):
        scrubber_with(Recognition(model="xx_nowhere_core"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recognizer", "no factory"),
        ("recognizer", 3),
        ("budget", 0),
        ("budget", 11),
        ("longest", 0),
        ("unanswered", "drop"),
        ("language", 5),
    ],
)
def test_wrong_setting_is_an_error(field: str, value: object) -> None:
    """Each field is checked when it is given."""
    with pytest.raises(ConfigurationError, match=field):
        Recognition(**{field: value})  # type: ignore[arg-type]


def test_policy_file_asks_for_recognition(tmp_path: Path) -> None:
    """The table `[recognition]` of a policy file says the same as the object."""
    file = tmp_path / "policy.toml"
    file.write_text('[recognition]\nrecognizer = "makers:names"\nbudget = 2.5\nlongest = 300\n')
    compiled = compile_policy(load_policy(str(file), "test"))
    assert compiled.recognition == Recognition(recognizer="makers:names", budget=2.5, longest=300)
