"""Where a request goes, as far as this process shows it: the current client span, or the application.

A span that isn't recorded has neither kind nor attributes, and many that produce messages have no host:
then it isn't known, which a policy with a list of hosts has an answer for (`unknown_hosts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context, attach, create_key, detach, set_value

_KEY: Final = create_key("jaeger-guard-destination")
_LONGEST: Final = 8192  # characters of a URL; servers take no longer ones
# Semantic conventions, old and new: HTTP, RPC, messaging and databases name the peer by one of these.
_URLS: Final = ("url.full", "http.url")
_HOSTS: Final = ("server.address", "net.peer.name", "net.peer.ip")
_GOING_OUT: Final = (trace.SpanKind.CLIENT, trace.SpanKind.PRODUCER)
_HOST: Final = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}")


@contextmanager
def toward(host: str) -> Iterator[None]:
    """Say where what is sent inside goes, for code that no instrumentor of a client stands around.

    Args:
        host: A name or an address, without a port.
    """
    token = attach(set_value(_KEY, host))
    try:
        yield
    finally:
        detach(token)


def hosts_of(context: Context) -> frozenset[str] | None:
    """Return each host that a request is said to go to, usually one; None where nothing says it.

    Where two sources disagree, both are returned: what is permitted must be so for each.
    """
    said = context.get(_KEY)
    if said is not None:
        host = _plain(said)
        return None if host is None else frozenset((host,))
    span: Any = trace.get_current_span(context)
    if getattr(span, "kind", None) not in _GOING_OUT:
        return None
    attributes = getattr(span, "attributes", None) or {}
    found: set[str | None] = {
        host_of_url(attributes[key]) for key in _URLS if attributes.get(key) is not None
    }
    found |= {_plain(attributes[key]) for key in _HOSTS if attributes.get(key) is not None}
    hosts = frozenset(host for host in found if host is not None)
    return None if not hosts or None in found else hosts


def host_of_url(url: object) -> str | None:
    """Read the host of a URL; None where clients might read another one there.

    Parsers disagree about what ends an authority (`http://a\\@b/`) and who is the user of it, so
    whatever isn't plain is not known.
    """
    if not isinstance(url, str) or len(url) > _LONGEST:
        return None
    try:
        authority = urlsplit(url).netloc
    except ValueError:
        return None
    if re.search(r"[\\\s\x00-\x1f]", url.partition("?")[0]) or authority.count("@") > 1:
        return None
    host = authority.rpartition("@")[2]
    return _plain(re.sub(r":[0-9]{0,5}\Z", "", host) if host[-1:] != "]" else host)


def _plain(host: object) -> str | None:
    if not isinstance(host, str):
        return None
    plain = host.strip().lower().removeprefix("[").removesuffix("]").removesuffix(".")
    return plain if _HOST.fullmatch(plain) else None
