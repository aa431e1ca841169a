"""What was pasted where a file's name belongs is not shown; the name of a file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from jaeger_guard.detectors.pasted import looks_like_path, name_of_file

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
KEY = "-----BEGIN PRIVATE " + "KEY-----\nMIIEpAIBAAKCAQEA7bq3Ykd9\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        "/etc/ssl/ca.pem",
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
        "ca.pem",
        "./certs/client.key",
        "../policy.toml",
        "~/guard.yaml",
        "C:\\certs\\ca.crt",
        "C:/certs/ca.crt",
        "/nonexistent",
        "/srv/with spaces/ca.pem",
    ],
)
def test_names_of_files_are_shown(text: str) -> None:
    """A path, absolute or relative, and a name with the suffix of such a file are shown."""
    assert looks_like_path(text)
    assert name_of_file(text) == f"the file {text}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        KEY,
        KEY.replace("\n", "\\n"),
        TOKEN,
        f"/run/{TOKEN}",
        "Zx9secretval",
        "key.Zx9secretval",
        "/" + "a" * 255,
        "https://u:hunter2@h/p.toml",
        "https:/u:hunter2@h/p.toml",
        "/srv/a1B2c3D4e5F6g7H8i9J0/ca.pem",
        "/etc/ca.pem\0",
        "/etc/\x1b[31mca.pem",
        "a1B2/c3D4+e5F6==",
    ],
)
def test_what_may_be_a_secret_is_not(text: str) -> None:
    """Contents of files, tokens, URLs, and texts that no name of a file looks like stay hidden."""
    assert not looks_like_path(text)
    assert name_of_file(Path(text) if text else text) == "the file that is named there"
