"""Compiled policies decide: users' rules first, presets by protection, what is mandatory holds."""

from __future__ import annotations

import itertools
import sys
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import assert_linear
from jaeger_guard.categories import ALL
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import CompiledPolicy, Policy, Rule, compile_policy, load_policy
from jaeger_guard.policy.compiled import MOST_REMEMBERED
from jaeger_guard.policy.merging import compile_glob, make_clause, more_protective, weakens
from jaeger_guard.types import Action, Notation, Surface

_ATTRIBUTE = Surface.ATTRIBUTE


def _compiled(*rules: Rule) -> CompiledPolicy:
    return compile_policy(Policy(rules=rules))


def _preset(name: str, *rules: Rule, mandatory: tuple[str, ...] = ()) -> Policy:
    return Policy(name=name, rules=rules, mandatory=mandatory, preset=True)


@pytest.mark.parametrize("category", ALL)
def test_baseline_leaves_no_category(category: str) -> None:
    """baseline redacts every category, but generalizes addresses and coordinates, and says what it keeps."""
    compiled = compile_policy(load_policy("baseline", "test"))
    if category == "content.unknown":
        assert compiled.decide("order.note", _ATTRIBUTE).treatments[category].rule == "no rule"
        return
    if category in ("person.age", "person.image", "health.date", "contact.website"):
        kept = compiled.decide("order.note", _ATTRIBUTE).treatments[category]
        assert (kept.action, kept.rule[:9]) == (Action.KEEP, "baseline ")
        return
    general = category in ("network.ip", "location.coordinates")
    treatment = compiled.decide("order.note", _ATTRIBUTE).treatments[category]
    assert treatment.action is (Action.GENERALIZE if general else Action.REDACT)
    assert treatment.rule.startswith("baseline rule ")


def test_key_of_a_category_is_replaced_whole() -> None:
    """Under a key that says its category the whole value goes; under others it is looked at."""
    compiled = _compiled()
    email = compiled.decide("user.email", _ATTRIBUTE)
    assert email.whole is not None
    assert email.category == "contact.email"
    assert email.format is None
    assert email.whole.apply("x", "contact.email", Notation.TEXT) == "[REDACTED:contact.email]"
    url = compiled.decide("url.full", _ATTRIBUTE)
    assert (url.whole, url.format, url.unsafe) == (None, "url", False)
    note = compiled.decide("order.note", _ATTRIBUTE)
    assert (note.whole, note.format, note.unsafe, note.rule) == (None, None, False, "no rule")
    assert not compiled.decide("", Surface.NAME).unsafe


def test_a_key_that_only_hints_is_not_replaced() -> None:
    """A key whose category depends on its value (`code`) leaves the value to be looked at."""
    decision = _compiled().decide_leaf("code", _compiled().decide("url.full", _ATTRIBUTE))
    assert decision.whole is None


def test_first_rule_of_the_user_decides() -> None:
    """The user's rules come before the presets', in order, and ignore the case of keys."""
    compiled = _compiled(
        Rule(key="ORDER.Note", action="keep"),
        Rule(key="order.*", action="mask", leave_last=2),
    )
    assert compiled.decide("order.note", _ATTRIBUTE).kept
    other = compiled.decide("order.customer.number", _ATTRIBUTE)
    assert other.whole is not None
    assert other.whole.rule == "custom rule 2"
    assert other.whole.apply("AB-1234", other.category or "", Notation.TEXT) == "**-**34"
    assert other.category == "content.withheld"


def test_rules_hold_where_all_their_conditions_do() -> None:
    """Key, category and surface of one rule must all match; without a key, no key rule does."""
    compiled = _compiled(
        Rule(key="note.*", category="contact.*", surface="event", action="mask"),
        Rule(surface="status", action="redact"),
        Rule(key="*", category="contact.phone", action="drop"),
    )

    def action(key: str, surface: Surface, category: str = "contact.email") -> Action:
        return compiled.decide(key, surface).treatments[category].action

    assert action("note.a", Surface.EVENT) is Action.MASK
    assert action("note.a", _ATTRIBUTE) is Action.REDACT
    assert action("other", Surface.EVENT) is Action.REDACT
    assert action("other", _ATTRIBUTE, "contact.phone") is Action.DROP
    assert action("", Surface.NAME, "contact.phone") is Action.REDACT
    assert compiled.decide("", Surface.STATUS).whole is not None
    assert compiled.decide("note.a", Surface.EVENT).whole is None


def test_keep_still_looks_for_what_is_mandatory() -> None:
    """`keep` leaves personal data and still treats credentials; `unsafe_keep` looks at nothing."""
    compiled = _compiled(
        Rule(key="note.*", action="keep"),
        Rule(key="raw.*", action="unsafe_keep"),
    )
    kept = compiled.decide("note.x", _ATTRIBUTE)
    assert not kept.unsafe
    assert kept.treatments["contact.email"].action is Action.KEEP
    assert kept.treatments["credential.token"].action is Action.REDACT
    raw = compiled.decide("raw.password", _ATTRIBUTE)
    assert (raw.whole, raw.unsafe, raw.format) == (None, True, None)
    assert compiled.unsafe_rules == ("custom rule 2",)


def test_glob_does_not_weaken_what_is_mandatory() -> None:
    """A glob that happens to match a password's key keeps or masks the others, not the password."""
    for action in ("keep", "mask"):
        compiled = _compiled(Rule(key="user.*", action=action))
        password = compiled.decide("user.password", _ATTRIBUTE)
        assert password.whole is not None
        assert password.whole.action is Action.REDACT
        email = compiled.decide("user.email", _ATTRIBUTE)
        assert (email.whole is None) == (action == "keep")


@pytest.mark.parametrize(
    "rule",
    [
        Rule(category="credential.*", action="keep"),
        Rule(category="credential.token", action="mask", leave_last=4),
        Rule(category="*", action="generalize"),
        Rule(key="debug.*", category="credential.token", action="keep"),
        Rule(surface="event", category="credential.*", action="mask"),
        Rule(key="user.password", action="keep"),
    ],
    ids=str,
)
def test_weakening_what_is_mandatory_is_refused(rule: Rule) -> None:
    """A rule that weakens what baseline makes mandatory is an error that names rule and remedy."""
    with pytest.raises(ConfigurationError, match="unsafe_keep") as caught:
        _compiled(Rule(key="a", action="redact"), rule)
    assert caught.value.where == "custom rule 2"


@pytest.mark.parametrize(
    "rules",
    [
        (Rule(category="credential.*", action="drop"),),
        (Rule(category="credential.*", action="unsafe_keep"),),
        (Rule(category="credential.*", action="redact"), Rule(category="*", action="keep")),
        (Rule(key="user.password", action="unsafe_keep"),),
        (Rule(category="contact.*", action="keep"),),
    ],
)
def test_what_weakens_nothing_mandatory_compiles(rules: tuple[Rule, ...]) -> None:
    """Stronger actions, unsafe_keep, and weakening what isn't mandatory are allowed."""
    compiled = _compiled(*rules)
    treatment = compiled.decide("x", _ATTRIBUTE).treatments["credential.token"]
    assert treatment.rule == (
        "baseline rule 1" if rules[0].category in (None, "contact.*") else "custom rule 1"
    )


def test_presets_merge_by_the_more_protective_action() -> None:
    """Of presets the more protective action counts, in whatever order they are named."""
    presets = [
        _preset("cards", Rule(category="financial.card", action="mask", leave_last=4)),
        _preset("dropper", Rule(category="contact.email", action="drop")),
        _preset("networks", Rule(category="network.ip", action="generalize", ipv4_prefix=16)),
        _preset("towns", Rule(category="location.*", action="generalize", round_to=1)),
        _preset("keys", Rule(key="memo.*", action="redact")),
    ]
    digests = set()
    for order in itertools.permutations(presets):
        compiled = compile_policy(order)
        digests.add(compiled.digest)
        table = compiled.decide("x", _ATTRIBUTE).treatments
        assert table["financial.card"].action is Action.REDACT
        assert table["contact.email"].action is Action.DROP
        assert table["network.ip"].parameters.ipv4_prefix == 16
        assert table["network.ip"].parameters.ipv6_prefix == 48
        assert table["location.coordinates"].parameters.round_to == 1
        assert compiled.decide("memo.a", _ATTRIBUTE).whole is not None
    assert len(digests) == 1


def test_equal_masks_merge_to_the_one_that_leaves_less() -> None:
    """Of two presets that mask, the one that leaves fewer characters counts."""
    custom = "device.id"
    few = _preset("few", Rule(key="dev.*", category=custom, action="mask", leave_last=2))
    many = _preset("many", Rule(key="dev.*", category=custom, action="mask", leave_last=4))
    first, second = (make_clause(0, each.rules[0], each.name).treatment for each in (many, few))
    assert more_protective(first, second) is second
    assert more_protective(second, first) is second
    assert weakens(first, second)
    assert not weakens(second, first)


def test_a_policy_without_baseline_is_refused() -> None:
    """Nothing compiles that doesn't build on baseline; no policy at all neither."""
    with pytest.raises(ConfigurationError, match="baseline"):
        compile_policy(Policy(rules=(Rule(key="a", action="drop"),), extends=()))
    with pytest.raises(ConfigurationError, match="baseline"):
        compile_policy(())


def test_exemption_of_a_key_yields_to_a_rule_for_it() -> None:
    """A server's address stays, until a rule names its key."""
    category = Rule(category="network.ip", action="redact")
    decision = _compiled(category).decide("server.address", _ATTRIBUTE)
    assert decision.treatments["network.ip"].action is Action.KEEP
    assert decision.treatments["contact.email"].action is Action.REDACT
    named = Rule(key="server.address", category="network.ip", action="redact")
    decision = _compiled(named).decide("server.address", _ATTRIBUTE)
    assert decision.treatments["network.ip"].action is Action.REDACT


def test_leaves_follow_their_own_name_and_the_key_around_them() -> None:
    """A leaf is judged by its name; what is kept around it keeps it, credentials aside."""
    compiled = _compiled(
        Rule(key="nickname", action="mask"),
        Rule(key="payload.*", action="keep"),
    )
    outer = compiled.decide("request.data", _ATTRIBUTE)
    email = compiled.decide_leaf("email", outer)
    assert email.whole is not None
    assert email.category == "contact.email"
    nickname = compiled.decide_leaf("nickname", outer)
    assert nickname.whole is not None
    assert nickname.whole.action is Action.MASK
    kept = compiled.decide("payload.data", _ATTRIBUTE)
    assert compiled.decide_leaf("email", kept).kept
    assert compiled.decide_leaf("email", kept).whole is None
    password = compiled.decide_leaf("password", kept)
    assert password.whole is not None
    assert compiled.decide_leaf("email", compiled.decide_leaf("", kept)).kept


def test_leaf_without_a_name_is_judged_under_the_name_around_it() -> None:
    """An element of a list has the treatments of the list's key, and no format again."""
    compiled = _compiled()
    url = compiled.decide("url.full", _ATTRIBUTE)
    leaf = compiled.decide_leaf("", url)
    assert leaf.treatments is url.treatments
    assert leaf.format is None
    assert compiled.decide("url.full", _ATTRIBUTE).format == "url"


def test_leaf_of_an_unseen_value_is_unseen() -> None:
    """What unsafe_keep leaves is left in its parts too."""
    compiled = _compiled(Rule(key="raw", action="unsafe_keep"))
    leaf = compiled.decide_leaf("password", compiled.decide("raw", _ATTRIBUTE))
    assert leaf.unsafe


def test_decisions_are_remembered_and_shared() -> None:
    """One key is decided about once, and keys of one kind share one decision."""
    compiled = _compiled()
    first = compiled.decide("order.note", _ATTRIBUTE)
    assert compiled.decide("order.note", _ATTRIBUTE) is first
    assert compiled.decide("order.remark", _ATTRIBUTE) is first
    assert compiled.decide("order.note", Surface.EVENT) is not first


def test_memory_is_bounded() -> None:
    """However many keys pass, and however long, what is remembered has a bound."""
    compiled = _compiled(Rule(key="a.*", action="redact"))
    for number in range(3 * MOST_REMEMBERED):
        compiled.decide(f"k{number}", _ATTRIBUTE)
    assert len(compiled._decisions) <= MOST_REMEMBERED
    before = len(compiled._decisions)
    compiled.decide("a." + "x" * 100_000, _ATTRIBUTE)
    assert len(compiled._decisions) == before


def test_merged_policies_cost_no_more_per_lookup() -> None:
    """A lookup under ten merged policies calls what it calls under one, from the second on."""

    def calls(compiled: CompiledPolicy) -> list[tuple[str, str]]:
        called: list[tuple[str, str]] = []

        def note(frame: FrameType, event: str, _argument: object) -> None:
            called.append((event, frame.f_code.co_name))

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            compiled.decide("order.note", _ATTRIBUTE)
        finally:
            sys.setprofile(before)
        return called

    one = _compiled()
    many = compile_policy(
        [_preset(f"p{n}", Rule(key=f"a{n}.*", action="redact")) for n in range(10)]
    )
    assert len(calls(many)) > len(calls(one))  # the first time the globs are matched
    assert calls(many) == calls(one)


def test_digest_tells_policies_apart() -> None:
    """Equal rules give equal digests whatever their policy's name; a changed one another."""
    rule = Rule(key="a", action="redact")
    one = compile_policy(Policy(name="one", rules=(rule,)))
    two = compile_policy(Policy(name="two", rules=(rule,)))
    assert one.digest == two.digest
    assert one.digest != _compiled(Rule(key="a", action="drop")).digest
    assert len(one.digest) == 64
    assert one.describe()[0].startswith("policy one (")
    assert (
        "custom rule 1, where it matches: drop"
        in _compiled(Rule(key="a", action="drop")).describe()
    )
    assert "one" in repr(one)


@settings(max_examples=200, deadline=None)
@given(
    glob=st.text("ab.*?", min_size=1, max_size=8),
    key=st.text("ab.", max_size=8),
)
def test_glob_equals_its_definition(glob: str, key: str) -> None:
    """A glob matches exactly the keys that its definition, letter by letter, says."""

    def fits(rest: str, text: str) -> bool:
        if not rest:
            return not text
        if rest[0] == "*":
            return any(fits(rest[1:], text[cut:]) for cut in range(len(text) + 1))
        return bool(text) and rest[0] in ("?", text[0]) and fits(rest[1:], text[1:])

    assert (compile_glob(glob).fullmatch(key) is not None) == fits(glob, key)


def test_glob_takes_linear_time() -> None:
    """The time of a glob of many stars grows with the key that it doesn't match."""
    glob = compile_glob("a*" * 60 + "b")
    assert_linear(lambda size: glob.fullmatch("a" * size))
    assert glob.fullmatch("a" * 1_000_000) is None
