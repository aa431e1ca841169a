"""Credentials that stand in files where a reference belongs. None of them is ever shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jaeger_guard.check.configuration import Configuration
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.check.tree import Node, references
from jaeger_guard.lexicon import category_of
from jaeger_guard.weaknesses import Severity

# A reference may stand wherever a text may; a `:` in it separates nothing.
_REFERENCE: Final = r"\$\{[^{}]{0,512}\}"
_USERINFO: Final = (
    rf"://(?:{_REFERENCE}|[^\s/@:]){{0,256}}:(?P<password>(?:{_REFERENCE}|[^\s/@]){{1,512}})@"
)
_PASSWORD: Final = rf"(?:{_REFERENCE}|[^:]){{0,256}}:(?P<password>.{{1,1024}})"
_NOT_THE_SECRET: Final = ("_file", "_path", "_name", "_url", "_key_ref", "filename", "_id")
# Hashes of crypt(3), Apache and LDAP; `$$` is how the Collector writes a `$`.
_HASH: Final = r"\$\$?[0-9a-z]|\{(?:SSHA|SHA)\}"


def names_secret(key: str) -> bool:
    """Say whether a value under this key is a credential, as far as the key tells."""
    lowered = key.lower()
    if lowered.endswith(_NOT_THE_SECRET):
        return False
    if lowered in ("authorization", "hmac_key", "key_pem", "cookie"):
        return True
    return (category_of(key) or "").startswith("credential.")


def _secret_parts(key: str, member: Node) -> Iterator[str]:
    """Yield the parts of a scalar, as written, that are a credential or stand for one."""
    text = member.raw
    if not text or isinstance(member.value, bool):
        return
    if key == "inline" and member.place.path.endswith("htpasswd.inline"):
        for line in filter(None, map(str.strip, text.splitlines())):
            found = re.match(_PASSWORD, line)
            if found is not None and not re.match(_HASH, found["password"]):
                yield found["password"]
    elif names_secret(key):
        yield text
    else:
        for found in re.finditer(_USERINFO, text):
            yield found["password"]


def _parts_below(root: Node) -> Iterator[tuple[Node, str]]:
    for node in root.walk():
        for key, member in node.members.items():
            for scalar in (member, *member.items):
                for part in _secret_parts(key, scalar):
                    yield scalar, part


def _inline(configuration: Configuration) -> Iterator[Hit]:
    for node, part in _parts_below(configuration.root):
        if not references(part):
            yield Hit(node.place, "a credential stands here in clear")


def _default(configuration: Configuration) -> Iterator[Hit]:
    for node, part in _parts_below(configuration.root):
        if any(references(part)):
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
