"""This service's own configuration: each weakness is reported, and nothing of a sound one."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from jaeger_guard.check import Severity, check_service
from jaeger_guard.cli import main
from servers.certificates import Authority, Certificates

SECRET = "correct-" + "horse"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.create(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def sound(certificates: Certificates) -> dict[str, str]:
    """An environment with nothing to report: TLS 1.3, an authority of its own, a certificate."""
    return {
        "JAEGER_GUARD_POLICY": "baseline",
        "JAEGER_GUARD_STRICT": "true",
        "JAEGER_GUARD_EXPORT_ENDPOINT": "https://jaeger.example:4318",
        "JAEGER_GUARD_EXPORT_PROTOCOL": "http/protobuf",
        "JAEGER_GUARD_EXPORT_MIN_TLS": "1.3",
        "JAEGER_GUARD_EXPORT_CA_FILE": str(certificates.ca_file),
        "JAEGER_GUARD_EXPORT_CERT_FILE": str(certificates.client.cert_file),
        "JAEGER_GUARD_EXPORT_KEY_FILE": str(certificates.client.key_file),
        "OTEL_SERVICE_NAME": "shop",
    }


def ids(environ: dict[str, str]) -> list[str]:
    return [finding.id.removeprefix("service.") for finding in check_service(environ)]


def test_nothing_is_found_in_a_sound_one(sound: dict[str, str]) -> None:
    """A hardened service has no finding, not even as info."""
    assert ids(sound) == []


def test_nothing_at_all_is_set() -> None:
    """The defaults (plaintext to the loopback) are no weakness."""
    assert ids({}) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"JAEGER_GUARD_ENABLED": "false"}, ["disabled"]),
        ({"OTEL_SDK_DISABLED": "true"}, ["disabled"]),
        ({"JAEGER_GUARD_STRICT": "", "JAEGER_GUARD_UNSAFE_PASSTHROUGH": "true"}, ["passthrough"]),
        ({"JAEGER_GUARD_UNSAFE_PASSTHROUGH": "true"}, ["refused"]),  # beside strict
        ({"JAEGER_GUARD_EXPORT_MIN_TLS": "1.2"}, ["tls-1.2"]),
        ({"JAEGER_GUARD_EXPORT_CA_FILE": ""}, ["system-trust"]),
        ({"JAEGER_GUARD_EXPORT_CA_FILE": "/nowhere/ca.pem"}, ["refused"]),
        (
            {"JAEGER_GUARD_EXPORT_CERT_FILE": "", "JAEGER_GUARD_EXPORT_KEY_FILE": ""},
            ["anonymous"],
        ),
        ({"JAEGER_GUARD_EXPORT_KEY_FILE": ""}, ["refused"]),
        ({"JAEGER_GUARD_EXPORT_USE_PROXY": "true"}, ["proxy"]),
        ({"JAEGER_GUARD_EXPORT_ENDPIONT": "x"}, ["misspelt"]),
        ({"JAEGER_GUARD_EXPORT_CREDENTIALS": f"Bearer {SECRET}"}, ["secret-in-environment"]),
        ({"OTEL_TRACES_EXPORTER": "otlp,console"}, ["console-exporter"]),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, ["refused"]),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, ["nothing-sampled"]),
        ({"OTEL_TRACES_SAMPLER": "often"}, ["refused"]),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "7"}, ["refused"]),
        ({"JAEGER_GUARD_SAMPLING_PROBABILITY": "0"}, ["nothing-sampled"]),
        ({"OTEL_LOGS_EXPORTER": "otlp"}, ["logs-exporter"]),
        ({"SSLKEYLOGFILE": "/tmp/keys"}, ["key-log"]),
        ({"GRPC_TRACE": "all", "GRPC_VERBOSITY": "DEBUG"}, ["grpc-trace"]),
        ({"OTEL_SPAN_EVENT_COUNT_LIMIT": "many"}, ["refused"]),
        ({"OTEL_RESOURCE_ATTRIBUTES": "shop"}, ["refused"]),
        ({"JAEGER_GUARD_POLICY": "nowhere.toml"}, ["refused"]),
        ({"JAEGER_GUARD_EXPORT_ENDPOINT": "http://jaeger.example:4318"}, ["refused"]),
        ({"JAEGER_GUARD_SPOOL_DIRECTORY": "/tmp/spool"}, ["refused"]),  # without a key
    ],
    ids=lambda part: ",".join(part) if isinstance(part, dict) else None,
)
def test_one_change(sound: dict[str, str], changes: dict[str, str], expected: list[str]) -> None:
    """One change to a sound environment is exactly one finding."""
    found = check_service({**sound, **changes})
    assert [finding.id.removeprefix("service.") for finding in found] == expected
    assert SECRET not in json.dumps([finding.as_dict() for finding in found])


def test_several_at_a_time() -> None:
    """What configure() would tell one by one is told at once."""
    environ = {
        "OTEL_TRACES_SAMPLER": "often",
        "JAEGER_GUARD_POLICY": "nowhere.toml",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://jaeger.example:4317",
    }
    found = check_service(environ)
    assert {finding.where.partition(":")[0] for finding in found} == set(environ)


def test_permissions(sound: dict[str, str], certificates: Certificates, tmp_path: Path) -> None:
    """A private key, a token, a policy and a spool that others reach are reported."""
    key = tmp_path / "client.key"
    key.write_bytes(certificates.client.key_file.read_bytes())
    key.chmod(0o640)
    assert ids({**sound, "JAEGER_GUARD_EXPORT_KEY_FILE": str(key)}) == ["key-permissions"]
    token = tmp_path / "token"
    token.write_text(SECRET)
    token.chmod(0o644)
    assert ids({**sound, "JAEGER_GUARD_EXPORT_BEARER_TOKEN_FILE": str(token)}) == [
        "key-permissions"
    ]
    policy = tmp_path / "policy.toml"
    policy.write_text('[[rules]]\ncategory = "contact.*"\naction = "redact"\n')
    policy.chmod(0o666)
    assert ids({**sound, "JAEGER_GUARD_POLICY": str(policy)}) == ["writable-policy"]
    spool = tmp_path / "spool"
    spool.mkdir()
    spool.chmod(0o777)
    assert ids(
        {
            **sound,
            "JAEGER_GUARD_SPOOL_DIRECTORY": str(spool),
            "JAEGER_GUARD_SPOOL_KEY_FILE": str(spool_key(tmp_path)),
        }
    ) == ["refused"]


def spool_key(directory: Path) -> Path:
    file = directory / "spool.key"
    file.write_text(base64.b64encode(os.urandom(32)).decode())
    file.chmod(0o600)
    return file


def test_certificate_that_ends_soon(sound: dict[str, str], tmp_path: Path) -> None:
    """One that ends within two weeks is reported with its day; an expired one is refused."""
    pair = Authority(tmp_path, "soon").issue("client", days=5)
    environ = {
        **sound,
        "JAEGER_GUARD_EXPORT_CERT_FILE": str(pair.cert_file),
        "JAEGER_GUARD_EXPORT_KEY_FILE": str(pair.key_file),
    }
    (finding,) = check_service(environ)
    assert finding.id == "service.certificate-expires"
    assert finding.severity is Severity.MEDIUM
    assert "client certificate expires on 20" in finding.message


def test_unsafe_rules(sound: dict[str, str], tmp_path: Path) -> None:
    """unsafe_keep is reported by its rule; in strict mode configure() refuses it."""
    policy = tmp_path / "policy.toml"
    policy.write_text('[[rules]]\nkey = "debug.*"\naction = "unsafe_keep"\n')
    policy.chmod(0o644)
    environ = {**sound, "JAEGER_GUARD_POLICY": str(policy)}
    assert ids(environ) == ["refused"]
    assert ids({**environ, "JAEGER_GUARD_STRICT": ""}) == ["unsafe-rules"]


def test_exception_that_ended(sound: dict[str, str], tmp_path: Path) -> None:
    """An exception whose day has passed is reported by its place in the policy; its owner is named."""
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[[exceptions]]\nkey = "user.email"\nowner = "ops"\nreason = "a hunt"\nexpires = 2020-01-31\n'
    )
    policy.chmod(0o644)
    (finding,) = check_service({**sound, "JAEGER_GUARD_POLICY": str(policy)})
    assert (finding.id, finding.severity) == ("service.policy", Severity.MEDIUM)
    assert "exception-ended" in finding.where
    assert "2020-01-31" in finding.message


def test_command_looks_at_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without files and endpoints it is this environment, and the exit status says how bad it is."""
    monkeypatch.setenv("JAEGER_GUARD_UNSAFE_PASSTHROUGH", "true")
    assert main(["check", "--format", "json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert finding["severity"] == "critical"
    assert finding["where"] == "environment JAEGER_GUARD_UNSAFE_PASSTHROUGH"
    monkeypatch.delenv("JAEGER_GUARD_UNSAFE_PASSTHROUGH")
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "nothing found\n"
