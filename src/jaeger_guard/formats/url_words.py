"""Path segments and parameters of URLs that say that a secret follows."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jaeger_guard.formats.text_words import looks_drawn

# What follows one of these path segments is a secret more often than not.
SECRET_SEGMENTS: Final = frozenset(
    {
        "accept-invite",
        "activate",
        "activate-account",
        "activation",
        "confirm",
        "confirm-account",
        "confirm-email",
        "email-verification",
        "invite",
        "invitation",
        "key",
        "magic",
        "magic-link",
        "one-time-login",
        "password-reset",
        "reset",
        "reset-password",
        "secret",
        "session",
        "set-password",
        "token",
        "unsubscribe",
        "verify",
        "verify-account",
        "verify-email",
        "verification",
    }
)
# The same in a query, where the value looks drawn: `?magic=`, but not `?confirm=yes`.
_SECRET_PARAMETERS: Final = frozenset(
    {"activation", "confirm", "confirmation", "invite", "invitation", "magic", "magic-link"}
    | {"reset", "verify", "verification", "unsubscribe"}
)
# Whoever speaks to a repository over SSH has one of these names; none is a person's.
SERVICE_USERS: Final = frozenset({"git", "hg", "svn"})


@lru_cache(maxsize=1)
def bot_token() -> re.Pattern[str]:
    """Match the segment that holds a bot's token."""
    # Telegram Bot API, "Making requests": https://api.telegram.org/bot<token>/METHOD_NAME
    return re.compile(r"bot[0-9]{5,16}(?::|%3[aA])[\w\-]{8,128}")


@lru_cache(maxsize=1)
def secret_segment() -> re.Pattern[str]:
    """Find a secret's segment with something behind it that no route is called."""
    words = "|".join(sorted(SECRET_SEGMENTS)).replace("-", "[_-]")
    return re.compile(rf"/(?:{words})/[^/]*[0-9A-Z]", re.IGNORECASE)


@lru_cache(maxsize=1)
def route_word() -> re.Pattern[str]:
    """Match what stands behind such a segment and is part of the route."""
    # /token/refresh, /session/{id}, /reset-password/:code /verify/v2 and /session/7 are no secrets.
    return re.compile(r"[a-z]{1,12}(?:[_\-][a-z]{1,12}){0,3}|v?[0-9]{1,5}|[{<:][\w:]{1,64}[}>]?")


# These name a secret, or a kind of thing: `?session=morning`, `?card=visa`.
_KINDS: Final = frozenset({"session", "card"})
_BY_VALUE: Final = _SECRET_PARAMETERS | _KINDS | {"code"}


@lru_cache(maxsize=1)
def _plain_word() -> re.Pattern[str]:
    return re.compile(r"[a-z]{1,12}(?:[_\-][a-z]{1,12}){0,2}|[0-9]{1,3}")


@lru_cache(maxsize=1)
def _authorization_code() -> re.Pattern[str]:
    # RFC 6749, section 4.1.2: of any characters, and letters of both cases are no code of a status.
    return re.compile(r"(?=[^A-Z]{0,256}[A-Z])(?=[^a-z]{0,256}[a-z])[A-Za-z0-9_\-./]{20,512}")


def parameter_leaf(name: str, value: str) -> str:
    """Answer the leaf's name of a parameter, which some have only where the value looks drawn."""
    dashed = name.lower().replace("_", "-")
    if dashed not in _BY_VALUE:
        return name
    if name == "code" and _authorization_code().fullmatch(value) is not None:
        return "authorization_code"
    if dashed in _KINDS and _plain_word().fullmatch(value) is not None:
        return ""
    if dashed in _SECRET_PARAMETERS and looks_drawn(value, is_password=False):
        return f"path.{dashed}"
    return name
