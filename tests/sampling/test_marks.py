"""Marks between services: signed where a key is set, and only ever asking for less."""

from __future__ import annotations

import base64
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace.span import TraceState

from jaeger_guard import ConfigurationError, PrivacySampler, Sampling
from jaeger_guard.sampling.marks import Peers, read_key
from sampling.spans import SECRET, TRACE_ID, Guarded, parent, text_of

KEY = bytes(range(32))
# HMAC-SHA256 by OpenSSL 3 over `jaeger_guard tracestate 1\0rm\0` and the trace id, 16 bytes of it.
KNOWN_ANSWER = "rm:dj7FuqWT2zVZQTVSf4NtTg"


@pytest.mark.parametrize("letters", ["r", "m", "rm"])
def test_a_signed_mark_verifies(letters: str) -> None:
    """Who has the key reads it; it fits into tracestate as it is."""
    text = Peers(KEY).write(letters, TRACE_ID)
    assert Peers(KEY).read(text, TRACE_ID) == letters
    assert TraceState([("jaeger_guard", text)])["jaeger_guard"] == text
    assert len(text) == len(letters) + 1 + 22


def test_the_tag_is_an_hmac_of_letters_and_trace_id() -> None:
    """Another implementation comes to the same: `openssl dgst -sha256 -mac HMAC`."""
    assert Peers(KEY).write("rm", TRACE_ID) == KNOWN_ANSWER


@given(st.text(alphabet="rm:ABCabc012-_=", max_size=30), st.integers(1, 2**128 - 1))
def test_nothing_forged_verifies(text: str, trace_id: int) -> None:
    """Whatever is made up without the key says nothing."""
    assert Peers(KEY).read(text, trace_id) == ""


def test_a_mark_is_of_no_use_elsewhere() -> None:
    """Not for another trace, not with other letters, not under another key, not unsigned."""
    text = Peers(KEY).write("m", TRACE_ID)
    assert Peers(KEY).read(text, TRACE_ID + 1) == ""
    assert Peers(KEY).read("r" + text, TRACE_ID) == ""
    assert Peers(KEY).read("m", TRACE_ID) == ""
    assert Peers(bytes(32)).read(text, TRACE_ID) == ""


def test_peers_with_a_key(tmp_path: Path) -> None:
    """With a key, what others say only counts where it verifies."""
    file = tmp_path / "peer.key"
    file.write_text(base64.b64encode(KEY).decode() + "\n")
    file.chmod(0o600)
    guarded = Guarded(Sampling(peer_key_file=file))
    for number, mark in enumerate(("m", "m:" + "A" * 22, Peers(KEY).write("m", TRACE_ID))):
        context = parent(remote=True, state={"jaeger_guard": mark})
        guarded.tracer.start_span(str(number), context, attributes={"note": SECRET}).end()
    assert [SECRET in text_of(guarded.spans[str(number)]) for number in range(3)] == [
        True,
        True,
        False,
    ]


def test_key_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Base64 text or 32 bytes; a file that others can read is told, without its content."""
    file = tmp_path / "peer.key"
    for content in (base64.b64encode(KEY), base64.encodebytes(KEY), KEY):
        file.write_bytes(content)
        file.chmod(0o600)
        assert read_key(file, "here") == KEY
    assert caplog.records == []
    file.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        read_key(file, "here")
    assert "0600" in caplog.text
    assert base64.b64encode(KEY).decode() not in caplog.text


@pytest.mark.parametrize("content", [b"", b"short", base64.b64encode(b"x" * 16), b"x" * 33])
def test_no_key(content: bytes, tmp_path: Path) -> None:
    """What holds no key is refused, by the name of the setting and of the file."""
    file = tmp_path / "peer.key"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"Sampling\.peer_key_file: .*holds no key"):
        PrivacySampler(Sampling(peer_key_file=file))


@pytest.mark.parametrize("name", ["missing.key", "null\0.key", "."])
def test_a_file_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    """A missing file, one that can't be named, and a directory are errors too."""
    with pytest.raises(ConfigurationError, match="peer_key_file"):
        PrivacySampler(Sampling(peer_key_file=os.path.join(tmp_path, name)))


def test_nothing_shows_the_key() -> None:
    """No repr holds it."""
    assert "signed=True" in repr(Peers(KEY))
    assert repr(KEY) not in repr(Peers(KEY))
