"""Caches and documents: keys, values, filters and errors of Redis, memcached, MongoDB, Elasticsearch."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Final

from e2e.planted import CARD, EMAIL, PASSWORD, SURNAME, TOKEN
from instrumentation import answering
from instrumentation.driver import Driver, World

PLANTED: Final = (EMAIL, EMAIL.replace("@", "%40"), CARD, PASSWORD, SURNAME, TOKEN)


def redis(world: World) -> None:
    """Command a real Redis: sets, gets, a pipeline, a login, and a command that it doesn't know."""
    import redis

    client: Any = redis.Redis(port=world.servers["redis_port"])
    client.set(f"customer:{EMAIL}", CARD)
    client.get(f"customer:{EMAIL}")
    for refused in (("NOSUCHCOMMAND", EMAIL, CARD, TOKEN), ("AUTH", "shop", PASSWORD)):
        with contextlib.suppress(redis.RedisError):
            client.execute_command(*refused)
            raise AssertionError("Redis took it")
    with client.pipeline(transaction=False) as pipeline:
        pipeline.set(f"session:{TOKEN}", EMAIL)
        pipeline.delete(f"customer:{EMAIL}")
        pipeline.execute()
    client.close()


def pymemcache(world: World) -> None:
    """Command a real memcached, also with what its client refuses."""
    from pymemcache.client.base import Client
    from pymemcache.exceptions import MemcacheError

    client: Any = Client(("127.0.0.1", world.servers["memcached_port"]))
    client.set(f"customer:{EMAIL}", CARD)
    client.get(f"customer:{EMAIL}")
    client.set_many({f"token:{TOKEN}": EMAIL})
    client.delete(f"token:{TOKEN}")
    with contextlib.suppress(MemcacheError):
        client.set(f"customer {EMAIL}", CARD)
        raise AssertionError("memcached took it")
    client.close()


def pymongo(world: World) -> None:
    """Insert, find and update by the real client over its own protocol."""
    import pymongo
    from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
    from pymongo.errors import DuplicateKeyError

    with answering.mongo() as port:
        client: Any = pymongo.MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=60_000)
        client.shop.customers.insert_one({"mail": EMAIL, "card": CARD})
        list(client.shop.customers.find({"mail": EMAIL, "surname": SURNAME}))
        with contextlib.suppress(DuplicateKeyError):
            client.shop.customers.update_one({"mail": EMAIL}, {"$set": {"token": TOKEN}})
            raise AssertionError("MongoDB took it")
        client.close()
    # The instrumentor keeps its first listener, and with it the provider of the first run.
    instrumentor: Any = PymongoInstrumentor()
    instrumentor._commandtracer_instance.is_enabled = False
    instrumentor._commandtracer_instance = None


def capture_searches() -> None:
    """Ask Elasticsearch's client, which traces itself, for the whole of a search."""
    os.environ["OTEL_PYTHON_INSTRUMENTATION_ELASTICSEARCH_CAPTURE_SEARCH_QUERY"] = "raw"


def elasticsearch(world: World) -> None:
    """Index and search by the real client, which needs no instrumentor since its version 8.13."""
    from elasticsearch import ApiError, Elasticsearch, _otel
    from opentelemetry import trace

    module: Any = _otel
    module._tracer = trace.get_tracer("elasticsearch-api")  # it keeps that of the first provider
    with answering.http(answering.elasticsearch) as url:
        client = Elasticsearch(url, basic_auth=("elastic", PASSWORD))
        client.index(index="customers", id=EMAIL, document={"mail": EMAIL})
        client.search(index="customers", query={"match": {"surname": SURNAME}})
        with contextlib.suppress(ApiError):
            client.search(index="nosuch", query={"match": {"mail": EMAIL, "card": CARD}})
            raise AssertionError("Elasticsearch took it")
        client.close()


DRIVERS: Final = (
    Driver(
        name="redis",
        instrumentors=("redis",),
        packages=("redis", "opentelemetry-instrumentation-redis"),
        drive=redis,
        planted=PLANTED,
        texts=("SET", "GET", "NOSUCHCOMMAND"),
        needs=("redis_port",),
    ),
    Driver(
        name="pymemcache",
        instrumentors=("pymemcache",),
        packages=("pymemcache", "opentelemetry-instrumentation-pymemcache"),
        drive=pymemcache,
        planted=PLANTED,
        names=("set", "get", "set_many", "delete"),
        texts=("set customer:", "set_many token:"),
        needs=("memcached_port",),
    ),
    Driver(
        name="pymongo",
        instrumentors=("pymongo",),
        packages=("pymongo", "opentelemetry-instrumentation-pymongo"),
        drive=pymongo,
        planted=PLANTED,
        names=("shop.insert", "shop.find", "shop.update"),
        texts=("customers", "E11000 duplicate key error collection: shop.customers"),
    ),
    Driver(
        name="elasticsearch",
        instrumentors=(),
        packages=("elasticsearch",),
        drive=elasticsearch,
        prepare=capture_searches,
        planted=PLANTED,
        names=("index", "search"),
        texts=("customers", "/customers/_search", '{"query":{"match":{"surname":"?"}}}'),
    ),
)
