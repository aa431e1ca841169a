"""A configuration of Jaeger 2 or the Collector: which components are in use, and what listens where."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from jaeger_guard.check.tree import Node
from jaeger_guard.weaknesses import Place

_SECTIONS: Final = ("receivers", "processors", "exporters", "connectors", "extensions")


def looks_like_configuration(root: Node) -> bool:
    """Say whether a document is a configuration of the Collector or Jaeger, or a part of one."""
    if not root.is_mapping or "apiVersion" in root.members:
        return False
    service = root.get("service")
    if service is not None and (service.get("pipelines") or service.get("extensions")):
        return True
    return any((section := root.get(name)) is not None and section.is_mapping for name in _SECTIONS)


@dataclass(frozen=True, slots=True)
class Component:
    """A component in use.

    Attributes:
        id: Its id, such as `otlp/in`.
        node: Its settings; of no members where it has none.
    """

    id: str
    node: Node

    @property
    def type(self) -> str:
        """Its id without its name."""
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Listener:
    """A place where something listens.

    Attributes:
        component: Whose it is.
        node: Its settings (`endpoint`, `tls`, `auth`).
        default: Where it listens without `endpoint`.
        what: What it gives out or takes, as a noun.
        guarded: Whether TLS and authentication belong there; a health check has nothing to protect.
    """

    component: Component
    node: Node
    default: str
    what: str
    guarded: bool = True

    @property
    def place(self) -> Place:
        """Where it is configured."""
        endpoint = self.node.get("endpoint")
        return self.node.place if endpoint is None else endpoint.place

    @property
    def endpoint(self) -> str:
        """`host:port` as far as the file tells."""
        if self.node.get("endpoint") is None:
            return self.default
        return self.node.text("endpoint")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.node.text("transport") == "unix":
            return True
        return is_loopback(self.endpoint)

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens on all interfaces."""
        if self.node.text("transport") == "unix":
            return False
        host = host_of(self.endpoint)
        if host == "":
            return True
        try:
            return ipaddress.ip_address(host.partition("%")[0]).is_unspecified
        except ValueError:
            return False


def host_of(endpoint: str) -> str:
    """Return the host of `host:port` or a URL, without brackets; empty for `:port`."""
    rest = endpoint.strip().rpartition("://")[2].partition("/")[0].rpartition("@")[2]
    if rest.startswith("["):
        return rest[1:].partition("]")[0].lower()
    if rest.startswith("${"):
        return rest.partition("}")[0] + "}"
    if rest.count(":") > 1:
        return rest.lower()
    return rest.partition(":")[0].lower()


def is_loopback(endpoint: str) -> bool:
    """Say whether `host:port` or a URL is a loopback's."""
    host = host_of(endpoint)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


class Configuration:
    """One configuration.

    Where there is no `service`, the document is a part of one, and all components count as in use.
    """

    def __init__(self, root: Node) -> None:
        self.root = root
        self.service = root.get("service")

    def section(self, name: str) -> dict[str, Node]:
        """Return a section's components, used or not."""
        node = self.root.get(name)
        return {} if node is None else node.members

    def components(self, section: str, *types: str) -> Iterator[Component]:
        """Yield the components of some types that are in use."""
        for id_, node in self.section(section).items():
            component = Component(id_, node)
            if (not types or component.type in types) and self._is_used(section, id_):
                yield component

    def _is_used(self, section: str, id_: str) -> bool:
        if self.service is None:
            return True
        if section == "extensions":
            return id_ in self.service.texts("extensions")
        lists = ("receivers", "exporters") if section == "connectors" else (section,)
        return any(id_ in pipeline.texts(name) for pipeline in self.pipelines for name in lists)

    @cached_property
    def pipelines(self) -> list[Node]:
        """The pipelines, of all signals."""
        node = None if self.service is None else self.service.get("pipelines")
        return [] if node is None else list(node.members.values())

    @cached_property
    def trace_pipelines(self) -> list[Node]:
        """The pipelines of traces."""
        node = None if self.service is None else self.service.get("pipelines")
        members = {} if node is None else node.members
        return [
            pipeline for name, pipeline in members.items() if name.partition("/")[0] == "traces"
        ]

    @cached_property
    def is_jaeger(self) -> bool:
        """Whether it is Jaeger's, by components that only Jaeger has."""
        extensions = self.section("extensions")
        names = {name.partition("/")[0] for name in extensions}
        return bool(names & {"jaeger_storage", "jaeger_query", "remote_storage"})

    @cached_property
    def listeners(self) -> list[Listener]:
        """Everything that listens, apart from debugging aids and the metrics of the program itself."""
        return [*self._of_receivers(), *self._of_extensions()]

    def _of_receivers(self) -> Iterator[Listener]:
        for component in self.components("receivers", "otlp", "jaeger", "otelarrow"):
            for name, node in component.node.named("protocols").items():
                port = _PORTS.get((component.type, name))
                if port is not None:
                    yield Listener(component, node, f"localhost:{port}", "spans of anybody")
        for component in self.components("receivers", "zipkin"):
            yield Listener(component, component.node, "localhost:9411", "spans of anybody")
        known = ("otlp", "jaeger", "otelarrow", "zipkin", "kafka", "nop")
        for component in self.components("receivers"):
            # Another receiver's endpoint may be a server's that it asks: nobody asks 0.0.0.0.
            if component.type not in known and component.node.is_set("endpoint"):
                yield Listener(component, component.node, "", "telemetry", guarded=False)

    def _of_extensions(self) -> Iterator[Listener]:
        for type_, http, grpc, what in (
            ("jaeger_query", 16686, 16685, "all traces"),
            ("remote_sampling", 5778, 5779, "sampling strategies"),
        ):
            for component in self.components("extensions", type_):
                node = component.node
                for name, port in (("http", http), ("grpc", grpc)):
                    below = node.get(name) or Node(node.place)
                    yield Listener(component, below, f":{port}", what)
        for component in self.components("extensions", "remote_storage"):
            yield Listener(component, component.node, ":17271", "the whole store")
        for component in self.components("extensions", "healthcheckv2", "health_check"):
            nodes = [component.node]
            if component.type == "healthcheckv2" and component.node.is_true("use_v2"):
                members = component.node.members
                nodes = [members[name] for name in ("http", "grpc") if name in members]
            for node in nodes:
                yield Listener(component, node, "localhost:13133", "the health", guarded=False)


_PORTS: Final = {
    ("otlp", "grpc"): 4317,
    ("otlp", "http"): 4318,
    ("otelarrow", "grpc"): 4317,
    ("jaeger", "grpc"): 14250,
    ("jaeger", "thrift_http"): 14268,
    ("jaeger", "thrift_compact"): 6831,
    ("jaeger", "thrift_binary"): 6832,
}


def seconds_of(text: str) -> float | None:
    """Read a duration as Go writes it (`1h30m`), in seconds; None where it isn't one."""
    if text in ("0", "-0"):
        return 0.0
    sign = -1 if text.startswith("-") else 1
    parts = re.findall(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.lstrip("+-"):
        return None
    return sign * sum(float(number) * _UNITS[unit] for number, unit in parts)


_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
