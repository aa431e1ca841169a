"""Structured values that are encoded as a whole: looked into, and left byte for byte where clean."""

from __future__ import annotations

import pytest

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "test")))
SECRET = "correct" + "horse"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url.path", "/a%2Fb"),
        ("url.path", "/search/hello%20world"),
        ("url.full", "https://shop.example/?q=a%26b%3Dc&x=1"),
        ("url.full", "https://shop.example/?a=1&amp;b=2"),
        ("url.query", "return_to=%2Fhome%3Ftab%3D1"),
        ("url.query", "filter=%7B%22page%22%3A1%7D"),
        ("json", r'{"a":"say \u0022hi\u0022","b":1}'),
        ("json", '{"a":"%22,%22admin%22:true"}'),
        ("cursor", "eyJwYWdlIjoxfQ=="),
        ("note", "password=${DB_PASSWORD}"),
        ("note", "if password == confirm: pass"),
        ("exception.message", "password=form.password.data"),
        ("db.query.text", "UPDATE users SET password = @p1 WHERE id = @p2"),
    ],
)
def test_clean_value_stays_byte_for_byte(key: str, value: str) -> None:
    """Decoding is for looking: what was not dirty keeps its encoding, and so its meaning."""
    assert SCRUBBER.value(key, value)[0] == value


@pytest.mark.parametrize(
    "value",
    [
        f"https://anna:{SECRET}&#64;shop.example/",
        rf"postgres://anna:{SECRET}\u0040db.example:5432/shop",
        f"redis%3A%2F%2F%3A{SECRET}%40cache.example",
        f"https://shop.example/?next=https%3A%2F%2Fanna%3A{SECRET}%40shop.example",
        rf"postgres://anna:{SECRET}\u{{40}}db.example:5432/shop",
        f"p\u0430ssword={SECRET}",
        f"pass\u200bword: {SECRET}",
        f"\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44={SECRET}",
    ],
)
def test_secret_in_an_encoded_url_is_gone(value: str) -> None:
    """A URL whose signs are written as entities or escapes is a URL all the same."""
    assert SECRET not in SCRUBBER.value("note", value)[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["ghp_a1B2c3D4e5F6g7H8i9J0", "k1L2m3N4o5P6q7R8"], 2),
        (["DE89 3704 0044", "0532 0130 00"], 2),
        (["alice@example.com", "paid"], 1),
        ([b"4111 1111 ", b"1111 1111"], 2),
        ([b"Bearer", b"abcdef0123456789ABC"], 1),
        (["Bearer", None, "abcdef0123456789"], 1),
        (["Basic", "Pro"], 0),
        (["token", "expired"], 0),
        (["--token-file", "/run/secrets/t", "x"], 0),
    ],
)
def test_lists_are_read_as_a_whole(value: list[object], expected: int) -> None:
    """What is split over items goes in each; what is whole in one, or names nothing, takes no other."""
    scrubbed, _ = SCRUBBER.value("items", value)
    assert sum(new != old for new, old in zip(scrubbed, value, strict=True)) == expected
