"""How a Jaeger or Collector runs in a container, by Kubernetes or Compose.

The pod security standard `restricted` is the measure for Kubernetes:
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from jaeger_guard.check.manifests import Container
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.check.secrets import names_secret
from jaeger_guard.check.tree import Node
from jaeger_guard.weaknesses import Place, Severity

_RESTRICTED: Final = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"
_BENCHMARK: Final = "CIS Docker Benchmark, section 5"
_MEASURED: Final = "measured on Jaeger v1.76.0"


def _shown(container: Container) -> str:
    return container.name if re.fullmatch(r"[\w.-]{1,64}", container.name) else "a container"


def _is_compose(container: Container) -> bool:
    return container.pod is None


def _at(container: Container, node: Node | None) -> Place:
    return container.place if node is None else node.place


def _privileged(container: Container) -> Iterator[Hit]:
    node = container.node.get("privileged") or container.node.get("securityContext", "privileged")
    if node is not None and node.value is True:
        yield Hit(node.place, f"{_shown(container)} is privileged: it owns the machine")


def _root(container: Container) -> Iterator[Hit]:
    what = f"{_shown(container)} may run as root"
    if _is_compose(container):
        user = container.node.get("user")
        if user is None or user.text().partition(":")[0] in ("0", "root", ""):
            yield Hit(_at(container, user), what)
        return
    user = container.security("runAsUser")
    if user is not None and user.value == 0:
        yield Hit(user.place, f"{_shown(container)} runs as root")
        return
    non_root = container.security("runAsNonRoot")
    if non_root is None or non_root.value is not True:
        yield Hit(_at(container, non_root), what)


def _escalation(container: Container) -> Iterator[Hit]:
    what = f"{_shown(container)} may gain privileges, by setuid programs"
    if _is_compose(container):
        options = container.node.texts("security_opt")
        if not any(re.fullmatch(r"no-new-privileges(?:[:=]true)?", text) for text in options):
            yield Hit(container.place, what)
        return
    node = container.node.get("securityContext", "allowPrivilegeEscalation")
    if node is None or node.value is not False:
        yield Hit(_at(container, node), what)


def _capabilities(container: Container) -> Iterator[Hit]:
    node = container.node.get("securityContext", "capabilities")
    if _is_compose(container):
        dropped, added = container.node.texts("cap_drop"), container.node.texts("cap_add")
    else:
        dropped = [] if node is None else node.texts("drop")
        added = [] if node is None else node.texts("add")
    if "ALL" not in [text.upper() for text in dropped]:
        yield Hit(_at(container, node), f"{_shown(container)} keeps the runtime's capabilities")
    elif added:
        yield Hit(_at(container, node), f"{_shown(container)} adds capabilities; it needs none")


def _seccomp(container: Container) -> Iterator[Hit]:
    if _is_compose(container):
        if any("seccomp" in text and "unconfined" in text
               for text in container.node.texts("security_opt")):  # fmt: skip
            yield Hit(container.place, f"{_shown(container)} may make any system call")
        return
    node = container.security("seccompProfile")
    if node is None or node.text("type") not in ("RuntimeDefault", "Localhost"):
        yield Hit(_at(container, node), f"{_shown(container)} may make any system call")


def _writable(container: Container) -> Iterator[Hit]:
    node = (
        container.node.get("read_only")
        if _is_compose(container)
        else container.node.get("securityContext", "readOnlyRootFilesystem")
    )
    if node is None or node.value is not True:
        yield Hit(_at(container, node), f"{_shown(container)} may write to its own programs")


def _limits(container: Container) -> Iterator[Hit]:
    limits = (
        container.node.get("deploy", "resources", "limits")
        if _is_compose(container)
        else container.node.get("resources", "limits")
    )
    given = container.node.get("mem_limit") if _is_compose(container) else None
    if given is None and (limits is None or not limits.is_set("memory")):
        what = f"{_shown(container)} may take all memory of the machine"
        yield Hit(_at(container, limits or container.node.get("resources")), what)


def _image(container: Container) -> Iterator[Hit]:
    if container.image and "@" not in container.image and container.tag in ("", "latest"):
        what = f"{_shown(container)} runs whatever version is there at the next start"
        yield Hit(_at(container, container.node.get("image")), what)


def _all_in_one(container: Container) -> Iterator[Hit]:
    name = container.image_name.lower()
    is_jaeger = name in ("jaeger", "all-in-one", "jaeger-all-in-one")
    configured = any(text.partition("=")[0] == "--config" for text in container.arguments)
    if is_jaeger and not configured:
        what = f"{_shown(container)} is the all-in-one: all is kept in memory, and queries are open"
        yield Hit(_at(container, container.node.get("image")), what)


def _old(container: Container) -> Iterator[Hit]:
    tag = re.match(r"v?(\d{1,4})\.(\d{1,4})", container.tag)
    image = container.image.lower()
    if tag is None:
        return
    major, minor = int(tag[1]), int(tag[2])
    place = _at(container, container.node.get("image"))
    if "jaegertracing/" in image and "operator" not in image and major < 2:
        yield Hit(place, f"{_shown(container)} is a Jaeger 1, whose support ended with 2025")
    elif "opentelemetry-collector" in image and major == 0 and minor < 165:
        what = (
            f"{_shown(container)} is a Collector whose redaction masks in another order each start"
        )
        yield Hit(place, what, Severity.LOW, "Use 0.165.0 or newer")


def _environment(container: Container) -> Iterator[Hit]:
    for name, node in container.environment():
        value = str(node.raw)
        text = value.partition("=")[2] if value.startswith(f"{name}=") else value
        if names_secret(name) and text and not text.startswith(("${", "$(")):
            yield Hit(node.place, "a credential stands in the environment, in clear")
        elif names_secret(name) and ":-" in text and not text.endswith(":-}"):
            yield Hit(node.place, "a credential has a default, which stands here in clear")


def _arguments(container: Container) -> Iterator[Hit]:
    for field in ("command", "args", "entrypoint"):
        node = container.node.get(field)
        nodes = [] if node is None else node.items or [node]
        for item in nodes:
            text = item.text().removeprefix("--set=").removeprefix("--set ")
            key, separator, value = text.partition("=")
            option = key.lstrip("-").rpartition(".")[2]
            if separator and value and not value.startswith("$") and names_secret(option):
                yield Hit(
                    item.place, "a credential stands in the arguments, which ps and expvar show"
                )


def _ports(container: Container) -> Iterator[Hit]:
    if not _is_compose(container):
        for port in container.node.listed("ports"):
            if port.is_set("hostPort"):
                yield Hit(port.place, f"{_shown(container)} takes a port of the machine's own")
        return
    for port in container.node.listed("ports"):
        address = port.text("host_ip")
        if not port.is_mapping:
            parts = re.sub(r"\[[^]]*\]|\$\{[^}]*\}", "x", port.text()).split(":")
            address = port.text().rpartition(":")[0].rpartition(":")[0] if len(parts) > 2 else ""
        elif not port.is_set("published"):
            continue
        if address.strip("[]") in ("", "0.0.0.0", "::"):
            yield Hit(
                port.place, f"{_shown(container)} is published on all addresses of the machine"
            )


def _host(container: Container) -> Iterator[Hit]:
    if _is_compose(container):
        for name in ("network_mode", "pid", "ipc"):
            node = container.node.get(name)
            if node is not None and node.text() == "host":
                yield Hit(node.place, f"{_shown(container)} shares {name} with the machine")
        for item in (container.node.get("volumes") or Node(container.place)).items:
            if "docker.sock" in (item.text() or item.text("source")):
                yield Hit(item.place, f"{_shown(container)} may start any container")
        return
    pod = container.pod
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        node = None if pod is None else pod.get(name)
        if node is not None and node.value is True:
            yield Hit(node.place, f"{_shown(container)} shares the machine's own ({name})")
    volumes = None if pod is None else pod.get("volumes")
    for volume in [] if volumes is None else volumes.items:
        if volume.get("hostPath") is not None:
            yield Hit(volume.place, f"{_shown(container)} has a directory of the machine")


def _token(container: Container) -> Iterator[Hit]:
    if container.pod is not None:
        node = container.pod.get("automountServiceAccountToken")
        if node is None or node.value is not False:
            place = container.pod.place if node is None else node.place
            yield Hit(place, f"{_shown(container)} holds a token for the cluster's API")


def _probes(container: Container) -> Iterator[Hit]:
    if container.pod is not None and not any(
        container.node.is_set(name) for name in ("livenessProbe", "readinessProbe")
    ):
        containers = container.pod.get("containers")
        if containers is not None and container.node in containers.items:
            yield Hit(container.place, f"nobody notices when {_shown(container)} hangs")


GOOD: Final = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: jaeger, namespace: tracing}
spec:
  template:
    metadata: {labels: {app: jaeger}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: jaeger
          image: docker.io/jaegertracing/jaeger:2.13.0
          args: [--config, /etc/jaeger/jaeger.yaml]
          env: [{name: OTLP_PASSWORD, valueFrom: {secretKeyRef: {name: otlp, key: password}}}]
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          readinessProbe: {httpGet: {path: /status, port: 13133}}
          resources: {limits: {memory: 1Gi}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: jaeger, namespace: tracing}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""
"""A Jaeger with nothing to report, and of few lines; the examples are made from it."""


def without(text: str, *replacements: str) -> str:
    """Make an example: what each odd text stands for becomes the even one behind it."""
    for old, new in zip(replacements[::2], replacements[1::2], strict=True):
        if old not in text:
            raise ValueError(old)
        text = text.replace(old, new)
    return text


def _rule(
    id_: str,
    severity: Severity,
    title: str,
    remedy: str,
    look: Callable[[Container], Iterator[Hit]],
    *edit: str,
    source: str = _RESTRICTED,
) -> Rule[Container]:
    return Rule(
        id=f"container.{id_}",
        severity=severity,
        title=title,
        remedy=remedy,
        source=source,
        subject=Subject.CONTAINER,
        look=look,
        bad=without(GOOD, *edit),
        good=GOOD,
    )


_ESCALATION: Final = "            allowPrivilegeEscalation: false\n"
_SPEC: Final = "      automountServiceAccountToken: false\n"

RULES: Final = (
    _rule(
        "privileged", Severity.CRITICAL, "A privileged container",
        "Remove privileged: Jaeger and the Collector need no privilege", _privileged,
        _ESCALATION, f"{_ESCALATION}            privileged: true\n",
    ),
    _rule(
        "root", Severity.MEDIUM, "A container that may run as root",
        "Set runAsNonRoot: true and a runAsUser; in Compose, user", _root,
        "runAsNonRoot: true, ", "",
    ),
    _rule(
        "privilege-escalation", Severity.MEDIUM, "A container that may gain privileges",
        "Set allowPrivilegeEscalation: false; in Compose, security_opt: [no-new-privileges:true]",
        _escalation, _ESCALATION, "",
    ),
    _rule(
        "capabilities", Severity.MEDIUM, "A container with capabilities of the kernel",
        "Set capabilities: {drop: [ALL]}; in Compose, cap_drop: [ALL]", _capabilities,
        "            capabilities: {drop: [ALL]}\n", "",
    ),
    _rule(
        "seccomp", Severity.MEDIUM, "A container without a seccomp profile",
        "Set seccompProfile: {type: RuntimeDefault}", _seccomp,
        ", seccompProfile: {type: RuntimeDefault}", "",
    ),
    _rule(
        "writable-root", Severity.MEDIUM, "A container whose root file system can be written",
        "Set readOnlyRootFilesystem: true and mount what is written; in Compose, read_only: true",
        _writable, "            readOnlyRootFilesystem: true\n", "",
        source=_BENCHMARK,
    ),
    _rule(
        "no-memory-limit", Severity.MEDIUM, "A container without a limit of memory",
        "Set resources.limits.memory above memory_limiter's limit; in Compose, mem_limit", _limits,
        "          resources: {limits: {memory: 1Gi}}\n", "",
        source="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    ),
    _rule(
        "latest-image", Severity.MEDIUM, "An image without a version",
        "Name a version, better a digest", _image,
        "jaeger:2.13.0", "jaeger:latest",
        source=_BENCHMARK,
    ),
    _rule(
        "all-in-one", Severity.HIGH, "Jaeger's all-in-one, as it comes",
        "Give it --config and a configuration (jaeger-guard render jaeger)", _all_in_one,
        "          args: [--config, /etc/jaeger/jaeger.yaml]\n", "",
        source=f"{_MEASURED}: without --config, queries are on all interfaces without TLS or "
        "authentication, and traces in memory",
    ),
    _rule(
        "old-image", Severity.MEDIUM, "A version with known defects, or without support",
        "Use Jaeger 2", _old,
        "jaeger:2.13.0", "jaeger-query:1.60.0",
        source="https://www.jaegertracing.io/download/; redaction's order: measured on the Collector"
        " v0.155.0 and v0.165.0",
    ),
    _rule(
        "secret-in-environment", Severity.HIGH, "A credential in a manifest's environment",
        "Refer to a Secret by secretKeyRef; in Compose, to a file of secrets", _environment,
        "valueFrom: {secretKeyRef: {name: otlp, key: password}}", "value: " + "correct-horse",
        source="CWE-798",
    ),
    _rule(
        "secret-in-arguments", Severity.HIGH, "A credential among the arguments",
        "Use an environment variable from a Secret", _arguments,
        "/etc/jaeger/jaeger.yaml]", "/etc/jaeger/jaeger.yaml, '--set=x.password=" + "horse']",
        source=f"{_MEASURED}: expvar shows the command line; CWE-214",
    ),
    _rule(
        "published-port", Severity.HIGH, "A port of the machine's own",
        "Use a Service of type ClusterIP; in Compose, publish on 127.0.0.1", _ports,
        "          resources:", "          ports: [{containerPort: 16686, hostPort: 16686}]\n"
        "          resources:",
        source=_BENCHMARK,
    ),
    _rule(
        "host", Severity.HIGH, "A container that shares network, processes or files with its machine",
        "Remove hostNetwork, hostPID, hostIPC and hostPath", _host,
        _SPEC, f"{_SPEC}      hostNetwork: true\n",
    ),
    _rule(
        "api-token", Severity.MEDIUM, "A token for the cluster's API, which nobody needs",
        "Set automountServiceAccountToken: false", _token,
        _SPEC, "",
        source="CIS Kubernetes Benchmark, section 5.1.6",
    ),
    _rule(
        "no-probe", Severity.LOW, "A container without probes",
        "Add a readinessProbe and a livenessProbe on healthcheckv2", _probes,
        "          readinessProbe: {httpGet: {path: /status, port: 13133}}\n", "",
        source="https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
    ),
)  # fmt: skip
