"""The hardened Jaeger on Kubernetes: restricted pods, network policies, cert-manager certificates."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from typing import Final

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.render.jaeger import LONG, SHORT, JaegerOptions, add_lifetimes, render_jaeger
from jaeger_guard.render.target import RenderedFile, Rendering, Source, Target, fill

IMAGE: Final = "docker.io/jaegertracing/jaeger:2.13.0"  # of the module v1.76.0

_NAME: Final = (
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123, section 2.1, as Kubernetes has it
)
_IMAGE: Final = r"[a-z0-9][a-z0-9._:/-]{0,254}(?::[\w.-]{1,128}|@sha256:[0-9a-f]{64})"
_STORAGE: Final = r"[1-9][0-9]{0,5}[MGT]i"


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesOptions:
    """What a policy doesn't say.

    Attributes:
        namespace: Where everything is; it is made.
        image: Jaeger's, with a tag or digest.
        storage_class: Whose volumes are encrypted.
        storage: How large the volume is.
        keep_short: How long short traces can be read: a number and s, m or h.
        keep_long: How long the others can be.

    Raises:
        ConfigurationError: One can't be used.
    """

    namespace: str = "tracing"
    image: str = IMAGE
    storage_class: str = "encrypted"
    storage: str = "20Gi"
    keep_short: str = SHORT
    keep_long: str = LONG

    def __post_init__(self) -> None:
        for name, pattern, example in (
            ("namespace", _NAME, "tracing"),
            ("image", _IMAGE, IMAGE),
            ("storage_class", _NAME, "encrypted"),
            ("storage", _STORAGE, "20Gi"),
        ):
            if not re.fullmatch(pattern, getattr(self, name)):
                raise ConfigurationError(
                    "not what Kubernetes takes there",
                    f"--{name.replace('_', '-')}",
                    f"Set one such as {example}",
                )


def render_kubernetes(source: Source, options: KubernetesOptions) -> Rendering:
    """Render one file for `kubectl apply -f`."""
    jaeger = render_jaeger(
        source,
        JaegerOptions(
            listen="${env:POD_IP}",
            strategies="/etc/jaeger/configuration/strategies.json",
            keep_short=options.keep_short,
            keep_long=options.keep_long,
        ),
    )
    text = {file.name: file.text for file in jaeger.files}
    policy = source.compiled
    values = {
        "namespace": options.namespace,
        "image": options.image,
        "storage_class": options.storage_class,
        "storage": options.storage,
        "policy": re.sub(r"[^\w.,/ -]", "?", ", ".join(policy.names))[:200],
        "digest": policy.digest,
        "configuration": text["jaeger.yaml"],
        "strategies": text["strategies.json"],
    }
    notes = (
        *jaeger.notes,
        f"the storage class {options.storage_class} must be one whose volumes are encrypted",
        "two Secrets and cert-manager are needed; the file's first lines say how",
    )
    return Rendering(
        files=(RenderedFile("jaeger.yaml", fill("kubernetes.yaml", values)),), notes=notes
    )


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    defaults = KubernetesOptions()
    for name, what in (
        ("namespace", "where everything is"),
        ("image", "Jaeger's image, with a tag or digest"),
        ("storage_class", "a storage class whose volumes are encrypted"),
        ("storage", "size of the volume"),
    ):
        default = getattr(defaults, name)
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            metavar=name.upper(),
            default=default,
            help=f"{what} (default: {default})",
        )
    add_lifetimes(parser)


def _render(source: Source, arguments: argparse.Namespace) -> Rendering:
    names = ("namespace", "image", "storage_class", "storage", "keep_short", "keep_long")
    return render_kubernetes(
        source, KubernetesOptions(**{name: getattr(arguments, name) for name in names})
    )


TARGET: Final = Target(
    name="kubernetes",
    summary="the same Jaeger on Kubernetes: restricted pods, network policies, certificates",
    add_arguments=_add_arguments,
    render=_render,
)
