"""Fetch bearer tokens by OAuth 2.0's client credentials grant, before the one at hand expires.

oauthlib writes the request and reads the answer; the connection is ours, with nothing of the
environment's. (requests-oauthlib isn't used: it logs requests and answers, secrets included.)
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from jaeger_guard.errors import ConfigurationError, MissingExtraError
from jaeger_guard.export.credentials import CredentialError, is_token
from jaeger_guard.export.endpoint import parse_http_endpoint
from jaeger_guard.export.environment import Setting
from jaeger_guard.export.tls import TlsFile, TlsSettings, load_material
from jaeger_guard.export.watching import stamp_of
from jaeger_guard.forks import call_in_forked_children

if TYPE_CHECKING:
    from jaeger_guard.export.credentials import OAuth2ClientCredentials

_TIMEOUT: Final = 10.0  # seconds
_LARGEST_ANSWER: Final = 256 * 1024
_DEFAULT_LIFE: Final = 300.0  # seconds, where the answer has no expires_in (RFC 6749, section 5.1)
_LONGEST_LEAD: Final = 60.0  # seconds before its end at which a token is renewed
_AGAIN: Final = 5.0  # seconds between two fetches while the old token still holds


class TokenFetcher:
    """Keeps a token, and fetches the next in time.

    Args:
        settings: Where from, and as whom.
        where: What set them, for errors.

    Raises:
        ConfigurationError: A setting can't be used.
        MissingExtraError: The extra `oauth2` isn't installed.
    """

    def __init__(self, settings: OAuth2ClientCredentials, where: str) -> None:
        try:
            import oauthlib.oauth2  # noqa: F401 - only whether it is there
        except ImportError:
            raise MissingExtraError("OAuth 2.0 client credentials", "oauth2", where) from None
        endpoint = parse_http_endpoint(
            Setting(settings.token_url, f"{where}.token_url"), as_it_stands=True
        )
        if not endpoint.secure and not endpoint.is_loopback:
            raise ConfigurationError(
                "the client's secret would travel in the clear",
                f"{where}.token_url",
                "Use https://",
            )
        if (settings.client_secret is None) == (settings.client_secret_file is None):
            raise ConfigurationError(
                "not one secret", where, "Give either client_secret or client_secret_file"
            )
        self._settings = settings
        self._url = endpoint.url
        self._tls: TlsSettings | None = None
        if endpoint.secure:
            ca_file = Path(settings.ca_file) if settings.ca_file is not None else None
            self._tls = TlsSettings(ca_file=ca_file)
            load_material(self._tls, {"ca_file": f"{where}.ca_file"})
        self._secret_file: TlsFile | None = None
        if settings.client_secret_file is not None:
            path = Path(settings.client_secret_file)
            self._secret_file = TlsFile(path, f"{where}.client_secret_file")
            self._secret_file.read()
        self._forget()
        call_in_forked_children(self._renew_lock)
        self._renew_lock()

    def __repr__(self) -> str:
        return "<credential hidden>"

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()  # held while a token is fetched, so that one fetch serves all

    def _forget(self) -> None:
        self._token: str | None = None
        self._renew_at = self._expires_at = 0.0

    def authorization(self) -> str:
        """Answer the token, a new one where the old one is about to expire.

        Raises:
            CredentialError: There is none, and none could be fetched.
        """
        with self._lock:
            now = time.monotonic()
            if self._token is None or now >= self._renew_at:
                try:
                    self._fetch()
                except Exception:  # noqa: BLE001 - whatever is wrong, its text may hold the secret
                    if self._token is None or time.monotonic() >= self._expires_at:
                        self._forget()
                        raise CredentialError from None
                    self._renew_at = now + _AGAIN
            return f"Bearer {self._token}"

    def stamp(self) -> object:
        """Answer what changes when another secret is there."""
        return stamp_of([self._secret_file.path] if self._secret_file is not None else [])

    def refused(self) -> None:
        """Fetch a new token for the next request."""
        with self._lock:
            self._forget()

    def _fetch(self) -> None:
        from oauthlib.oauth2 import BackendApplicationClient

        from jaeger_guard.export.session import bare_session

        settings = self._settings
        client = BackendApplicationClient(client_id=settings.client_id)
        parameters: dict[str, Any] = {}
        if settings.audience is not None:
            parameters["audience"] = settings.audience
        if settings.in_body:
            parameters["client_secret"] = self._secret()
        body = client.prepare_request_body(
            scope=settings.scope or None,
            include_client_id=settings.in_body,
            **parameters,
        )
        # RFC 6749, section 2.3.1: both are form-encoded before they become a Basic credential.
        pair = None if settings.in_body else (_form(settings.client_id), _form(self._secret()))
        started = time.monotonic()
        with (
            bare_session(self._tls) as session,
            session.post(
                self._url,
                data=body,
                auth=pair,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Accept": "application/json",
                },
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            if response.status_code != 200:
                raise CredentialError
            text = response.raw.read(_LARGEST_ANSWER).decode("utf-8")
        answer = client.parse_request_body_response(text)  # a narrower scope is the issuer's matter
        token = answer.get("access_token")
        if not is_token(token) or str(answer.get("token_type", "")).lower() != "bearer":
            raise CredentialError
        life = float(answer.get("expires_in") or _DEFAULT_LIFE)
        self._token = token
        self._expires_at = started + life
        self._renew_at = self._expires_at - min(_LONGEST_LEAD, life / 4)

    def _secret(self) -> str:
        if self._secret_file is None:
            return self._settings.client_secret or ""
        return self._secret_file.read().decode("utf-8").strip()


def _form(text: str) -> str:
    return quote(text, safe="")
