"""Tokens of where secrets themselves are kept, and of signing in."""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.detector import NearMiss
from jaeger_guard.detectors.tokens.token import Token

_VAULT: Final = "https://developer.hashicorp.com/vault/docs/concepts/tokens"
_ONE_PASSWORD: Final = "https://developer.1password.com/docs/service-accounts/"


def _is_mixed(token: str) -> bool:
    """Say whether both cases and two digits stand in what is no longer than a name."""
    body = token[2:]
    return (
        sum(map(str.isdigit, body)) >= 2
        and any(map(str.islower, body))
        and any(map(str.isupper, body))
    )


KEEPING: Final[tuple[Token, ...]] = (
    Token(
        "vault",
        "HashiCorp Vault",
        "service, batch and recovery token",
        ("hvs.", "hvb.", "hvr."),
        "{base64url:24-512}",
        _VAULT,
        cut=8,
    ),
    Token(
        "vault_legacy",
        "HashiCorp Vault",
        "token of before 1.10",
        (),
        ("s.{alnum:24}", "b.{alnum:24}"),
        _VAULT,
        beside=("vault",),
        check=_is_mixed,
        near_misses=(NearMiss("s.getCustomerOrderHistoryX", because="a method"),),
    ),
    Token(
        "doppler",
        "Doppler",
        "personal, service, CLI, service account, SCIM and audit token",
        ("dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit.", "dp.said."),
        ("{slug:1-35}.{alnum:40-44}", "{alnum:40-44}"),
        "https://docs.doppler.com/docs/service-tokens",
        near_misses=(NearMiss("dp.st.dev.example here", because="too short"),),
    ),
    Token(
        "one_password",
        "1Password",
        "service account token",
        ("ops_eyJ",),
        "{padded:200-2048}",
        _ONE_PASSWORD,
        cut=20,
    ),
    Token(
        "one_password_secret_key",
        "1Password",
        "secret key of an account",
        ("A3-",),
        (
            "{upper:6}-{upper:11}-{upper:5}-{upper:5}-{upper:5}",
            "{upper:6}-{upper:6}-{upper:5}-{upper:5}-{upper:5}-{upper:5}",
        ),
        "https://support.1password.com/secret-key-security/",
        cut=24,
    ),
    Token(
        "infisical",
        "Infisical",
        "service token",
        ("st.",),
        "{hex:24}.{hex:32}.{hex:32}",
        "https://infisical.com/docs/documentation/platform/token",
        cut=32,
    ),
    Token(
        "bitwarden",
        "Bitwarden Secrets Manager",
        "machine account access token",
        (),
        "0.{uuid}.{alnum:30}:{base64:22}==",
        "https://bitwarden.com/help/access-tokens/",
        beside=(
            "bitwarden",
            "bws",
        ),
    ),
    Token(
        "phase",
        "Phase",
        "service and user token",
        ("pss_service:v", "pss_user:v"),
        "{digit:1}:{hex:64}:{padded:40-400}",
        "https://docs.phase.dev/",
    ),
    Token(
        "dotenv_vault",
        "Dotenv",
        "decryption key",
        (":key_",),
        "{hex:64}",
        "https://www.dotenv.org/docs/security/dotenv-key",
        behind=True,
        glued=True,
    ),
    Token(
        "wireguard",
        "WireGuard",
        "private and preshared key",
        (),
        "{base64:43}=",
        "https://www.wireguard.com/quickstart/",
        beside=("wireguard", "privatekey", "presharedkey"),
    ),
)

SIGNING_IN: Final[tuple[Token, ...]] = (
    Token(
        "okta_scheme",
        "Okta",
        "API token behind its scheme",
        ("SSWS ", "SSWS%20"),
        "{base64url:20-64}",
        "https://developer.okta.com/docs/guides/create-an-api-token/main/",
        behind=True,
    ),
    Token(
        "okta",
        "Okta",
        "API token and client secret",
        (),
        ("00{base64url:40}", "{base64url:64}", "{base64url:40}"),
        "https://developer.okta.com/docs/guides/create-an-api-token/main/",
        beside=("okta",),
    ),
    Token(
        "auth0",
        "Auth0",
        "client secret",
        (),
        ("{base64url:64}", "{base64url:48}"),
        "https://auth0.com/docs/get-started/applications/rotate-client-secret",
        beside=("auth0",),
    ),
    Token(
        "stytch",
        "Stytch",
        "project secret",
        ("secret-live-", "secret-test-"),
        "{base64url:35-36}=",
        "https://stytch.com/docs/api/authentication",
    ),
    Token(
        "authress",
        "Authress",
        "service client access key",
        ("sc_", "ext_", "scauth_", "authress_"),
        "{lower:5-30}.{lower:4-6}.acc_{dashed:10-32}.{padded:30-120}",
        "https://authress.io/knowledge-base/docs/authentication/technical-client-credentials",
        cut=50,
    ),
    Token(
        "duo",
        "Duo",
        "secret key",
        (),
        "{alnum:40}",
        "https://duo.com/docs/authapi",
        beside=("duo_", "duosecurity"),
    ),
    Token(
        "jumpcloud",
        "JumpCloud",
        "API key",
        ("jca_",),
        "{alnum:36}",
        "https://jumpcloud.com/support/understand-api-keys",
    ),
    Token(
        "jumpcloud_legacy",
        "JumpCloud",
        "API key without a prefix",
        (),
        "{hex:40}",
        "https://jumpcloud.com/support/understand-api-keys",
        beside=("jumpcloud",),
    ),
    Token(
        "onelogin",
        "OneLogin",
        "client secret",
        (),
        "{hex:64}",
        "https://developers.onelogin.com/api-docs/1/getting-started/working-with-api-credentials",
        beside=("onelogin",),
    ),
    Token(
        "keycloak",
        "Keycloak",
        "client secret",
        (),
        ("{alnum:32}", "{uuid}"),
        "https://www.keycloak.org/docs/latest/server_admin/",
        beside=("keycloak",),
    ),
    Token(
        "onfido",
        "Onfido",
        "API token",
        ("api_live.", "api_sandbox.", "api_live_us.", "api_live_ca."),
        "{base64url:11}.{base64url:32}",
        "https://documentation.onfido.com/",
    ),
    Token(
        "persona",
        "Persona",
        "API key",
        ("persona_sandbox_", "persona_production_"),
        "{uuid}",
        "https://docs.withpersona.com/reference/api-keys",
    ),
    Token(
        "sumsub",
        "Sumsub",
        "app token",
        ("prd:", "sbx:"),
        "{alnum:24}.{alnum:32}",
        "https://docs.sumsub.com/reference/authentication",
        cut=30,
    ),
)

TOKENS: Final = KEEPING + SIGNING_IN
