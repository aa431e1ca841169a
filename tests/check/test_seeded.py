"""One weakness put into a hardened deployment is reported, and nothing else is.

The bases are what `render` writes, and a Collector and a Compose file without a finding. Each seed changes
one thing; the findings that are new must be exactly that one.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import yaml

from jaeger_guard.check import Severity, Subject, check_files, rules
from jaeger_guard.cli import main

COLLECTOR = """\
extensions:
  bearertokenauth/in: {scheme: Bearer, token: "${env:COL_TOKEN}"}
  file_storage: {directory: /var/lib/otel}
receivers:
  otlp:
    protocols:
      http:
        endpoint: "10.0.0.7:4318"
        auth: {authenticator: bearertokenauth/in}
        tls: {cert_file: s.crt, key_file: s.key, client_ca_file: ca.pem, client_ca_file_reload: true, min_version: "1.3", reload_interval: 60s}
processors:
  memory_limiter: {check_interval: 1s, limit_mib: 512}
  transform/guard:
    error_mode: ignore
    trace_statements:
      - context: span
        statements:
          - replace_pattern(span.name, "[\\\\w.+-]+@[\\\\w-]+", "[EMAIL]")
          - replace_pattern(span.status.message, "[\\\\w.+-]+@[\\\\w-]+", "[EMAIL]")
      - context: spanevent
        statements:
          - replace_pattern(spanevent.name, "[\\\\w.+-]+@[\\\\w-]+", "[EMAIL]")
  redaction:
    allow_all_keys: true
    redact_all_types: true
    ignored_keys: [http.response.status_code]
    blocked_key_patterns: ['(?i)authorization']
    blocked_values: ['[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+']
    hash_function: hmac-sha256
    hmac_key: "${env:COL_HMAC_KEY}"
    summary: silent
connectors:
  routing:
    default_pipelines: [traces/short]
    table:
      - {context: resource, condition: 'attributes["privacy.retention"] == "long"', pipelines: [traces/long]}
exporters:
  otlp_grpc/short: {endpoint: "jaeger:4317", tls: {ca_file: ca.pem}, sending_queue: {storage: file_storage}}
  otlp_grpc/long: {endpoint: "jaeger:4327", tls: {ca_file: ca.pem}}
service:
  extensions: [bearertokenauth/in, file_storage]
  telemetry: {metrics: {level: none}}
  pipelines:
    traces/in: {receivers: [otlp], processors: [memory_limiter, transform/guard, redaction], exporters: [routing]}
    traces/long: {receivers: [routing], exporters: [otlp_grpc/long]}
    traces/short: {receivers: [routing], exporters: [otlp_grpc/short]}
"""
COMPOSE = """\
services:
  jaeger:
    image: jaegertracing/jaeger:2.13.0
    command: [--config, /etc/jaeger/jaeger.yaml]
    user: "10001"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 1g
    environment:
      OTLP_USER: services
      OTLP_PASSWORD: ${OTLP_PASSWORD}
    ports: ["127.0.0.1:16686:16686"]
  database:
    image: postgres
"""
CLEAR = "correct-" + "horse"


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The text of each hardened deployment."""
    directory = tmp_path_factory.mktemp("bases")
    texts = {"collector": COLLECTOR, "compose": COMPOSE}
    for target in ("jaeger", "kubernetes"):
        output = directory / target
        assert main(["render", target, "--policy", "baseline", "--output", str(output)]) == 0
        texts[target] = (output / "jaeger.yaml").read_text()
    texts["strategies"] = (directory / "jaeger" / "strategies.json").read_text()
    return texts


@pytest.fixture(scope="module")
def known(
    bases: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, set[tuple[str, str]]]:
    """What is found in each of them."""
    directory = tmp_path_factory.mktemp("known")
    return {base: found_in(text, directory) for base, text in bases.items()}


def found_in(text: str, directory: Path) -> set[tuple[str, str]]:
    """Return the id and the path of each finding; lines move with an edit."""
    file = directory / "deployment.yaml"
    file.write_text(text)
    looked = check_files([file])
    assert looked.faults == []
    return {(finding.id, finding.place.path) for finding in looked.findings}


@pytest.mark.parametrize("base", ["jaeger", "kubernetes", "collector", "compose", "strategies"])
def test_hardened_is_silent(base: str, bases: dict[str, str], tmp_path: Path) -> None:
    """Nothing is found but what no file can mend, as info."""
    file = tmp_path / "deployment.yaml"
    file.write_text(bases[base])
    looked = check_files([file])
    assert looked.faults == []
    assert {finding.severity for finding in looked.findings} <= {Severity.INFO}
    assert {finding.id for finding in looked.findings} <= {
        "storage.unencrypted",
        "queue.unencrypted",
    }


@pytest.mark.parametrize("policy", ["baseline", "gdpr,pci-dss", "maximal"])
@pytest.mark.parametrize("target", ["jaeger", "kubernetes", "collector"])
def test_what_is_rendered_is_silent(target: str, policy: str, tmp_path: Path) -> None:
    """Whatever the policy, nothing is found in what `render` makes of it."""
    assert main(["render", target, "--policy", policy, "--output", str(tmp_path)]) == 0
    looked = check_files(list(tmp_path.glob("*.yaml")))
    assert looked.faults == []
    assert {finding.severity for finding in looked.findings} <= {Severity.INFO}


HERE = '"127.0.0.1:'
TLS_LINE = "        client_ca_file_reload: true\n"
SEEDS = [
    # --- addresses
    ("jaeger", f'{HERE}16686"', '"0.0.0.0:16686"', "listener.all-interfaces"),
    ("jaeger", f'{HERE}4317"', '":4317"', "listener.all-interfaces"),
    ("jaeger", f'{HERE}4318"', '"[::]:4318"', "listener.all-interfaces"),
    ("jaeger", f'{HERE}5779"', '"${env:NOWHERE:-0.0.0.0}:5779"', "listener.all-interfaces"),
    ("jaeger", f'      endpoint: {HERE}5778"\n', "", "listener.all-interfaces"),
    ("jaeger", f'      endpoint: {HERE}16695"\n', "", "listener.all-interfaces"),
    ("jaeger", f'{HERE}13133"', '"0.0.0.0:13133"', "listener.all-interfaces"),
    # --- authentication
    (
        "jaeger",
        f'{HERE}16686"\n      auth: {{authenticator: basicauth/query_short}}\n',
        f'{HERE}16686"\n',
        "listener.no-auth",
    ),
    (
        "jaeger",
        f'{HERE}4317"\n        auth: {{authenticator: basicauth/otlp}}\n',
        f'{HERE}4317"\n',
        "listener.no-auth",
    ),
    (
        "jaeger",
        f'{HERE}5779"\n      auth: {{authenticator: basicauth/otlp}}\n',
        f'{HERE}5779"\n',
        "listener.no-auth",
    ),
    ("jaeger", "    - basicauth/query_long\n", "", "listener.unknown-authenticator"),
    (
        "jaeger",
        "  jaeger_query/long:\n",
        "  jaeger_query/long:\n    bearer_token_propagation: true\n",
        "query.bearer-token-propagation",
    ),
    # --- TLS
    (
        "jaeger",
        f'{HERE}4318"\n        auth: {{authenticator: basicauth/otlp}}\n        tls: *tls\n',
        f'{HERE}4318"\n        auth: {{authenticator: basicauth/otlp}}\n',
        "listener.plaintext",
    ),
    (
        "jaeger",
        f'{HERE}16695"\n      auth: {{authenticator: basicauth/query_long}}\n      tls: *tls\n',
        f'{HERE}16695"\n      auth: {{authenticator: basicauth/query_long}}\n',
        "listener.plaintext",
    ),
    (
        "jaeger",
        "        client_ca_file: /etc/jaeger/tls/ca.crt\n",
        "",
        "listener.no-client-certificate",
    ),
    ("jaeger", '        min_version: "1.3"\n', "", "listener.old-tls"),
    ("jaeger", 'min_version: "1.3"', 'min_version: "1.2"', "listener.old-tls"),
    ("jaeger", 'min_version: "1.3"', 'min_version: "1.0"', "listener.old-tls"),
    ("jaeger", TLS_LINE, f'{TLS_LINE}        max_version: "1.2"\n', "listener.old-tls"),
    (
        "jaeger",
        "reload_interval: 60s\n    grpc:",
        "reload_interval: 0s\n    grpc:",
        "listener.no-certificate-reload",
    ),
    (
        "jaeger",
        "        reload_interval: 60s\n    grpc:",
        "    grpc:",
        "listener.no-certificate-reload",
    ),
    ("jaeger", TLS_LINE, "", "listener.no-client-ca-reload"),
    (
        "jaeger",
        f'{HERE}4318"\n',
        f'{HERE}4318"\n        cors: {{allowed_origins: ["*"]}}\n',
        "listener.any-origin",
    ),
    # --- jaeger_query
    (
        "jaeger",
        "    enable_tracing: false\n    storage: {traces: long}",
        "    storage: {traces: long}",
        "query.self-tracing",
    ),
    (
        "jaeger",
        "    enable_tracing: false\n    storage: {traces: short}",
        "    enable_tracing: true\n    storage: {traces: short}",
        "query.self-tracing",
    ),
    (
        "jaeger",
        "storage: {traces: short}",
        "storage: {traces: short, traces_archive: long}",
        "query.archive",
    ),
    (
        "jaeger",
        "  jaeger_query/short:\n",
        "  jaeger_query/short:\n    multi_tenancy: {Enabled: true, Header: x-tenant, Tenants: [a]}\n",
        "query.tenancy",
    ),
    # --- storage
    ("jaeger", "          ephemeral: false\n          ttl: {spans: 72h}\n", "          ttl: {spans: 72h}\n", "storage.ephemeral"),
    ("jaeger", "          ephemeral: false\n          ttl: {spans: 2160h}\n", "          ephemeral: true\n          ttl: {spans: 2160h}\n", "storage.ephemeral"),
    ("jaeger", "          ttl: {spans: 72h}\n", "", "storage.no-ttl"),
    ("jaeger", "spans: 2160h", "spans: 0s", "storage.no-ttl"),
    ("jaeger", "spans: 2160h", "spans: 87600h", "storage.long-ttl"),
    ("jaeger", "    backends:\n", "    backends:\n      spare: {memory: {max_traces: 100}}\n", "storage.memory"),
    (
        "jaeger",
        "    backends:\n",
        "    backends:\n      spare: {elasticsearch: {server_urls: ['http://es:9200'], use_ilm: true,"
        " authentication: {basic: {username: j, password: '${env:ES}'}}}}\n",
        "storage.plaintext",
    ),
    (
        "jaeger",
        "    backends:\n",
        "    backends:\n      spare: {cassandra: {connection: {servers: [c1], tls: {ca_file: ca.pem}}}}\n",
        "storage.no-auth",
    ),
    ("jaeger", "    backends:\n", "    backends:\n      spare: {clickhouse: {addresses: ['c:9000'], auth: {basic: {username: j, password: '${env:C}'}}}}\n", "storage.plaintext"),
    ("jaeger", "    backends:\n", "    backends:\n      spare: {grpc: {endpoint: 'store:17271', tls: {ca_file: ca.pem}}}\n", "storage.no-auth"),
    ("jaeger", "    backends:\n", "    backends:\n      spare: {opensearch: {server_urls: ['https://j:" + CLEAR + "@es:9200'], use_ilm: true, authentication: {basic: {username: j}}}}\n", "secrets.inline"),
    ("jaeger", "    backends:\n", "    backends:\n      spare: {opensearch: {server_urls: ['https://es:9200'], use_ilm: true, tls: {insecure_skip_verify: true}, authentication: {basic: {username: j}}}}\n", "tls.skip-verify"),
    ("jaeger", "exporters: [jaeger_storage_exporter/long]", "exporters: [jaeger_storage_exporter/long, kafka]", "storage.plaintext"),
    # --- credentials
    ("jaeger", "${env:OTLP_PASSWORD}", CLEAR, "secrets.inline"),
    ("jaeger", "${env:OTLP_PASSWORD}", "${env:OTLP_PASSWORD:-" + CLEAR + "}", "secrets.default"),
    # --- what it shows of itself
    ("jaeger", "    metrics: {level: none}\n", "    metrics: {level: detailed}\n", "telemetry.metrics"),
    (
        "jaeger",
        "  telemetry:\n    # The scrape port has neither TLS nor authentication.\n    metrics: {level: none}\n",
        "",
        "telemetry.metrics",
    ),
    (
        "jaeger",
        "metrics: {level: none}",
        "metrics: {readers: [{pull: {exporter: {prometheus: {host: 0.0.0.0, port: 8888}}}}]}",
        "telemetry.metrics",
    ),
    ("jaeger", "    metrics: {level: none}\n", "    metrics: {level: none}\n    logs: {level: debug}\n", "telemetry.debug-logs"),
    *(
        (
            "jaeger",
            "    - remote_sampling\n",
            f"    - remote_sampling\n    - {aid}\n",
            f"debugging.{aid}",
        )
        for aid in ("pprof", "zpages", "expvar")
    ),
    ("jaeger", "    - remote_sampling\n", "    - remote_sampling\n    - storage_cleaner\n", "storage.cleaner"),
    # --- pipelines
    ("jaeger", "      processors: [memory_limiter]\n", "", "pipeline.no-memory-limiter"),
    (
        "jaeger",
        "exporters: [jaeger_storage_exporter/long]",
        "exporters: [jaeger_storage_exporter/long, debug]",
        "exporter.debug",
    ),
    (
        "jaeger",
        "exporters: [jaeger_storage_exporter/short]",
        "exporters: [jaeger_storage_exporter/short, otlp]",
        "exporter.plaintext",
    ),
    ("jaeger", "processors: [filter/only_long, batch]", "processors: [filter/only_long, transform]", "jaeger.unknown-component"),
    # --- a Collector
    ("collector", 'tls: {ca_file: ca.pem}}\nservice', "tls: {insecure: true}}\nservice", "exporter.plaintext"),
    ("collector", 'tls: {ca_file: ca.pem}}\nservice', "tls: {insecure_skip_verify: true}}\nservice", "tls.skip-verify"),
    ("collector", "exporters: [otlp_grpc/long]", "exporters: [otlp_grpc/long, file]", "exporter.file"),
    ("collector", "redact_all_types: true", "redact_all_types: false", "redaction.only-strings"),
    ("collector", "    ignored_keys: [http.response.status_code]\n", "", "redaction.numbers"),
    ("collector", "transform/guard, redaction]", "redaction]", "redaction.names-in-clear"),
    ("collector", "replace_pattern(spanevent.name,", "replace_pattern(spanevent.other,", "redaction.names-in-clear"),
    ("collector", "summary: silent", "summary: debug", "redaction.summary"),
    ("collector", "hash_function: hmac-sha256", "hash_function: sha3", "scrubbing.unkeyed-hash"),
    ("collector", "${env:COL_HMAC_KEY}", "0123456789" * 4, "secrets.inline"),
    ("collector", "${env:COL_TOKEN}", "${env:COL_TOKEN:-" + CLEAR + "}", "secrets.default"),
    ("collector", "'(?i)authorization'", "'(?i)token'", "redaction.usage-counts"),
    ("collector", "summary: silent", "allowed_values: ['example']", "redaction.allowed-values"),
    ("collector", "context: resource,", "context: span,", "routing.split-traces"),
    # --- strategies
    ("strategies", '"param": 1.0', '"param": 25', "strategies.probability"),
    ("strategies", '"probabilistic"', '"never"', "strategies.unknown-type"),
    # --- Kubernetes
    ("kubernetes", "${env:POD_IP}:16686", "0.0.0.0:16686", "listener.all-interfaces"),
    ("kubernetes", "        runAsNonRoot: true\n", "", "container.root"),
    ("kubernetes", "runAsUser: 10001", "runAsUser: 0", "container.root"),
    ("kubernetes", "            allowPrivilegeEscalation: false\n", "", "container.privilege-escalation"),
    ("kubernetes", "            readOnlyRootFilesystem: true\n", "", "container.writable-root"),
    ("kubernetes", "            capabilities: {drop: [ALL]}\n", "", "container.capabilities"),
    ("kubernetes", "{drop: [ALL]}", "{drop: [ALL], add: [NET_ADMIN]}", "container.capabilities"),
    ("kubernetes", "        seccompProfile: {type: RuntimeDefault}\n", "", "container.seccomp"),
    ("kubernetes", "            readOnlyRootFilesystem: true\n", "            readOnlyRootFilesystem: true\n            privileged: true\n", "container.privileged"),
    ("kubernetes", "memory: 1Gi, ephemeral", "ephemeral", "container.no-memory-limit"),
    ("kubernetes", "jaeger:2.13.0", "jaeger:latest", "container.latest-image"),
    ("kubernetes", "jaeger:2.13.0", "jaeger", "container.latest-image"),
    ("kubernetes", "jaeger:2.13.0", "jaeger-collector:1.60.0", "container.old-image"),
    ("kubernetes", "          args: [--config, /etc/jaeger/configuration/jaeger.yaml]\n", "", "container.all-in-one"),
    ("kubernetes", "      enableServiceLinks: false\n", "      hostNetwork: true\n", "container.host"),
    ("kubernetes", "emptyDir: {sizeLimit: 64Mi}", "hostPath: {path: /tmp}", "container.host"),
    ("kubernetes", "containerPort: 16686}", "containerPort: 16686, hostPort: 16686}", "container.published-port"),
    ("kubernetes", "      serviceAccountName: jaeger\n      automountServiceAccountToken: false\n", "      serviceAccountName: jaeger\n", "container.api-token"),
    ("kubernetes", "valueFrom: {secretKeyRef: {name: jaeger-otlp, key: password}}", f"value: {CLEAR}", "container.secret-in-environment"),
    ("kubernetes", "configuration/jaeger.yaml]\n", f"configuration/jaeger.yaml, --set=a.password={CLEAR}]\n", "container.secret-in-arguments"),
    ("kubernetes", "  name: jaeger-query\n  namespace: tracing\nspec:\n  type: ClusterIP", "  name: jaeger-query\n  namespace: tracing\nspec:\n  type: LoadBalancer", "kubernetes.exposed-service"),
    ("kubernetes", "  egress: []\n", "    - {}\n  egress: []\n", "kubernetes.open-network-policy"),
    ("kubernetes", "apiVersion: v1\nkind: PersistentVolumeClaim", f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{password: {CLEAR}}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim", "kubernetes.secret-in-file"),
    ("kubernetes", "apiVersion: v1\nkind: PersistentVolumeClaim", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, annotations: {auth-url: x}}\nspec: {rules: []}\n---\napiVersion: v1\nkind: PersistentVolumeClaim", "kubernetes.ingress-plaintext"),
    ("kubernetes", "apiVersion: v1\nkind: PersistentVolumeClaim", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {tls: [{secretName: a}]}\n---\napiVersion: v1\nkind: PersistentVolumeClaim", "kubernetes.ingress-no-auth"),
    ("kubernetes", "  strategies.json: |", "  password: x\n  strategies.json: |", "kubernetes.secret-in-config-map"),
    # --- Compose
    ("compose", "127.0.0.1:16686:16686", "16686:16686", "container.published-port"),
    ("compose", "127.0.0.1:16686:16686", "0.0.0.0:16686:16686", "container.published-port"),
    ("compose", '    user: "10001"\n', "", "container.root"),
    ("compose", "    read_only: true\n", "", "container.writable-root"),
    ("compose", "    cap_drop: [ALL]\n", "", "container.capabilities"),
    ("compose", '    security_opt: ["no-new-privileges:true"]\n', "", "container.privilege-escalation"),
    ("compose", "    mem_limit: 1g\n", "", "container.no-memory-limit"),
    ("compose", "    mem_limit: 1g\n", "    mem_limit: 1g\n    privileged: true\n", "container.privileged"),
    ("compose", "    mem_limit: 1g\n", "    mem_limit: 1g\n    network_mode: host\n", "container.host"),
    ("compose", "${OTLP_PASSWORD}", CLEAR, "container.secret-in-environment"),
    ("compose", "${OTLP_PASSWORD}", "${OTLP_PASSWORD:-" + CLEAR + "}", "container.secret-in-environment"),
    ("compose", "    command: [--config, /etc/jaeger/jaeger.yaml]\n", "", "container.all-in-one"),
]  # fmt: skip
# What a seed names, where the base doesn't have it yet.
DEFINITIONS = {
    "pprof": "  pprof: {}\n", "zpages": "  zpages: {}\n", "expvar": "  expvar: {}\n",
    "storage_cleaner": "  storage_cleaner: {trace_storage: short}\n",
}  # fmt: skip
EXPORTERS = {
    "debug": "  debug: {verbosity: detailed}\n",
    "otlp": "  otlp: {endpoint: 'collector:4317', tls: {insecure: true}}\n",
    "file": "  file: {path: traces.json}\n",
    "kafka": "  kafka: {brokers: ['k:9092'], auth: {sasl: {username: j, password: '${env:K}'}}}\n",
}


def define(text: str, new: str) -> str:
    for name, definition in DEFINITIONS.items():
        if f"- {name}\n" in new:
            text = text.replace("\nextensions:\n", f"\nextensions:\n{definition}")
    for name, definition in EXPORTERS.items():
        if new.endswith(f", {name}]"):
            text = text.replace("\nexporters:\n", f"\nexporters:\n{definition}")
    if new.endswith(", transform]"):
        text = text.replace("\nprocessors:\n", "\nprocessors:\n  transform: {}\n")
    return text


@pytest.mark.parametrize(
    ("base", "old", "new", "expected"),
    SEEDS,
    ids=[f"{number}-{seed[0]}-{seed[3]}" for number, seed in enumerate(SEEDS)],
)
def test_seeded_weakness(
    base: str,
    old: str,
    new: str,
    expected: str,
    bases: dict[str, str],
    known: dict[str, set[tuple[str, str]]],
    tmp_path: Path,
) -> None:
    """Exactly the seeded weakness is new, at one place."""
    before = bases[base]
    assert before.count(old) == 1, "the base has changed"
    after = define(before.replace(old, new), new)
    new_ones = found_in(after, tmp_path) - known[base]
    ids = [id_ for id_, _ in new_ones if id_ != "storage.unencrypted"]
    assert ids == [expected]


def test_no_network_policy(bases: dict[str, str], tmp_path: Path) -> None:
    """A deployment without its policies is reported; they may stand in another file."""
    documents = bases["kubernetes"].split("\n---\n")
    policies = [text for text in documents if "kind: NetworkPolicy" in text]
    others = [text for text in documents if text not in policies]
    assert len(policies) == 2
    (tmp_path / "workload.yaml").write_text("\n---\n".join(others))
    (tmp_path / "policies.yaml").write_text("\n---\n".join(policies))
    alone = check_files([tmp_path / "workload.yaml"]).findings
    assert [f.id for f in alone if f.severity is not Severity.INFO] == [
        "kubernetes.no-network-policy"
    ]
    both = check_files([tmp_path / "workload.yaml", tmp_path / "policies.yaml"]).findings
    assert [finding for finding in both if finding.severity is not Severity.INFO] == []


def test_enough_seeds() -> None:
    """There are more than forty, of all kinds of files."""
    assert len(SEEDS) > 40
    assert {seed[0] for seed in SEEDS} == {
        "jaeger",
        "kubernetes",
        "collector",
        "compose",
        "strategies",
    }


def test_oddly_shaped_files(bases: dict[str, str], tmp_path: Path) -> None:
    """Whatever stands where something else is expected, it is looked at, or said not to be possible."""
    draw = random.Random(20261126)
    examples = [
        rule.bad for rule in rules() if rule.subject in (Subject.CONFIGURATION, Subject.MANIFESTS)
    ]
    documents = [list(yaml.safe_load_all(text)) for text in (*examples, COLLECTOR, COMPOSE)]
    odd: list[object] = [
        None,
        True,
        0,
        -1.5,
        "",
        "x",
        "[::",
        "${env:X:-y}",
        [],
        {},
        [None],
        {"a": [{}]},
        {"endpoint": [1]},
    ]
    file = tmp_path / "file.yaml"
    for _ in range(200):
        changed = json.loads(json.dumps(draw.choice(documents)))
        parent = draw.choice(changed)
        while isinstance(parent, dict | list) and parent:
            place = draw.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
            if not isinstance(parent[place], dict | list) or draw.random() < 0.3:
                parent[place] = draw.choice(odd)
                break
            parent = parent[place]
        file.write_text("\n---\n".join(map(json.dumps, changed)))
        looked = check_files([file])
        assert all(isinstance(finding.where, str) for finding in looked.findings)


def test_lines_are_those_of_the_file(bases: dict[str, str], tmp_path: Path) -> None:
    """A finding names the line, within a ConfigMap too."""
    text = bases["kubernetes"].replace("${env:POD_IP}:16686", "0.0.0.0:16686")
    file = tmp_path / "jaeger.yaml"
    file.write_text(text)
    (finding,) = [f for f in check_files([file]).findings if f.id == "listener.all-interfaces"]
    line = next(n for n, line in enumerate(text.split("\n"), 1) if "0.0.0.0:16686" in line)
    assert finding.where.startswith(f"{file}:{line} ")


def test_no_value_is_shown(bases: dict[str, str], tmp_path: Path) -> None:
    """A credential that is found is in no format of the output."""
    for base, old, new, expected in SEEDS:
        if CLEAR in new:
            file = tmp_path / "jaeger.yaml"
            file.write_text(bases[base].replace(old, new))
            shown = json.dumps([finding.as_dict() for finding in check_files([file]).findings])
            assert expected in shown
            assert CLEAR not in shown
