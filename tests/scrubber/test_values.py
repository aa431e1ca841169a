"""Every type of value is scrubbed, bounded, and made such that OTLP can carry it."""

from __future__ import annotations

import enum
import math
from collections import UserDict, UserList, deque
from collections.abc import Iterator, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from jaeger_guard.policy import Policy, Rule, compile_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.scrubber.values import MAX_ITEMS, MAX_NESTING, UnusedNames
from jaeger_guard.types import Action, Finding, Surface

EMAIL = "ana.lima@shop.example.com"
CARD = "4111111111111111"
TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dBjftJeZ4CVPmB92K27uhbUJU1p1r"
WITHHELD = "[REDACTED:content.withheld]"
EMAIL_MARKER = "[REDACTED:contact.email]"
CARD_MARKER = "[REDACTED:financial.card]"
PASSWORD_MARKER = "[REDACTED:credential.password]"


def scrubber(*rules: Rule) -> Scrubber:
    return Scrubber(compile_policy(Policy(rules=rules, extends=("baseline",))))


BASELINE = scrubber()


def scrub(value: Any, key: str = "order.note", by: Scrubber = BASELINE) -> Any:
    """Scrub one attribute; None where it was dropped."""
    return by.attributes(Surface.ATTRIBUTE, {key: value}, []).get(key)


@pytest.mark.parametrize(
    "value",
    [
        "checkout done",
        b"plain bytes",
        7,
        -1,
        2**63 - 1,
        -(2**63),
        1.5,
        -0.0,
        True,
        None,
        [],
        {},
        (1, 2.5, "x", None, True),
        ["a", ["b", {"c": 1}]],
        {"n": {"m": (1, 2)}},
        MappingProxyType({"page": 2}),
        "null",
        "",
        "***",
        EMAIL_MARKER,
    ],
)
def test_clean_value_is_the_same_object(value: Any) -> None:
    """A value in which nothing is found stays the very same object, of its own type."""
    attributes = {"order.note": value}
    findings: list[Finding] = []
    assert BASELINE.attributes(Surface.ATTRIBUTE, attributes, findings) is attributes
    assert findings == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"mail {EMAIL}", f"mail {EMAIL_MARKER}"),
        (f"mail {EMAIL}".encode(), f"mail {EMAIL_MARKER}".encode()),
        (bytearray(EMAIL.encode()), EMAIL_MARKER.encode()),
        (memoryview(EMAIL.encode()), EMAIL_MARKER.encode()),
        (int(CARD), CARD_MARKER),
        (float(CARD), CARD_MARKER),
        ([1, EMAIL], (1, EMAIL_MARKER)),
        ((EMAIL, None), (EMAIL_MARKER, None)),
        ([[int(CARD)]], ((CARD_MARKER,),)),
        ({"to": {"cc": [EMAIL]}}, {"to": {"cc": (EMAIL_MARKER,)}}),
        (MappingProxyType({"n": EMAIL}), {"n": EMAIL_MARKER}),
        (UserDict({"n": EMAIL}), {"n": EMAIL_MARKER}),
        (UserList([EMAIL]), (EMAIL_MARKER,)),
        (deque([EMAIL]), (EMAIL_MARKER,)),
        ({7: EMAIL}, {"7": EMAIL_MARKER}),
        (range(3), (0, 1, 2)),
    ],
)
def test_every_type_is_scrubbed(value: Any, expected: Any) -> None:
    """What is sensitive goes, whatever the type of the value that holds it."""
    scrubbed = scrub(value)
    assert scrubbed == expected
    assert type(scrubbed) is type(expected)


def test_values_are_told_apart_by_type() -> None:
    """True, 1 and 1.0 are equal to Python, and stay what they are, in any order."""
    for value in (True, 1, 1.0, 1, True):
        assert type(scrub(value)) is type(value)
        assert type(scrub([value])[0]) is type(value)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**200])
def test_large_integer_becomes_text(number: int) -> None:
    """An integer beyond 64 bits goes on as text, since OTLP has no number for it."""
    assert scrub(number) == str(number)
    assert scrub([number]) == (str(number),)


def test_absurd_integer_is_withheld() -> None:
    """An integer that Python itself refuses to print is withheld, and fails nothing."""
    assert scrub(10**5000) == WITHHELD
    assert scrub(-(10**5000)) == WITHHELD


@pytest.mark.parametrize("number", [math.inf, -math.inf, 1e308, 5e-324])
def test_odd_floats_stay(number: float) -> None:
    """Infinities and the largest and smallest floats stay as they are."""
    assert scrub(number) == number
    assert scrub(number, "password") in (number, PASSWORD_MARKER)


def test_not_a_number_stays() -> None:
    """NaN stays NaN."""
    assert math.isnan(scrub(math.nan))


def test_number_under_a_telling_key_goes() -> None:
    """A number whose key says what it is goes, small or large, negative or not."""
    for number in (0, 1234, -5, 2.5, 2**70):
        assert scrub(number, "password") == PASSWORD_MARKER


def test_truth_value_under_a_telling_key_stays() -> None:
    """`password: true` tells nothing but that there is one."""
    assert scrub(True, "password") is True
    assert scrub({"password": None, "token": False}) == {"password": None, "token": False}


def test_truth_value_that_a_rule_names_goes() -> None:
    """A rule by key takes a truth value too, unless it keeps or generalizes."""
    for action, expected in (("redact", WITHHELD), ("keep", True), ("generalize", True)):
        assert scrub(True, "flag.x", scrubber(Rule(key="flag.*", action=action))) == expected


def test_lone_surrogates_are_repaired() -> None:
    """Text that UTF-8 can't carry is repaired wherever it stands; the rest of it stays."""
    for value in ("a\ud800b", ["a\ud800b"], {"k\ud800": "a\ud800b"}):
        repr(scrub(value)).encode()
    assert scrub("a\ud800b") == "a\ufffdb"
    assert scrub("a\ud83d\ude00b") == "a\U0001f600b"
    [(key, _)] = BASELINE.attributes(Surface.ATTRIBUTE, {"k\ud800": 1}, []).items()
    assert key == "k\ufffd"


def test_lone_surrogate_is_repaired_under_unsafe_keep() -> None:
    """`unsafe_keep` leaves what it names, but what goes on always encodes."""
    by = scrubber(Rule(key="raw.*", action="unsafe_keep"))
    attributes = {"raw.\ud800": f"{EMAIL}\ud800", "raw.map": {"\ud800": EMAIL}}
    kept = by.attributes(Surface.ATTRIBUTE, attributes, [])
    assert kept == {"raw.\ufffd": f"{EMAIL}\ufffd", "raw.map": {"\ufffd": EMAIL}}


def nested(levels: int, inside: Any, *, lists: bool = True) -> Any:
    value = inside
    for _ in range(levels):
        value = [value] if lists else {"k": value}
    return value


@pytest.mark.parametrize("lists", [True, False])
def test_nesting_within_the_bound_is_scrubbed(lists: bool) -> None:
    """Down to the bound each level is scrubbed, and what is clean stays."""
    text = repr(scrub(nested(MAX_NESTING, EMAIL, lists=lists)))
    assert EMAIL not in text
    assert EMAIL_MARKER in text
    clean = nested(MAX_NESTING, "fine", lists=lists)
    assert scrub(clean) is clean


@pytest.mark.parametrize("lists", [True, False])
def test_nesting_beyond_the_bound_is_withheld(lists: bool) -> None:
    """Beyond the bound the value is withheld, even if nothing would be found in it."""
    text = repr(scrub(nested(MAX_NESTING + 1, "fine", lists=lists)))
    assert "fine" not in text
    assert WITHHELD in text


def test_value_that_holds_itself_is_withheld() -> None:
    """A list that holds itself, once or many times over, ends at a bound, in time and in size."""
    once: list[Any] = [EMAIL]
    once.append(once)
    text = repr(scrub(once))
    assert WITHHELD in text
    assert EMAIL not in text
    many: list[Any] = []
    many.extend([many] * 9)
    assert scrub(many) == WITHHELD
    mapping: dict[str, Any] = {}
    mapping.update({str(number): mapping for number in range(9)})
    assert scrub(mapping) == WITHHELD


def test_too_many_items_are_withheld() -> None:
    """A value of more items than the bound is withheld as a whole; one within it is not."""
    assert scrub([1] * (MAX_ITEMS + 1)) == WITHHELD
    within = [1] * MAX_ITEMS
    assert scrub(within) is within
    assert scrub(bytearray(2 * MAX_ITEMS)) != WITHHELD


@pytest.mark.parametrize("value", [object(), {1, 2}, Decimal("1.5"), 1j, lambda: 1])
def test_foreign_type_is_withheld(value: Any) -> None:
    """What OTLP has no form for is withheld, by itself or in a list, also under `unsafe_keep`."""
    assert scrub(value) == WITHHELD
    assert scrub([value]) == (WITHHELD,)
    by = scrubber(Rule(key="raw", action="unsafe_keep"))
    assert scrub(value, "raw", by) == WITHHELD


class Disguised(str):
    """A text that claims to be another one."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return hash("fine")

    def isascii(self) -> bool:
        return True

    def __str__(self) -> str:
        return "fine"


class Level(enum.IntEnum):
    HIGH = 3


class Mail(str, enum.Enum):
    ANA = EMAIL


class Shifting(Sequence[str]):
    """A sequence that shows another content each time it is read."""

    def __init__(self) -> None:
        self.readings = 0

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]

    def __iter__(self) -> Iterator[str]:
        self.readings += 1
        return iter(["fine" if self.readings < 4 else EMAIL])


def test_subclass_of_text_cannot_pretend() -> None:
    """A text that claims to equal a clean one is judged by its characters, as value and as key."""
    assert scrub("fine") == "fine"
    scrubbed = scrub(Disguised(EMAIL))
    assert type(scrubbed) is str
    assert scrubbed == EMAIL_MARKER
    assert BASELINE.text(Surface.NAME, "fine", []) == "fine"
    assert BASELINE.text(Surface.NAME, Disguised(EMAIL), []) == EMAIL_MARKER
    assert BASELINE.identity(Surface.SCOPE, Disguised(TOKEN), []) == "[REDACTED:credential.token]"
    [key] = BASELINE.attributes(Surface.ATTRIBUTE, {Disguised(EMAIL): "fine"}, [])
    assert key == EMAIL_MARKER
    [inner] = scrub({Disguised(EMAIL): "fine"})
    assert inner == EMAIL_MARKER


def test_enumerations_are_their_values() -> None:
    """Members of enumerations go on as the plain value they stand for, scrubbed."""
    assert scrub(Mail.ANA) == EMAIL_MARKER
    level = scrub(Level.HIGH)
    assert (level, type(level)) in ((3, int), (3, Level))


def test_shifting_sequence_is_read_once() -> None:
    """What goes on is what was looked at, though the sequence would show something else next."""
    shifting = Shifting()
    scrubbed = scrub(shifting)
    assert scrubbed is not shifting
    assert EMAIL not in repr([*scrubbed, *scrubbed])


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["Bearer", JWT], ("Bearer", "[REDACTED:credential.token]")),
        (["Basic", "cXdlcnR5"], ("Basic", "[REDACTED:credential.token]")),
        (["--password", "hunter2"], ("--password", PASSWORD_MARKER)),
        (["curl", "--token", "abc123", "https://a.example/"], None),
        (["x-api-key", "abc123"], ("x-api-key", "[REDACTED:credential.token]")),
        (
            [["x-api-key", "abc123"], ["accept", "*/*"]],
            (("x-api-key", "[REDACTED:credential.token]"), ["accept", "*/*"]),
        ),
        (
            [{"name": "password", "value": "hunter2"}, {"name": "page", "value": "2"}],
            ({"name": "password", "value": PASSWORD_MARKER}, {"name": "page", "value": "2"}),
        ),
        (["4111 1111", "1111 1111"], (CARD_MARKER, CARD_MARKER)),
        (["4111 1111", None, "1111 1111"], (CARD_MARKER, None, CARD_MARKER)),
        (["4111", "1111", "1111", "1111"], (CARD_MARKER,) * 4),
        (["to ana.lima", "@shop.example.com!"], (f"to {EMAIL_MARKER}", f"{EMAIL_MARKER}!")),
        ([TOKEN[:10], TOKEN[10:20], TOKEN[20:]], ("[REDACTED:credential.token]",) * 3),
        (
            ["a 4111 1111", "1111 1111 b 5500 0000", "0000 0004 c"],
            (f"a {CARD_MARKER}", f"{CARD_MARKER} b {CARD_MARKER}", f"{CARD_MARKER} c"),
        ),
    ],
)
def test_secret_split_over_items_is_found(items: list[Any], expected: tuple[Any, ...]) -> None:
    """What an item names in the next, or what begins in one and ends in another, goes."""
    scrubbed = scrub(items)
    if expected is not None:
        assert scrubbed == expected
    assert "abc123" not in repr(scrubbed)
    assert scrub(scrubbed) == scrubbed


@pytest.mark.parametrize(
    "items",
    [
        ["id", "email", "name"],
        ["username", "password"],
        ["GET", "/users", "200"],
        ["text/html", "gzip"],
        ["10.1.2.3", "10.1.2.4"],
        ["--token", "--verbose"],
        ["a", ""],
        [1.5, 2.5, 4111],
    ],
)
def test_lists_of_names_and_numbers_stay(items: list[Any]) -> None:
    """Column names, options and measurements name nothing in each other."""
    assert scrub(items) is items


def test_numbers_of_a_list_under_an_id_stay() -> None:
    """Two ids that together would have a card's check digit are two ids."""
    items = ["4000 0566", "5566 5556"]
    assert scrub(items, "order.ids") is items


def test_mapping_under_a_telling_key_goes() -> None:
    """What a mapping under `password` holds is a password, unless its name or type says otherwise."""
    scrubbed = scrub({"old": "hunter1", "value": 1234, "id": "7", "rounds": 12}, "password")
    assert scrubbed == {
        "old": PASSWORD_MARKER,
        "value": PASSWORD_MARKER,
        "id": "7",
        "rounds": 12,
    }
    assert scrub(["a1", ["b2"]], "password") == (PASSWORD_MARKER, (PASSWORD_MARKER,))


def test_keys_of_mappings_are_scrubbed_and_kept_apart() -> None:
    """Two keys that scrub to one marker are both kept, numbered, in order."""
    value = {"ana@shop.example.com": 1, "bob@shop.example.com": 2, "cy@shop.example.com": 3}
    keys = [EMAIL_MARKER, f"{EMAIL_MARKER}#2", f"{EMAIL_MARKER}#3"]
    assert list(scrub(value)) == keys
    assert list(BASELINE.attributes(Surface.ATTRIBUTE, value, [])) == keys
    assert list(BASELINE.attributes(Surface.ATTRIBUTE, dict.fromkeys(keys, 1), [])) == keys


def test_numbered_keys_never_meet() -> None:
    """A numbered name that is taken already is passed over."""
    taken = {"m": 1, "m#2": 1}
    names = UnusedNames(taken)
    assert [names.unused("m"), names.unused("n")] == ["m#3", "n"]


def test_many_keys_that_scrub_alike_take_linear_time() -> None:
    """Ten thousand keys that become one marker are numbered, not compared with each other."""
    value = {f"user{number}@shop.example.com": number for number in range(10_000)}
    scrubbed = BASELINE.attributes(Surface.ATTRIBUTE, value, [])
    assert len(scrubbed) == 10_000
    assert not any("@" in key for key in scrubbed)


NOT_UTF8 = b"\xff\xfe " + EMAIL.encode() + b" \xff"


def test_bytes_that_are_no_text_are_withheld() -> None:
    """bytes that aren't UTF-8, or that hold NULs as UTF-16 does, can't be judged and go."""
    for value in (NOT_UTF8, EMAIL.encode("utf-16-le"), b"\x00\x01\x02"):
        assert scrub(value) == b"[REDACTED:content.binary]"


def test_kept_binary_is_still_searched() -> None:
    """Where policy keeps binary, what can be read in it is scrubbed, and the rest stays."""
    by = scrubber(Rule(category="content.binary", action="keep"))
    assert scrub(NOT_UTF8, by=by) == b"\xff\xfe " + EMAIL_MARKER.encode() + b" \xff"
    assert scrub(b"\xff\xfeclean", by=by) == b"\xff\xfeclean"


def test_bytes_under_a_telling_key_go() -> None:
    """bytes under `password` go, be they text or not."""
    assert scrub(b"hunter2", "password") == PASSWORD_MARKER.encode()
    assert scrub(b"\xff\x00", "password") == PASSWORD_MARKER.encode()


def test_unsafe_keep_leaves_bytes() -> None:
    """`unsafe_keep` leaves bytes unseen."""
    by = scrubber(Rule(key="raw", action="unsafe_keep"))
    assert scrub(NOT_UTF8, "raw", by) == NOT_UTF8


def test_number_that_is_generalized_stays_a_number() -> None:
    """A rounded number keeps its type, so that charts still work."""
    by = scrubber(Rule(key="amount", action=Action.GENERALIZE, round_to=1000))
    assert scrub(48213, "amount", by) == 48000
    assert type(scrub(48213.0, "amount", by)) is float
    assert scrub(12.25, "geo.location.lat") in (12.2, 12.3)
