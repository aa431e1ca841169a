"""The instrumentors that are known: a file for each that needs something, a line for the others.

An entry is held by its driver in `tests/instrumentation/drivers`: the real instrumentor makes spans
with planted values, of which nothing leaves.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.instrumentation.aiohttp import AIOHTTP_SERVER
from jaeger_guard.instrumentation.django import DJANGO
from jaeger_guard.instrumentation.flask import FLASK
from jaeger_guard.instrumentation.framework import Framework
from jaeger_guard.instrumentation.logging import LOGGING
from jaeger_guard.instrumentation.requests import REQUESTS
from jaeger_guard.instrumentation.starlette import FASTAPI, STARLETTE
from jaeger_guard.instrumentation.tornado import TORNADO


def _plain(name: str, extra: str = "") -> Framework:
    """Describe an instrumentor that needs nothing of ours; its extra is called as it is."""
    return Framework(name=name, extra=extra or name)


FRAMEWORKS: Final = (
    # Servers.
    AIOHTTP_SERVER,
    DJANGO,
    FASTAPI,
    FLASK,
    STARLETTE,
    TORNADO,
    # Clients.
    _plain("aiohttp-client"),
    _plain("httpx"),
    REQUESTS,
    _plain("urllib"),
    _plain("urllib3"),
    # Both.
    _plain("grpc_aio_client", extra="grpc"),
    _plain("grpc_aio_server", extra="grpc"),
    _plain("grpc_client", extra="grpc"),
    _plain("grpc_server", extra="grpc"),
    # Databases.
    _plain("asyncpg"),
    _plain("psycopg"),
    _plain("psycopg2"),
    _plain("pymemcache"),
    _plain("pymongo"),
    _plain("pymysql"),
    _plain("redis"),
    _plain("sqlalchemy"),
    _plain("sqlite3"),
    # Messaging.
    _plain("aio-pika"),
    _plain("aiokafka"),
    _plain("celery"),
    _plain("confluent_kafka", extra="confluent-kafka"),
    _plain("kafka", extra="kafka-python"),
    _plain("pika"),
    # Services.
    _plain("anthropic"),
    _plain("boto3", extra="boto3sqs"),
    _plain("botocore"),
    _plain("openai"),
    # Others.
    LOGGING,
)

BY_NAME: Final = {framework.name: framework for framework in FRAMEWORKS}


def framework_of(name: str) -> Framework:
    """Return what is known of the instrumentor of a name; one that isn't listed is used as it is."""
    return BY_NAME.get(name) or Framework(name=name, extra="")
