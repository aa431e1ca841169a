"""The XML format: leaves go under their names, documents still parse, prose is none."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.formats.xml import recognize
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "the test")))
WORD = "correct" + "horse"


def scrub(text: str, key: str = "http.request.body") -> str:
    scrubbed = SCRUBBER.value(key, text)[0]
    assert isinstance(scrubbed, str)
    return scrubbed


@pytest.mark.parametrize("key", ["http.request.body", "note"])
@pytest.mark.parametrize(
    "text",
    [
        "<user id='7'><firstName>#</firstName><role>admin</role></user>",
        '<?xml version="1.0"?>\n<s:Envelope xmlns:s="urn:s"><s:Body><w:Password Type="PasswordText">#</w:Password>'
        "<orderId>77812</orderId></s:Body></s:Envelope>",
        "<a><password><![CDATA[#]]></password><n>5</n></a>",
        '<a mode="fast" password="#"/>',
        '<c><add key="ApiKey" value="#"/><add key="Mode" value="fast"/></c>',
        "<c><entry key='password'>#</entry><entry key='mode'>fast</entry></c>",
        "<m><member><name>password</name><value><string>#</string></value></member></m>",
        "<dict><key>password</key><string>#</string><key>mode</key><string>fast</string></dict>",
        '<a><Attribute Name="urn:x/emailaddress"><AttributeValue>#</AttributeValue></Attribute></a>',
        "<a><!-- password=# --><b>1</b></a>",
        '<html><body><input type="hidden" name="csrf_token" value="#"><p>Hello</p></body></html>',
        '<!DOCTYPE a [<!ENTITY password "#">]><a><b>5</b></a>',
        "<html><body>Hello <b password='#'/></body></html>",
        "<a><password>#",
        '<a mode="x" password="#',
        "<a><inner>&lt;password&gt;#&lt;/password&gt;</inner></a>",
    ],
)
def test_leaves_go_and_the_rest_stays(text: str, key: str) -> None:
    """What a name calls a secret goes; elements, attributes and all other values stay."""
    scrubbed = scrub(text.replace("#", WORD), key)
    assert WORD not in scrubbed
    before, _, behind = text.partition("#")
    assert scrubbed.startswith(before)
    assert scrubbed.endswith(behind)
    assert scrub(scrubbed, key) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "<init>",
        "<User 5: open>",
        "<module 'shop' from 'shop.py'>",
        "List<String>",
        "a < b and c > d",
        "<- arrow",
        "<html-like",
    ],
)
def test_what_only_looks_like_it_is_none(text: str) -> None:
    """A repr, a generic type and a comparison are no documents, and stay."""
    assert not recognize(text)
    assert scrub(text, "note") == text


def test_entities_in_entities_are_only_text() -> None:
    """A document that a parser would expand without end takes no time, and stays."""
    levels = "".join(f'<!ENTITY a{n} "&a{n - 1};&a{n - 1};">' for n in range(1, 60))
    text = f"<!DOCTYPE a [{levels}]><a>&a59;</a>"
    assert scrub(text, "note") == text


VALUE = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)


@settings(max_examples=100, deadline=None)
@given(password=VALUE, other=VALUE)
def test_result_parses(password: str, other: str) -> None:
    """A parser reads the same elements from the result, whatever the values held."""
    planted = f"Zq7{password}7qZ"
    text = f"<a b={quoteattr(planted)}><password>{escape(planted)}</password><n o={quoteattr(other)}/></a>"
    root = ElementTree.fromstring(scrub(text.replace(" b=", " password="), "note"))
    assert [element.tag for element in root.iter()] == ["a", "password", "n"]
    assert planted not in (root.get("password"), root[0].text)
