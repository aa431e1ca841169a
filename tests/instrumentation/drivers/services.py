"""Services behind an SDK: AWS (moto's server), and language models (answered in the process)."""

from __future__ import annotations

import contextlib
import json
import logging
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

from e2e.planted import BEARER, CARD, EMAIL, IBAN, TOKEN
from instrumentation import answering
from instrumentation.driver import Driver, World

PLANTED: Final = (EMAIL, CARD, IBAN, TOKEN, BEARER)
QUESTION: Final = f"What is the card of {EMAIL}?"
PAYLOAD: Final = json.dumps({"card": CARD}).encode()
ATTRIBUTES: Final = {"authorization": {"DataType": "String", "StringValue": BEARER}}


@contextlib.contextmanager
def aws() -> Iterator[dict[str, Any]]:
    """Run moto's server; lend what a client of it is made with."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    yield {
        "endpoint_url": url,
        "region_name": "eu-central-1",
        "aws_access_key_id": "testing",
        "aws_secret_access_key": BEARER,
    }
    urllib.request.urlopen(f"{url}/moto-api/reset", data=b"").close()  # it is one per process
    server.stop()


def botocore(world: World) -> None:
    """Use S3, DynamoDB and Lambda, also what isn't there, by boto3's clients."""
    import boto3
    from botocore.exceptions import ClientError

    with aws() as settings:
        objects = boto3.client("s3", **settings)
        place = {"LocationConstraint": settings["region_name"]}
        objects.create_bucket(Bucket="orders", CreateBucketConfiguration=place)
        objects.put_object(Bucket="orders", Key=f"users/{EMAIL}", Body=CARD.encode())
        with contextlib.suppress(ClientError):
            objects.get_object(Bucket="orders", Key=f"nosuch/{EMAIL}")
            raise AssertionError("S3 found it")
        tables = boto3.client("dynamodb", **settings)
        tables.create_table(
            TableName="customers",
            KeySchema=[{"AttributeName": "mail", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "mail", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        tables.put_item(TableName="customers", Item={"mail": {"S": EMAIL}, "card": {"S": CARD}})
        tables.query(
            TableName="customers",
            KeyConditionExpression="mail = :mail",
            ExpressionAttributeValues={":mail": {"S": EMAIL}},
        )
        functions = boto3.client("lambda", **settings)
        with contextlib.suppress(ClientError):
            functions.invoke(FunctionName=f"charge-{TOKEN}", Payload=PAYLOAD)
            raise AssertionError("Lambda found it")


def boto3sqs(world: World) -> None:
    """Send and receive by SQS."""
    import boto3

    with aws() as settings:
        queues = boto3.client("sqs", **settings)
        url = queues.create_queue(QueueName="orders")["QueueUrl"]
        queues.send_message(QueueUrl=url, MessageBody=CARD, MessageAttributes=ATTRIBUTES)
        received = queues.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        for message in received["Messages"]:
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def openai(world: World) -> None:
    """Ask a chat, an embedding, and with a key that is refused."""
    import openai

    with answering.http(answering.openai) as url:
        client = openai.OpenAI(api_key=BEARER, base_url=f"{url}/v1", max_retries=0)
        client.chat.completions.create(
            model="gpt-4o",
            messages=[
                {"role": "system", "content": f"You serve {EMAIL}"},
                {"role": "user", "content": QUESTION},
            ],
            user=EMAIL,
        )
        client.embeddings.create(model="text-embedding-3-small", input=EMAIL)
        with contextlib.suppress(openai.AuthenticationError):
            client.chat.completions.create(
                model="nosuch", messages=[{"role": "user", "content": QUESTION}]
            )
            raise AssertionError("it was answered")
        client.close()


def anthropic(world: World) -> None:
    """Ask with a tool, and with a key that is refused."""
    import anthropic

    with answering.http(answering.anthropic) as url:
        client = anthropic.Anthropic(api_key=BEARER, base_url=url, max_retries=0)
        schema: dict[str, object] = {"type": "object", "properties": {"iban": {"type": "string"}}}
        client.messages.create(
            model="claude",
            max_tokens=99,
            system=f"You serve {EMAIL}",
            messages=[{"role": "user", "content": QUESTION}],
            tools=[{"name": "refund", "description": "Refunds.", "input_schema": schema}],
        )
        with contextlib.suppress(anthropic.AuthenticationError):
            client.messages.create(
                model="nosuch", max_tokens=99, messages=[{"role": "user", "content": QUESTION}]
            )
            raise AssertionError("it was answered")
        client.close()


DRIVERS: Final = (
    Driver(
        name="botocore",
        instrumentors=("botocore",),
        packages=("botocore", "opentelemetry-instrumentation-botocore"),
        drive=botocore,
        planted=PLANTED,
        names=("S3.PutObject", "DynamoDB.Query"),
        texts=("customers", "NoSuchKey", "404"),
    ),
    Driver(
        name="boto3sqs",
        instrumentors=("boto3",),
        packages=("boto3", "opentelemetry-instrumentation-boto3sqs"),
        drive=boto3sqs,
        planted=PLANTED,
        names=("orders send", "orders receive", "orders process"),
        texts=("aws.sqs",),
        clean=True,
    ),
    Driver(
        name="openai",
        instrumentors=("openai",),
        packages=("openai", "opentelemetry-instrumentation-openai-v2"),
        drive=openai,
        planted=PLANTED,
        names=("chat gpt-4o", "embeddings text-embedding-3-small", "chat nosuch"),
        texts=("gpt-4o", "AuthenticationError", "Incorrect API key provided"),
    ),
    Driver(
        name="anthropic",
        instrumentors=("anthropic",),
        packages=("anthropic", "opentelemetry-instrumentation-anthropic"),
        drive=anthropic,
        planted=PLANTED,
        texts=("claude", "AuthenticationError", "Incorrect API key provided"),
    ),
)
