"""Say what a value is by its key: semantic conventions first, then the words of the key.

Theory of operation: `classify` asks, in this order, and the first that knows decides:

1. the exact keys of the semantic conventions, old and new;
2. families, whose last part is a name of the application's: headers, metadata, parameters;
3. namespaces that are technical as a whole; a name that the lexicon knows undoes that, since
   applications add keys of their own to namespaces that aren't theirs;
4. the lexicon.

Names inside formats (JSON members, query parameters, cookies) go to `classify_leaf`: there the
lexicon decides, for the conventions name attributes and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from typing import Final

from jaeger_guard import conventions
from jaeger_guard.categories import (
    CONTACT_EMAIL,
    CONTENT_PROMPT,
    CONTENT_SQL_LITERAL,
    CREDENTIAL_SESSION,
    CREDENTIAL_TOKEN,
    IDENTITY_USER,
    addresses,
)
from jaeger_guard.lexicon import (
    category_of,
    is_address,
    is_identifier,
    is_machine,
    opaque_category_of,
    split_words,
)

COOKIE_PREFIX: Final = "cookie."
PATH_PREFIX: Final = "path."  # the url format: a segment behind `/reset-password/`, `/invite/` …
_LONGEST_CACHED: Final = 256  # characters; a longer key is judged each time and kept nowhere


class KeyKind(Enum):
    """How much a key tells about its value."""

    SAFE = "safe"
    FORMAT = "format"
    CATEGORY = "category"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KeyClass:
    """What a key tells about its value.

    Attributes:
        kind: SAFE: technical by definition, only credentials are looked for. FORMAT: taken apart.
            CATEGORY: all of it is of one category. UNKNOWN: all detectors look at it.
        category: Under CATEGORY the data category. Under UNKNOWN what the value is *if* it is
            opaque (`looks_secret`): `code` may be an OAuth code or 404.
        format: Under FORMAT the format's name.
        exempt: Category patterns whose detectors are not applied.
        exempt_bare: Further ones that are not where the whole value is bare (`exempts`).
        exempt_unlabelled: Further ones that are not unless a label stands before the finding.
        identifier: It names an id, a time, a hash: a bare run of digits is no payment card.
        address: It names an address, so that four small numbers are one and no version.
        peer: A network peer, which on CLIENT and PRODUCER spans is a server's address.
    """

    kind: KeyKind
    category: str | None = None
    format: str | None = None
    exempt: tuple[str, ...] = ()
    exempt_bare: tuple[str, ...] = ()
    exempt_unlabelled: tuple[str, ...] = ()
    identifier: bool = False
    peer: bool = False
    address: bool = False


# What an id, a version or a count may look like.
_VAGUE: Final[tuple[str, ...]] = ("network.*", "contact.phone", "location.*", "device.*")
_SAFE: Final = KeyClass(KeyKind.SAFE)
_SAFE_IDENTIFIER: Final = KeyClass(KeyKind.SAFE, exempt_bare=_VAGUE, identifier=True)
_UNKNOWN: Final = KeyClass(KeyKind.UNKNOWN)
# An id or a version may look like a phone number or an address: `1.2.3.4`.
_IDENTIFIER: Final = KeyClass(
    KeyKind.UNKNOWN, exempt_bare=("network.*", "contact.phone"), identifier=True
)
# The address of a server of ours, under a key that the conventions don't know.
_SERVER: Final = KeyClass(KeyKind.UNKNOWN, exempt_bare=("network.*",))
_ADDRESS: Final = KeyClass(KeyKind.UNKNOWN, address=True)
_PEER: Final = KeyClass(KeyKind.UNKNOWN, exempt=("contact.phone",), peer=True, address=True)
# A machine's own name or address: wanted by whoever debugs, and nobody's personal data.
_MACHINE: Final = KeyClass(
    KeyKind.UNKNOWN,
    exempt=("network.*", "contact.phone", "identity.*", "financial.*", "health.*", "location.*"),
)
# `Chrome/120.0.6099.109` looks like an address or a phone number; a planted e-mail doesn't.
_USER_AGENT: Final = KeyClass(
    KeyKind.UNKNOWN,
    exempt=("network.*", "location.*"),
    exempt_unlabelled=("contact.phone", "identity.*", "health.*"),
)


@cache
def _table() -> dict[str, KeyClass]:
    table = {namespace: _safe(namespace) for namespace in _namespaces()}
    for namespace, names in conventions.SAFE_KEYS.items():
        prefix = f"{namespace}." if namespace else ""
        table.update((prefix + name, _safe(name)) for name in names.split())
    for keys, key_class in (
        (conventions.OPEN_KEYS, _UNKNOWN),
        (conventions.MACHINE_KEYS, _MACHINE),
        (conventions.PEER_KEYS, _PEER),
        ("user_agent.original http.user_agent", _USER_AGENT),
    ):
        table.update(dict.fromkeys(keys.split(), key_class))
    table.update((key, _ADDRESS) for key in conventions.OPEN_KEYS.split() if is_address(key))
    for name, keys in conventions.FORMAT_KEYS.items():
        table.update(dict.fromkeys(keys.split(), KeyClass(KeyKind.FORMAT, format=name)))
    for category, keys in conventions.CATEGORY_KEYS.items():
        table.update(dict.fromkeys(keys.split(), KeyClass(KeyKind.CATEGORY, category=category)))
    # The family's own key is a template, seen only where something wrote it without a name.
    table.update(
        dict.fromkeys((family.rstrip(".") for family in conventions.LEXICON_FAMILIES), _UNKNOWN)
    )
    headers = KeyClass(KeyKind.FORMAT, format="headers")
    table.update(
        dict.fromkeys((family.rstrip(".") for family in conventions.HEADER_FAMILIES), headers)
    )
    return table


@cache
def _namespaces() -> frozenset[str]:
    return frozenset(conventions.SAFE_NAMESPACES.split())


def classify(key: str) -> KeyClass:
    """Say what `key`, of an attribute, tells about its value; never raises."""
    return _cached_key(key) if len(key) <= _LONGEST_CACHED else _classify_key(key)


def classify_leaf(name: str) -> KeyClass:
    """Say what `name`, of a leaf inside a format, tells about its value; never raises.

    A cookie's name comes with `COOKIE_PREFIX`, since a cookie that nothing is known of is taken for
    a session's.
    """
    return _cached_leaf(name) if len(name) <= _LONGEST_CACHED else _classify_leaf(name)


def has_meaning(name: str) -> bool:
    """Say whether `classify_leaf` answers a category or a format; what else it tells isn't asked."""
    return _cached_meaning(name) if len(name) <= _LONGEST_CACHED else _has_meaning(name)


def exempts(
    key_class: KeyClass, category: str, value: str, text: str, *, labelled: bool = False
) -> bool:
    """Say whether `value`, found in `text` as of `category`, is something else under this key.

    What a label in front of it says, such as `phone: 2125550187`, it is under any key.
    Under a technical key, what is vague is: a version looks like an address. Under an id's only where
    the whole text is bare, for whoever writes prose or a path there writes anything.
    """
    if labelled:
        return False
    if _are_addressed(key_class.exempt_unlabelled, category):
        return True
    if key_class.kind is KeyKind.SAFE and not key_class.identifier:
        # With its sign a number was written to be dialled, whatever the key.
        return _are_addressed(_VAGUE, category) and not value.startswith(("+", "%2B", "%2b"))
    return _are_addressed(key_class.exempt_bare, category) and is_bare(text)


def _are_addressed(patterns: tuple[str, ...], category: str) -> bool:
    for pattern in patterns:  # noqa: SIM110 - mostly none, for which a generator is dear
        if addresses(pattern, category):
            return True
    return False


def is_bare(text: str) -> bool:
    """Say whether `text` is one id, version or address: no prose, no path, no number to dial."""
    return _bare().fullmatch(text) is not None


@cache
def _bare() -> re.Pattern[str]:
    return re.compile(r"-?[\[\w](?:[\w.\-:~%\]]|\+(?![0-9]{7})){0,255}")


def looks_opaque(text: str) -> bool:
    """Say whether `text` looks drawn at random: 16 characters or more, of both cases and digits."""
    return (
        16 <= len(text) <= 4096
        and "://" not in text
        and text.isascii()
        and any(map(str.isdigit, text))
        and any(map(str.islower, text))
        and any(map(str.isupper, text))
        and not any(character.isspace() for character in text)
    )


def looks_secret(text: str) -> bool:
    """Say whether `text`, under a key that may name a secret, looks like one: shorter ones too.

    Letters and digits without anything between, of both cases or at least 16.
    """
    if looks_opaque(text):
        return True
    if not (6 <= len(text) <= 4096 and text.isascii() and text.isalnum()):
        return False
    if not any(map(str.isdigit, text)) or text.isdigit():
        return False
    mixed = any(map(str.islower, text)) and any(map(str.isupper, text))
    return mixed or len(text) >= 16


def _classify_key(key: str) -> KeyClass:
    lowered = key.lower()
    known = _table().get(lowered)
    if known is not None:
        return known
    family = _classify_family(lowered, key)
    if family is not None:
        return family
    category = category_of(key)
    if _in_safe_namespace(lowered):
        return _safe(key) if category is None else KeyClass(KeyKind.CATEGORY, category=category)
    return _by_words(key, category)


def _safe(key: str) -> KeyClass:
    return _SAFE_IDENTIFIER if is_identifier(key) else _SAFE


def _classify_family(lowered: str, key: str) -> KeyClass | None:
    for prefix in conventions.HEADER_FAMILIES:
        if lowered.startswith(prefix):
            return _classify_header(lowered[len(prefix) :])
    if lowered.startswith(conventions.LITERAL_FAMILIES):
        return KeyClass(KeyKind.CATEGORY, category=CONTENT_SQL_LITERAL)
    for prefix in conventions.LEXICON_FAMILIES:
        if lowered.startswith(prefix):
            name = key[len(prefix) :]
            return (
                _SAFE
                if name.lower() in conventions.SAFE_VARIABLES
                else _by_words(name, category_of(name))
            )
    for prefix in conventions.PROMPT_FAMILIES:
        if lowered.startswith(prefix):
            harmless = lowered.endswith(conventions.HARMLESS_ENDS)
            return _SAFE if harmless else KeyClass(KeyKind.CATEGORY, category=CONTENT_PROMPT)
    if lowered.startswith("k8s."):
        # Labels and annotations: an application's, down to whole manifests with their variables.
        _, _, rest = lowered[len("k8s.") :].partition(".")
        if rest.startswith(("annotation", "label", "selector")):
            return _by_words(key, category_of(key))
    return None


def _classify_header(name: str) -> KeyClass:
    dashed = name.replace("_", "-")
    # gRPC over HTTP2, "Custom-Metadata": binary values have names that end so.
    if dashed.endswith("-bin"):
        name, dashed = name[:-4], dashed[:-4]
    if dashed in conventions.HEADER_FORMATS:
        return KeyClass(KeyKind.FORMAT, format=conventions.HEADER_FORMATS[dashed])
    if dashed in conventions.SAFE_HEADERS:
        return _SAFE
    if dashed in conventions.MACHINE_HEADERS:
        return _MACHINE
    if dashed == "user-agent":
        return _USER_AGENT
    if dashed == "from":
        return KeyClass(KeyKind.CATEGORY, category=CONTACT_EMAIL)
    if dashed in conventions.SECRET_HEADERS:
        return KeyClass(KeyKind.CATEGORY, category=CREDENTIAL_TOKEN)
    if dashed in conventions.OPAQUE_HEADERS:
        return KeyClass(KeyKind.UNKNOWN, category=CREDENTIAL_TOKEN)
    if dashed in conventions.USER_HEADERS:
        return KeyClass(KeyKind.CATEGORY, category=IDENTITY_USER)
    return _by_words(name, category_of(name))


def _in_safe_namespace(lowered: str) -> bool:
    namespaces = _namespaces()
    end = lowered.rfind(".")
    while end > 0:
        if end <= _LONGEST_CACHED and lowered[:end] in namespaces:
            return True
        end = lowered.rfind(".", 0, min(end, _LONGEST_CACHED))
    return False


def _by_words(name: str, category: str | None) -> KeyClass:
    if _names_format(name):
        return KeyClass(KeyKind.FORMAT, format=conventions.HEADER_FORMATS[_dashed(name)])
    if category is not None:
        return KeyClass(KeyKind.CATEGORY, category=category)
    opaque = opaque_category_of(name)
    if opaque is not None:
        return KeyClass(KeyKind.UNKNOWN, category=opaque)
    if is_identifier(name):
        return _IDENTIFIER
    if is_machine(name):
        return _SERVER
    return _ADDRESS if is_address(name) else _UNKNOWN


def _has_meaning(name: str) -> bool:
    known = _known_leaf(name)
    if known is not None:
        return known.kind in (KeyKind.CATEGORY, KeyKind.FORMAT)
    return _names_format(name) or category_of(name) is not None


def _names_format(name: str) -> bool:
    return len(name) <= _LONGEST_CACHED and _dashed(name) in conventions.LEAF_FORMATS


def _dashed(name: str) -> str:
    return name.lower().replace("_", "-")


def _classify_leaf(name: str) -> KeyClass:
    known = _known_leaf(name)
    return _by_words(name, category_of(name)) if known is None else known


def _known_leaf(name: str) -> KeyClass | None:
    """Answer what a leaf's name tells as a whole; None where its words have to be asked."""
    lowered = name.lower()
    if lowered.startswith(COOKIE_PREFIX):
        return _classify_cookie(name[len(COOKIE_PREFIX) :])
    if lowered in conventions.SECRET_LEAVES or lowered.startswith(PATH_PREFIX):
        return KeyClass(KeyKind.CATEGORY, category=CREDENTIAL_TOKEN)
    if lowered in conventions.STRUCTURAL_CATEGORIES:
        return KeyClass(KeyKind.CATEGORY, category=conventions.STRUCTURAL_CATEGORIES[lowered])
    if lowered in conventions.STRUCTURAL_FORMATS:
        return KeyClass(KeyKind.FORMAT, format=conventions.STRUCTURAL_FORMATS[lowered])
    if lowered in conventions.OPAQUE_LEAVES:
        return KeyClass(KeyKind.UNKNOWN, category=CREDENTIAL_TOKEN)
    return _table().get(lowered) if "." in lowered else None


def _classify_cookie(name: str) -> KeyClass:
    category = category_of(name)
    if category is None:
        words = split_words(name)
        if any(word in conventions.HARMLESS_COOKIES for word in words):
            return _SAFE
        category = CREDENTIAL_SESSION
    return KeyClass(KeyKind.CATEGORY, category=category)


_cached_key: Final[Callable[[str], KeyClass]] = lru_cache(maxsize=4096)(_classify_key)
_cached_leaf: Final[Callable[[str], KeyClass]] = lru_cache(maxsize=4096)(_classify_leaf)
_cached_meaning: Final[Callable[[str], bool]] = lru_cache(maxsize=4096)(_has_meaning)
