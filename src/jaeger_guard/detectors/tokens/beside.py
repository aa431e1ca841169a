"""Find the tokens that nothing in themselves tells apart: by who issued them and what they are called.

Theory of operation. Many issuers' tokens are "32 hexadecimal digits", as are digests, ids of traces
and names of images. Such a run counts only where three things come together within a bounded
distance: a word for a credential, the provider's name before the value, and the shape that this
provider documents. What is called something else right before it (`trace_id=`, `sha256:`) never is.

All such entries share one detector, whose gate asks for the words for credentials: however many
providers there are, a text without such a word costs nothing, and with one it costs a look-up of the
words around in a table.
"""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from jaeger_guard.categories import CREDENTIAL_TOKEN
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    NearMiss,
    Needles,
    compile_pattern,
)
from jaeger_guard.detectors.tokens.shape import characters, parse, pattern

if TYPE_CHECKING:
    from jaeger_guard.detectors.tokens.token import Token

_BEFORE: Final = 80  # characters before the word for a credential, where the provider may stand
_BEHIND: Final = 48  # characters behind it, where the value begins
_LONGEST: Final = 300  # characters of a value
_LEAST: Final = 13  # characters of the shortest value

_GATE: Final = ("key", "token", "secret", "passw", "pwd", "auth", "credential", "bearer", "dsn")
# Words of camelCase, snake_case and prose alike.
_WORDS: Final = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"
_OPAQUE: Final = rf"[A-Za-z0-9+/_\-.:|%]{{{_LEAST}}}"
_HEX: Final = "0f1e2d3c4b5a69788796" + "a5b4c3d2e1f0"
_NEAR: Final = 6  # words
_LONGEST_NAME: Final = 3  # words
_EXACT: Final = 4  # characters; longer names of providers may go on: `elasticsearch`

_CREDENTIAL: Final = frozenset(
    (
        "key keys apikey token tokens secret secrets password passwd pass pwd auth authorization"
        " credential credentials bearer authtoken accesstoken accesskey secretkey apitoken"
        " apisecret clientsecret hapikey appkey dsn"
    ).split()
)
# What makes `key` one.
_KINDS_OF_KEYS: Final = frozenset(
    (
        "api access secret private server license app application service auth account ingest push rest"
        " personal integration admin master write read search subscription signing encryption root client"
        " consumer webhook routing project site host functions function storage shared primary secondary"
        " map maps live test deploy sdk license integrations developer user shipping environment env"
        " rapidapi apim global origin"
    ).split()
)
# Said between a name and its value, and no name itself.
_FILLERS: Final = frozenset(
    (
        "is was are the a an of for to with by my your our using used set got value string as in on at"
        " provided given invalid current new old header prod production test live staging v x s"
        " rejected expired leaked rotated revoked failed error found not wrong bad unknown str const let"
        " var export default env"
    ).split()
)


def words_of(text: str) -> list[str]:
    """Split `text` into its words, in lower case, whatever joins them."""
    return [word.lower() for word in compile_pattern(_WORDS).findall(text)]


class _Providers:
    """Which shapes a value may have, by the words that name a provider."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._by_word: dict[str, list[tuple[tuple[str, ...], Token]]] = {}
        for token in tokens:
            for name in token.beside:
                first, *others = words_of(name)
                self._by_word.setdefault(first, []).append((tuple(others), token))
        self._lengths = sorted({len(word) for word in self._by_word}, reverse=True)

    def named_in(self, words: list[str]) -> Iterator[Token]:
        """Yield the entries whose provider is named, the last named first."""
        for index in range(len(words) - 1, -1, -1):
            for entry in self._beginnings(words[index]):
                for others, token in self._by_word[entry]:
                    if tuple(words[index + 1 : index + 1 + len(others)]) == others:
                        yield token

    def call_it_credential(self, words: list[str]) -> bool:
        """Say whether the words before a value call it a credential, and nothing else.

        The last of them is a word for a credential, or a provider's name behind such a word.
        """
        last = len(words)
        while last and (words[last - 1] in _FILLERS or words[last - 1].isdigit()):
            last -= 1
        if not last:
            return False
        if words[last - 1] in ("key", "keys"):
            # A cache, a partition and a store of values have keys too.
            return last > 1 and (
                words[last - 2] in _KINDS_OF_KEYS or self._ends_with_name(words, last - 1)
            )
        if words[last - 1] in _CREDENTIAL:
            return True
        if _CREDENTIAL.isdisjoint(words[max(0, last - _NEAR) : last]):
            return False
        return self._ends_with_name(words, last)

    def _ends_with_name(self, words: list[str], last: int) -> bool:
        return any(
            tuple(words[index + 1 : last]) == others
            for index in range(max(0, last - _LONGEST_NAME), last)
            for entry in self._beginnings(words[index])
            for others, _ in self._by_word[entry]
        )

    def _beginnings(self, word: str) -> Iterator[str]:
        for length in self._lengths:
            beginning = word[:length]
            if beginning in self._by_word and (len(word) == length or length > _EXACT):
                yield beginning


def shape_pattern(token: Token) -> str:
    """Write the pattern of an entry's value, with what may not stand around it."""
    shapes = [parse(shape) for shape in token.all_shapes()]
    inside = "".join(sorted({characters(parts) for parts in shapes}))
    for sign in (r"\=", r"\.", r"\:", r"\|", "="):  # these also separate a value from its name
        inside = inside.replace(sign, "")
    whole = "|".join(rf"(?:{pattern(parts)})(?![A-Za-z0-9_\-={inside}])" for parts in shapes)
    return rf"(?<![A-Za-z0-9_\-.{inside}])(?:{whole})"


@cache
def _providers() -> _Providers:
    from jaeger_guard.detectors.tokens import TOKENS  # it imports this module

    return _Providers(token for token in TOKENS if token.beside)


def _settle(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Find the value in text[start:end], which follows a word for a credential."""
    providers = _providers()
    first = max(0, start - _BEFORE)
    for token in providers.named_in(words_of(text[first:end])):
        values = compile_pattern(shape_pattern(token))
        for found in values.finditer(text, start, min(len(text), end + _LONGEST)):
            if found.start() >= end:
                break
            words = words_of(text[first : found.start()])
            if not providers.call_it_credential(words) or not token.accepts(found.group()):
                continue
            # A name that is only part of the value doesn't count.
            if token in providers.named_in(words + words_of(text[found.end() : end])):
                return found.span()
    return None


BESIDE: Final = Detector(
    name="credential.token_beside_provider",
    category=CREDENTIAL_TOKEN,
    gate=Needles(texts=_GATE, ignore_case=True),
    # What could be a value is asked for here, so that forms of texts are known to have none.
    pattern=rf"(?i:{'|'.join(_GATE)})(?=[\s\S]{{0,{_BEHIND}}}?{_OPAQUE})(?P<value>[\s\S]{{1,{_BEHIND}}})",
    settle=_settle,
    source="the documentation that each entry of detectors.tokens with `beside` names",
    examples=(
        Example(f"DATADOG_API_KEY={_HEX}", found=_HEX),
        Example(f"the token for Algolia is '{_HEX}'", found=_HEX),
        Example(f"algolia: {{ apiKey: '{_HEX}' }}", found=_HEX),
    ),
    near_misses=(
        NearMiss(f"datadog trace_id={_HEX}", because="another name stands before it"),
        NearMiss(f"datadog {_HEX}", because="nothing says that it is a credential"),
        NearMiss(f"datadog auth failed for ref {_HEX}", because="it is called a ref"),
        NearMiss(f"cache key {_HEX}", because="no provider is named"),
        NearMiss(f"elastic cache key {_HEX}", because="a cache's key"),
        NearMiss(f"algolia key sha256:{_HEX}", because="a digest"),
    ),
)
