"""Presets do what the clauses that they cite ask for, combine by protection, and refuse what is forbidden."""

from __future__ import annotations

import datetime
import itertools
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from jaeger_guard.actions.postal import restricted_areas
from jaeger_guard.categories import ALL
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import Policy, Pseudonyms, Refusal, Rule, compile_policy, load_policy
from jaeger_guard.policy.compliance import compliance_page
from jaeger_guard.policy.inspection import Inspection
from jaeger_guard.policy.loading import load_preset, preset_names
from jaeger_guard.policy.provisions import clauses_in
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.types import Action, Surface

_REPOSITORY = Path(__file__).parents[2]
PRESETS = [name for name in preset_names() if name != "baseline"]
HIPAA, PCI, GDPR = "hipaa-safe-harbor", "pci-dss", "gdpr"
GONE = object()  # the whole attribute
_CARD = "4111 1111 1111 1111"
_TRACK = ";4111111111111111=27121010000012345678?"
_YEAR = datetime.datetime.now(datetime.UTC).year


def _marked(category: str) -> str:
    return f"[REDACTED:{category}]"


# By preset and clause: a key, a value, and what becomes of it. Each clause that a rule is for has one.
EXAMPLES: list[tuple[str, str, str, Any, Any]] = [
    (GDPR, "GDPR Art. 5(1)(c)", "client.address", "203.0.113.77", "203.0.0.0"),
    (GDPR, "GDPR Art. 5(1)(c)", "customer.age", 34, 30),
    (GDPR, "GDPR Recital 26", "note", "from 2001:db8:1234:5::1", "from 2001:db8::"),
    (GDPR, "GDPR Art. 9(1)", "member.religion", "lutheran", _marked("special.religion")),
    (GDPR, "GDPR Art. 9(1)", "ethnicity", "sami", _marked("special.ethnicity")),
    (GDPR, "GDPR Art. 9(1)", "political_party", "x", _marked("special.politics")),
    (GDPR, "GDPR Art. 9(1)", "unionMembership", "yes, since 2004", _marked("special.union")),
    (GDPR, "GDPR Art. 9(1)", "sexual_orientation", "x", _marked("special.sexuality")),
    (GDPR, "GDPR Art. 9(1)", "genotype", "AG", _marked("special.genetics")),
    (GDPR, "GDPR Art. 9(1)", "face_embedding", "0.1,0.2", _marked("special.biometrics")),
    (GDPR, "GDPR Art. 9(1)", "diagnosis", "J45.9", _marked("health.record")),
    (GDPR, "GDPR Art. 9(1)", "visit_date", "2025-03-04", "2025"),
    (GDPR, "GDPR Art. 10", "criminal_record", "two", _marked("special.conviction")),
    (GDPR, "GDPR Art. 25", "user.full_name", "Ana Lopez", _marked("person.name")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(A)", "patient.name", "Ana Lopez", _marked("person.name")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(B)", "zip", "02139", "021"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(B)", "patient.zip_code", "94110-1234", "941"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(B)", "zip", "03601", "000"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(B)", "street", "12 Elm St", _marked("contact.address")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(C)", "birth_date", "1985-04-12", "1985"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(C)", "birth_date", f"{_YEAR - 90}-12-31", "90+"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(C)", "birth_date", f"{_YEAR - 89}-01-01", f"{_YEAR - 89}"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(C)", "admission_date", "2024-03-15T10:00:00Z", "2024"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(C)", "discharge_date", "03/19/2024", "2024"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(C)", "patient.age", 93, "90+"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(C)", "patient.age", "90", "90+"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(C)", "patient.age", 89, 89),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(D)", "phone", "212 555 0187", _marked("contact.phone")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(E)", "fax", "212 555 0188", _marked("contact.phone")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(F)", "note", "to a@b.example", f"to {_marked('contact.email')}"),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(G)", "ssn", "536-22-8726", _marked("identity.national_id")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(H)", "mrn", "00482913", _marked("health.record")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(I)", "health_plan_number", "H1", _marked("health.record")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(J)", "account_number", "99120", _marked("financial.account")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(K)", "driver_license", "D99", _marked("identity.document")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(L)", "license_plate", "B-XY 9", _marked("identity.document")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(M)", "device_serial_number", "SN9", _marked("device.id")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(N)", "linkedin_url", "https://l.example/a", _marked("contact.website")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(O)", "client.address", "203.0.113.77", _marked("network.ip")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(P)", "voiceprint", "a9c1", _marked("special.biometrics")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(Q)", "patient_photo", "p.jpg", _marked("person.image")),
    (HIPAA, "45 CFR 164.514(b)(2)(i)(R)", "user.id", "u-1", _marked("identity.user")),
    (PCI, "PCI DSS 4.0.1, 3.3.1.1", "note", f"read {_TRACK}", GONE),
    (PCI, "PCI DSS 4.0.1, 3.3.1.1", "track2", "4111", GONE),
    (PCI, "PCI DSS 4.0.1, 3.3.1.2", "card.cvv", "123", GONE),
    (PCI, "PCI DSS 4.0.1, 3.3.1.2", "note", "charged with CVV 123", GONE),
    (PCI, "PCI DSS 4.0.1, 3.3.1.3", "card.pin", "4821", GONE),
    (PCI, "PCI DSS 4.0.1, 3.3.1.3", "pin_block", "0592", GONE),
    (PCI, "PCI DSS 4.0.1, 3.3.1.3", "note", "the card's PIN is 4821.", GONE),
    (PCI, "PCI DSS 4.0.1, 3.4.1", "card_number", _CARD, _marked("financial.card")),
    (PCI, "PCI DSS 4.0.1, 3.5.1", "note", f"paid {_CARD}", f"paid {_marked('financial.card')}"),
    ("ccpa", "CCPA 1798.140(v)(1)(A)", "client.address", "203.0.113.77", _marked("network.ip")),
    ("ccpa", "CCPA 1798.140(v)(1)(B)", "phone", "212 555 0187", _marked("contact.phone")),
    ("ccpa", "CCPA 1798.140(v)(1)(C)", "customer.age", 44, _marked("person.age")),
    ("ccpa", "CCPA 1798.140(v)(1)(E)", "iris_scan", "a9", _marked("special.biometrics")),
    ("ccpa", "CCPA 1798.140(v)(1)(G)", "latitude", 52.52437, 52.5),
    ("ccpa", "CCPA 1798.140(v)(1)(H)", "selfie", "s.jpg", _marked("person.image")),
    ("ccpa", "CCPA 1798.140(v)(1)(L)", "passport_number", "C01", _marked("identity.document")),
    ("soc2", "SOC 2 CC6.1", "db.password", "hunter2", _marked("credential.password")),
    ("soc2", "SOC 2 C1.1", "request_body", "free words", _marked("content.body")),
    ("soc2", "SOC 2 P4.1", "email", "a@b.example", _marked("contact.email")),
    ("genai", "OTel GenAI semconv, content capture", "gen_ai.prompt", "hello", GONE),
    ("genai", "OWASP LLM02:2025", "gen_ai.tool.call.arguments", "words", GONE),
    ("genai", "OWASP LLM02:2025", "agent.tool_arguments", "words", GONE),
    ("genai", "OWASP LLM02:2025", "step.tool_output", "words", GONE),
    ("genai", "OWASP LLM07:2025", "agent.system_prompt", "you are", GONE),
    ("maximal", "GDPR Art. 25(2)", "order.note", "gate code 12", _marked("content.unknown")),
    ("maximal", "GDPR Art. 25(2)", "url.full", "https://s.example/a?x=7", "https://s.example/a?x=REDACTED"),
    ("maximal", "NIST SP 800-53 SI-12(1)", "flags", True, _marked("content.unknown")),
]  # fmt: skip

# What each preset has to leave, byte for byte.
BENIGN: list[tuple[str, Any]] = [
    ("http.route", "/users/{id}"),
    ("http.request.method", "GET"),
    ("http.response.status_code", 200),
    ("db.collection.name", "orders"),
    ("service.version", "1.14.2"),
    ("gen_ai.usage.input_tokens", 812),
    ("gen_ai.request.model", "claude-x"),
    ("server.address", "db-7.internal"),
    ("http.request.header.age", "3600"),
]


def _scrubber(*names: str) -> Scrubber:
    return Scrubber(compile_policy(load_policy(",".join(names), "test")))


def _becomes(scrubber: Scrubber, key: str, value: Any) -> Any:
    answer, found = scrubber.value(key, value)
    return GONE if found.dropped else answer


@pytest.fixture(scope="module")
def scrubbers() -> dict[str, Scrubber]:
    """A scrubber for each preset."""
    return {name: _scrubber(name) for name in preset_names()}


@pytest.mark.parametrize(
    ("preset", "clause", "key", "value", "becomes"),
    EXAMPLES,
    ids=[f"{number}-{example[1]}" for number, example in enumerate(EXAMPLES)],
)
def test_example_of_a_clause(
    scrubbers: dict[str, Scrubber], preset: str, clause: str, key: str, value: Any, becomes: Any
) -> None:
    """What a clause asks for happens to its example."""
    assert _becomes(scrubbers[preset], key, value) == becomes


def test_each_clause_that_a_rule_is_for_has_an_example() -> None:
    """No clause is claimed without an example that shows it."""
    shown = {(preset, clause) for preset, clause, *_ in EXAMPLES}
    claimed = {
        (preset, clause)
        for preset in PRESETS
        for rule in load_preset(preset, "test").rules
        for clause in clauses_in(rule.clause)
    }
    assert claimed - shown == set()


@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize(("key", "value"), BENIGN)
def test_what_nobody_asks_for_stays(
    scrubbers: dict[str, Scrubber], preset: str, key: str, value: Any
) -> None:
    """Routes, methods, versions, counts and servers stay under every preset."""
    assert _becomes(scrubbers[preset], key, value) == value


@pytest.mark.parametrize("preset", PRESETS)
def test_rules_cite_what_their_preset_undertakes(preset: str) -> None:
    """Each rule has a clause and a source, and each clause is among the preset's provisions."""
    loaded = load_preset(preset, "test")
    undertaken = {provision.clause for provision in loaded.provisions}
    for rule in loaded.rules:
        assert rule.source
        assert clauses_in(rule.clause)
        assert set(clauses_in(rule.clause)) <= undertaken
    assert {refusal.clause for refusal in loaded.refusals} <= undertaken
    assert "baseline" in loaded.extends


def test_safe_harbor_has_all_eighteen_identifiers() -> None:
    """Each of the 18 identifiers of 45 CFR 164.514(b)(2)(i) is met by a rule."""
    met = {
        each.provision.clause: each.rules for each in Inspection(load_preset(HIPAA, "t")).provisions
    }
    for letter in "ABCDEFGHIJKLMNOPQR":
        assert met[f"45 CFR 164.514(b)(2)(i)({letter})"]
    assert met["45 CFR 164.514(b)(2)(ii)"] == ()


def test_restricted_zip_areas_are_data() -> None:
    """The areas of the 2000 census as HHS lists them are 17, and each is a number of three digits."""
    file = _REPOSITORY / "src" / "jaeger_guard" / "actions" / "zip_areas.toml"
    census = {each["year"]: each["areas"] for each in tomllib.loads(file.read_text())["census"]}
    assert len(set(census[2000])) == 17
    assert restricted_areas() == {area for areas in census.values() for area in areas}
    assert all(re.fullmatch("[0-9]{3}", area) for area in restricted_areas())


def test_special_categories_are_found_by_precise_words() -> None:
    """Words that sound like a special category, an age or a track name none."""
    scrubber = _scrubber("gdpr", PCI, HIPAA)
    for key in (
        "race_condition", "db.union", "tls.fingerprint", "error.fingerprint", "max_age", "cache.age",
        "religion_id", "biometrics.enabled", "track", "track_id", "spin", "shipping.pinned",
        "political_party_count", "ethnicity_count", "date", "due_date", "session.age",
    ):  # fmt: skip
        assert _becomes(scrubber, key, "v1") == "v1", key


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(preset_names(), 2)))
def test_two_presets_do_what_the_more_protective_does(first: str, second: str) -> None:
    """Of any two presets, in whatever order, each category gets what the more protective asks for."""
    both = compile_policy(load_policy(f"{first},{second}", "test"))
    other = compile_policy(load_policy(f"{second},{first}", "test"))
    assert both.digest == other.digest
    alone = [Inspection(load_policy(name, "test")).treatments for name in (first, second)]
    for category in ALL:
        action = both.decide("", Surface.ATTRIBUTE).treatments[category].action
        strongest = max((each[category].action for each in alone), key=lambda each: each.protection)
        assert action is strongest
        assert other.decide("", Surface.ATTRIBUTE).treatments[category].action is action


def test_refinement_holds_for_its_preset_alone() -> None:
    """Years and ZIP areas are left by hipaa-safe-harbor; beside gdpr or baseline they go."""
    assert _becomes(_scrubber(HIPAA), "birth_date", "1985-04-12") == "1985"
    for other in ("gdpr", "baseline"):
        for names in ((HIPAA, other), (other, HIPAA)):
            assert _becomes(_scrubber(*names), "birth_date", "1985-04-12") == _marked(
                "person.birth_date"
            )
            assert _becomes(_scrubber(*names), "zip", "02139") == _marked("contact.address")


@pytest.mark.parametrize("preset", preset_names())
def test_no_preset_lets_a_credential_out(preset: str) -> None:
    """Whatever the preset, credentials are redacted or dropped."""
    treatments = Inspection(load_preset(preset, "test")).treatments
    for category in ALL:
        if category.startswith("credential."):
            assert treatments[category].action.protection >= Action.REDACT.protection


def _on(preset: str, *rules: Rule) -> Policy:
    return Policy(name="shop", rules=rules, extends=(preset,))


@pytest.mark.parametrize(
    ("preset", "rule", "clause"),
    [
        (PCI, Rule(category="financial.card_security", action="mask"), "3.3.1.2"),
        (PCI, Rule(category="financial.card_track", action="mask", leave_last=4), "3.3.1.1"),
        (PCI, Rule(category="financial.*", action="generalize"), "3.3.1"),
        (PCI, Rule(key="card.cvv", action="keep"), "Use 'drop'."),
        (PCI, Rule(category="financial.card_security", action="redact"), "3.3.1.2"),
        (PCI, Rule(category="financial.card", action="mask", leave_first=8, leave_last=4), "mandatory"),
        (PCI, Rule(category="financial.card", action="keep"), "mandatory"),
        (GDPR, Rule(category="special.religion", action="keep"), "mandatory"),
        (HIPAA, Rule(category="contact.email", action="mask", leave_first=1), "mandatory"),
        (HIPAA, Rule(category="person.age", action="keep"), "mandatory"),
        (HIPAA, Rule(category="network.ip", action="generalize"), "mandatory"),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_clause_forbids_is_refused(preset: str, rule: Rule, clause: str) -> None:
    """What weakens a clause, or does what it forbids, is an error that names rule and reason."""
    with pytest.raises(ConfigurationError) as caught:
        compile_policy(_on(preset, rule))
    assert caught.value.where == "shop rule 1"
    assert clause in str(caught.value)


@pytest.mark.parametrize(
    ("preset", "rule"),
    [
        (PCI, Rule(category="financial.card", action="mask", leave_first=4, leave_last=4)),
        (PCI, Rule(category="financial.card_security", action="drop")),
        (PCI, Rule(category="financial.card", action="unsafe_keep")),
        (HIPAA, Rule(category="person.birth_date", action="generalize", age_cap=90)),
        (HIPAA, Rule(category="contact.address", action="generalize", zip3=True)),
        (GDPR, Rule(category="identity.user", action="keep")),
    ],
    ids=str,
)
def test_what_a_clause_allows_compiles(preset: str, rule: Rule) -> None:
    """What is at least as protective as the clause asks, or spelled unsafe_keep, is allowed."""
    compile_policy(_on(preset, rule))


_PSEUDONYMS = Pseudonyms(key=b"k" * 32)


@pytest.mark.parametrize(
    ("preset", "rules", "clause"),
    [
        (HIPAA, (Rule(category="identity.user", action="pseudonymize"),), "164.514(c)"),
        (HIPAA, (Rule(key="chart.code", action="pseudonymize"),), "164.514(c)"),
        (HIPAA, (Rule(key="chart.*", action="pseudonymize"),), "164.514(c)"),
        (PCI, (Rule(category="financial.card_track", action="pseudonymize"),), "3.3.1.1"),
        (PCI, (Rule(category="financial.card_security", action="encrypt"),), "3.3.1.2"),
        (PCI, (Rule(key="card.cvv", action="pseudonymize"),), "3.3.1.2"),
        (
            PCI,
            (
                Rule(category="financial.card", surface="event", action="mask", leave_last=4),
                Rule(category="financial.card", action="pseudonymize"),
            ),
            "3.5.1",
        ),
    ],
    ids=str,
)
def test_what_keys_may_not_do_is_refused(preset: str, rules: tuple[Rule, ...], clause: str) -> None:
    """Codes from the individual's data, kept authentication data, hash and truncation: all cite why not."""
    policy = Policy(name="shop", rules=rules, extends=(preset,), pseudonyms=_PSEUDONYMS)
    with pytest.raises(ConfigurationError) as caught:
        compile_policy(policy)
    assert "shop rule" in caught.value.where
    assert clause in str(caught.value)


def test_a_keyed_hash_of_a_card_alone_is_allowed() -> None:
    """PCI DSS 3.5.1.1: the entire number may be pseudonymized under managed keys, for all of a span."""
    rule = Rule(category="financial.card", action="pseudonymize")
    policy = Policy(rules=(rule,), extends=(PCI,), pseudonyms=_PSEUDONYMS)
    answer = _becomes(Scrubber(compile_policy(policy)), "note", f"paid {_CARD}")
    assert answer.startswith("paid ")
    assert "1111" not in answer
    assert "REDACTED" not in answer


def test_a_glob_is_held_to_what_the_law_asks() -> None:
    """A glob that matches a verification code's key by chance doesn't weaken what becomes of it."""
    scrubber = Scrubber(compile_policy(_on(PCI, Rule(key="card.*", action="keep"))))
    assert _becomes(scrubber, "card.cvv", "123") is GONE
    assert _becomes(scrubber, "card.colour", "blue") == "blue"
    number = _becomes(scrubber, "card.number", _CARD)
    assert "1111 1111 1111" not in number


def test_actions_that_may_not_meet_are_refused_together() -> None:
    """Two actions of which a clause allows one are refused, and the error names both rules."""
    refusal = Refusal(
        category="financial.card",
        together=("mask", "generalize"),
        clause="Clause 1",
        source="https://law.example",
        because="the two together give the number back",
    )
    mask = Rule(category="financial.card", surface="event", action="mask", leave_last=4)
    coarse = Rule(category="financial.card", action="generalize", round_to=1000)
    policy = Policy(name="shop", rules=(mask, coarse), refusals=(refusal,))
    with pytest.raises(ConfigurationError, match="Clause 1") as caught:
        compile_policy(policy)
    assert caught.value.where == "shop rule 1 (mask) and shop rule 2 (generalize)"
    for rule in (mask, coarse):
        compile_policy(Policy(name="shop", rules=(rule,), refusals=(refusal,)))


def test_refines_is_for_presets() -> None:
    """A user's policy can't say refines: its rules come first anyway."""
    with pytest.raises(ConfigurationError, match="refines"):
        Policy(rules=(Rule(category="person.age", action="keep", refines=True),))


def test_allow_list_yields_to_a_rule() -> None:
    """Under maximal a rule names what is needed, and the rest stays withheld; names stay."""
    policy = _on("maximal", Rule(key="order.id", action="keep"))
    scrubber = Scrubber(compile_policy(policy))
    assert _becomes(scrubber, "order.id", "A-17") == "A-17"
    assert _becomes(scrubber, "order.ref", "A-17") == _marked("content.unknown")
    assert scrubber.text(Surface.NAME, "GET /users/{id}", []) == "GET /users/{id}"
    assert scrubber.text(Surface.STATUS, "card gate 12 failed", []) != "card gate 12 failed"


def test_a_rule_for_all_that_is_found_withholds_nothing_else() -> None:
    """A rule for `*` or `content.*` is for what is found; what nothing knows stays."""
    for category in ("*", "content.*"):
        scrubber = Scrubber(
            compile_policy(Policy(rules=(Rule(category=category, action="redact"),)))
        )
        assert _becomes(scrubber, "order.ref", "A-17") == "A-17"


def test_kept_page_is_the_made_one() -> None:
    """docs/compliance.md is what `python -m jaeger_guard.policy.compliance` prints."""
    kept = (_REPOSITORY / "docs" / "compliance.md").read_text(encoding="utf-8")
    assert kept == compliance_page()


def test_nothing_says_that_it_is_compliant() -> None:
    """Neither docs nor presets nor code claim what only a person can judge."""
    places = [_REPOSITORY / "README.md", *(_REPOSITORY / "docs").rglob("*.md")]
    places += [*(_REPOSITORY / "src").rglob("*.py"), *(_REPOSITORY / "src").rglob("*.toml")]
    word = "compl" + "iant"
    assert [str(path) for path in places if word in path.read_text(encoding="utf-8").lower()] == []
