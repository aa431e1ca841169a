"""Credentials that stand in files where a reference belongs. None of them is ever shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jaeger_guard.check.configuration import Configuration
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.check.tree import Node
from jaeger_guard.lexicon import category_of
from jaeger_guard.weaknesses import Severity

_USERINFO: Final = r"://[^\s/@:]{0,256}:[^\s/@]{1,512}@"
_NOT_THE_SECRET: Final = ("_file", "_path", "_name", "_url", "_key_ref", "filename", "_id")
# `user:` and a hash: crypt(3)'s, Apache's, LDAP's; `$$` is how the Collector writes a `$`.
_HASHED: Final = r"[^:\s]{1,256}:(?:\$\$?[0-9a-z]|\{(?:SSHA|SHA)\})"


def names_secret(key: str) -> bool:
    """Say whether a value under this key is a credential, as far as the key tells."""
    lowered = key.lower()
    if lowered.endswith(_NOT_THE_SECRET):
        return False
    if lowered in ("authorization", "hmac_key", "key_pem", "cookie"):
        return True
    return (category_of(key) or "").startswith("credential.")


def secrets_below(root: Node) -> Iterator[Node]:
    """Yield the scalars that hold a credential, or refer to one."""
    for node in root.walk():
        for key, member in node.members.items():
            if member.raw and isinstance(member.value, str | int) and _holds_secret(key, member):
                yield member


def _holds_secret(key: str, member: Node) -> bool:
    if isinstance(member.value, bool):
        return False
    if key == "inline" and member.place.path.endswith("htpasswd.inline"):
        lines = [line.strip() for line in str(member.raw).splitlines() if line.strip()]
        return not all(re.match(_HASHED, line) for line in lines)
    return names_secret(key) or re.search(_USERINFO, str(member.raw)) is not None


def _inline(configuration: Configuration) -> Iterator[Hit]:
    for node in secrets_below(configuration.root):
        if not node.has_default and not node.is_reference:
            yield Hit(node.place, "a credential stands here in clear")


def _default(configuration: Configuration) -> Iterator[Hit]:
    for node in secrets_below(configuration.root):
        if node.has_default:
            yield Hit(node.place, "a credential has a default, which stands here in clear")


def _basic(inline: str) -> str:
    return f'extensions:\n  basicauth: {{htpasswd: {{inline: "{inline}"}}}}\n'


RULES: Final = (
    Rule(
        id="secrets.inline",
        severity=Severity.HIGH,
        title="A credential stands in a file",
        remedy="Refer to it: ${env:NAME}, ${file:PATH} or a …_file setting; and replace the credential",
        source="measured on Jaeger v1.76.0: print-config shows it too; CWE-798",
        subject=Subject.CONFIGURATION,
        look=_inline,
        bad=_basic("services:" + "correct-horse"),
        good=_basic("${env:OTLP_USER}:${env:OTLP_PASSWORD}"),
    ),
    Rule(
        id="secrets.default",
        severity=Severity.HIGH,
        title="A credential with a default: where the variable is missing, everybody knows it",
        remedy="Remove the default, so that it doesn't start without the variable",
        source="measured on Jaeger v1.76.0: ${env:NAME:-default} works; CWE-1392",
        subject=Subject.CONFIGURATION,
        look=_default,
        bad=_basic("${env:OTLP_USER}:${env:OTLP_PASSWORD:-" + "changeme}"),
        good=_basic("${env:OTLP_USER}:${env:OTLP_PASSWORD}"),
    ),
)
