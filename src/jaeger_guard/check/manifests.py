"""Kubernetes manifests and Compose files as what the rules ask about: containers, services, policies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from jaeger_guard.check.tree import Node
from jaeger_guard.weaknesses import Place

_OURS: Final = r"jaeger|otel|opentelemetry|collector"
# Where the pod's template is, by the kind of workload.
_TEMPLATES: Final = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


@dataclass(frozen=True, slots=True)
class Container:
    """A container.

    Attributes:
        name: What it is called.
        node: Its settings.
        pod: The `spec` of its pod; None in Compose.
    """

    name: str
    node: Node
    pod: Node | None

    @property
    def image(self) -> str:
        """The image's name, with tag or digest."""
        return self.node.text("image")

    @property
    def image_name(self) -> str:
        """The image's last part, without tag and digest."""
        return self.image.partition("@")[0].rpartition("/")[2].partition(":")[0]

    @property
    def tag(self) -> str:
        """The tag; empty where there is none."""
        return self.image.partition("@")[0].rpartition("/")[2].partition(":")[2]

    @property
    def is_ours(self) -> bool:
        """Whether it is a Jaeger or a Collector, by its name or image."""
        return re.search(_OURS, f"{self.name} {self.image}".lower()) is not None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.node.place

    @property
    def arguments(self) -> list[str]:
        """What it is started with."""
        return [
            text for name in ("command", "args", "entrypoint") for text in self.node.texts(name)
        ]

    def security(self, name: str) -> Node | None:
        """Return a field of the security context, the container's before its pod's."""
        own = self.node.get("securityContext", name)
        if own is not None or self.pod is None:
            return own
        return self.pod.get("securityContext", name)

    def environment(self) -> Iterator[tuple[str, Node]]:
        """Yield the variables that are given as texts."""
        for name in ("env", "environment"):
            node = self.node.get(name)
            if node is None:
                continue
            for key, member in node.members.items():
                if member.raw:
                    yield key, member
            for item in node.items:
                value = item.get("value")
                if item.is_mapping and value is not None and value.raw:
                    yield item.text("name"), value
                elif item.raw and "=" in item.raw:
                    yield item.raw.partition("=")[0], item


@dataclass(frozen=True, slots=True)
class Workload:
    """What runs pods.

    Attributes:
        kind: `Deployment` and the like.
        namespace: Its namespace; empty where none is named.
        labels: Those of its pods.
        node: The whole manifest.
        pod: The pods' `spec`.
        containers: Those of a pod, the initial ones too.
    """

    kind: str
    namespace: str
    labels: dict[str, str]
    node: Node
    pod: Node
    containers: tuple[Container, ...]

    @property
    def is_ours(self) -> bool:
        """Whether a Jaeger or a Collector is in it."""
        return any(container.is_ours for container in self.containers)


class Manifests:
    """All manifests that were given, of one file or of several: a policy may stand in another file."""

    def __init__(self, roots: list[Node]) -> None:
        self.roots = [item for root in roots for item in _flattened(root)]

    def of_kind(self, *kinds: str) -> Iterator[Node]:
        """Yield the manifests of some kinds."""
        return (root for root in self.roots if root.text("kind") in kinds)

    @cached_property
    def workloads(self) -> list[Workload]:
        """Those of Jaegers and Collectors; all, where none of them can be told to be one."""
        found = [workload for root in self.roots if (workload := _workload(root)) is not None]
        ours = [workload for workload in found if workload.is_ours]
        return ours or found

    @property
    def containers(self) -> Iterator[Container]:
        """The containers of the workloads."""
        return (container for workload in self.workloads for container in workload.containers)


def is_manifest(root: Node) -> bool:
    """Say whether a document is a manifest of Kubernetes."""
    return root.is_mapping and root.is_set("apiVersion") and root.is_set("kind")


def is_compose(root: Node) -> bool:
    """Say whether a document is a Compose file."""
    return any(
        service.get("image") or service.get("build") for service in root.named("services").values()
    )


def compose_containers(root: Node) -> list[Container]:
    """Return the containers of a Compose file that are Jaegers or Collectors; all, where none is."""
    found = [Container(name, node, None) for name, node in root.named("services").items()]
    return [container for container in found if container.is_ours] or found


def labels_of(node: Node | None) -> dict[str, str]:
    """Read labels, or what selects by them."""
    members = {} if node is None else node.members
    return {name: str(member.value) for name, member in members.items()}


def _flattened(root: Node) -> list[Node]:
    return root.listed("items") if root.text("kind") == "List" else [root]


def _workload(root: Node) -> Workload | None:
    path = _TEMPLATES.get(root.text("kind"))
    template = None if path is None else root.get(*path)
    pod = None if template is None else template.get("spec")
    if template is None or pod is None:
        return None
    containers = tuple(
        Container(item.text("name"), item, pod)
        for name in ("initContainers", "containers")
        for item in pod.listed(name)
    )
    return Workload(
        kind=root.text("kind"),
        namespace=root.text("metadata", "namespace"),
        labels=labels_of(template.get("metadata", "labels")),
        node=root,
        pod=pod,
        containers=containers,
    )
