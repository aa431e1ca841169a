"""Texts: markers, encodings, formats in formats, what says nothing, and what is remembered."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import assert_linear, repeated
from jaeger_guard.detectors import installed_detectors
from jaeger_guard.detectors.detector import Detector, Example, NearMiss, Needles
from jaeger_guard.policy import Policy, Rule, compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.scrubber.cache import CleanTexts, InertTexts, Outcomes
from jaeger_guard.scrubber.found import MOST_FINDINGS, Findings
from jaeger_guard.scrubber.recognition import scanner_for
from jaeger_guard.scrubber.text import _LONGEST_PART, MAX_DEPTH, TextScrubber
from jaeger_guard.types import Finding, Surface

DETECTORS = installed_detectors()
SCANNER = scanner_for(DETECTORS)

EMAIL = "ana.lima@shop.example.com"
TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
EMAIL_MARKER = "[REDACTED:contact.email]"
POLICY = compile_policy(load_policy("baseline", "the test"))
BASELINE = Scrubber(POLICY)
EXAMPLES = tuple(example.text for detector in DETECTORS for example in detector.examples)


def scrub(text: str, key: str = "order.note") -> str:
    scrubbed = BASELINE.attributes(Surface.ATTRIBUTE, {key: text}, [])[key]
    assert isinstance(scrubbed, str)
    return scrubbed


def name(text: str) -> str:
    return BASELINE.text(Surface.NAME, text, [])


@pytest.mark.parametrize(
    "text", ["null", "", "***", "$1", "%s", "%(pw)s", "None", "true", "REDACTED", "-", "xxxx", "[]"]
)
def test_what_says_nothing_stays(text: str) -> None:
    """Absent, withheld by others, a truth value: it stays, also under `password`."""
    assert scrub(text, "password") == text
    assert json.loads(scrub(json.dumps({"password": text})))["password"] == text


@pytest.mark.parametrize("text", ["en", "pt-BR", "de_DE"])
def test_language_is_no_longitude(text: str) -> None:
    """`lng` is short for a language and for a longitude: a language's tag stays, a number doesn't."""
    assert scrub(text, "lng") == text
    assert scrub(f"https://h.example/?lng={text}&x=1", "url.full").count(text) == 1
    assert scrub("13.404954", "lng") == "13.4"


@pytest.mark.parametrize("beside", ["hunter2", " hunter2", "hunter2 ", "\nx"])
def test_marker_exempts_only_itself(beside: str) -> None:
    """A marker stays; what stands before or behind it under a telling key doesn't."""
    assert scrub(EMAIL_MARKER, "password") == EMAIL_MARKER
    assert beside.strip() not in scrub(EMAIL_MARKER + beside, "password").replace("redacted", "")
    assert scrub(beside + EMAIL_MARKER, "password") == "[REDACTED:credential.password]"


def test_text_around_a_marker_is_searched() -> None:
    """What stands around a marker is searched as ever, also right beside it."""
    for text in (f"{EMAIL_MARKER}{TOKEN}", f"{EMAIL_MARKER}, {EMAIL}", f"{EMAIL} {EMAIL_MARKER}"):
        assert EMAIL not in scrub(text)
        assert TOKEN not in scrub(text)
        assert EMAIL_MARKER in scrub(text)


ENCODERS: tuple[Callable[[str], str], ...] = (
    lambda text: quote(text, safe=""),
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    lambda text: "".join(f"&#{ord(character)};" for character in text),
    lambda text: "".join(f"&#x{ord(character):x};" for character in text),
    lambda text: text.replace("@", "\\u0040").replace("_", "\\u005f"),
    lambda text: text.replace("@", "\\x40").replace("_", "\\x5f"),
    lambda text: base64.b64encode(json.dumps({"note": text}).encode()).decode(),
    lambda text: base64.urlsafe_b64encode(f"see {text} there".encode()).decode().rstrip("="),
    lambda text: json.dumps(json.dumps({"note": text})),
    lambda text: quote(json.dumps({"note": quote(text, safe="")}), safe=""),
)


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize("secret", [EMAIL, TOKEN])
def test_encoded_secret_is_found(encode: Callable[[str], str], secret: str) -> None:
    """However it is encoded, once or twice, it goes; as a value, in JSON, and beside a plain one."""
    encoded = encode(secret)
    for text in (encoded, json.dumps({"n": encoded}), f"{encoded} "):
        assert encoded not in scrub(text), text
        assert secret not in scrub(text)
        assert scrub(scrub(text)) == scrub(text)


@pytest.mark.parametrize("encode", ENCODERS[:7])
def test_plain_finding_hides_no_encoded_one(encode: Callable[[str], str]) -> None:
    """A text in which something was found is still decoded and looked at once more."""
    encoded = encode(TOKEN)
    assert encoded not in scrub(f"{EMAIL} and {encoded}")
    assert TOKEN not in scrub(f"{EMAIL} and {encoded}")


@pytest.mark.parametrize(
    "text",
    ["100%25 done", "a&amp;b", r"C:\x41dir", "a%20b", "R&D; 5%41", "dGhpcyBpcyBhIHBsYWluIHRleHQ="],
)
def test_encoded_text_without_a_finding_stays(text: str) -> None:
    """An encoded text that holds nothing stays as it was, byte for byte."""
    assert scrub(text) is text
    assert name(text) is text


def wrapped(levels: int, text: str) -> str:
    for _ in range(levels):
        text = json.dumps({"a": text})
    return text


def test_formats_within_formats_are_taken_apart() -> None:
    """JSON in JSON in JSON is taken apart down to the bound, and still parses."""
    text = wrapped(MAX_DEPTH, EMAIL)
    scrubbed = scrub(text)
    assert EMAIL not in scrubbed
    for _ in range(MAX_DEPTH):
        scrubbed = json.loads(scrubbed)["a"]
    assert scrubbed == EMAIL_MARKER


def test_formats_beyond_the_bound_are_withheld() -> None:
    """Deeper than the bound nobody looks, so nothing goes on, and what is left still parses."""
    scrubbed = scrub(wrapped(MAX_DEPTH + 2, "hunter2"))
    assert "hunter2" not in scrubbed
    while scrubbed.startswith("{"):
        scrubbed = json.loads(scrubbed)["a"]
    assert scrubbed == "[REDACTED:content.withheld]"


def test_encodings_beyond_the_bound_are_withheld() -> None:
    """What is still encoded at the bound is withheld."""
    text = EMAIL
    for _ in range(40):
        text = quote(text, safe="")
    assert "ana.lima" not in scrub(text)


def test_paths_in_names_are_paths() -> None:
    """In a name, what follows `reset-password` or `token` in a path goes; routes stay."""
    code = "Qz81xY77" + "kLm20pRt"
    assert code not in name(f"GET /reset-password/{code}")
    assert code not in name(f"/token/{code}")
    assert name("GET /users/{id}/orders") == "GET /users/{id}/orders"
    assert name("POST /reset-password/{code}") == "POST /reset-password/{code}"


def test_statement_in_a_name_loses_its_literals() -> None:
    """A statement in a name keeps its shape and loses its literals."""
    scrubbed = name("SELECT * FROM users WHERE surname = 'Lindqvist'")
    assert scrubbed == "SELECT * FROM users WHERE surname = ?"


def test_rule_for_names_decides() -> None:
    """A rule may take names as a whole, or leave them unseen."""
    for action, expected in (("redact", "[REDACTED:content.withheld]"), ("unsafe_keep", EMAIL)):
        rule = Rule(surface="name", action=action)
        by = Scrubber(compile_policy(Policy(rules=(rule,), extends=("baseline",))))
        assert by.text(Surface.NAME, EMAIL, []) == expected


def test_identity_is_searched_for_credentials_alone() -> None:
    """A version or schema URL stays, numbers and hosts included; a token in it goes."""
    for text in ("1.2.3.4", "https://opentelemetry.io/schemas/1.37.0", EMAIL, "4111111111111111"):
        assert BASELINE.identity(Surface.SCOPE, text, []) is text
        assert BASELINE.identity(Surface.SCOPE, text, []) is text  # remembered
    findings: list[Finding] = []
    assert TOKEN not in BASELINE.identity(Surface.SCOPE, f"https://a.example/?k={TOKEN}", findings)
    assert [finding.surface for finding in findings] == [Surface.SCOPE]


def test_tracestate_loses_members_and_values() -> None:
    """In a tracestate a value that tells is replaced by what its grammar allows; a key that tells
    takes its member with it; a clean one is the same object."""
    clean = (
        ("congo", "t61rcWkgMzE"),
        ("rojo", "00f067aa0ba902b7"),
        ("ot", "th:8;rv:0123456789abcd"),
    )
    assert BASELINE.tracestate(clean, []) is clean
    dirty = (("vendor", EMAIL), (TOKEN.lower(), "1"), ("fine", "1"), (TOKEN, "2"))
    findings: list[Finding] = []
    scrubbed = dict(BASELINE.tracestate(dirty, findings))
    assert scrubbed["vendor"] == "REDACTED"
    assert scrubbed["fine"] == "1"
    assert TOKEN not in scrubbed
    assert {finding.surface for finding in findings} == {Surface.TRACESTATE}


def test_one_value_as_the_span_path_does_it() -> None:
    """`value`, `key` and `decision` answer for one value what the span path would do."""
    scrubbed, found = BASELINE.value("order.note", f"mail {EMAIL}")
    assert scrubbed == f"mail {EMAIL_MARKER}"
    assert [entry.category for entry in found.entries] == ["contact.email"]
    assert BASELINE.key(EMAIL) == EMAIL_MARKER
    assert BASELINE.decision("password").category == "credential.password"


def test_peers_of_a_client_are_servers() -> None:
    """A client span's peer address stays; the same on a server span is a person's."""
    attributes = {"network.peer.address": "203.0.113.77"}
    outbound = BASELINE.attributes(Surface.ATTRIBUTE, attributes, [], outbound=True)
    assert outbound is attributes
    inbound = BASELINE.attributes(Surface.ATTRIBUTE, attributes, [])
    assert inbound == {"network.peer.address": "203.0.113.0"}
    assert BASELINE.attributes(Surface.ATTRIBUTE, attributes, [], outbound=True) is attributes


PIECES = st.one_of(
    st.sampled_from(EXAMPLES),
    st.sampled_from([EMAIL_MARKER, EMAIL, TOKEN, "REDACTED", "GET /reset/", "/token/", "\ud800"]),
    st.text(max_size=12),
    st.sampled_from(["password=", "&a=", " is ", '{"k": "', "%40", "\\u0040", "://u:", "'", "; "]),
)
TEXTS = st.lists(PIECES, min_size=1, max_size=5).map("".join)
AUTHORIZATION = "http.request.header.authorization"
KEYS = st.sampled_from(
    ["", "order.note", "url.full", "db.query.text", "order_id", "code", "password", AUTHORIZATION]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(KEYS, TEXTS), max_size=5))
def test_remembering_changes_no_answer(pairs: list[tuple[str, str]]) -> None:
    """Whatever was scrubbed before, under whichever key, each text is scrubbed alike."""
    used = Scrubber(POLICY)
    for key in ("", "order.note", "url.full", "password", AUTHORIZATION):
        for _, text in pairs:
            answer_of(used, key, text)
    for key, text in pairs:
        fresh = answer_of(Scrubber(POLICY, cache_bytes=0), key, text)
        assert answer_of(used, key, text) == fresh
        assert answer_of(used, key, text) == fresh


def answer_of(scrubber: Scrubber, key: str, text: str) -> tuple[str, list[Finding]]:
    findings: list[Finding] = []
    answer = (
        scrubber.attributes(Surface.ATTRIBUTE, {key: text}, findings)[key]
        if key
        else scrubber.text(Surface.NAME, text, findings)
    )
    return answer, findings


@settings(max_examples=200, deadline=None)
@given(KEYS.filter(bool), TEXTS)
def test_scrubbing_twice_is_scrubbing_once(key: str, text: str) -> None:
    """What was scrubbed is clean: scrubbing it again changes nothing."""
    once = scrub(text, key)
    assert scrub(once, key) == once


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_scrubbing_a_name_twice_is_scrubbing_it_once(text: str) -> None:
    """So is a name."""
    once = name(text)
    assert name(once) == once


def test_clean_under_one_key_may_be_dirty_under_another() -> None:
    """What is remembered as clean is so under its own key alone, on its own surface."""
    scrubber = Scrubber(POLICY)
    for _ in range(2):
        attributes = {"order.note": "hunter2", "password": "hunter2"}
        scrubbed = scrubber.attributes(Surface.ATTRIBUTE, attributes, [])
        assert scrubbed["order.note"] == "hunter2"
        assert scrubbed["password"] == "[REDACTED:credential.password]"
        assert scrubber.text(Surface.NAME, "hunter2", []) == "hunter2"


def test_clean_texts_are_bounded() -> None:
    """The memories of clean texts stay within their bytes, and hold no long text."""
    inert, clean = InertTexts(limit=40_000), CleanTexts(limit=40_000)
    decision = BASELINE.decision("order.note")
    for number in range(10_000):
        inert.add(f"text {number}")
        clean.add(decision, f"texté {number}")
        assert len(inert) <= 40_000 // 120
        assert len(clean) <= 40_000 // 200
    assert inert.get("text 9999")
    assert not inert.get("text 0")
    assert clean.get((decision, "texté 9999"))
    assert not clean.get((BASELINE.decision("password"), "texté 9999"))
    inert.add("x" * 2000)
    clean.add(decision, "x" * 2000)
    assert not inert.get("x" * 2000)
    assert not clean.get((decision, "x" * 2000))


def test_outcomes_are_bounded_and_hold_no_dirty_text() -> None:
    """What dirty texts became is remembered within a bound, without the texts, by decision."""
    outcomes = Outcomes(limit=40_000)
    decision, other = BASELINE.decision("order.note"), BASELINE.decision("url.full")
    digests = [outcomes.digest(f"{number}{EMAIL}") for number in range(5_000)]
    first = digests[0]
    assert first is not None
    for digest in digests:
        assert digest is not None
        outcomes.put(decision, digest, (EMAIL_MARKER, ()))
        assert outcomes.get(decision, first) == (EMAIL_MARKER, ())  # asked for, so kept
        assert outcomes.get(other, digest) is None
    assert len(outcomes._known) <= 40_000 // 200
    assert EMAIL not in repr((outcomes._known.young, outcomes._known._old))
    assert outcomes.digest("x" * 5_000) is None
    outcomes.put(other, first, ("x" * 5_000, ()))
    assert outcomes.get(other, first) is None
    assert Outcomes().digest(EMAIL) != outcomes.digest(EMAIL)


def test_remembered_outcome_is_told_again() -> None:
    """A dirty text that comes again is scrubbed alike, and its findings are told alike."""
    scrubber = Scrubber(POLICY)
    answers = []
    for _ in range(3):
        findings: list[Finding] = []
        attributes = {"order.note": f"to {EMAIL}", "client.address": "203.0.113.7"}
        answers.append(
            (dict(scrubber.attributes(Surface.ATTRIBUTE, attributes, findings)), findings)
        )
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0][1]) == 2


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=3))
def test_what_is_remembered_of_a_part_is_what_is_found_in_it(parts: list[str]) -> None:
    """A part or an outcome in which nothing is found is searched once; any other each time."""
    scrubber = TextScrubber(POLICY, SCANNER)
    for part in (*parts, *parts):
        is_long = len(part) > _LONGEST_PART  # and asked when it is searched
        assert scrubber.matches_in_part(part) == (None if is_long else SCANNER.find(part))


def test_many_keys_are_forgotten_again() -> None:
    """Keys without end, or without measure, fill no memory; each is still decided about."""
    scrubber = Scrubber(POLICY)
    for number in range(9000):
        scrubber.attributes(Surface.ATTRIBUTE, {f"key{number}": "x"}, [])
    long = "k" * 5000
    scrubber.attributes(Surface.ATTRIBUTE, {long: "x", "key1": EMAIL}, [])
    plans = scrubber._plans["attribute", False]
    assert len(plans) <= 4096
    assert plans.get(long) is None
    assert scrubber.attributes(Surface.ATTRIBUTE, {"key1": EMAIL}, []) == {"key1": EMAIL_MARKER}


def test_threads_share_a_scrubber() -> None:
    """Many threads get the same answers from one scrubber as one thread does."""
    scrubber = Scrubber(POLICY, cache_bytes=20_000)
    texts = [*EXAMPLES[:60], *(f"clean {number}" for number in range(60))]
    expected = [scrub(text) for text in texts]
    wrong: list[str] = []

    def work() -> None:
        for _ in range(3):
            for text, answer in zip(texts, expected, strict=True):
                got = scrubber.attributes(Surface.ATTRIBUTE, {"order.note": text}, [])
                if got["order.note"] != answer:
                    wrong.append(text)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_text_with_too_many_findings_is_withheld() -> None:
    """A text with thousands of findings is withheld in good time; one with some hundred is not."""
    assert scrub(f"{EMAIL} " * 500).count(EMAIL_MARKER) == 500
    for text in (
        f"{EMAIL} " * (MOST_FINDINGS + 1),
        json.dumps({f"k{number}": f"v{number}@b.co" for number in range(MOST_FINDINGS + 1)}),
    ):
        findings: list[Finding] = []
        answer = BASELINE.attributes(Surface.ATTRIBUTE, {"order.note": text}, findings)
        assert answer == {"order.note": "[REDACTED:content.withheld]"}
        assert [finding.category for finding in findings] == ["content.withheld"]
        assert name(text) == "[REDACTED:content.withheld]"


def test_failure_withholds_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where scrubbing a value fails, that value is withheld and its neighbours go on."""
    scrubber = Scrubber(POLICY)

    def fail(*_: object) -> str:
        raise RuntimeError(EMAIL)

    monkeypatch.setattr(scrubber._text, "_rewrite", fail)
    attributes = {"order.note": "a=b", "list": ["c=d", "fine"], "page": 2, "x=y": 1}
    assert scrubber.attributes(Surface.ATTRIBUTE, attributes, []) == {
        "order.note": "[REDACTED:content.withheld]",
        "list": ("[REDACTED:content.withheld]", "fine"),
        "page": 2,
        "[REDACTED:content.withheld]": 1,
    }
    assert scrubber.text(Surface.NAME, "GET /a", []) == "[REDACTED:content.withheld]"


def test_opaque_value_under_an_ambiguous_name_goes() -> None:
    """`code=404` stays; a `code` that looks drawn at random is a credential."""
    code = "Qz81xY77" + "kLm20pRt"
    assert scrub("https://a.example/cb?code=404", "url.full") == "https://a.example/cb?code=404"
    assert code not in scrub(f"https://a.example/cb?code={code}", "url.full")


def test_what_looks_like_data_within_a_marker_stays() -> None:
    """A marker's own letters are no finding, whatever a detector thinks of them; others' are."""
    eager = Detector(
        name="test.eager",
        category="contact.email",
        gate=Needles(texts=("contact",)),
        pattern="contact",
        source="this test",
        examples=(Example("contact", found="contact"),),
        near_misses=(NearMiss("none", because="it is another word"),),
    )
    scrubber = TextScrubber(POLICY, scanner_for((eager,)))
    decision = POLICY.decide("order.note", Surface.ATTRIBUTE)
    text = f"contact {EMAIL_MARKER} contact"
    scrubbed = scrubber.search(decision, text, Findings())
    assert scrubbed == f"{EMAIL_MARKER} {EMAIL_MARKER} {EMAIL_MARKER}"
    assert scrubber.search(decision, scrubbed, Findings()) is scrubbed


@pytest.mark.parametrize("level", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
def test_encoded_value_at_the_bound_leaves_nowhere(level: int) -> None:
    """At the bound, what is still encoded is withheld, be it percent-encoded or base64."""
    word = base64.b64encode(f"to {EMAIL}!!".encode()).decode().rstrip("=")
    for text in (quote(EMAIL, safe=""), word, f"see {word} there"):
        scrubbed = scrub(wrapped(level, text))
        assert text not in scrubbed
        assert EMAIL not in scrubbed
        assert word not in scrubbed


UNITS = (
    *("a", "@", "1 ", '"', "%", "(", "[", "{", "=", "?", ":", "\\", "\n", "\x00", "-", "/", "'"),
    *("a@", "a@b.co ", "4111 1111 1111 1111 ", f"{EMAIL_MARKER} ", f"{EMAIL_MARKER}a@b.co"),
    *("a=", "a=b&", "a=b; ", "http://", "http://a:b@c ", "%41", "%2541", "&#64;", "\\u0040"),
    *("'a',", "eyJ", "-----BEGIN ", "Bearer ", "1.2.3.4 ", "\uff11", "a\u200b", "password=", "é"),
)


@pytest.mark.parametrize("unit", UNITS)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    """Through the whole scrubber, time grows with the length of a hostile text, not its square."""
    assert_linear(lambda size: scrub(repeated(unit, size)), largest=400_000)


def test_structured_hostile_text_takes_linear_time() -> None:
    """So it does with many dirty members, and with nested and encoded ones."""
    assert_linear(
        lambda size: scrub(json.dumps({f"k{n}": f"v{n}@b.co" for n in range(size // 20)})),
        largest=200_000,
    )
    assert_linear(lambda size: scrub(wrapped(5, "%41" * (size // 100))), largest=400_000)
    assert_linear(lambda size: scrub("SELECT " + "'a'," * (size // 4)), largest=200_000)
