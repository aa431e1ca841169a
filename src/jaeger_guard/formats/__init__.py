"""The registry of formats: every kind of text that can be taken apart into named leaves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from jaeger_guard.formats.authorization import AUTHORIZATION
from jaeger_guard.formats.body import recognize_body
from jaeger_guard.formats.command import COMMAND
from jaeger_guard.formats.cookie import COOKIE, SET_COOKIE
from jaeger_guard.formats.csv_text import CSV
from jaeger_guard.formats.form import FORM
from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.graphql import GRAPHQL
from jaeger_guard.formats.gremlin import GREMLIN
from jaeger_guard.formats.headers import HEADERS
from jaeger_guard.formats.json_text import JSON
from jaeger_guard.formats.ldap import LDAP
from jaeger_guard.formats.mongo import MONGO
from jaeger_guard.formats.redis import REDIS
from jaeger_guard.formats.sql import SQL
from jaeger_guard.formats.stacktrace import STACKTRACE
from jaeger_guard.formats.text import TEXT
from jaeger_guard.formats.url import URL, URL_PATH, URL_QUERY
from jaeger_guard.formats.xml import XML

FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            # In the order in which a text under an unknown key should be tried: the stricter first.
            STACKTRACE,
            JSON,
            XML,
            URL,
            SQL,
            GRAPHQL,
            CSV,
            FORM,
            URL_PATH,
            URL_QUERY,
            AUTHORIZATION,
            COOKIE,
            SET_COOKIE,
            HEADERS,
            MONGO,
            GREMLIN,
            LDAP,
            REDIS,
            COMMAND,
            TEXT,
        )
    }
)

__all__ = ["FORMATS", "Format", "FormatExample", "NotThisFormatError", "recognize_body"]
