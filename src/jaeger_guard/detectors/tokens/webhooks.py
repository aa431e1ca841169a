"""Webhook addresses: whoever knows one may post, so what follows the host is the secret."""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.detector import NearMiss
from jaeger_guard.detectors.tokens.token import Token


def _webhook(
    name: str,
    provider: str,
    addresses: tuple[str, ...],
    shapes: str | tuple[str, ...],
    source: str,
    *,
    drawn: bool = True,
    cut: int = 12,
    near_misses: tuple[NearMiss, ...] = (),
) -> Token:
    return Token(
        name,
        provider,
        "webhook",
        addresses,
        shapes,
        source,
        behind=True,
        glued=True,
        drawn=drawn,
        cut=cut,
        near_misses=near_misses,
    )


TOKENS: Final[tuple[Token, ...]] = (
    _webhook(
        "slack_webhook",
        "Slack",
        (
            *("hooks.slack.com/services/", "hooks.slack.com/workflows/"),
            *("hooks.slack.com/triggers/", "hooks.slack-gov.com/services/"),
        ),
        "{slashed:20-160}",
        "https://api.slack.com/messaging/webhooks",
        drawn=False,  # the host alone says enough
    ),
    _webhook(
        "discord_webhook",
        "Discord",
        ("/api/webhooks/",),
        "{digit:16-20}/{base64url:60-100}",
        "https://discord.com/developers/docs/resources/webhook",
        cut=32,
        near_misses=(
            NearMiss("/api/webhooks/123456789012345678/messages", because="a route"),
            NearMiss("POST /api/webhooks/stripe", because="a route"),
        ),
    ),
    _webhook(
        "teams_webhook",
        "Microsoft Teams",
        (".webhook.office.com/webhookb2/", "outlook.office.com/webhook/"),
        "{at:60-220}",
        "https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook",
    ),
    _webhook(
        "zapier_webhook",
        "Zapier",
        ("hooks.zapier.com/hooks/catch/", "hooks.zapier.com/hooks/standard/"),
        "{slashed:10-60}",
        "https://help.zapier.com/hc/en-us/articles/8496288690317",
    ),
    _webhook(
        "ifttt_webhook",
        "IFTTT",
        ("/with/key/",),
        "{base64url:20-64}",
        "https://ifttt.com/maker_webhooks",
    ),
    _webhook(
        "make_webhook",
        "Make",
        tuple(f"hook.{zone}.make.com/" for zone in ("eu1", "eu2", "us1", "us2")),
        "{lower:28-40}",
        "https://help.make.com/webhooks",
    ),
    _webhook(
        "google_chat_webhook",
        "Google Chat",
        ("chat.googleapis.com/v1/spaces/",),
        "{query:40-400}",
        "https://developers.google.com/workspace/chat/quickstart/webhooks",
    ),
    _webhook(
        "lark_webhook",
        "Lark and Feishu",
        ("open.feishu.cn/open-apis/bot/v2/hook/", "open.larksuite.com/open-apis/bot/v2/hook/"),
        "{uuid}",
        "https://open.larksuite.com/document/client-docs/bot-v3/add-custom-bot",
    ),
    _webhook(
        "dingtalk_webhook",
        "DingTalk",
        ("oapi.dingtalk.com/robot/send?access_token=",),
        "{hex:64}",
        "https://open.dingtalk.com/document/robots/custom-robot-access",
    ),
    _webhook(
        "wecom_webhook",
        "WeCom",
        ("qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",),
        "{uuid}",
        "https://developer.work.weixin.qq.com/document/path/91770",
    ),
    _webhook(
        "webex_webhook",
        "Webex",
        ("webexapis.com/v1/webhooks/incoming/",),
        "{base64url:70-120}",
        "https://apphub.webex.com/applications/incoming-webhooks-cisco-systems-38054-23307-75252",
    ),
    _webhook(
        "pipedream_webhook",
        "Pipedream",
        (".m.pipedream.net/",),
        "{slashed:12-80}",
        "https://pipedream.com/docs/workflows/building-workflows/triggers#http",
    ),
    _webhook(
        "healthchecks",
        "Healthchecks.io",
        ("hc-ping.com/",),
        "{uuid}",
        "https://healthchecks.io/docs/http_api/",
    ),
    _webhook(
        "opsgenie_webhook",
        "Opsgenie",
        ("api.opsgenie.com/v1/json/integrations/webhooks/",),
        "{query:20-120}",
        "https://docs.opsgenie.com/docs/webhook-integration",
    ),
    _webhook(
        "airtable_webhook",
        "Airtable",
        ("hooks.airtable.com/workflows/v1/genericWebhook/",),
        "{slashed:30-80}",
        "https://support.airtable.com/docs/when-webhook-received-trigger",
    ),
    _webhook(
        "rocket_chat_webhook",
        "Rocket.Chat",
        ("/hooks/",),
        "{alnum:17-24}/{alnum:40-64}",
        "https://docs.rocket.chat/docs/integrations",
        cut=32,
        near_misses=(NearMiss("/hooks/incoming/github/push", because="a route"),),
    ),
)
