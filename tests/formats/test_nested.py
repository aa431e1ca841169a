"""Formats within formats: a secret goes from a document in a document in a message, however written."""

from __future__ import annotations

import base64
import binascii
import json
import re
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "the test")))
SECRET = "Zx9Q" + "secretval7Kp"

INNERMOST = {
    "json": json.dumps({"password": SECRET, "n": 5}),
    "xml": f"<a><password>{SECRET}</password><n>5</n></a>",
    "form": f"n=5&password={SECRET}",
    "yaml": f"n: 5\npassword: {SECRET}\n",
    "log": f"login failed password={SECRET} n=5",
    "header": f"Authorization: Bearer {SECRET}",
    "url": f"https://u:{SECRET}@h.example/a",
}
AROUND = {
    "json": lambda text: json.dumps({"note": text, "m": 1}),
    "xml": lambda text: f"<r><note>{escape(text)}</note></r>",
    "cdata": lambda text: f"<r><![CDATA[{text}]]></r>",
    "form": lambda text: f"m=1&note={quote(text, safe='')}",
    "url": lambda text: f"https://h.example/p?note={quote(text, safe='')}&m=1",
    "yaml": lambda text: f"m: 1\nnote: {json.dumps(text)}\n",
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "multipart": lambda text: (
        f'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\n{text}\r\n--b--\r\n'
    ),
    "log": lambda text: f"level=info msg={json.dumps(text)} dur=5ms",
    "repr": lambda text: repr({"note": text, "m": 1}),
    "message": lambda text: f"request failed: {text}",
}
KEYS = ("note", "http.request.body", "exception.message")


def shows_secret(text: str) -> bool:
    """Say whether whoever reads `text`, percent-decoded and its base64 undone, finds the secret."""
    for _ in range(3):
        text = unquote(text)
    if SECRET in text:
        return True
    for word in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text):
        try:
            if SECRET in base64.b64decode(word).decode("utf-8", "replace"):
                return True
        except binascii.Error:
            continue
    return False


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("inner", INNERMOST)
@pytest.mark.parametrize("outer", AROUND)
def test_secret_goes_from_a_document_in_a_document(outer: str, inner: str, key: str) -> None:
    """One level deep, each in each."""
    text = AROUND[outer](INNERMOST[inner])
    assert not shows_secret(str(SCRUBBER.value(key, text)[0]))


@settings(max_examples=150, deadline=None)
@given(
    inner=st.sampled_from(sorted(INNERMOST)),
    middle=st.sampled_from(sorted(AROUND)),
    outer=st.sampled_from(sorted(AROUND)),
    key=st.sampled_from(KEYS),
)
def test_secret_goes_from_two_levels_deep(inner: str, middle: str, outer: str, key: str) -> None:
    """Two levels deep, whatever stands in whatever."""
    text = AROUND[outer](AROUND[middle](INNERMOST[inner]))
    assert not shows_secret(str(SCRUBBER.value(key, text)[0]))
