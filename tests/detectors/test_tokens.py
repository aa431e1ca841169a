"""Tokens of all providers: drawn from what each issuer documents, found; what looks similar, not."""

from __future__ import annotations

import random
import re
import string
from zlib import crc32

import pytest

from jaeger_guard.detectors import DETECTORS, detector_named
from jaeger_guard.detectors.tokens import TOKENS, Token
from jaeger_guard.detectors.tokens.checksums import base_62, ends_with_crc32
from jaeger_guard.detectors.tokens.shape import parse, pattern
from jaeger_guard.detectors.tokens.token import is_drawn
from jaeger_guard.scanner import Scanner

SEED = 20261126
SCANNER = Scanner(DETECTORS)

# Written here again on purpose: what the words of the notation mean.
CHARACTERS = {
    "digit": string.digits,
    "lower": string.ascii_lowercase + string.digits,
    "upper": string.ascii_uppercase + string.digits,
    "alnum": string.ascii_letters + string.digits,
    "hex": "0123456789abcdef",
    "anyhex": "0123456789abcdefABCDEF",
    "capitalhex": "0123456789ABCDEF",
    "base64": string.ascii_letters + string.digits + "+/",
    "base64url": string.ascii_letters + string.digits + "_-",
    "word": string.ascii_letters + string.digits + "_",
}
PREFIXED = [token for token in TOKENS if token.prefixes and not token.beside]
UNPREFIXED = [token for token in TOKENS if not token.prefixes and not token.beside]
BESIDE = [token for token in TOKENS if token.beside]


def draw(shape: str, generator: random.Random) -> str:
    """Draw a text of a shape, of any length that it allows; runs of rarer alphabets are plain."""
    shape = shape.replace("{uuid}", "{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}")

    def run(found: re.Match[str]) -> str:
        characters = CHARACTERS.get(found[1], CHARACTERS["lower"])
        least, most = int(found[2]), int(found[3] or found[2])
        length = generator.randint(least, min(most, least + 40))
        inner = "".join(generator.choice(characters) for _ in range(length))
        # At the very ends no sign, which a sentence around would be taken for.
        return re.sub(r"^[_\-+/]|[_\-+/]$", "7", inner)

    return re.sub(r"\{([a-z0-9]+):([0-9]+)(?:-([0-9]+))?\}", run, shape)


def drawn_tokens(token: Token, count: int) -> list[tuple[str, str]]:
    """Draw texts that hold the token, each with what is to be found in it."""
    generator = random.Random(f"{SEED} {token.name}")
    drawn = []
    for prefix in token.prefixes or ("",):
        for shape in token.all_shapes():
            for _ in range(count):
                body = draw(shape, generator)
                drawn.append((prefix + body, body if token.behind else prefix + body))
    return drawn


def found_in(text: str, name: str) -> list[str]:
    found = detector_named(f"credential.{name}").find(text)
    return [text[match.start : match.end] for match in found]


def ids(tokens: list[Token]) -> list[str]:
    return [token.name for token in tokens]


@pytest.mark.parametrize("token", PREFIXED + UNPREFIXED, ids=ids(PREFIXED + UNPREFIXED))
def test_token_is_found(token: Token) -> None:
    """A token of each prefix and shape is found whole, wherever it stands; the gate lets it in."""
    missed = 0
    drawn = drawn_tokens(token, 4)
    for written, wanted in drawn:
        for text in (
            written,
            f"it was {written}, they said",
            f"x='{written}'",
            f'{{"x": "{written}"}}',
            f"first line\n{written}\nlast line",
            f"<{written}>",
        ):
            if found_in(text, token.name) != [wanted]:
                missed += 1
                break
    written, _ = drawn[0]
    found = SCANNER.find(f"x {written} y")
    assert any(match.detector == f"credential.{token.name}" for match in found)
    assert all(not SCANNER.opened(text) for text in ("nothing", "x y"))
    # A random text looks like words once in a while; a short one more often.
    assert missed <= len(drawn) // 8


@pytest.mark.parametrize("token", PREFIXED, ids=ids(PREFIXED))
def test_cut_token_is_found(token: Token) -> None:
    """Where a limit cut a token down to two thirds, what is left is found at the text's end."""
    found = total = 0
    for written, wanted in drawn_tokens(token, 4):
        public = len(written) - len(wanted)
        body = len(written) - max(map(len, (p for p in token.prefixes if written.startswith(p))))
        length = max(body * 2 // 3, min(token.cut or 16, body))
        kept = written[: len(written) - body + length].rstrip("_-.:/=")
        total += 1
        found += found_in(f"was {kept}", token.name) == [kept[public:]]
        found += found_in(f"was {kept}...", token.name) == [kept[public:]]
    assert found >= 2 * total * 0.85


@pytest.mark.parametrize("token", BESIDE, ids=ids(BESIDE))
def test_token_beside_its_provider_is_found(token: Token) -> None:
    """What has no prefix is found beside its provider and a word for a credential, and only there."""
    missed = 0
    drawn = drawn_tokens(token, 3)
    for value, _ in drawn:
        for word in token.beside:
            for text in (
                f"{word.upper()}_API_KEY={value}",
                f"{word}: {{'apiKey': '{value}'}}",
                f"calling {word} with the token {value} failed",
                f"API token for {word.title()} is '{value}'.",
                f'"{word}_client_secret" => "{value}"',
            ):
                missed += found_in(text, "token_beside_provider") != [value]
            named = re.search("key|token|secret|auth", word) is not None
            for text in (
                f"{word} trace_id={value}",
                f"{word} failed at commit {value}",
                f"{word} token refreshed, request {value}",
                f"cache key {value} of pigeons",
                f"digest sha256:{value} of {word}",
                *(() if named or word.startswith("auth") else (f"{word} {value}",)),
            ):
                assert found_in(text, "token_beside_provider") == [], word
    assert missed <= len(drawn) * len(token.beside) // 4


@pytest.mark.parametrize("token", PREFIXED, ids=ids(PREFIXED))
def test_what_only_begins_so_stays(token: Token) -> None:
    """A prefix alone, in a name or before a placeholder is no token."""
    for prefix in token.prefixes:
        for text in (
            f"{prefix} is a prefix",
            f"the column {prefix}name and {prefix}count_by_user",
            *((f"export {prefix}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",) if token.drawn else ()),
            f"use {prefix}your_token_here",
            f"use {prefix}<token> or {prefix}*** or {prefix}... or {prefix}${{TOKEN}}",
            f"{prefix}",
        ):
            assert found_in(text, token.name) == [], text


@pytest.mark.parametrize("token", PREFIXED, ids=ids(PREFIXED))
def test_prefix_inside_a_word_is_none(token: Token) -> None:
    """Where letters stand right before the prefix, it is part of another word."""
    if token.glued or not token.prefixes[0][0].isalnum():
        return
    for written, _ in drawn_tokens(token, 1):
        inner = [prefix for prefix in token.prefixes if prefix in written[1:]]
        assert inner or found_in(f"a word{written} here", token.name) == []


def test_there_are_many() -> None:
    """At least 150 providers and 200 kinds of tokens are known, each from its issuer's own pages."""
    assert len({token.provider for token in TOKENS}) >= 150
    assert len(TOKENS) >= 200
    assert len({token.name for token in TOKENS}) == len(TOKENS)
    assert all(token.source.startswith("https://") for token in TOKENS)
    assert all(token.kind and token.provider for token in TOKENS)


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token.name)
def test_entry_is_selective(token: Token) -> None:
    """An entry has a prefix, a literal or a gate of its own, or words that must stand beside it."""
    literal = all(
        any(isinstance(part, str) and len(part) >= 2 for part in parse(shape))
        for shape in token.all_shapes()
    )
    assert token.prefixes or token.beside or literal or token.gate or token.anchor
    assert all(word == word.lower() for word in token.beside)


# --- Checksums -----------------------------------------------------------------------------------


def github_token(generator: random.Random) -> str:
    """Make a token as GitHub describes: 30 random characters and their CRC-32 in base 62."""
    body = "".join(generator.choice(CHARACTERS["alnum"]) for _ in range(30))
    digits, number = "", crc32(body.encode())
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    while number:
        number, digit = divmod(number, 62)
        digits = alphabet[digit] + digits
    return "ghp_" + body + digits.rjust(6, "0")


def test_checksum_ends_a_token() -> None:
    """Where the checksum fits, what follows without a separator isn't part of the token."""
    generator = random.Random(SEED)
    for _ in range(50):
        token = github_token(generator)
        assert ends_with_crc32(token)
        assert not ends_with_crc32(token[:-1] + ("a" if token[-1] != "a" else "b"))
        assert found_in(f"x {token}andMore y", "github") == [token]


def test_wrong_checksum_is_still_treated() -> None:
    """A mistyped token is nearly the token: prefix and length are enough to treat it."""
    token = github_token(random.Random(SEED))
    mistyped = token[:10] + ("x" if token[10] != "x" else "y") + token[11:]
    assert found_in(f"x {mistyped} y", "github") == [mistyped]


def test_base_62_is_padded() -> None:
    """Small checksums are written with six digits too."""
    assert (base_62(0), base_62(61), base_62(62)) == ("000000", "00000z", "000010")


# --- Notation and randomness ---------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["{alnum}", "{pigeon:3}", "{alnum:3", "{alnum:x}"])
def test_wrong_notation_raises(shape: str) -> None:
    """A shape that isn't one is an error when the entry is made."""
    with pytest.raises(ValueError, match=r"braces|invalid literal"):
        parse(shape)


def test_notation_means_what_it_says() -> None:
    """Literals are literal, and lengths are exact."""
    compiled = re.compile(pattern(parse("a.b{hex:2-3}+{upper:2}")))
    assert compiled.fullmatch("a.b0f+A1")
    assert compiled.fullmatch("a.b0f1+A1")
    assert not compiled.fullmatch("axb0f+A1")
    assert not compiled.fullmatch("a.b0f12+A1")
    assert not compiled.fullmatch("a.b0F+A1")


@pytest.mark.parametrize(
    "text",
    [
        "xxxxxxxxxxxxxxxxxxxxxxxx",
        "your-token-goes-here-please",
        "customer_orders_by_day",
        "getCustomerorder",
        "00000000-0000-0000-0000-000000000000",
        "aaaaaaaaaaaaaaaaaaaaaaa1",
        "-_-_-_-_",
    ],
)
def test_words_and_placeholders_are_not_drawn(text: str) -> None:
    """Names, words and repeated characters don't look drawn at random."""
    assert not is_drawn(text)


def test_random_text_is_drawn() -> None:
    """What is drawn at random looks so, all but always."""
    generator = random.Random(SEED)
    for name, least in (("alnum", 20), ("base64url", 20), ("hex", 16), ("lower", 20)):
        texts = [
            "".join(generator.choice(CHARACTERS[name]) for _ in range(least)) for _ in range(2000)
        ]
        assert sum(map(is_drawn, texts)) >= 1960, name
