"""Keys of the semantic conventions, headers and leaves mean what the conventions say."""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

import importlib
import pkgutil
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.semconv import _incubating, attributes

from corpus.convention_examples import example_values
from growth import assert_linear, repeated
from jaeger_guard import conventions, vocabulary
from jaeger_guard.categories import ALL
from jaeger_guard.semconv import (
    KeyClass,
    KeyKind,
    classify,
    classify_leaf,
    exempts,
    has_meaning,
    is_bare,
    looks_opaque,
    looks_secret,
)


def registered_keys() -> list[str]:
    """List all attribute names of the installed conventions, of both stabilities, and older ones."""
    packages = [attributes, importlib.import_module(f"{_incubating.__name__}.attributes")]
    names = set()
    for package in packages:
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            names |= {
                value
                for name, value in vars(module).items()
                if name.isupper() and type(value) is str
            }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # these two are deprecated, and what old services send
        old = (
            importlib.import_module("opentelemetry.semconv.trace").SpanAttributes,
            importlib.import_module("opentelemetry.semconv.resource").ResourceAttributes,
        )
    for table in old:
        names |= {
            value
            for name, value in vars(table).items()
            if name.isupper() and type(value) is str and "://" not in value
        }
    return sorted(names | example_values().keys())


# What an application chooses freely, so that every detector looks at it.
OPEN = set(
    """
    app.screen.name app.widget.name aws.s3.copy_source aws.s3.delete aws.s3.key client.address
    cloudevents.event_source cloudevents.event_subject container.label container.labels
    db.elasticsearch.path_parts dns.answers dns.question.name faas.document.name
    feature_flag.context.id feature_flag.result.value feature_flag.set.id file.directory file.name
    file.path file.symbolic_link.target_path gcp.gce.instance.labels http.client_ip k8s.pod.labels
    k8s.service.selector log.file.name_resolved log.file.path log.file.path_resolved mcp.resource.uri
    messaging.client.id messaging.client_id messaging.consumer_id messaging.conversation_id
    messaging.gcp_pubsub.message.ordering_key messaging.kafka.message.key
    messaging.message.conversation_id messaging.rabbitmq.destination.routing_key
    messaging.rocketmq.message.group messaging.rocketmq.message.keys messaging.rocketmq.message.tag
    process.environment_variable source.address test.case.name tls.client.certificate
    client.prefix client.socket.address kafka.message.key messaging.rabbitmq.routing_key
    rabbitmq.destination.routing_key rocketmq.message.group rocketmq.message.keys
    rocketmq.message.tag source.domain source.prefix
    tls.client.certificate_chain tls.client.subject
    """.split()
)

# Every registered key whose whole value is of a category; all others are technical or taken apart.
SENSITIVE = set(
    """
    client.mac.address source.mac.address network.peer.mac.address http.request.body.content
    http.response.body.content
    app.installation.id db.operation.parameter db.query.parameter device.id enduser.id
    gen_ai.completion gen_ai.evaluation.explanation gen_ai.input.messages gen_ai.output.messages
    gen_ai.prompt gen_ai.retrieval.documents gen_ai.retrieval.query.text gen_ai.system_instructions
    gen_ai.tool.call.arguments gen_ai.tool.call.result geo.location.lat geo.location.lon
    geo.postal_code mcp.session.id session.id session.previous_id user.email user.full_name user.id
    user.name
    """.split()
)


@pytest.mark.parametrize("key", registered_keys())
def test_each_registered_key_is_decided(key: str) -> None:
    """No key of the conventions is unknown by oversight, and no technical one is taken for data."""
    known = classify(key)
    labels = key.startswith("k8s.") and key.endswith((".label", ".annotation"))
    open_by_nature = key in OPEN or labels
    if known.kind is KeyKind.UNKNOWN:
        assert open_by_nature or known.exempt or known.peer
    else:
        assert not open_by_nature
    assert (known.kind is KeyKind.CATEGORY) == (key in SENSITIVE)


@pytest.mark.parametrize(
    ("key", "category"),
    [
        ("http.request.header.x_api_key", "credential.token"),
        ("http.request.header.X-CSRF-Token", "credential.token"),
        ("http.request.header.x-auth-token", "credential.token"),
        ("rpc.grpc.request.metadata.x-vault-token", "credential.token"),
        ("http.request.header.from", "contact.email"),
        ("process.environment_variable.DB_PASSWORD", "credential.password"),
        ("db.query.parameter.0", "content.sql_literal"),
        ("db.query.parameter.email", "content.sql_literal"),
        ("gen_ai.prompt.0.content", "content.prompt"),
        ("k8s.pod.label.api_token", "credential.token"),
        ("aws.client_secret", "credential.token"),
        ("telemetry.user_email", "contact.email"),
        ("app.user.email", "contact.email"),
        ("customerEmail", "contact.email"),
        ("http.request.body", "content.body"),
    ],
)
def test_keys_of_categories(key: str, category: str) -> None:
    """A key that names sensitive data has its category, in families and namespaces too."""
    assert classify(key) == KeyClass(KeyKind.CATEGORY, category=category)


def test_the_index_of_a_search_is_no_literal() -> None:
    """Elasticsearch's client says by a parameter which index it asks: an engineer needs that."""
    assert classify("db.operation.parameter.index").kind is KeyKind.UNKNOWN
    assert classify("db.operation.parameter.id").kind is KeyKind.CATEGORY


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("http.request.header.authorization", "authorization"),
        ("http.request.header.proxy_authorization", "authorization"),
        ("http.request.header.cookie", "cookie"),
        ("http.response.header.set_cookie", "set_cookie"),
        ("http.request.header.referer", "url"),
        ("rpc.request.metadata.authorization", "authorization"),
        ("Authorization", "authorization"),
        ("db.query.text", "sql"),
        ("url.full", "url"),
        ("http.target", "url"),
        ("url.query", "url_query"),
        ("url.path", "url_path"),
        ("exception.stacktrace", "stacktrace"),
        ("exception.message", "text"),
    ],
)
def test_keys_of_formats(key: str, name: str) -> None:
    """A key whose value has a structure names the format that takes it apart."""
    assert classify(key) == KeyClass(KeyKind.FORMAT, format=name)


@pytest.mark.parametrize(
    "key",
    """http.route http.request.header.content_type http.request.header.X-Request-Id
    gen_ai.usage.input_tokens gen_ai.request.max_tokens service.name db.query.summary url.template
    db.user enduser.role process.environment_variable.PWD gen_ai.prompt.0.role code.function.name
    messaging.destination.name process.user.name geo.country.iso_code""".split(),
)
def test_technical_keys_are_safe(key: str) -> None:
    """What an engineer debugs with is safe by its key."""
    assert classify(key).kind is KeyKind.SAFE


def test_addresses_tell_machines_from_people() -> None:
    """A server's address isn't looked for, a peer's only where it may be a client's, a client's is."""
    assert "network.*" in classify("server.address").exempt
    assert "network.*" in classify("http.request.header.host").exempt
    assert "network.*" in classify("user_agent.original").exempt
    assert "network.*" in classify("http.request.header.user-agent").exempt
    for key in ("net.peer.ip", "network.peer.address", "net.sock.peer.addr"):
        assert classify(key).peer
    for key in ("client.address", "http.client_ip", "http.request.header.x_forwarded_for"):
        assert classify(key) == KeyClass(KeyKind.UNKNOWN, address=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sig", KeyClass(KeyKind.CATEGORY, category="credential.token")),
        ("X-Amz-Signature", KeyClass(KeyKind.CATEGORY, category="credential.token")),
        ("X-Goog-Signature", KeyClass(KeyKind.CATEGORY, category="credential.token")),
        ("AWSAccessKeyId", KeyClass(KeyKind.CATEGORY, category="credential.token")),
        ("GoogleAccessId", KeyClass(KeyKind.CATEGORY, category="credential.token")),
        ("authorization.credentials", KeyClass(KeyKind.CATEGORY, category="credential.token")),
        ("code", KeyClass(KeyKind.UNKNOWN, category="credential.token")),
        ("state", KeyClass(KeyKind.UNKNOWN, category="credential.token")),
        (
            "order_id",
            KeyClass(KeyKind.UNKNOWN, exempt_bare=("network.*", "contact.phone"), identifier=True),
        ),
        ("page", KeyClass(KeyKind.UNKNOWN)),
        ("Cookie", KeyClass(KeyKind.FORMAT, format="cookie")),
        ("cookie.theme", KeyClass(KeyKind.SAFE)),
        ("cookie.cookie_consent", KeyClass(KeyKind.SAFE)),
        ("cookie._ga", KeyClass(KeyKind.CATEGORY, category="credential.session")),
        ("cookie.csrftoken", KeyClass(KeyKind.CATEGORY, category="credential.token")),
        ("cookie.", KeyClass(KeyKind.CATEGORY, category="credential.session")),
    ],
)
def test_leaves(name: str, expected: KeyClass) -> None:
    """Names inside formats are judged by their words, cookies as sessions unless known harmless."""
    assert expected == classify_leaf(name)


TOKEN = KeyClass(KeyKind.CATEGORY, category="credential.token")
USER = KeyClass(KeyKind.CATEGORY, category="identity.user")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x_session", TOKEN),
        ("x-token-bin", TOKEN),
        ("x-forwarded-user", USER),
        ("x_ms_client_principal_name", USER),
        ("sec_websocket_protocol", KeyClass(KeyKind.UNKNOWN, category="credential.token")),
        ("app-note-bin", KeyClass(KeyKind.UNKNOWN)),
    ],
)
def test_headers_that_tell_who_it_is(name: str, expected: KeyClass) -> None:
    """Headers of proxies and of gRPC are known by what is in them."""
    assert classify(f"http.request.header.{name}") == expected
    assert classify(f"rpc.request.metadata.{name}") == expected


def test_connection_is_meant_where_it_is_opaque() -> None:
    """A data source's name is a secret where it looks like one, else a URL or a name as any."""
    known = classify("app.dsn")
    assert known == KeyClass(KeyKind.UNKNOWN, category="credential.connection")
    assert not looks_opaque("postgresql://Db1.internal:5432/shop")
    assert looks_opaque("a1B2c3D4e5F6" + "g7H8i9J0")
    assert classify("gen_ai.request.seed").kind is KeyKind.SAFE


PHONE = "contact.phone"
ADDRESS = "network.ip"


@pytest.mark.parametrize(
    ("key", "category", "value", "text", "exempt"),
    [
        ("event.version", ADDRESS, "1.2.3.4", "1.2.3.4", True),
        ("event.version", ADDRESS, "1.2.3.4", "v1.2.3.4+build-5", True),
        ("event.version", ADDRESS, "203.0.113.77", "from 203.0.113.77 ok", False),
        ("x.id", ADDRESS, "203.0.113.77", "/clients/203.0.113.77", False),
        ("part.id", PHONE, "555-123-4567", "555-123-4567", True),
        ("x.id", PHONE, "555-123-4567", "call 555-123-4567", False),
        ("order_id", PHONE, "+491701234567", "+491701234567", False),
        ("order_id", PHONE, "+491701234567", "sms.+491701234567", False),
        ("order_id", "contact.email", "a@b.example", "a@b.example", False),
        ("log.line", ADDRESS, "203.0.113.77", "203.0.113.77", False),
        ("dns.server", ADDRESS, "8.8.8.8", "8.8.8.8", True),
        ("dns.server", ADDRESS, "8.8.8.8", "8.8.8.8:53", True),
        ("dns.server", ADDRESS, "8.8.8.8", "asked by 8.8.8.8", False),
        ("dns.server", PHONE, "555-123-4567", "555-123-4567", False),
        ("os.description", ADDRESS, "5.15.0.91", "Ubuntu 22.04 (5.15.0.91)", True),
        ("messaging.destination.name", PHONE, "+491701234567", "sms.+491701234567", False),
        ("messaging.destination.name", "financial.card", "4111", "4111", False),
        ("message.id", ADDRESS, "203.0.113.77", "from 203.0.113.77 ok", False),
        ("service.version", ADDRESS, "1.2.3.4", "1.2.3.4", True),
        ("service.version", ADDRESS, "203.0.113.77", "by 203.0.113.77", False),
        ("note", ADDRESS, "1.2.3.4", "1.2.3.4", False),
    ],
)
def test_vague_findings_count_in_prose(
    key: str, category: str, value: str, text: str, exempt: bool
) -> None:
    """A version looks like an address; but under the same key prose may hold an address."""
    assert exempts(classify(key), category, value, text) is exempt


def test_bare_is_one_word() -> None:
    """An id, a version or an address is bare; a path, prose, or a number to dial isn't."""
    assert all(
        map(is_bare, ("a", "-17", "1.2.3.4", "[2001:db8::1]", "fe80::1%eth0", "x" * 256, "1.0+5"))
    )
    assert not any(map(is_bare, ("", "a b", "/a", "a/b", "+1", "a@b", "x+1234567", "x" * 257)))


def test_opaque_is_what_was_drawn_at_random() -> None:
    """`code=404` is a status, a long value of mixed characters is a code for one use."""
    assert looks_opaque("4/0AX4XfWh" + "kQ9zLm2pRt")
    for text in ("404", "DE", "processing", "550e8400-e29b-41d4-a716-446655440000", "ab 12 CD" * 4):
        assert not looks_opaque(text)


@given(st.text(max_size=400))
@settings(max_examples=200)
def test_every_text_is_a_key(key: str) -> None:
    """Any text is classified, twice alike, into categories that exist."""
    for ask in (classify, classify_leaf):
        known = ask(key)
        assert known == ask(key)
        assert known.category is None or known.category in ALL
        assert (known.format is not None) == (known.kind is KeyKind.FORMAT)


@pytest.mark.parametrize("unit", ["a", "a.", "k8s.", "http.request.header.", "_", "é"])
def test_hostile_key_takes_linear_time(unit: str) -> None:
    """The time to classify a key grows no faster than the key, up to a megabyte."""
    assert_linear(lambda size: classify(repeated(unit, size)))
    assert_linear(lambda size: classify_leaf(repeated(unit, size)))


@pytest.mark.parametrize("text", ["s3cretA", "n0nc3Xy", "0f1e2d3c4b5a6978" + "8796a5b4", "a1B2c3"])
def test_short_and_plain_secrets_look_like_one(text: str) -> None:
    """Letters and digits without anything between look drawn: of both cases, or long."""
    assert looks_secret(text)


@pytest.mark.parametrize(
    "text", ["42", "primary", "db-primary-1", "db1", "postgres13", "1767225600000", "true", "a b1C"]
)
def test_names_and_numbers_do_not_look_secret(text: str) -> None:
    """Names of hosts, numbers and flags under a key such as `dsn` or `seed` stay."""
    assert not looks_secret(text)


@pytest.mark.parametrize(
    "glue", ["{}", "user.{}", "{}_id", "cookie.{}", "path.{}", "x{}9", "{}Hash"]
)
def test_a_name_has_meaning_where_its_class_says_so(glue: str) -> None:
    """The short way to ask for a meaning agrees with what is told of the name."""
    words = {*vocabulary.ENDINGS, *vocabulary.STEMS, *conventions.LEAF_FORMATS, "status", "order"}
    words |= {
        *conventions.SECRET_LEAVES,
        *conventions.OPAQUE_LEAVES,
        "db.statement",
        "server.address",
    }
    words |= {*conventions.STRUCTURAL_CATEGORIES, *conventions.STRUCTURAL_FORMATS, "é" * 300}
    for word in words:
        name = glue.format(word)
        told = classify_leaf(name).kind in (KeyKind.CATEGORY, KeyKind.FORMAT)
        assert has_meaning(name) == told, name
