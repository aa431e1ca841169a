"""Read files, tell what each document in them is, and check it by the rules for that.

Several files are one deployment: a NetworkPolicy may stand beside the Deployment that it protects. A
configuration within a ConfigMap, or within an OpenTelemetryCollector resource, is checked where it
stands, by its lines in the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jaeger_guard.check.configuration import Configuration, looks_like_configuration
from jaeger_guard.check.manifests import Manifests, compose_containers, is_compose, is_manifest
from jaeger_guard.check.registry import check_by
from jaeger_guard.check.rule import Subject
from jaeger_guard.check.strategies import looks_like_strategies
from jaeger_guard.check.tree import LARGEST, Node, documents
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.weaknesses import Finding

_DATA_SUFFIXES: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking at files.

    Attributes:
        findings: The weaknesses.
        faults: What could not be looked at.
    """

    findings: list[Finding] = field(default_factory=list)
    faults: list[ConfigurationError] = field(default_factory=list)


def check_files(paths: Sequence[Path]) -> Looked:
    """Check files as one deployment."""
    looked = Looked()
    manifests: list[Node] = []
    for path in paths:
        try:
            roots = documents(_read(path), str(path))
            if not roots:
                raise ConfigurationError("the file is empty", str(path), "Name another file")
            known = [_check_document(root, looked, manifests) for root in roots]
            if not any(known):
                raise ConfigurationError(
                    "nothing in it is a configuration of Jaeger, the Collector, Kubernetes or Compose",
                    str(path),
                    "Name a file that is one",
                )
        except ConfigurationError as fault:
            looked.faults.append(fault)
    if manifests:
        deployment = Manifests(manifests)
        looked.findings.extend(check_by(Subject.MANIFESTS, deployment))
        for container in deployment.containers:
            looked.findings.extend(check_by(Subject.CONTAINER, container))
    return looked


def _read(path: Path) -> str:
    fault = ""
    try:
        with open(path, "rb") as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            fault = f"the file is larger than {LARGEST // 1024 // 1024} MiB"
        else:
            return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        fault = "the file isn't in UTF-8"
    except FileNotFoundError:
        fault = "the file doesn't exist"
    except IsADirectoryError:
        fault = "that is a directory"
    except (OSError, ValueError):
        fault = "the file can't be read"
    raise ConfigurationError(fault, str(path), "Name a file that can be read")


def _check_document(root: Node, looked: Looked, manifests: list[Node]) -> bool:
    """Check one document; answer whether it is of a known kind. Manifests are only collected."""
    if is_manifest(root):
        manifests.append(root)
        for text, node in _embedded(root):
            _check_embedded(text, node, looked)
        configuration = root.get("spec", "config")
        if root.text("kind") != "OpenTelemetryCollector" or configuration is None:
            return True
        if configuration.is_mapping:
            looked.findings.extend(check_by(Subject.CONFIGURATION, Configuration(configuration)))
        return True
    if looks_like_configuration(root):
        looked.findings.extend(check_by(Subject.CONFIGURATION, Configuration(root)))
        return True
    if looks_like_strategies(root):
        looked.findings.extend(check_by(Subject.STRATEGIES, root))
        return True
    if is_compose(root):
        for container in compose_containers(root):
            looked.findings.extend(check_by(Subject.CONTAINER, container))
        configs = root.get("configs")
        for config in [] if configs is None else configs.members.values():
            content = config.get("content")
            if content is not None and content.raw:
                _check_embedded(content.raw, content, looked)
        return True
    return False


def _embedded(root: Node) -> Iterator[tuple[str, Node]]:
    """Yield texts within a manifest that may be configurations."""
    data = root.get("data") if root.text("kind") == "ConfigMap" else None
    for name, node in ({} if data is None else data.members).items():
        if (
            node.raw and "\n" in node.raw and (name.endswith(_DATA_SUFFIXES) or "config" in name)
        ) or (node.raw and name.endswith(_DATA_SUFFIXES)):
            yield node.raw, node
    configuration = root.get("spec", "config")
    if configuration is not None and configuration.raw and "\n" in configuration.raw:
        yield configuration.raw, configuration


def _check_embedded(text: str, node: Node, looked: Looked) -> None:
    line = node.place.line or 1
    before = line if node.is_block else line - 1
    path = node.place.path
    for root in documents(text, node.place.artifact, first_line=before, path=path):
        if looks_like_configuration(root):
            looked.findings.extend(check_by(Subject.CONFIGURATION, Configuration(root)))
        elif looks_like_strategies(root):
            looked.findings.extend(check_by(Subject.STRATEGIES, root))
