"""What Kubernetes lets through to a Jaeger: services, ingresses, network policies, Secrets in files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from jaeger_guard.check.containers import GOOD, without
from jaeger_guard.check.manifests import Manifests, Workload, labels_of
from jaeger_guard.check.rule import Hit, Rule, Subject
from jaeger_guard.check.secrets import names_secret
from jaeger_guard.check.tree import Node
from jaeger_guard.weaknesses import Severity

_QUERY_PORTS: Final = frozenset({"16685", "16686"})
_NETWORK: Final = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"
# What ingress controllers read: nginx, Traefik, HAProxy, ALB, GKE.
_AUTHENTICATING: Final = (
    "auth-",
    "authentication",
    "middlewares",
    "iap",
    "auth-url",
    "backend-config",
)


def _exposed(manifests: Manifests) -> Iterator[Hit]:
    for service in manifests.of_kind("Service"):
        type_ = service.get("spec", "type")
        shown = type_ if type_ is not None else service
        if service.is_set("spec", "externalIPs"):
            yield Hit(shown.place, "addresses outside the cluster lead to this service")
        elif type_ is not None and type_.text() in ("LoadBalancer", "NodePort"):
            ports = service.get("spec", "ports")
            numbers = {item.text("port") for item in ([] if ports is None else ports.items)}
            what = "the query API" if numbers & _QUERY_PORTS else "this service"
            yield Hit(type_.place, f"{what} can be reached from outside the cluster")


def _ingress_tls(manifests: Manifests) -> Iterator[Hit]:
    for ingress in manifests.of_kind("Ingress", "Route"):  # OpenShift's too
        if not ingress.is_set("spec", "tls"):
            yield Hit(ingress.place, "what comes in here comes in the clear")


def _ingress_auth(manifests: Manifests) -> Iterator[Hit]:
    for ingress in manifests.of_kind("Ingress"):
        annotations = labels_of(ingress.get("metadata", "annotations"))
        if not any(word in name for name in annotations for word in _AUTHENTICATING):
            yield Hit(ingress.place, "nobody is asked who they are before they reach Jaeger")


def _selects(policy: Node, workload: Workload) -> bool:
    namespace = policy.text("metadata", "namespace")
    if namespace != workload.namespace:
        return False
    types = policy.texts("spec", "policyTypes")
    if types and "Ingress" not in types:
        return False
    selector = policy.get("spec", "podSelector")
    wanted = labels_of(None if selector is None else selector.get("matchLabels"))
    return all(workload.labels.get(name) == value for name, value in wanted.items())


def _no_policy(manifests: Manifests) -> Iterator[Hit]:
    policies = list(manifests.of_kind("NetworkPolicy", "CiliumNetworkPolicy"))
    for workload in manifests.workloads:
        if not any(
            policy.text("kind") == "CiliumNetworkPolicy" or _selects(policy, workload)
            for policy in policies
        ):
            yield Hit(workload.node.place, "every pod of the cluster can reach it")


def _open_policy(manifests: Manifests) -> Iterator[Hit]:
    for policy in manifests.of_kind("NetworkPolicy"):
        for rule in policy.listed("spec", "ingress"):
            sources = rule.get("from")
            if sources is None or not sources.items:
                yield Hit(rule.place, "this lets in everybody")
                continue
            for source in sources.items:
                if source.text("ipBlock", "cidr") in ("0.0.0.0/0", "::/0"):
                    yield Hit(source.place, "this lets in every address")
                elif _is_everything(source):
                    yield Hit(source.place, "this lets in every pod of the cluster")


def _is_everything(source: Node) -> bool:
    namespaces, pods = source.get("namespaceSelector"), source.get("podSelector")
    is_any = namespaces is not None and not namespaces.members
    return is_any and (pods is None or not pods.members)


def _operator(manifests: Manifests) -> Iterator[Hit]:
    for jaeger in manifests.of_kind("Jaeger"):
        node = jaeger.get("spec", "strategy")
        strategy = "allinone" if node is None else node.text().lower().replace("-", "")
        if strategy == "allinone":
            what = "the operator makes an all-in-one: all is kept in memory, and queries are open"
            yield Hit(jaeger.place if node is None else node.place, what)


def _secrets(manifests: Manifests) -> Iterator[Hit]:
    for secret in manifests.of_kind("Secret"):
        for name in ("data", "stringData"):
            node = secret.get(name)
            if node is not None and any(member.raw for member in node.members.values()):
                yield Hit(node.place, "credentials stand in this file, base64 or not")


def _config_maps(manifests: Manifests) -> Iterator[Hit]:
    for config_map in manifests.of_kind("ConfigMap"):
        for name, member in config_map.named("data").items():
            if member.raw and "\n" not in member.raw and names_secret(name):
                yield Hit(
                    member.place, "a credential stands in a ConfigMap, which anybody may read"
                )


_SERVICE: Final = """\
apiVersion: v1
kind: Service
metadata: {name: jaeger-query, namespace: tracing}
spec: {type: ClusterIP, selector: {app: jaeger}, ports: [{port: 16686}]}
"""
_INGRESS: Final = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: jaeger
  annotations: {nginx.ingress.kubernetes.io/auth-url: "https://login.example.com/oauth2/auth"}
spec:
  tls: [{hosts: [jaeger.example.com], secretName: jaeger-tls}]
  rules: [{host: jaeger.example.com}]
"""
_POLICY: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: jaeger, namespace: tracing}
spec:
  podSelector: {}
  ingress:
    - from: [{podSelector: {matchLabels: {sends-traces: "true"}}}]
"""


def _rule(
    id_: str,
    severity: Severity,
    title: str,
    remedy: str,
    look: Callable[[Manifests], Iterator[Hit]],
    good: str,
    *edit: str,
    source: str,
) -> Rule[Manifests]:
    return Rule(
        id=f"kubernetes.{id_}",
        severity=severity,
        title=title,
        remedy=remedy,
        source=source,
        subject=Subject.MANIFESTS,
        look=look,
        bad=without(good, *edit),
        good=good,
    )


RULES: Final = (
    _rule(
        "exposed-service", Severity.HIGH, "A Service that can be reached from outside the cluster",
        "Set type: ClusterIP, and let people in by an authenticating proxy", _exposed,
        _SERVICE, "ClusterIP", "LoadBalancer",
        source="https://kubernetes.io/docs/concepts/services-networking/service/",
    ),
    _rule(
        "ingress-plaintext", Severity.HIGH, "An Ingress without TLS",
        "Add spec.tls with a certificate", _ingress_tls,
        _INGRESS, "  tls: [{hosts: [jaeger.example.com], secretName: jaeger-tls}]\n", "",
        source="https://kubernetes.io/docs/concepts/services-networking/ingress/#tls",
    ),
    _rule(
        "ingress-no-auth", Severity.HIGH, "An Ingress that asks nobody who they are",
        "Have the ingress controller ask an authenticating proxy, such as oauth2-proxy", _ingress_auth,
        _INGRESS, "auth-url", "proxy-body-size",
        source="measured on Jaeger v1.76.0: it sends no WWW-Authenticate, so people need a proxy",
    ),
    _rule(
        "no-network-policy", Severity.MEDIUM, "A Jaeger or Collector that no NetworkPolicy selects",
        "Add one that lets in the pods that send and read, and no others", _no_policy,
        GOOD, "kind: NetworkPolicy", "kind: LimitRange",
        source=_NETWORK,
    ),
    _rule(
        "open-network-policy", Severity.MEDIUM, "A NetworkPolicy that lets in everybody",
        "Name namespaces and pods in from", _open_policy,
        _POLICY, '[{podSelector: {matchLabels: {sends-traces: "true"}}}]', "[{namespaceSelector: {}}]",
        source=_NETWORK,
    ),
    _rule(
        "all-in-one",
        Severity.HIGH,
        "A Jaeger resource of the operator's with the strategy allInOne, which is the default",
        "Use jaeger-guard render kubernetes; the operator makes Jaeger 1, whose support has ended",
        _operator,
        "apiVersion: jaegertracing.io/v1\nkind: Jaeger\nmetadata: {name: jaeger}\n"
        "spec: {strategy: production}\n",
        "production",
        "allInOne",
        source="https://www.jaegertracing.io/docs/1.76/deployment/operator/",
    ),
    _rule(
        "secret-in-file", Severity.HIGH, "A Secret with its values in a file",
        "Make it outside: kubectl create secret, External Secrets or Sealed Secrets", _secrets,
        "apiVersion: v1\nkind: Secret\nmetadata: {name: otlp}\nstringData: {}\n",
        "stringData: {}", "stringData: {password: " + "correct-horse}",
        source="https://kubernetes.io/docs/concepts/security/secrets-good-practices/; CWE-312",
    ),
    _rule(
        "secret-in-config-map", Severity.HIGH, "A credential in a ConfigMap",
        "Put it into a Secret", _config_maps,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: jaeger}\ndata: {size: '3'}\n",
        "size: '3'", "password: " + "correct-horse",
        source="https://kubernetes.io/docs/concepts/configuration/configmap/; CWE-312",
    ),
)  # fmt: skip
