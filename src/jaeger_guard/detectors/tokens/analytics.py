"""Tokens of analytics, and of what looks after the security of what runs."""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.tokens.token import Token

ANALYTICS: Final[tuple[Token, ...]] = (
    Token(
        "posthog",
        "PostHog",
        "personal and feature flag key",
        ("phx_", "phs_", "pha_", "phr_"),
        "{alnum:40-56}",
        "https://posthog.com/docs/api",
    ),
    Token(
        "segment",
        "Segment",
        "public API token",
        ("sgp_",),
        "{alnum:64}",
        "https://docs.segmentapis.com/tag/Getting-Started",
        cut=41,
    ),
    Token(
        "segment_write",
        "Segment",
        "write key",
        (),
        ("{base64url:43}.{base64url:43}", "{alnum:32}"),
        "https://segment.com/docs/connections/find-writekey/",
        beside=("segment",),
    ),
    Token(
        "amplitude",
        "Amplitude",
        "API and secret key",
        (),
        "{hex:32}",
        "https://amplitude.com/docs/apis/authentication",
        beside=("amplitude",),
    ),
    Token(
        "mixpanel",
        "Mixpanel",
        "project token and secret",
        (),
        ("{hex:32}", "{alnum:32}"),
        "https://developer.mixpanel.com/reference/authentication",
        beside=("mixpanel",),
    ),
    Token(
        "heap",
        "Heap",
        "API key",
        (),
        "{hex:32}",
        "https://developers.heap.io/reference/authentication-1",
        beside=("heap_api", "heapanalytics", "heap.io"),
    ),
    Token(
        "looker",
        "Looker",
        "client secret",
        (),
        ("{lower:24}", "{lower:20}"),
        "https://cloud.google.com/looker/docs/api-auth",
        beside=("looker",),
    ),
)

SECURITY: Final[tuple[Token, ...]] = (
    Token(
        "shodan",
        "Shodan",
        "API key",
        (),
        "{alnum:32}",
        "https://developer.shodan.io/api/requirements",
        beside=("shodan",),
    ),
    Token(
        "virustotal",
        "VirusTotal",
        "API key",
        (),
        "{hex:64}",
        "https://docs.virustotal.com/reference/authentication",
        beside=("virustotal", "virus_total", "vt_api"),
    ),
    Token(
        "abuseipdb",
        "AbuseIPDB",
        "API key",
        (),
        "{hex:80}",
        "https://docs.abuseipdb.com/",
        beside=("abuseipdb",),
    ),
    Token(
        "urlscan",
        "urlscan.io",
        "API key",
        (),
        "{uuid}",
        "https://urlscan.io/docs/api/",
        beside=("urlscan",),
    ),
    Token(
        "tenable",
        "Tenable",
        "access and secret key",
        (),
        "{hex:64}",
        "https://developer.tenable.com/docs/authorization",
        beside=("tenable", "nessus"),
    ),
    Token(
        "maxmind",
        "MaxMind",
        "license key",
        (),
        "{alnum:6}_{alnum:29}_mmk",
        "https://dev.maxmind.com/license-key",
    ),
    Token(
        "lacework",
        "Lacework",
        "API key",
        (),
        ("_{hex:32}", "{hex:32}"),
        "https://docs.fortinet.com/document/lacework-forticnapp",
        beside=("lacework",),
    ),
    Token(
        "crowdstrike",
        "CrowdStrike",
        "client secret",
        (),
        "{alnum:40}",
        "https://falcon.crowdstrike.com/documentation/",
        beside=("crowdstrike", "falcon"),
    ),
    Token(
        "ipinfo",
        "IPinfo and ipstack",
        "access token",
        (),
        ("{hex:32}", "{hex:14}"),
        "https://ipinfo.io/developers",
        beside=("ipinfo", "ipstack", "ipdata", "ipgeolocation", "ipify"),
    ),
)

TOKENS: Final = ANALYTICS + SECURITY
