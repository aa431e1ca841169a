"""Credentials for the Authorization header: asked for at each request, shown never.

What a user gives is a frozen value (`Bearer`, `Basic`, `OAuth2ClientCredentials`); what answers the
header is an `Authorizer`, which keeps what it must keep. A credential goes over TLS only (or to
loopback, or where `Export` would refuse it), to the endpoint itself, and never to where a redirect
points: redirects aren't followed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias, cast

from jaeger_guard.errors import ConfigurationError

_BEARER: Final = r"[A-Za-z0-9._~+/-]+=*"  # RFC 6750, section 2.1, b64token
_SCHEME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}"  # RFC 9110, section 11.1: a token
_VALUE: Final = r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?"
LONGEST_TOKEN: Final = 64 * 1024


class CredentialError(Exception):
    """There is no usable credential now; holds no text that could quote one."""


class Authorizer(Protocol):
    """Answers the Authorization header; any thread may ask."""

    def authorization(self) -> str:
        """Answer the header's value as it is now.

        Raises:
            CredentialError: There is none that can be used.
        """
        ...

    def stamp(self) -> object:
        """Answer what changes when another credential is there; cheap, and asks nobody."""
        ...

    def refused(self) -> None:
        """Learn that the backend refused it: what was kept is asked for again."""
        ...


@dataclass(frozen=True, slots=True)
class Bearer:
    """A bearer token (RFC 6750).

    Attributes:
        token: The token, or a callable that answers it, asked at each request.
    """

    token: str | Callable[[], str] = field(repr=False)

    def authorizer(self, where: str) -> Authorizer:
        """Build what answers the header.

        Raises:
            ConfigurationError: It is no token; its text isn't told.
        """
        if callable(self.token):
            return _Asked(self.token)
        token = self.token.strip() if isinstance(self.token, str) else ""
        if not is_token(token):
            raise ConfigurationError(
                "not a bearer token (RFC 6750)", where, "Give the bare token, or a callable"
            )
        return Fixed(f"Bearer {token}")


@dataclass(frozen=True, slots=True)
class Basic:
    """A user's name and password (RFC 7617).

    Attributes:
        username: The name; without a colon.
        password: The password, or a callable that answers it, asked at each request.
    """

    username: str = field(repr=False)
    password: str | Callable[[], str] = field(repr=False)

    def authorizer(self, where: str) -> Authorizer:
        """Build what answers the header.

        Raises:
            ConfigurationError: One of the two can't be sent; neither is told.
        """
        username, password = self.username, self.password
        if not isinstance(username, str) or re.search(r"[:\x00-\x1f\x7f]", username):
            raise ConfigurationError(
                "the user's name can't be sent", where, "Leave out ':' and control characters"
            )
        if callable(password):
            return _AskedPassword(username, password)
        if not _is_password(password):
            raise ConfigurationError(
                "the password can't be sent", where, "Give a text without control characters"
            )
        return Fixed(_basic(username, password))


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2ClientCredentials:
    """Tokens by OAuth 2.0's client credentials grant (RFC 6749, section 4.4); needs the extra `oauth2`.

    A token is fetched at the first request, and again before it expires.

    Attributes:
        token_url: The token endpoint, https:// (or loopback).
        client_id: The client's id.
        client_secret: Its secret; or give `client_secret_file`.
        client_secret_file: File with the secret, read at each fetch.
        scope: Scopes, separated by spaces.
        audience: Parameter that some issuers ask for.
        ca_file: PEM file of the CAs to trust for the token endpoint; None: the system's.
        in_body: Whether id and secret go in the body instead of the Authorization header
            (section 2.3.1 permits it, for those who can't do it otherwise).
    """

    token_url: str = field(repr=False)  # it may have a password in it
    client_id: str = field(repr=False)
    client_secret: str | None = field(default=None, repr=False)
    client_secret_file: str | None = field(default=None, repr=False)
    scope: str = ""
    audience: str | None = None
    ca_file: str | None = None
    in_body: bool = False

    def authorizer(self, where: str) -> Authorizer:
        """Build what fetches and answers tokens.

        Raises:
            ConfigurationError: A setting can't be used.
            MissingExtraError: The extra `oauth2` isn't installed.
        """
        from jaeger_guard.export.oauth2 import TokenFetcher

        return TokenFetcher(self, where)


Credentials: TypeAlias = Bearer | Basic | OAuth2ClientCredentials


def authorizer_of(credentials: object, where: str) -> Authorizer:
    """Build an authorizer from what a user gave: a value of this module, a callable, or a text.

    A text is the header's value, such as "Bearer …" or "Basic …".

    Raises:
        ConfigurationError: It is something else.
    """
    if isinstance(credentials, Bearer | Basic | OAuth2ClientCredentials):
        return credentials.authorizer(where)
    if callable(credentials):
        return Bearer(cast("Callable[[], str]", credentials)).authorizer(where)
    if isinstance(credentials, str):
        scheme, _, value = credentials.strip().partition(" ")
        if re.fullmatch(_SCHEME, scheme) and re.fullmatch(_VALUE, value.strip()):
            if scheme.lower() == "bearer":
                return Bearer(value).authorizer(where)
            return Fixed(f"{scheme} {value.strip()}")
    raise ConfigurationError(
        "neither a credential nor the value of an Authorization header",
        where,
        "Give Bearer(…), Basic(…), OAuth2ClientCredentials(…), or a text such as 'Bearer <token>'",
    )


def is_token(text: object) -> bool:
    """Say whether a text is one bearer token."""
    return (
        isinstance(text, str)
        and len(text) <= LONGEST_TOKEN
        and re.fullmatch(_BEARER, text) is not None
    )


class Fixed:
    """Answers one value for good."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "<credential hidden>"

    def authorization(self) -> str:
        """Answer it."""
        return self._value

    def stamp(self) -> object:
        """It never changes."""
        return None

    def refused(self) -> None:
        """There is no other to ask for."""


class _Asked(Fixed):
    """Asks a callable for a bearer token, at each request."""

    __slots__ = ("_source",)

    def __init__(self, source: Callable[[], str]) -> None:
        super().__init__("")
        self._source = source

    def authorization(self) -> str:
        return self._written(_ask(self._source))

    def _written(self, answer: str) -> str:
        if not is_token(answer.strip()):
            raise CredentialError
        return f"Bearer {answer.strip()}"


class _AskedPassword(_Asked):
    """Asks a callable for the password, at each request."""

    __slots__ = ("_username",)

    def __init__(self, username: str, source: Callable[[], str]) -> None:
        super().__init__(source)
        self._username = username

    def _written(self, answer: str) -> str:
        if not _is_password(answer):
            raise CredentialError
        return _basic(self._username, answer)


def _ask(source: Callable[[], str]) -> str:
    try:
        answer: object = source()
    except Exception:  # noqa: BLE001 - its text may quote the credential
        answer = None
    if not isinstance(answer, str):
        raise CredentialError
    return answer


def _is_password(text: object) -> bool:
    return isinstance(text, str) and not re.search(r"[\x00-\x1f\x7f]", text)


def _basic(username: str, password: str) -> str:
    # RFC 7617, section 2.1: UTF-8, as servers expect it by now.
    pair = f"{username}:{password}".encode("utf-8", "replace")
    return "Basic " + base64.b64encode(pair).decode("ascii")
