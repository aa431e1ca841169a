"""Detect tokens of platforms that build, host and sign in: `credential.token`."""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.detector import Detector, Example, NearMiss
from jaeger_guard.detectors.provider_token import (
    ALPHANUMERIC,
    BASE64URL,
    provider_token,
    shaped_token,
)

_FORTY: Final = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"
_HEX_40: Final = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"

DETECTORS: Final[tuple[Detector, ...]] = (
    provider_token(
        "meta",
        ("EAA",),
        ALPHANUMERIC,
        (90, 512),
        cut=60,
        source="Meta for Developers, access tokens",
        body=_FORTY * 3,
        near_miss=NearMiss("EAAB and EAAGdocuments", because="too short"),
    ),
    shaped_token(
        "okta",
        ("SSWS ", "SSWS%20"),
        rf"SSWS(?: |%20)(?P<value>[{BASE64URL}]{{20,64}})",
        source="Okta developer documentation, API tokens",
        example=Example("Authorization: SSWS 00" + _FORTY + " sent", found="00" + _FORTY),
        near_miss=NearMiss("SSWS is a scheme", because="no token follows"),
    ),
    provider_token(
        "gitlab_runner",
        ("GR1348941",),
        BASE64URL,
        (20, 64),
        source="GitLab documentation, token overview (runner registration tokens)",
        body=_FORTY[:20],
        near_miss=NearMiss("GR1348941 alone", because="no token follows"),
    ),
    provider_token(
        "circleci",
        ("CCIPAT_", "CCIPRJ_"),
        r"A-Za-z0-9_",
        (40, 80),
        source="CircleCI changelog, new format for API access tokens",
        body=_FORTY[:22] + "_" + _HEX_40,
        near_miss=NearMiss("CCIPAT_TOKEN is not set", because="a variable's name"),
    ),
    provider_token(
        "cloudflare_prefixed",
        ("cfk_", "cfut_", "cfat_"),
        BASE64URL,
        (40, 64),
        source="Cloudflare documentation, token formats",
        body=_FORTY + "1a2b3c4d",
        near_miss=NearMiss("cfat_index cfk_name", because="names"),
        cut=16,
    ),
    provider_token(
        "netlify",
        ("nfp_", "nfc_", "nfo_", "nfb_", "nfu_"),
        ALPHANUMERIC,
        (36, 64),
        source="Netlify changelog, prefixes of tokens",
        body=_FORTY[:36],
        near_miss=NearMiss("nfp_table nfc_reader", because="names"),
        cut=16,
    ),
    provider_token(
        "artifactory",
        ("AKCp",),
        ALPHANUMERIC,
        (65, 80),
        source="JFrog documentation, API keys",
        body=(_FORTY * 2)[:69],
        near_miss=NearMiss("AKCprefix here", because="too short"),
        cut=30,
    ),
    shaped_token(
        "artifactory_reference",
        ("cmVmdGtu",),  # "reftkn" in base64
        r"cmVmdGtu[A-Za-z0-9]{56}(?![A-Za-z0-9])",
        source="JFrog documentation, reference tokens",
        example=Example(
            "key cmVmdGtu" + (_FORTY * 2)[:56] + ".", found="cmVmdGtu" + (_FORTY * 2)[:56]
        ),
        near_miss=NearMiss("cmVmdGtu", because="too short"),
    ),
    provider_token(
        "perplexity",
        ("pplx-",),
        ALPHANUMERIC,
        (40, 64),
        source="Perplexity API documentation, authentication",
        body=_FORTY + "a1B2c3D4",
        near_miss=NearMiss("pplx-7b-online and pplx-api", because="a model and a product"),
        cut=24,
    ),
    shaped_token(
        "braintree",
        ("access_token$",),
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}(?![0-9a-f])",
        source="PayPal Braintree documentation, access tokens",
        example=Example(
            "key access_token$" + "production$a1b2c3d4e5f6g7h8$" + _HEX_40[:32] + ".",
            found="access_token$" + "production$a1b2c3d4e5f6g7h8$" + _HEX_40[:32],
        ),
        near_miss=NearMiss("access_token$production", because="too short"),
    ),
)
