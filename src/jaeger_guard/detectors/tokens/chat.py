"""Tokens of messengers and of support by chat."""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.detector import NearMiss, Shape
from jaeger_guard.detectors.tokens.token import Token

_SLACK: Final = "https://api.slack.com/concepts/token-types"


def _is_drawn_in_parts(token: str) -> bool:
    """Say whether the long parts have digits, as dotted names of code seldom do."""
    first, _, last = token.split(".")
    return any(map(str.isdigit, first)) and any(map(str.isdigit, last))


TOKENS: Final[tuple[Token, ...]] = (
    Token(
        "slack",
        "Slack",
        "bot, user, workspace, refresh, session and configuration token",
        (
            *("xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxo-", "xoxr-", "xoxs-", "xoxc-", "xoxd-"),
            *("xoxe.xoxb-", "xoxe.xoxp-"),
        ),
        "{percent:20-512}",
        _SLACK,
        cut=12,
        near_misses=(NearMiss("xoxb-your-bot-token-goes-here", because="a placeholder"),),
    ),
    Token(
        "slack_app",
        "Slack",
        "app-level and workflow token",
        ("xapp-", "xwfp-"),
        "{dashed:20-256}",
        _SLACK,
        cut=12,
    ),
    Token(
        "slack_signing_secret",
        "Slack",
        "signing secret",
        (),
        "{hex:32}",
        "https://api.slack.com/authentication/verifying-requests-from-slack",
        beside=("slack",),
    ),
    Token(
        "discord_bot",
        "Discord",
        "bot token",
        (),
        (
            "M{base64url:23-27}.{base64url:6}.{base64url:27-40}",
            "N{base64url:23-27}.{base64url:6}.{base64url:27-40}",
            "O{base64url:23-27}.{base64url:6}.{base64url:27-40}",
        ),
        "https://discord.com/developers/docs/reference#authentication",
        # The first part is a number in base64, which has no letters in common but its first.
        gate=Shape(
            pattern=r"\.(?<=[A-Za-z0-9_\-]{24}\.)[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27}", sign="."
        ),
        check=_is_drawn_in_parts,
        near_misses=(
            NearMiss("MTIzNDU2Nzg5MDEyMzQ1Njc4.GhIjKl.short", because="too short"),
            NearMiss(
                "MyVeryLongServiceClassName.handle.anotherVeryLongMethodName",
                because="names",
            ),
        ),
    ),
    Token(
        "discord_user",
        "Discord",
        "token of an account with a second factor",
        ("mfa.",),
        "{base64url:84-95}",
        "https://discord.com/developers/docs/reference#authentication",
        cut=24,
    ),
    Token(
        "discord_client",
        "Discord",
        "client secret",
        (),
        "{base64url:32}",
        "https://discord.com/developers/docs/topics/oauth2",
        beside=("discord",),
    ),
    Token(
        "telegram_bot",
        "Telegram",
        "bot token",
        (),
        "{digit:8-10}:AA{base64url:33}",
        "https://core.telegram.org/bots/api#authorizing-your-bot",
        glued=True,
    ),
    Token(
        "mattermost",
        "Mattermost",
        "access token",
        (),
        "{lower:26}",
        "https://developers.mattermost.com/integrate/reference/personal-access-token/",
        beside=("mattermost",),
    ),
    Token(
        "rocket_chat",
        "Rocket.Chat",
        "personal access token",
        (),
        "{base64url:43}",
        "https://developer.rocket.chat/apidocs",
        beside=("rocketchat", "rocket.chat", "rocket_chat"),
    ),
    Token(
        "zulip",
        "Zulip",
        "API key",
        (),
        "{alnum:32}",
        "https://zulip.com/api/api-keys",
        beside=("zulip",),
    ),
    Token(
        "line",
        "LINE",
        "channel access token",
        (),
        ("{base64:171}=", "{base64:172}"),
        "https://developers.line.biz/en/docs/messaging-api/channel-access-tokens/",
        beside=("line_", "line channel", "line bot"),
    ),
    Token(
        "viber",
        "Viber",
        "bot token",
        (),
        "{hex:16}-{hex:16}-{hex:16}",
        "https://developers.viber.com/docs/api/rest-bot-api/",
        beside=("viber",),
    ),
    Token(
        "wechat",
        "WeChat",
        "app secret",
        (),
        "{hex:32}",
        "https://developers.weixin.qq.com/doc/",
        beside=("wechat", "weixin"),
    ),
    Token(
        "webex",
        "Webex",
        "bot and personal access token",
        (),
        "{base64url:64}_{alnum:4}_{uuid}",
        "https://developer.webex.com/docs/bots",
        beside=("webex",),
    ),
    Token(
        "intercom",
        "Intercom",
        "access token",
        ("dG9rO",),  # "tok:" in base64
        "{base64:50-60}=",
        "https://developers.intercom.com/docs/build-an-integration/learn-more/authentication",
        cut=24,
    ),
    Token(
        "zendesk",
        "Zendesk",
        "API token",
        (),
        "{alnum:40}",
        "https://developer.zendesk.com/api-reference/introduction/security-and-auth/",
        beside=("zendesk",),
    ),
    Token(
        "freshdesk",
        "Freshdesk",
        "API key",
        (),
        "{alnum:20}",
        "https://developers.freshdesk.com/api/#authentication",
        beside=("freshdesk", "freshservice"),
    ),
    Token(
        "sendbird",
        "Sendbird",
        "API token",
        (),
        "{hex:40}",
        "https://sendbird.com/docs/chat/platform-api/v3/prepare-to-use-api",
        beside=("sendbird",),
    ),
    Token(
        "pusher",
        "Pusher",
        "app secret",
        (),
        "{hex:20}",
        "https://pusher.com/docs/channels/library_auth_reference/rest-api/",
        beside=("pusher",),
    ),
    Token(
        "ably",
        "Ably",
        "API key",
        (),
        "{base64url:6}.{base64url:6}:{base64url:40-43}",
        "https://ably.com/docs/auth/basic",
        beside=("ably",),
    ),
    Token(
        "pubnub",
        "PubNub",
        "secret key",
        ("sec-c-",),
        "{padded:40-52}",
        "https://www.pubnub.com/docs/general/setup/account-setup",
    ),
    Token(
        "pushover",
        "Pushover",
        "application token",
        (),
        "{lower:30}",
        "https://pushover.net/api",
        beside=("pushover",),
    ),
    Token(
        "pushbullet",
        "Pushbullet",
        "access token",
        (),
        "o.{alnum:32}",
        "https://docs.pushbullet.com/#authentication",
        beside=("pushbullet",),
    ),
    Token(
        "onesignal",
        "OneSignal",
        "app and organization API key",
        ("os_v2_app_", "os_v2_org_"),
        "{lower:80-120}",
        "https://documentation.onesignal.com/docs/keys-and-ids",
    ),
    Token(
        "knock",
        "Knock",
        "service token",
        ("knock_st_",),
        "{base64url:30-60}",
        "https://docs.knock.app/developer-tools/service-tokens",
    ),
    Token(
        "courier",
        "Courier",
        "API key",
        ("pk_prod_", "pk_test_"),
        "{upper:28}",
        "https://www.courier.com/docs/reference/authorization",
        near_misses=(
            NearMiss("pk_test_4eC39HqLyjWDarjtT1zdp7dc", because="Stripe's publishable key"),
        ),
    ),
)
