"""What an engineer needs and nobody is named by: all of it has to stay, byte for byte."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any, Final

from .case import Case
from .draw import BASE62, Draw

Make = Callable[[Draw], Any]


def _semver(draw: Draw) -> str:
    return draw.like(
        r"v?(0|[1-9]\d?)\.(0|[1-9]\d?)\.(0|[1-9]\d{0,2})(-(alpha|beta|rc)\.\d)?(\+build\.\d{1,4})?"
    )


def _date(draw: Draw) -> str:
    return f"2026-{draw.number(1, 12):02d}-{draw.number(1, 28):02d}"


def _clock(draw: Draw) -> str:
    return f"{draw.number(0, 23):02d}:{draw.number(0, 59):02d}:{draw.number(0, 59):02d}"


def _sentence(draw: Draw) -> str:
    return draw.people("en").sentence(nb_words=draw.number(4, 14))


def _picked(*texts: str) -> Make:
    return lambda draw: draw.pick(texts)


def _liked(*grammars: str) -> Make:
    return lambda draw: draw.like(draw.pick(grammars))


def _data_image(draw: Draw) -> str:
    pixels = base64.b64encode(draw.random.randbytes(draw.number(40, 200))).decode()
    return f"data:image/png;base64,iVBORw0KGgo{pixels}"


def _log_line(draw: Draw) -> str:
    return draw.pick(
        (
            f"{_date(draw)} {_clock(draw)},{draw.digits(3)} INFO [worker-{draw.number(1, 16)}] shop.cart: added item {draw.digits(4)} in {draw.digits(2)} ms",
            f"{_date(draw)}T{_clock(draw)}Z level=warn msg=retry attempt={draw.number(1, 5)} backoff={draw.digits(3)}ms queue=orders-{draw.digits(2)}",
            f"[{_clock(draw)}] GET /v1/items/{draw.digits(5)} 200 {draw.digits(4)}b {draw.digits(2)}ms",
            f"I0115 10:15:30.{draw.digits(6)} {draw.digits(5)} controller.go:{draw.digits(3)}] synced 12 replicas",
            f"connection pool: active={draw.digits(2)} idle={draw.digits(2)} waiting=0 max=100",
            f"gc: pause={draw.digits(2)}.{draw.digits(3)}ms heap={draw.digits(3)}MB->{draw.digits(3)}MB gen=2",
            f"consumer group checkout rebalanced: partitions=[0, 1, 2] generation={draw.digits(3)}",
            f"processed {draw.digits(5)} records, offset {draw.digits(9)}, lag {draw.digits(3)}",
        )
    )  # fmt: skip


def _trace(draw: Draw) -> str:
    lines = "".join(
        f'  File "/app/shop/{draw.pick(("cart", "views", "models"))}.py", line {draw.number(3, 900)}, in {draw.pick(("add", "get", "save"))}\n    return self.{draw.pick(("total", "items", "commit"))}()\n'
        for _ in range(draw.number(1, 5))
    )
    last = draw.pick(("KeyError: 'sku'", "ValueError: invalid literal for int() with base 10: 'abc'", "TimeoutError: timed out after 30 s", "ZeroDivisionError: division by zero", "AttributeError: 'NoneType' object has no attribute 'id'"))  # fmt: skip
    return f"Traceback (most recent call last):\n{lines}{last}\n"


_PROSE: Final = _picked(
    "The token bucket refills at 100 requests per second; see the limits page.",
    "Passwords are hashed with Argon2id before they are stored.",
    "Set the timeout to 30 s and the retry count to 5 in values.yaml.",
    "This endpoint returns 404 when the order does not exist.",
    "Use the secret named shop/prod/db from the vault.",
    "Rotate API keys every 90 days, as the policy says.",
    "An invalid password was entered 3 times.",
    "token expired", "invalid token", "password incorrect", "missing authorization header", "session expired",
    "authentication failed: bad credentials", "signature verification failed", "certificate has expired", "51 Franklin St, Fifth Floor, Boston, MA 02110-1301",
    "user not found", "email already exists", "phone number is required", "card declined: insufficient funds",
    "the card expired", "address book synced", "key not found in cache", "no such column: password",
    "relation \"users\" does not exist", "deadlock detected on table accounts", "duplicate key value violates unique constraint",
    "unexpected token '<' at position 0", "Unexpected token } in JSON at position 12", "invalid api key", "access denied for role reader",
    "connection to db.internal:5432 refused", "name or service not known", "permission denied: /var/lib/shop",
)  # fmt: skip

# Kind: (keys that such a value has, how it is drawn).
KINDS: Final[dict[str, tuple[tuple[str, ...], Make]]] = {
    "route": (("http.route", "route", "note"), _picked("/users/{id}", "/api/v1/orders/:order_id/items", "/users/<int:user_id>/posts", "GET /healthz", "POST /v1/charges/{charge_id}/refunds", "/files/*path", "^api/(?P<version>v[0-9])/items/$", "/login", "/password/reset", "/oauth/token", "/sessions/new")),
    "version": (("app.version", "note", "build.version"), _semver),
    "UUID": (("request.id", "note", "order.ref", "message"), lambda draw: draw.uuid()),
    "hash": (("commit", "content.digest", "note", "image"), _liked("[0-9a-f]{40}", "[0-9a-f]{64}", "[0-9a-f]{32}", "sha256:[0-9a-f]{64}", "[0-9a-f]{7}", "[0-9a-f]{12}")),
    "ULID and others": (("event.id", "job.id", "note"), _liked("01[0-9A-HJKMNP-TV-Z]{24}", "[A-Za-z0-9]{27}", "c[a-z0-9]{24}", "[0-9a-f]{24}", "[1-9][0-9]{17,18}")),
    "trace ids": (("traceparent", "note"), _liked("00-[0-9a-f]{32}-[0-9a-f]{16}-01", "Root=1-[0-9a-f]{8}-[0-9a-f]{24}")),
    "time": (("created", "note", "started_at"), lambda draw: draw.pick((f"{_date(draw)}T{_clock(draw)}Z", f"{_date(draw)} {_clock(draw)}.{draw.digits(6)}+00:00", f"17{draw.digits(8)}", f"17{draw.digits(11)}", f"17{draw.digits(14)}", f"17{draw.digits(17)}", f"17{draw.digits(8)}.{draw.digits(6)}", f"Thu, 15 Jan 2026 {_clock(draw)} GMT", f"{draw.number(10, 28)}/Jan/2026:{_clock(draw)} +0000", "P3DT4H", "2026-W03"))),
    "time as number": (("created", "note", "event.at"), lambda draw: draw.pick((1_700_000_000, 1_700_000_000_000, 1_700_000_000_000_000, 1_700_000_000_000_000_000)) + draw.number(0, 99_999_999)),
    "metric": (("duration", "note", "ratio", "queue.depth"), lambda draw: draw.pick((draw.random.random() * 1000, draw.number(0, 10**9), f"{draw.digits(3)}.{draw.digits(2)}ms", f"{draw.number(1, 99)}.5%", f"{draw.digits(4)}MiB", f"p99={draw.digits(3)}.{draw.digits(2)}", f"{draw.digits(2)}/100", f"1.{draw.digits(3)}e-0{draw.number(1, 9)}"))),
    "kubernetes": (("k8s.pod.name", "note", "pod"), _liked("checkout-[0-9a-f]{9,10}-[a-z0-9]{5}", "payments-worker-[0-9a-f]{8}-[a-z0-9]{5}.prod.svc.cluster.local:8080", "ip-10-0-[1-9][0-9]-[1-9][0-9].eu-west-1.compute.internal", "gke-prod-pool-[0-9a-f]{8}-[a-z0-9]{4}", "kafka-[0-9].kafka-headless.prod.svc:9092", "shop/checkout@sha256:[0-9a-f]{64}")),
    "user agent": (("user_agent.original", "http.user_agent", "note"), lambda draw: draw.people("en").user_agent()),
    "stack": (("exception.stacktrace",), _trace),
    "frame": (("code.stack", "note"), _liked(r"at com\.shop\.cart\.Cart\.add\(Cart\.java:[1-9][0-9]{2}\)", r"shop/cart\.py:[1-9][0-9]{1,2}:add", r"main\.go:[1-9][0-9] \+0x[0-9a-f]{3}", r"at Object\.<anonymous> \(/app/index\.js:[1-9][0-9]:[1-9]\)")),
    "statement": (("db.query.text",), _picked("SELECT id, name FROM users WHERE id = ?", "INSERT INTO orders (id, total) VALUES ($1, $2)", "UPDATE users SET password = ? WHERE email = ?", "SELECT COUNT(*) FROM sessions", "DELETE FROM tokens WHERE user_id = %s", "COMMIT")),
    "log line": (("log.body", "message", "note"), _log_line),
    "prose": (("message", "exception.message", "note"), _PROSE),
    "words": (("note", "message", "description"), _sentence),
    "package": (("dependency", "note"), _liked(r"(requests|django|urllib3)==[1-9]\.[0-9]{1,2}\.[0-9]", r"@opentelemetry/api@1\.[0-9]\.[0-9]", r"github\.com/acme/[a-z]{5,9}@v[0-9]\.[0-9]{2}\.[0-9]", r"org\.springframework:spring-core:6\.[0-9]\.[0-9]{1,2}", r"python3\.1[1-4]-slim-bookworm", "sha512-[A-Za-z0-9+/]{86}==")),
    "path": (("file", "note", "log.file.path"), _liked(r"/var/lib/shop/data/[0-9a-f]{2}/[0-9a-f]{38}", r"C:\\Program Files\\Shop\\shop\.exe", r"/app/shop/(cart|views|models)\.py", r"s3://logs-prod/2026/01/[12][0-9]/part-[0-9]{5}\.parquet", r"\./node_modules/\.bin/jest", r"/proc/[1-9][0-9]{3}/status", r"gs://bucket/exports/2026-01-1[0-9]/rows-[0-9]{12}\.csv")),
    "build": (("build.id", "note", "ci.run"), _liked(r"2026\.01\.1[0-9]-[0-9]{4}", r"build-[0-9]{5,9}", r"main-[0-9a-f]{7}-[0-9]{8}", r"#[0-9]{4,5}", r"release/2026\.[1-9]", r"[0-9]{8}\.[1-9]")),
    "id like a phone": (("order.ref", "ticket", "note", "batch"), _liked(r"ORD-[0-9]{10}", r"[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}", r"[0-9]{6}-[0-9]{6}", r"INV[0-9]{9}", r"[1-9][0-9]{6}", r"T-[0-9]{5}-[0-9]{5}", r"1Z[0-9A-Z]{16}", r"lot [0-9]{3}-[0-9]{4}")),
    "id under an id's key": (("order_id", "batch.id", "message_id", "request.number_id"), _liked(r"[1-9][0-9]{9}", r"[1-9][0-9]{10}", r"[1-9][0-9]{11}", r"[1-9][0-9]{15}", r"[1-9][0-9]{18}")),
    "like coordinates": (("range", "note", "version.pair"), lambda draw: draw.pick((f"{draw.number(1, 9)}.{draw.digits(1)}, {draw.number(10, 99)}.{draw.digits(1)}", f"[{draw.number(1, 9)}, {draw.number(10, 99)}]", f"{draw.number(100, 999)}x{draw.number(100, 999)}", f"({draw.number(0, 99)}, {draw.number(0, 99)})", f"0.{draw.digits(2)},0.{draw.digits(2)}", f"{draw.number(1, 3)}.{draw.digits(2)} / {draw.number(4, 9)}.{draw.digits(2)}"))),
    "CSS": (("style", "note"), _picked("color: #ff8800; margin: 0 1.5em;", "#4a90e2", "rgba(12, 34, 56, 0.75)", "@media (min-width: 640px) { .card { padding: 12px } }", "font: 12px/1.5 'Inter', sans-serif", ".btn-primary:hover::after", "width: calc(100% - 24px)", "transform: translate(-50.5px, 12.25px)")),
    "image": (("icon", "note"), _data_image),
    "protobuf": (("rpc.service", "rpc.method", "note"), _picked("grpc.health.v1.Health/Check", "shop.cart.v1.CartService", "google.protobuf.Timestamp", "type.googleapis.com/shop.v1.Order", "opentelemetry.proto.collector.trace.v1.TraceService/Export", "/shop.v1.Cart/AddItem")),
    "network": (("server.address", "note", "listen"), _picked("127.0.0.1:8080", "10.1.2.3", "192.168.0.17:5432", "172.16.4.5", "::1", "fe80::1", "0.0.0.0", "localhost:4317", "db.internal:5432", "kafka-1:9092", "unix:///var/run/docker.sock", "169.254.169.254", "fd00::8")),
    "cloud": (("cloud.resource_id", "note", "arn"), _liked(r"arn:aws:lambda:eu-west-1:[0-9]{12}:function:checkout", r"arn:aws:s3:::logs-prod/2026/01", r"projects/shop-prod/locations/europe-west1/services/cart", r"i-0[0-9a-f]{16}", r"vpc-0[0-9a-f]{16}", r"/subscriptions/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}/resourceGroups/shop", r"ami-0[0-9a-f]{16}")),
    "queue": (("messaging.destination.name", "note", "topic"), _picked("orders.created.v2", "kafka-topic-orders-v2-partition-12", "amq.gen-JzTY20BRgKO-HjmUJj0wLg", "user-emails", "password-reset-mails", "dead-letter/orders", "projects/p/topics/cards", "session.events")),
    "locale": (("locale", "note", "currency"), _picked("en-US", "de_DE.UTF-8", "Europe/Berlin", "EUR", "application/json; charset=utf-8", "text/html,application/xhtml+xml;q=0.9", "gzip, deflate, br", "max-age=3600, public", "bytes=0-1023", "W/\"5e3f-17a\"")),
    "command": (("process.command_line", "note"), _picked("python -m gunicorn shop.wsgi:app --workers 4 --bind 0.0.0.0:8000", "java -Xmx2g -jar app.jar --spring.profiles.active=prod", "kubectl rollout restart deployment/checkout -n prod", "npm run build -- --mode production", "docker run --rm -p 8080:80 nginx:1.27", "git clone --depth 1 https://github.com/acme/app.git", "otelcol --config /etc/otel/config.yaml", "tar -xzf app-1.2.3.tar.gz -C /opt/app")),
    "code": (("code.snippet", "note"), _picked("password = form.cleaned_data['password']", "token = request.headers.get('Authorization')", "if user.email is None: raise ValueError", "const apiKey = process.env.API_KEY;", "self.session = requests.Session()", "def reset_password(user, token):", "raise InvalidToken(f'bad token for {user_id}')", "assert card.number == expected")),
    "short": (("flag", "note", "state"), lambda draw: draw.pick(("true", "null", "-", "n/a", "0", "ok", "A", "GET", "*", "[]", "{}", "…", "OK", "200", draw.text(BASE62, 4)))),
}  # fmt: skip


def benign(draw: Draw) -> Iterator[Case]:
    """Each kind under keys of its own and under one that says nothing, alone and in lists."""
    for kind, (keys, make) in KINDS.items():
        for number in range(42):
            value = make(draw)
            if number % 7 == 6:
                value = [value, make(draw)]
            yield Case(kind=kind, key=keys[number % len(keys)], value=value)
