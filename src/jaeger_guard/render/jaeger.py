"""A hardened Jaeger: mutual TLS 1.3, authentication, two retention classes, sampling strategies."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from typing import Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.render.strategies import default_rate, strategies
from jaeger_guard.render.target import RenderedFile, Rendering, Source, Target, fill

SHORT: Final = "72h"
LONG: Final = "2160h"

_PATH: Final = r"/[A-Za-z0-9._/-]{1,255}"
# An address without its port, or a variable that holds one: a pod learns its own when it starts.
_ADDRESS: Final = r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]|\$\{env:[A-Z_]{1,64}\}"
_LIFETIME: Final = r"(?P<number>[1-9][0-9]{0,6})(?P<unit>[smh])"
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class JaegerOptions:
    """What a policy doesn't say.

    Attributes:
        listen: The address that everything listens on.
        certificates: Directory of tls.crt, tls.key and ca.crt.
        passwords: Directory of the htpasswd files.
        data: Directory of the stores.
        strategies: Path of the strategies file.
        keep_short: How long short traces can be read: a number and s, m or h.
        keep_long: How long the others can be.

    Raises:
        ConfigurationError: One can't be used.
    """

    listen: str = "127.0.0.1"
    certificates: str = "/etc/jaeger/tls"
    passwords: str = "/etc/jaeger/passwords"
    data: str = "/var/lib/jaeger"
    strategies: str = "/etc/jaeger/strategies.json"
    keep_short: str = SHORT
    keep_long: str = LONG

    def __post_init__(self) -> None:
        for name in ("certificates", "passwords", "data", "strategies"):
            if not re.fullmatch(_PATH, getattr(self, name)):
                raise ConfigurationError(
                    "not an absolute path of letters, digits, '.', '_', '-' and '/'",
                    f"--{name}",
                    "Name one such as /etc/jaeger",
                )
        if not re.fullmatch(_ADDRESS, self.listen):
            raise ConfigurationError(
                "not an address without a port", "--listen", "Set one such as 127.0.0.1"
            )
        if lifetime(self.keep_short, "--keep-short") >= lifetime(self.keep_long, "--keep-long"):
            raise ConfigurationError(
                "short traces would be kept as long as the others", "--keep-short", "Shorten it"
            )


def lifetime(text: str, where: str) -> int:
    """Read how long something is kept, in seconds.

    Raises:
        ConfigurationError: It is no such time.
    """
    found = re.fullmatch(_LIFETIME, text)
    if found is None:
        raise ConfigurationError("not a number and s, m or h", where, "Set a time such as 72h")
    return int(found["number"]) * _SECONDS[found["unit"]]


def add_lifetimes(parser: argparse.ArgumentParser) -> None:
    """Declare how long traces are kept."""
    parser.add_argument("--keep-short", metavar="TIME", default=SHORT, help=f"default: {SHORT}")
    parser.add_argument("--keep-long", metavar="TIME", default=LONG, help=f"default: {LONG}")


def render_jaeger(source: Source, options: JaegerOptions) -> Rendering:
    """Render the configuration, the strategies, and a page on what else is to be done."""
    policy = source.compiled
    text, notes = strategies(policy.sampling)
    values = {
        "policy": re.sub(r"[^\w.,/ -]", "?", ", ".join(policy.names))[:200],
        "digest": policy.digest,
        "listen": options.listen,
        "certificates": options.certificates,
        "passwords": options.passwords,
        "data": options.data,
        "strategies": options.strategies,
        "probability": repr(default_rate(policy.sampling)),
        "keep_short": options.keep_short,
        "keep_long": options.keep_long,
    }
    files = (
        RenderedFile("jaeger.yaml", fill("jaeger.yaml", values)),
        RenderedFile("strategies.json", text),
        RenderedFile("README.md", fill("jaeger.md", values)),
    )
    if policy.retention is None:
        notes += (
            "the policy has no [retention], so every trace will be kept short; see docs/retention.md",
        )
    return Rendering(files=files, notes=notes)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    defaults = JaegerOptions()
    parser.add_argument(
        "--listen",
        metavar="ADDRESS",
        default=defaults.listen,
        help=f"address to listen on (default: {defaults.listen})",
    )
    for name, what in (
        ("certificates", "directory of tls.crt, tls.key and ca.crt"),
        ("passwords", "directory of the htpasswd files"),
        ("data", "directory of the stores"),
        ("strategies", "path of the strategies file"),
    ):
        default = getattr(defaults, name)
        parser.add_argument(
            f"--{name}", metavar="PATH", default=default, help=f"{what} (default: {default})"
        )
    add_lifetimes(parser)


def _render(source: Source, arguments: argparse.Namespace) -> Rendering:
    names = ("listen", "certificates", "passwords", "data", "strategies", "keep_short", "keep_long")
    return render_jaeger(
        source, JaegerOptions(**{name: getattr(arguments, name) for name in names})
    )


TARGET: Final = Target(
    name="jaeger",
    summary="a hardened Jaeger: mutual TLS 1.3, authentication, two retention classes, sampling",
    add_arguments=_add_arguments,
    render=_render,
)
