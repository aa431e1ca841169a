"""requests: headers of propagation don't follow a redirect to a host that may not have them.

`requests` follows redirects inside one call of the instrumentor's, with a copy of the headers, and takes off
the Authorization header alone where the host changes. The hook of a response comes before that copy is
made, so there what the next host may not have is taken off.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final
from urllib.parse import urljoin

from jaeger_guard.instrumentation.framework import Framework
from jaeger_guard.propagation import not_for


def _watch_redirects(span: Any, request: Any) -> None:
    """Have the responses to a request looked at; the instrumentor's request hook."""
    hooks = request.hooks.setdefault("response", [])
    if _before_a_redirect not in hooks:
        hooks.append(_before_a_redirect)


def _before_a_redirect(response: Any, *_: Any, **__: Any) -> None:
    with contextlib.suppress(Exception):  # a response that can't be read isn't followed either
        location = response.headers.get("location")
        if location is None or not response.is_redirect:
            return
        for name in not_for(urljoin(response.url, location)):
            response.request.headers.pop(name, None)


REQUESTS: Final = Framework(
    name="requests", extra="requests", hooks={"request_hook": _watch_redirects}
)
