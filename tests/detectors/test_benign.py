"""What an engineer needs is found by no detector: ids, hashes, times, versions, routes, agents."""

from __future__ import annotations

import datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.detectors import installed_detectors

DETECTORS = installed_detectors()

USER_AGENTS = (
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91"
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.1 Safari/605.1.15"
    ),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/124.10.12.14 YaBrowser/23.1.2.3",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "curl/7.88.1",
    "python-requests/2.31.0",
    "okhttp/4.9.3",
    "Go-http-client/1.1",
    "Dalvik/2.1.0 (Linux; U; Android 9; SM-G960F Build/PPR1.180610.011)",
    "kube-probe/1.28",
    "Apache-HttpClient/4.5.13 (Java/11.0.21)",
    "grpc-python/1.60.0 grpc-c/37.0.0 (linux; chttp2)",
    "aws-sdk-java/2.20.26 Linux/5.10.186-179.751.amzn2.x86_64 OpenJDK/17.0.8+7-LTS",
)
ROUTES = (
    "/api/v1/users/{id}",
    "GET /api/v1/users/:id/orders/12345",
    "/users/<int:user_id>/posts",
    "grpc.health.v1.Health/Check",
    "https://example.com:8443/a/b?page=2&sort=-created_at&limit=50#top",
    "http://10.1.2.3:8080/healthz",
    "http://[::1]:8080/",
    "https://medium.example/@alice/post-1",
)
STORES = (
    "public.customer_orders_2024",
    "SELECT o.id FROM public.orders AS o WHERE o.created_at > ? AND password = ? LIMIT 10",
    "UPDATE users SET password = $1 WHERE id = $2",
    "jdbc:postgresql://db.internal:5432/shop",
    "kafka-topic-orders-v2-partition-12",
    "arn:aws:iam::612345678905:role/checkout",
    "arn:aws:s3:::my-bucket/key-value/file.txt",
)
PLACES = (
    "checkout-7d9f8b6c4d-x2x7k",
    "payments-worker-5f6d8c9b7-abcde.prod.svc.cluster.local:8080",
    (
        "registry.example.com/team/app@sha256:"
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    ),
    "ghcr.io/org/image:v1.2.3-rc.1",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "i-0abcd1234efgh5678 vpc-0a1b2c3d4e5f67890",
    "projects/my-project/locations/us-central1/clusters/prod",
    "celery@ip-10-0-0-1.ec2.internal",
    "git@github.com:org/repository.git",
    'File "/usr/lib/python3.11/site-packages/flask/app.py", line 1463, in wsgi_app',
    "at com.example.Foo.bar(Foo.java:123)",
    "std::vector<int>::iterator items[1::2]",
    "HTTP/1.1 200 512 1234 0.002",
    "Mon, 15 Jan 2024 10:20:30 GMT",
    "20240115T102030Z 2024/01/15 15.01.2024 01-02-2024",
    "Bearer token expired; basic authentication failed; password: required",
    'SKU-12345-67890 etag W/"5e8-18cf3b2a1c0"',
    "npm_config_user_agent secret_name task-runner disk-usage sk-learn",
    "fe80::1%eth0 169.254.169.254 192.168.0.1:53 172.17.0.2",
)


def findings(text: str) -> list[str]:
    return [detector.name for detector in DETECTORS if any(detector.find(text))]


@pytest.mark.parametrize("text", USER_AGENTS + ROUTES + STORES + PLACES)
def test_text_of_engineers_stays(text: str) -> None:
    """User agents, routes, tables, pods, images and frames hold nothing sensitive."""
    assert findings(text) == []


@given(st.uuids())
@settings(max_examples=150, deadline=None)
def test_uuid_stays(value: UUID) -> None:
    """No UUID looks like a card, a phone or an address, in any spelling."""
    for text in (str(value), str(value).upper(), f"/orders/{value}/items", f"id={value}&x=1"):
        assert findings(text) == []


@given(st.binary(min_size=20, max_size=32))
@settings(max_examples=150, deadline=None)
def test_digest_stays(value: bytes) -> None:
    """No git commit or SHA-256 digest is taken for a secret."""
    for text in (value.hex(), f"sha256:{value.hex()}", f"commit {value[:20].hex()}."):
        assert findings(text) == []


@given(
    st.datetimes(
        min_value=datetime.datetime(2001, 9, 10),  # since then, ten digits of seconds
        max_value=datetime.datetime(2050, 1, 1),
    )
)
@settings(max_examples=150, deadline=None)
def test_time_stays(value: datetime.datetime) -> None:
    """ISO times and Unix times in any unit are no cards, phones or addresses."""
    seconds = int((value - datetime.datetime(1970, 1, 1)).total_seconds())
    for text in (
        value.isoformat(),
        value.isoformat(sep=" "),
        value.isoformat() + "Z",
        value.isoformat() + "+01:00",
        value.strftime("%Y%m%dT%H%M%SZ"),
        *(f"at={seconds * 10**power + 7}" for power in (0, 3)),
        *(str(seconds * 10**power) for power in (0, 3)),
    ):
        assert findings(text) == []


@given(st.integers(1_000_000_000, 1_999_999_999), st.integers(0, 999_999_999))
@settings(max_examples=150, deadline=None)
def test_fine_unix_time_stays(seconds: int, nanoseconds: int) -> None:
    """Unix times of micro- and nanoseconds, up to 2033, are no cards."""
    whole = seconds * 10**9 + nanoseconds
    for text in (str(whole), str(whole // 1000), f"{seconds}.{nanoseconds:09d}"):
        assert findings(text) == []


@given(st.tuples(*[st.integers(0, 999)] * 3), st.sampled_from(["", "-rc.1", "+build.5", "-beta"]))
@settings(max_examples=150, deadline=None)
def test_version_stays(numbers: tuple[int, ...], suffix: str) -> None:
    """Semantic versions stay, with a name before them or not."""
    version = ".".join(map(str, numbers)) + suffix
    for text in (version, f"v{version}", f"package@{version}", f"tool/{version}"):
        assert findings(text) == []


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
@settings(max_examples=150, deadline=None)
def test_decimal_number_stays(value: float) -> None:
    """A decimal number's digits are no card."""
    for text in (repr(value), f"{value:.12f}", f"took {value:.9f} s"):
        assert findings(text) == []
