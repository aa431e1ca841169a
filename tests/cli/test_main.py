"""The program itself: versions, help, and what it answers to wrong arguments."""

from __future__ import annotations

import subprocess
import sys

import pytest

import jaeger_guard
from jaeger_guard.cli import main


def test_version_names_package_and_sdk(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` says both versions, for a report of a defect needs both."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(
        f"jaeger-guard {jaeger_guard.__version__} (OpenTelemetry 1."
    )


def test_without_a_command_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command, the commands are listed, and the exit status is that of wrong usage."""
    assert main([]) == 2
    assert "demo" in capsys.readouterr().err


def test_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command ends with status 2."""
    with pytest.raises(SystemExit) as ended:
        main(["dance"])
    assert ended.value.code == 2
    assert "dance" in capsys.readouterr().err


def test_help_loads_no_optional_package() -> None:
    """The program starts, and helps, where only the base is installed."""
    script = (
        "import sys\n"
        "for name in ('rich', 'flask', 'sqlalchemy', 'trustme', 'requests', 'opentelemetry'):\n"
        "    sys.modules[name] = None\n"
        "from jaeger_guard.cli import main\n"
        "main(['demo', '--help'])\n"
    )
    child = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False
    )
    assert (child.returncode, child.stderr) == (0, "")
    assert "--endpoint" in child.stdout
