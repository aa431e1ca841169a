"""Credentials in messages and under keys, through the whole engine: gone, and what surrounds them stays."""

from __future__ import annotations

import pytest

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "test")))
S = "Xy9!hunter2Q"
KEY = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6" * 2
HEX = "0f1e2d3c4b5a69788796" + "a5b4c3d2e1f0"

MESSAGES = (
    "password\n{}",
    "Enter password\n{}\nLogin failed",
    "Password:\r\n{}",
    "login with password {} failed",
    "user bob pwd {} ok",
    "Command 'mysql -uroot -p{}' returned non-zero exit status 1",
    "mysqldump -u root -p{} shop",
    "ran curl -su alice:{} https://x.example/",
    "ran curl --user 'alice:{}' https://x.example/",
    "sshpass -p {} ssh host",
    "docker login -u bob -p {} registry.example",
    "mongosh -u root -p {}",
    "redis-cli -h cache -a {} ping",
    "ldapsearch -D cn=admin -w {} -b dc=x",
    "htpasswd -bc .htpasswd bob {}",
    "rabbitmqctl add_user bob {}",
    "echo {} | sudo -S ls",
    "started with -p {} again",
    "sqlplus scott/{} failed",
    "connecting scott/{}@//db:1521/orcl",
    "openssl rsa -passin pass:{} -in x",
)
KEYED = (
    ("db.dsn", "s3cretA"),
    ("oauth.nonce", "n0nc3Xy"),
    ("rng.seed", "se3dVal"),
    ("trello.key", HEX),
    ("ALGOLIA_KEY", HEX),
    ("laravel_session", KEY[:40]),
)
KEPT = (
    ("note", "mkdir -p src/Main2 && ssh -p 2222 host"),
    ("note", "docker run -p 8080:80 nginx:1.27"),
    ("note", "mysql -u root -p shop"),
    ("note", "curl -u alice https://x.example/"),
    ("note", "Password\nForgot password?\nSign in"),
    ("note", "wrong password\nat Login.java:12"),
    ("cache.key", HEX),
    ("messaging.kafka.message.key", "order-12"),
    ("rng.seed", "42"),
    ("db.dsn", "primary-2"),
    ("note", f"datadog trace_id={HEX}"),
    ("note", f"pulled algolia/app@sha256:{HEX}{HEX} with the new key"),
)


@pytest.mark.parametrize("message", MESSAGES)
def test_password_in_a_message_is_gone(message: str) -> None:
    """What a message tells of a password or of a command with one goes, and the rest stays."""
    scrubbed, _ = SCRUBBER.value("exception.message", message.format(S))
    assert isinstance(scrubbed, str)
    assert S not in scrubbed and "hunter" not in scrubbed
    assert scrubbed.startswith(message.partition("{}")[0].rstrip("'"))


@pytest.mark.parametrize(("key", "value"), KEYED)
def test_short_secret_under_its_key_is_gone(key: str, value: str) -> None:
    """A key that may name a secret, and a value that looks drawn, are enough."""
    scrubbed, _ = SCRUBBER.value(key, value)
    assert value not in str(scrubbed)


@pytest.mark.parametrize(("key", "value"), KEPT)
def test_what_only_looks_similar_stays(key: str, value: str) -> None:
    """Ports, paths, prompts, labels, digests and ids of other things stay byte for byte."""
    scrubbed, _ = SCRUBBER.value(key, value)
    assert scrubbed == value


PRIVATE = (
    f"-----BEGIN RSA PRIVATE KEY-----\\n{KEY}\\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN OPENSSH PRIVATE KEY----- {KEY} -----END OPENSSH PRIVATE KEY-----",
    f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{KEY}\n=abcd",
    f"...{KEY}\n{KEY}\n-----END RSA PRIVATE KEY-----",
    f"MIIEvQIBADANBgkqhkiG9w0BAQ{KEY}{KEY}",
    f"PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 2\n{KEY}\n{KEY}\nPrivate-MAC: 00",
    f"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{KEY}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
    f'{{"kty": "OKP", "crv": "Ed25519", "x": "abc", "d": "{KEY}"}}',
)


@pytest.mark.parametrize("text", PRIVATE)
@pytest.mark.parametrize("key", ["note", "exception.message"])
def test_private_key_is_gone(key: str, text: str) -> None:
    """A private key goes in every notation, whole or cut at either end."""
    scrubbed, _ = SCRUBBER.value(key, text)
    assert KEY[:20] not in str(scrubbed)
