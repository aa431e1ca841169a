"""Prometheus accepts the alert rules, and they go off when they should."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from jaeger_guard.cli import main
from jaeger_guard.render.prometheus import prometheus_name
from jaeger_guard.telemetry import INSTRUMENTS

_FILE = "jaeger-guard-alerts.yaml"


def _promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """The rules, in a directory."""
    assert main(["render", "prometheus", "--policy", "baseline", "--output", str(tmp_path)]) == 0
    return tmp_path / _FILE


def test_promtool_accepts_it(rendered: Path) -> None:
    """`promtool check rules` accepts what is rendered."""
    done = _promtool("check", "rules", str(rendered))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def test_each_metric_is_one_of_ours(rendered: Path) -> None:
    """A rule asks for nothing but metrics that a guard has, by their names in Prometheus."""
    ours = {prometheus_name(instrument) for instrument in INSTRUMENTS}
    assert "jaeger_guard_certificate_remaining_seconds" in ours
    rules = yaml.safe_load(rendered.read_text())["groups"][0]["rules"]
    asked = set(re.findall(r"jaeger_guard_\w+", " ".join(rule["expr"] for rule in rules)))
    assert asked <= ours
    assert len(asked) >= 8


def _series(name: str, values: str, **labels: str) -> dict[str, str]:
    written = ",".join(f'{key}="{text}"' for key, text in {"job": "shop", **labels}.items())
    return {"series": f"{name}{{{written}}}", "values": values}


@pytest.mark.parametrize(
    ("series", "after", "alerts"),
    [
        (_series("jaeger_guard_spans_dropped_total", "0x10 5x30", reason="queue_full"), "20m", ["JaegerGuardSpansDropped"]),
        (_series("jaeger_guard_spans_quarantined_total", "0x10 1x30"), "20m", ["JaegerGuardSpansQuarantined"]),
        (_series("jaeger_guard_spans_rejected_total", "0x10 1x30", reason="invalid"), "20m", ["JaegerGuardSpansRejected"]),
        (_series("jaeger_guard_queue_oldest_seconds", "900x30", stage="disk"), "20m", ["JaegerGuardExportWaits"]),
        (_series("jaeger_guard_spool_write_failures_total", "0x10 1x30"), "20m", ["JaegerGuardSpoolCannotWrite"]),
        (_series("jaeger_guard_spool_set_aside_total", "0x10 1x30"), "20m", ["JaegerGuardSpoolSetAside"]),
        (_series("jaeger_guard_certificate_remaining_seconds", "86400x30", certificate="client"), "20m", ["JaegerGuardCertificateEnds"]),
        (_series("jaeger_guard_certificate_remaining_seconds", "-5x30", certificate="ca"), "20m", ["JaegerGuardCertificateEnds", "JaegerGuardCertificateEnded"]),
        (_series("jaeger_guard_certificate_remaining_seconds", "9999999x30", certificate="ca"), "20m", []),
        (_series("jaeger_guard_spans_scrubbed_total", "0+100x90 9000x120"), "150m", ["JaegerGuardSilent"]),
        (_series("jaeger_guard_spans_scrubbed_total", "0+100x200"), "150m", []),
    ],
    ids=lambda value: value["series"][:60] if isinstance(value, dict) else None,
)  # fmt: skip
def test_alerts_go_off(
    rendered: Path, series: dict[str, str], after: str, alerts: list[str]
) -> None:
    """What is worth an alert sets off its own, and nothing else does."""
    rules = yaml.safe_load(rendered.read_text())["groups"][0]["rules"]
    labels = dict(re.findall(r'(\w+)="([^"]*)"', series["series"]))

    def expected(rule: dict[str, Any]) -> list[dict[str, Any]]:
        if rule["alert"] not in alerts:
            return []
        grouped = re.search(r"by \(([^)]*)\)", rule["expr"])
        assert grouped is not None
        kept = {name: labels[name] for name in grouped[1].split(", ")}
        return [{"exp_labels": {**kept, **rule["labels"]}}]

    test = {
        "rule_files": [_FILE],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [series],
                "alert_rule_test": [
                    {"eval_time": after, "alertname": rule["alert"], "exp_alerts": expected(rule)}
                    for rule in rules
                ],
            }
        ],
    }
    # Annotations hold values, which aren't what is tested.
    stripped = {"groups": [{"name": "g", "rules": [{k: v for k, v in rule.items() if k != "annotations"} for rule in rules]}]}  # fmt: skip
    rendered.write_text(json.dumps(stripped))
    file = rendered.parent / "test.yaml"
    file.write_text(json.dumps(test))
    done = _promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_label_is_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--label` names what tells services apart; what is no label is refused."""
    assert main(["render", "prometheus", "--label", "service_name"]) == 0
    shown = capsys.readouterr().out
    assert "by (service_name, reason)" in shown
    assert "$labels.service_name" in shown
    assert main(["render", "prometheus", "--label", "a-b"]) == 2
    assert "--label" in capsys.readouterr().err
