"""Find secrets that sentences name: `the password is x`, `invalid token 'x'`, `your code is 123456`.

A sentence says more about secrets than it tells of them, so what stands behind the noun has to look
like one: with digits or signs in it, and no version, path, placeholder or algorithm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.text_stretch import Stretch, judge_leaf
from jaeger_guard.formats.text_words import is_code, is_placeholder, is_state, looks_drawn
from jaeger_guard.long_texts import find_all, holds_any, search

_NOUNS: Final = (
    r"password|passwd|passphrase|passcode|pwd|secret|token|api[ \-]?key|access[ \-]key"
    r"|secret[ \-]key|private[ \-]key|license[ \-]key"
)
_PASSWORDS: Final = ("password", "passwd", "passphrase", "passcode", "pwd")


def find_sentences(text: str) -> Iterator[Stretch]:
    """Yield what sentences give as a secret."""
    if not _may_hold_noun(text) or search(_noun(), text) is None:
        return
    for found in find_all(_statement(), text):
        value = found["value"].rstrip(".,;:)")
        # `password is required` says nothing; a word with a digit or a sign in it may be one.
        if value and not value.isalpha() and not is_placeholder(value) and not is_state(value):
            yield _stretch(found, value)
    for found in find_all(_statement_elsewhere(), text):
        value = found["value"].rstrip(".,;:)")
        if looks_drawn(value, is_password=True) or (value.isalpha() and _mixed(value[1:])):
            yield _stretch(found, value, "password")
    for found in find_all(_beside(), text):
        value = found["value"].rstrip(".,;:)")
        is_password = found["name"].lower() in _PASSWORDS
        if found["name"].lower() == "secret" and not _mixed(value):
            continue  # a secret's name, as Kubernetes writes it
        if not is_password and value.isdigit():
            continue
        if looks_drawn(value, is_password=is_password):
            yield _stretch(found, value)
    for found in find_all(_with_password(), text):
        value = found["value"]
        if not is_state(value) and not is_placeholder(value):
            yield _stretch(found, value, "password")
    for found in find_all(_changed(), text):
        value = found["value"]
        is_field = "_" in value and value.replace("_", "").isalpha() and value.islower()
        if not (is_field or is_state(value) or is_placeholder(value) or is_code(value)):
            yield _stretch(found, value, "password")
    for found in find_all(_said_of(), text):
        value = found["value"].rstrip(".,;:)")
        if looks_drawn(value, is_password=True):
            yield _stretch(found, value, "password")
    for found in find_all(_code(), text):
        yield _stretch(found, found["value"], "otp")


def _stretch(found: re.Match[str], value: str, name: str = "") -> Stretch:
    start = found.start("value")
    name = name or found["name"].replace(" ", "_")
    return Stretch(start, start + len(value), name, judge_leaf)


def _mixed(value: str) -> bool:
    return any(map(str.isupper, value)) and any(map(str.islower, value))


# One of these is in each noun of ASCII, in small letters.
_NOUN_SIGNS: Final = (
    *("pass", "pwd", "secret", "token", "key", "pin", "otp", "code"),
    *("kennwort", "senha", "wachtwoord"),
)


def _may_hold_noun(text: str) -> bool:
    if not text.isascii():
        return True  # `re` takes the long s for an `s`, where case is ignored
    return holds_any(text.lower(), _NOUN_SIGNS)


@lru_cache(maxsize=1)
def _noun() -> re.Pattern[str]:
    # What none of them begins with is passed over by one look: over a step, most of the time.
    return re.compile(
        rf"(?=[pstalockmwh])(?:{_NOUNS}|\bpin\b|\botp\b|code|passwort|kennwort|mot de passe"
        "|contraseña|senha|wachtwoord|hasło|lösenord)",
        re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def _statement() -> re.Pattern[str]:
    return re.compile(
        rf"""\b(?P<name>{_NOUNS.replace(" ", chr(92) + " ")}|pin|otp)
        \ (?:is|was)(?:\ now)?:?\ ["'`]?(?P<value>[^\s"'`]{{3,256}})""",
        re.VERBOSE | re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def _statement_elsewhere() -> re.Pattern[str]:
    # German, French, Spanish, Portuguese, Italian, Dutch, Polish, Swedish.
    return re.compile(
        r"""\b(?:passwort|kennwort|mot\ de\ passe|contraseña|senha|wachtwoord|hasło|lösenord|password)
        \ (?:lautet|ist|est|es|é|è|to|är)(?:\ jetzt|\ nu|\ ahora|\ agora)?:?\ ["'`]?(?P<value>[^\s"'`]{3,256})""",
        re.VERBOSE | re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def _beside() -> re.Pattern[str]:
    # netrc: `machine h login u password x`; a quoted value may have anything before or behind it.
    return re.compile(
        rf"""(?<![\w.\-])(?P<name>{_NOUNS})[ \t]{{1,4}}["'`]?(?P<value>[^\s"'`=:<>]{{4,256}})["'`]?(?![=:\w])""",
        re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def _with_password() -> re.Pattern[str]:
    return re.compile(
        r"\b(?:with|using) (?:the )?password (?P<value>[A-Za-z]{6,64})(?=[.,;)]?(?:\Z|[\n\"']|\s{0,2}$))"
    )


@lru_cache(maxsize=1)
def _changed() -> re.Pattern[str]:
    return re.compile(
        r"""\b(?:password|passwd|passphrase|passcode)\ (?:to|from|as)\ (?P<quote>["'`])
        (?P<value>[^\s"'`]{5,128})(?P=quote)""",
        re.VERBOSE | re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def _said_of() -> re.Pattern[str]:
    # `the password for the admin account is x`: whose it is may take some words.
    return re.compile(
        r"""\b(?:password|passphrase|passcode)\ (?:for|of|to)(?:\ [\w.@'\-]{1,40}){1,5}?\ (?:is|was):?
        \ ["'`]?(?P<value>[^\s"'`]{6,256})""",
        re.VERBOSE | re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def _code() -> re.Pattern[str]:
    return re.compile(
        r"""\b(?:otp|one[ -]time (?:pass)?(?:code|word|pin)|(?:verification|security|login|auth|confirmation|access)
        [ -](?:code|pin)|passcode|mfa[ ]code|2fa[ ]code|sms[ ]code|pin[ ]code)(?:[ ](?:code|is|for|was))?[:]?
        [ ](?:is[ ]|code[ ])?["'`]?(?P<value>[0-9]{3,4}[ -]?[0-9]{1,4})(?![\w.\-])""".replace(
            "\n        ", ""
        ),
        re.IGNORECASE,
    )
