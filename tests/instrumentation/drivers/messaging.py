"""Brokers: destinations, keys, headers, ids and bodies of messages, sent and received."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from e2e.planted import BEARER, CARD, EMAIL, TOKEN
from instrumentation.driver import Driver, World

SECONDS: Final = 60
PLANTED: Final = (EMAIL, CARD, TOKEN, BEARER)
QUEUE: Final = f"orders.{EMAIL}"
BODY: Final = f"card {CARD}".encode()
KAFKA_HEADERS: Final[list[Any]] = [("authorization", f"Bearer {BEARER}".encode())]
TOPIC: Final = "orders"


def pika(world: World) -> None:
    """Publish to a real RabbitMQ, and consume."""
    import pika

    address = f"amqp://guest:guest@127.0.0.1:{world.servers['rabbitmq_port']}/%2f"
    connection = pika.BlockingConnection(pika.URLParameters(address))
    channel = connection.channel()
    channel.queue_declare(QUEUE)
    properties = pika.BasicProperties(
        headers={"authorization": f"Bearer {BEARER}"}, message_id=EMAIL, correlation_id=TOKEN
    )
    channel.basic_publish("", QUEUE, BODY, properties)

    def received(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        channel.basic_ack(method.delivery_tag)
        channel.stop_consuming()

    channel.basic_consume(QUEUE, received)
    channel.start_consuming()
    channel.queue_delete(QUEUE)
    connection.close()


def aio_pika(world: World) -> None:
    """Publish to a real RabbitMQ, and consume, in an event loop."""
    import aio_pika

    async def session() -> None:
        port = world.servers["rabbitmq_port"]
        connection = await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{port}/")
        channel = await connection.channel()
        queue = await channel.declare_queue(QUEUE)
        message = aio_pika.Message(
            BODY, headers={"token": TOKEN}, message_id=EMAIL, correlation_id=TOKEN
        )
        await channel.default_exchange.publish(message, routing_key=QUEUE)
        done = asyncio.get_running_loop().create_future()

        async def received(message: Any) -> None:
            async with message.process():
                done.set_result(None)

        tag = await queue.consume(received)
        await asyncio.wait_for(done, SECONDS)
        await queue.cancel(tag)
        await queue.delete()
        await connection.close()

    asyncio.run(session())


@contextmanager
def broker() -> Iterator[str]:
    """Run the broker that librdkafka brings for tests; lend its address."""
    from confluent_kafka.cimpl import Producer  # the class that no instrumentor has replaced

    cluster = Producer({"bootstrap.servers": "none:1", "test.mock.num.brokers": 1, "log_level": 0})
    (address,) = cluster.list_topics(timeout=SECONDS).brokers.values()
    yield f"{address.host}:{address.port}"
    cluster.purge()


def confluent_kafka(world: World) -> None:
    """Produce and consume by confluent-kafka."""
    import confluent_kafka

    with broker() as address:
        producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 0})
        producer.produce(TOPIC, key=EMAIL, value=BODY, headers=KAFKA_HEADERS)
        assert producer.flush(SECONDS) == 0
        settings = {
            "bootstrap.servers": address,
            "group.id": f"shop-{EMAIL}",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
        consumer = confluent_kafka.Consumer(settings)
        consumer.subscribe([TOPIC])
        for _ in range(SECONDS):
            if consumer.poll(1.0) is not None:
                break
        else:
            raise AssertionError("no message came")
        consumer.close()


def kafka(world: World) -> None:
    """Produce and consume by kafka-python."""
    import logging

    import kafka

    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    with broker() as address:
        producer = kafka.KafkaProducer(bootstrap_servers=address)
        sent = producer.send(TOPIC, key=EMAIL.encode(), value=BODY, headers=KAFKA_HEADERS)
        sent.get(SECONDS)
        producer.close()
        consumer = kafka.KafkaConsumer(
            TOPIC,
            bootstrap_servers=address,
            auto_offset_reset="earliest",
            group_id=None,
            consumer_timeout_ms=SECONDS * 1000,
        )
        assert next(consumer).value == BODY
        consumer.close()


def aiokafka(world: World) -> None:
    """Produce and consume by aiokafka."""
    import aiokafka

    async def session(address: str) -> None:
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=address)
        await producer.start()
        await producer.send_and_wait(TOPIC, key=EMAIL.encode(), value=BODY, headers=KAFKA_HEADERS)
        await producer.stop()
        consumer = aiokafka.AIOKafkaConsumer(
            TOPIC, bootstrap_servers=address, auto_offset_reset="earliest"
        )
        await consumer.start()
        assert (await asyncio.wait_for(consumer.getone(), SECONDS)).value == BODY
        await consumer.stop()

    with broker() as address:
        asyncio.run(session(address))


def celery(world: World) -> None:
    """Send tasks over a real Redis to a worker in this process; one of them fails."""
    from celery import Celery
    from celery.contrib.testing.worker import start_worker

    address = f"redis://127.0.0.1:{world.servers['redis_port']}/1"
    app: Any = Celery("shop", broker=address, backend=address)
    app.conf.update(worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)

    def charge(mail: str, card: str) -> str:
        return f"charged {card}"

    def refuse(mail: str, card: str) -> None:
        raise ValueError(f"no card {card} of {mail}")

    charging = app.task(charge, name="shop.charge")
    refusing = app.task(refuse, name="shop.refuse")
    with start_worker(app, perform_ping_check=False, pool="solo", shutdown_timeout=SECONDS):
        with world.tracer.start_as_current_span("checkout"):
            charging.apply_async((EMAIL, CARD), headers={"authorization": f"Bearer {BEARER}"}).get(
                SECONDS
            )
            result = refusing.apply_async((EMAIL, CARD))
        result.get(SECONDS, propagate=False)
        assert result.failed()
    app.close()


def _rabbit(drive: Any, library: str, name: str, *names: str) -> Driver:
    return Driver(
        name=name,
        instrumentors=(name,),
        packages=(library, f"opentelemetry-instrumentation-{name}"),
        drive=drive,
        planted=PLANTED,
        texts=("rabbitmq", " send", " receive"),
        needs=("rabbitmq_port",),
    )


def _kafka(drive: Any, library: str, *, clean: bool) -> Driver:
    return Driver(
        name=drive.__name__,
        instrumentors=(drive.__name__,),
        packages=(library, f"opentelemetry-instrumentation-{library}"),
        drive=drive,
        planted=PLANTED,
        names=("orders send",),
        texts=("kafka", TOPIC),
        clean=clean,
    )


DRIVERS: Final = (
    _rabbit(pika, "pika", "pika"),
    _rabbit(aio_pika, "aio-pika", "aio-pika"),
    _kafka(confluent_kafka, "confluent-kafka", clean=True),
    _kafka(kafka, "kafka-python", clean=True),
    _kafka(aiokafka, "aiokafka", clean=False),
    Driver(
        name="celery",
        instrumentors=("celery",),
        packages=("celery", "opentelemetry-instrumentation-celery"),
        drive=celery,
        planted=PLANTED,
        names=("apply_async/shop.charge", "run/shop.charge", "run/shop.refuse"),
        texts=("shop.charge", "SUCCESS", "FAILURE", "ValueError"),
        parents=(
            ("apply_async/shop.charge", "checkout"),
            ("run/shop.charge", "apply_async/shop.charge"),
        ),
        needs=("redis_port",),
    ),
)
