"""What a format writes is of that format still: its own parser reads it, and finds the same names."""

from __future__ import annotations

import csv
import io
import json
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "the test")))
VALUE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Co", "Cn", "Zl", "Zp"]), max_size=12)  # fmt: skip
NAMES = ("password", "email", "note", "n")


def scrub(text: str, key: str = "note") -> str:
    scrubbed = SCRUBBER.value(key, text)[0]
    assert isinstance(scrubbed, str)
    assert SCRUBBER.value(key, scrubbed)[0] == scrubbed
    return scrubbed


@settings(max_examples=60, deadline=None)
@given(secret=VALUE, other=VALUE)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json(secret: str, other: str, *, ascii_only: bool) -> None:
    """JSON is read by json, and has the members that it had."""
    document = {"password": f"Zq7{secret}7qZ", "note": other, "n": 17}
    parsed = json.loads(scrub(json.dumps(document, ensure_ascii=ascii_only)))
    assert list(parsed) == list(document)
    assert parsed["password"] != document["password"]
    assert parsed["n"] == 17


@settings(max_examples=60, deadline=None)
@given(secret=VALUE, other=VALUE)
def test_csv(secret: str, other: str) -> None:
    """CSV is read by csv, and has the rows and fields that it had."""
    file = io.StringIO()
    csv.writer(file).writerows([NAMES, (f"Zq7{secret}7qZ", "ann@shop.example", other, "17")])
    rows = list(csv.reader(io.StringIO(scrub(file.getvalue()))))
    assert [len(row) for row in rows] == [4, 4]
    assert rows[0] == list(NAMES)
    assert "Zq7" not in rows[1][0]
    assert rows[1][3] == "17"


@pytest.mark.parametrize(
    "text",
    [
        "user:\n  password: hunter2x\n  email: ann@shop.example\n  n: 17\n",
        "password: >-\n  hunter2x\n  and more\nn: 17\n",
        "env:\n- name: DB_PASSWORD\n  value: hunter2x\n- name: n\n  value: 17\n",
        "kind: Secret\ndata:\n  a: aHVudGVyMng=\n  b: |\n    aHVudGVyMng=\nn: 17\n",
        "password: 'hunter2x'\nlist: [1, 2]\nn: 17\n",
        'password: "hunter2x"\nn: 17\n',
    ],
)
def test_yaml(text: str) -> None:
    """YAML is read by PyYAML, and has the keys that it had."""
    scrubbed = scrub(text)
    assert "hunter2x" not in scrubbed
    assert "aHVudGVyMng=" not in scrubbed
    before, after = yaml.safe_load(text), yaml.safe_load(scrubbed)
    assert list(after) == list(before)
    assert "17" in scrubbed


@settings(max_examples=60, deadline=None)
@given(secret=VALUE, other=VALUE)
def test_url(secret: str, other: str) -> None:
    """A URL is read by urlsplit, and has the host, the path and the parameters that it had."""
    query = urlencode({"token": f"Zq7{secret}7qZ", "note": other, "n": "17"})
    text = f"https://u:Zq7{quote(secret, safe='')}@h.example:8443/a/b?{query}#top"
    parts = urlsplit(scrub(text, "url.full"))
    assert (parts.hostname, parts.port, parts.path, parts.fragment) == ("h.example", 8443, "/a/b", "top")  # fmt: skip
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    assert names == ["token", "note", "n"]
    assert "Zq7" not in parts.geturl()
