"""Detect tokens of payments, messages, models and everyday services (`credential.token`)."""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.detector import Detector, Example, NearMiss
from jaeger_guard.detectors.provider_token import (
    ALPHANUMERIC,
    BASE64,
    BASE64URL,
    HEX,
    provider_token,
    shaped_token,
)

_FORTY: Final = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"
_HEX_40: Final = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"
_HEX_32: Final = _HEX_40[:32]
_HEX_64: Final = _HEX_32 * 2

PAYMENTS: Final[tuple[Detector, ...]] = (
    provider_token(
        "stripe",
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_"),
        ALPHANUMERIC,
        (16, 255),
        source="Stripe documentation, API keys",
        body="4eC39HqLyjWDarjtT1zdp7dc",
        near_miss=NearMiss("pk_live_4eC39HqLyjWDarjtT1zdp7dc", because="a publishable key"),
    ),
    provider_token(
        "webhook_secret",
        ("whsec_",),
        BASE64,
        (24, 128),
        source="Stripe documentation, webhook signatures; Standard Webhooks",
        body=_FORTY[:32],
        near_miss=NearMiss("whsec_name here", because="too short"),
    ),
    provider_token(
        "square",
        ("sq0atp-", "sq0csp-"),
        BASE64URL,
        (22, 60),
        source="Square developer documentation, access tokens",
        body=_FORTY[:22],
        near_miss=NearMiss("sq0atp-name here", because="too short"),
    ),
    provider_token(
        "square_production",
        ("EAAA",),
        BASE64URL,
        (60, 60),
        cut=24,
        source="Square developer documentation, access tokens",
        body=(_FORTY * 2)[:60],
        near_miss=NearMiss("EAAAshort word", because="too short"),
    ),
    provider_token(
        "facebook",
        ("EAACEdEose0cBA",),
        ALPHANUMERIC,
        (20, 512),
        source="Meta for Developers, access tokens",
        body=_FORTY * 3,
        near_miss=NearMiss("EAACEdEose0cBA alone", because="no token follows"),
    ),
    provider_token(
        "shopify",
        ("shpat_", "shpss_", "shpca_", "shppa_", "shptka_"),
        HEX,
        (32, 32),
        source="Shopify documentation, access token prefixes",
        body=_HEX_32,
        near_miss=NearMiss("shpat_orders table", because="a name"),
    ),
)

MESSAGES: Final[tuple[Detector, ...]] = (
    provider_token(
        "slack",
        ("xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxo-", "xoxr-", "xoxs-", "xapp-", "xoxe."),
        r"A-Za-z0-9.\-",
        (20, 512),
        source="Slack documentation, token types",
        body="123456789012-123456789012-" + _FORTY[:24],
        near_miss=NearMiss("xoxb-your-token", because="a placeholder, too short"),
        cut=12,
    ),
    shaped_token(
        "slack_webhook",
        ("hooks.slack.com/",),
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<value>[A-Za-z0-9+/]{20,160})",
        source="Slack documentation, incoming webhooks",
        example=Example(
            "POST https://hooks.slack.com/services/T00000000/B00000000/" + _FORTY[:24] + " 200",
            found="T00000000/B00000000/" + _FORTY[:24],
        ),
        near_miss=NearMiss("https://hooks.slack.com/services/", because="no secret follows"),
    ),
    shaped_token(
        "discord_webhook",
        ("/api/webhooks/",),
        r"/api/webhooks/[0-9]{16,20}/(?P<value>[A-Za-z0-9_\-]{40,100})",
        source="Discord developer documentation, webhooks",
        example=Example(
            "https://discord.com/api/webhooks/123456789012345678/" + _FORTY + _FORTY[:28],
            found=_FORTY + _FORTY[:28],
        ),
        near_miss=NearMiss("/api/webhooks/123456789012345678/messages", because="a route"),
        word_start=False,
    ),
    shaped_token(
        "discord_bot",
        ("MT", "MD", "Mz", "Mj", "NT", "ND", "Nz", "Nj", "OD", "OT"),
        r"[MNO][A-Za-z0-9]{23,25}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,40}(?![A-Za-z0-9_\-])",
        anchor=r"[MNO][A-Za-z0-9]{23,25}\.[A-Za-z0-9_\-]{6}\.",
        source="Discord developer documentation, authentication",
        example=Example(
            "bot MTIzNDU2Nzg5MDEyMzQ1Njc4" + ".GhIjKl." + _FORTY[:38] + " up",
            found="MTIzNDU2Nzg5MDEyMzQ1Njc4" + ".GhIjKl." + _FORTY[:38],
        ),
        near_miss=NearMiss("MTIzNDU2Nzg5MDEyMzQ1Njc4.GhIjKl.short", because="too short"),
    ),
    shaped_token(
        "telegram_bot",
        (":AA",),
        r"[0-9]{8,10}:AA[A-Za-z0-9_\-]{33}(?![A-Za-z0-9_\-])",
        before="[0-9]",
        reach=10,
        word_start=False,
        source="Telegram Bot API, authorizing your bot",
        example=Example(
            "https://api.telegram.org/bot123456789:AA" + _FORTY[:33] + "/getMe",
            found="123456789:AA" + _FORTY[:33],
        ),
        near_miss=NearMiss("12345678:AABB", because="too short"),
    ),
    shaped_token(
        "twilio_api_key",
        ("SK",),
        r"SK[0-9a-f]{32}(?![0-9a-zA-Z])",
        anchor=r"SK[0-9a-f]{32}",
        source="Twilio documentation, API keys",
        example=Example("key SK" + _HEX_32 + ".", found="SK" + _HEX_32),
        near_miss=NearMiss("SKU 0f1e2d3c", because="an article"),
    ),
    shaped_token(
        "sendgrid",
        ("SG.",),
        rf"SG\.(?:[{BASE64URL}]{{16,32}}\.[{BASE64URL}]{{16,64}}|[{BASE64URL}]{{16,22}}\Z)",
        source="SendGrid documentation, API keys",
        example=Example(
            "key SG." + _FORTY[:22] + "." + _FORTY + "abc,",
            found="SG." + _FORTY[:22] + "." + _FORTY + "abc",
        ),
        near_miss=NearMiss("SG.example", because="too short"),
    ),
    shaped_token(
        "mailgun",
        ("key-",),
        r"key-[0-9a-f]{32}(?![0-9a-zA-Z])",
        anchor=r"key-[0-9a-f]{32}",
        source="Mailgun documentation, API keys",
        example=Example("api:key-" + _HEX_32 + "@", found="key-" + _HEX_32),
        near_miss=NearMiss("key-value pairs", because="words"),
    ),
    shaped_token(
        "mailchimp",
        ("-us",),
        r"[0-9a-f]{32}-us[0-9]{1,2}(?![0-9A-Za-z])",
        before="[0-9a-f]",
        reach=32,
        anchor=r"-us[0-9]",
        source="Mailchimp documentation, API keys",
        example=Example("key " + _HEX_32 + "-us19", found=_HEX_32 + "-us19"),
        near_miss=NearMiss("0f1e2d3c-us1", because="too short"),
    ),
    provider_token(
        "brevo",
        ("xkeysib-",),
        r"A-Za-z0-9\-",
        (60, 96),
        source="Brevo documentation, API keys",
        body=_HEX_64 + "-" + _FORTY[:16],
        near_miss=NearMiss("xkeysib-name here", because="too short"),
    ),
)

MODELS: Final[tuple[Detector, ...]] = (
    provider_token(
        "openai_project",
        ("sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-", "sk-or-v1-"),
        BASE64URL,
        (20, 300),
        source="OpenAI API reference, authentication; OpenRouter documentation",
        body=_FORTY * 2,
        near_miss=NearMiss("sk-proj-name here", because="too short"),
    ),
    provider_token(
        "openai",
        ("sk-",),
        ALPHANUMERIC,
        (32, 64),
        cut=16,
        source="OpenAI API reference, authentication",
        body=_FORTY[:20] + "T3BlbkFJ" + _FORTY[:20],
        near_miss=NearMiss(
            "sk-spinner and disk-a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8", because="names"
        ),
    ),
    provider_token(
        "anthropic",
        ("sk-ant-",),
        BASE64URL,
        (24, 300),
        source="Anthropic API documentation, authentication",
        body="api03-" + _FORTY * 2 + "AA",
        near_miss=NearMiss("sk-ant-name here", because="too short"),
    ),
    provider_token(
        "hugging_face",
        ("hf_",),
        ALPHANUMERIC,
        (34, 40),
        cut=16,
        source="Hugging Face documentation, user access tokens",
        body=_FORTY[:34],
        near_miss=NearMiss("hf_model_name loaded", because="a name"),
    ),
    provider_token(
        "groq",
        ("gsk_",),
        ALPHANUMERIC,
        (52, 52),
        cut=16,
        source="Groq documentation, API keys",
        body=_FORTY + _FORTY[:12],
        near_miss=NearMiss("gsk_table here", because="a name"),
    ),
    provider_token(
        "xai",
        ("xai-",),
        ALPHANUMERIC,
        (80, 80),
        cut=16,
        source="xAI documentation, API keys",
        body=_FORTY * 2,
        near_miss=NearMiss("xai-short here", because="too short"),
    ),
    provider_token(
        "replicate",
        ("r8_",),
        ALPHANUMERIC,
        (37, 37),
        cut=16,
        source="Replicate documentation, API tokens",
        body=_FORTY[:37],
        near_miss=NearMiss("r8_register here", because="a name"),
    ),
)

EVERYDAY: Final[tuple[Detector, ...]] = (
    provider_token(
        "linear",
        ("lin_api_", "lin_oauth_"),
        ALPHANUMERIC,
        (40, 64),
        source="Linear developers, API keys",
        body=_FORTY,
        near_miss=NearMiss("lin_api_calls counted", because="a name"),
    ),
    provider_token(
        "notion",
        ("ntn_",),
        ALPHANUMERIC,
        (40, 50),
        source="Notion developers changelog, token prefix",
        body=_FORTY + "abc123",
        near_miss=NearMiss("ntn_table here", because="a name"),
    ),
    provider_token(
        "notion_legacy",
        ("secret_",),
        ALPHANUMERIC,
        (43, 43),
        cut=24,
        source="Notion developers, authorization",
        body=_FORTY + "abc",
        near_miss=NearMiss("secret_name secret_key", because="names"),
    ),
    provider_token(
        "figma",
        ("figd_", "figu_", "figo_"),
        BASE64URL,
        (40, 60),
        source="Figma developers, access tokens",
        body=_FORTY,
        near_miss=NearMiss("figd_short here", because="too short"),
    ),
    provider_token(
        "postman",
        ("PMAK-",),
        r"0-9a-f\-",
        (59, 59),
        source="Postman documentation, API keys",
        body=_HEX_40[:24] + "-" + _HEX_64[:34],
        near_miss=NearMiss("PMAK-0f1e here", because="too short"),
    ),
    shaped_token(
        "airtable",
        ("pat",),
        r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}(?![0-9a-zA-Z])",
        anchor=r"pat[A-Za-z0-9]{14}\.[0-9a-f]{8}",
        source="Airtable documentation, personal access tokens",
        example=Example(
            "key pata1B2c3D4e5F6g7." + _HEX_64 + " x", found="pata1B2c3D4e5F6g7." + _HEX_64
        ),
        near_miss=NearMiss("pattern.0f1e2d3c path.x", because="names"),
    ),
    shaped_token(
        "dropbox",
        ("sl.",),
        rf"sl\.(?:u\.)?(?:[{BASE64URL}]{{100,2048}}|[{BASE64URL}]{{60,99}}\Z)",
        anchor=r"sl\.(?:u\.)?[A-Za-z0-9_\-]{60}",
        source="Dropbox developers, OAuth guide",
        example=Example("key sl." + "B" + _FORTY * 3 + " x", found="sl." + "B" + _FORTY * 3),
        near_miss=NearMiss("sl.example and ssl.conf", because="too short"),
    ),
    provider_token(
        "contentful",
        ("CFPAT-",),
        BASE64URL,
        (43, 43),
        source="Contentful documentation, personal access tokens",
        body=_FORTY + "abc",
        near_miss=NearMiss("CFPAT-short here", because="too short"),
    ),
    shaped_token(
        "resend",
        ("re_",),
        r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}(?![A-Za-z0-9])",
        anchor=r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}",
        source="Resend documentation, API keys",
        example=Example(
            "key re_" + "a1B2c3D4_" + _FORTY[:24], found="re_" + "a1B2c3D4_" + _FORTY[:24]
        ),
        near_miss=NearMiss("re_indexed_rows core_x", because="names"),
    ),
)

DETECTORS: Final = PAYMENTS + MESSAGES + MODELS + EVERYDAY
