"""XML, SOAP and HTML: elements' texts and attributes become leaves, all else stays byte for byte.

Theory of operation. One loop over tokens with a stack of element names; no parser is asked, since
spans hold documents that were cut off, and a hostile one (entities in entities) is only text here.
Whatever is no tag, comment, CDATA section or declaration is text.

A text is judged under its element's local name, as a JSON member is under its own: names that say
nothing take their parent's before them, and `<name>password</name><value>x</value>`, `<key>` before
`<string>`, `<add key="password" value="x"/>` and `<entry key="password">x</entry>` judge x under
`password`. Entities are undone before, and written after.

W3C, Extensible Markup Language 1.0, sections 2.4 to 3.1; Namespaces in XML 1.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jaeger_guard.encodings import unescape_entities
from jaeger_guard.formats.format import Format, FormatExample, NotThisFormatError
from jaeger_guard.formats.json_names import Frame
from jaeger_guard.formats.text_stretch import CHUNK
from jaeger_guard.formats.text_words import has_meaning, is_placeholder
from jaeger_guard.types import Judge

COMMENT: Final = "xml.comment"

# Attributes that may say what their element holds, and elements that may say what the next one does.
_NAMING: Final = frozenset({"name", "key", "id", "property", "field", "type", "friendlyname", "n"})
_NAMING_ELEMENTS: Final = frozenset({"name", "key", "field", "property", "param", "n"})
# What holds the value that was named: in attributes, and as elements (property lists, XML-RPC).
_HOLDING: Final = frozenset({"value", "content", "val", "v", "default", "text"})
_HOLDING_ELEMENTS: Final = frozenset(
    {"value", "val", "v", "content", "string", "integer", "data", "int", "i4", "base64"}
    | {"attributevalue", "stringvalue", "text"}
)
# HTML, section 13.1.2: void elements are never closed.
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "meta", "wbr"}
)
_MOST_OPEN: Final = 256  # elements; those further in share the innermost's name


@lru_cache(maxsize=1)
def _token() -> re.Pattern[str]:
    # Each alternative matches once begun, and repeats are possessive: linear time. A tag that isn't
    # closed ends at the next `<`, which XML 1.0, section 3.1, allows in no attribute; everything else
    # goes to the end.
    return re.compile(
        r"""<!--(?P<comment>(?:[^\-]++|-(?!->))*+)(?:-->|\Z)
        |<!\[CDATA\[(?P<cdata>(?:[^\]]++|\](?!\]>))*+)(?:\]\]>|\Z)
        |<\?(?P<instruction>(?:[^?]++|\?(?!>))*+)(?:\?>|\Z)
        |<!(?P<declaration>[A-Za-z](?:[^\[<>]++|\[(?:[^\]"']++|"[^"<>]*+"|'[^'<>]*+'|["'])*+(?:\]|\Z))*+)(?:>|\Z|(?=<))
        |<(?P<closing>/)(?P<closed>[A-Za-z_][\w.\-:]*+)[^<>]*+(?:>|\Z|(?=<))
        |<(?P<opened>[A-Za-z_][\w.\-:]*+)(?P<attributes>(?:[^<>"']++|"[^"<]*+"?+|'[^'<]*+'?+)*+)(?P<end>>|\Z|(?=<))
        |(?P<text>(?:[^<]++|<(?![A-Za-z_!?/]))++|<)""",
        re.VERBOSE,
    )


@lru_cache(maxsize=1)
def _attribute() -> re.Pattern[str]:
    return re.compile(
        r"""(?<![^\s"'])(?P<name>[A-Za-z_@:][\w.\-:]*+)\s{0,16}=\s{0,16}"""
        r"""(?:"(?P<double>[^"]*+)(?:"|\Z)|'(?P<single>[^']*+)(?:'|\Z)|(?P<bare>[^\s"'<>=]++))"""
    )


@lru_cache(maxsize=1)
def _entity() -> re.Pattern[str]:
    return re.compile(
        r"""<!ENTITY\s{1,16}(?:%\s{1,16})?(?P<name>[\w.\-]{1,64})\s{1,16}(?P<quote>["'])(?P<body>[^"'<>]{1,4096})"""
    )


@dataclass(slots=True)
class _Element:
    """An open element: its local name, and the frame its children are named in."""

    name: str
    frame: Frame


def rewrite(text: str, judge: Judge) -> str:
    """Rewrite one document, or several; a truncated one is read as far as it goes."""
    if not recognize(text):
        raise NotThisFormatError
    return _Document(judge).read(text)


class _Document:
    """One pass over a document: what was written so far, and the elements that are open."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._open = [_Element("", Frame("{", ""))]
        self._written: list[str] = []

    def read(self, text: str) -> str:
        for found in _token().finditer(text):
            kind = found.lastgroup
            piece = found.group()
            if kind == "text":
                piece = self._text(piece)
            elif kind == "cdata":
                piece = self._section(piece, found["cdata"])
            elif kind == "comment":
                piece = self._comment(piece, found["comment"])
            elif kind == "instruction":
                piece = self._instruction(piece, found["instruction"])
            elif kind == "declaration":
                piece = self._declaration(piece)
            elif found["closing"]:
                self._close(_local(found["closed"]))
            else:
                piece = self._tag(found)
            self._written.append(piece)
        return "".join(self._written)

    # --- Elements -------------------------------------------------------------------------------

    def _tag(self, found: re.Match[str]) -> str:
        attributes = found["attributes"]
        name = _local(found["opened"])
        is_empty = attributes.endswith("/") or name.lower() in _VOID
        named = _named_by(attributes)
        self._enter(name, named)
        written = self._attributes(attributes, named) if "=" in attributes else attributes
        if is_empty:
            self._close(name)
        return f"<{found['opened']}{written}{found['end']}"

    def _enter(self, name: str, named: str) -> None:
        parent = self._open[-1].frame
        # SOAP's and HTML's `body` is structure, and no body of a request.
        shown = "" if name.lower() == "body" else name
        parent.key = named if named and not has_meaning(name) else shown
        if len(self._open) < _MOST_OPEN:
            self._open.append(_Element(name, parent.opened("{", is_server_error=False)))

    def _close(self, name: str) -> None:
        """Close the innermost element of this name; HTML leaves those within it open."""
        for back in range(len(self._open) - 1, max(0, len(self._open) - 17), -1):
            if self._open[back].name == name:
                del self._open[back:]
                return

    def _attributes(self, attributes: str, named: str) -> str:
        written: list[str] = []
        end = 0
        element = self._leaf_name()
        for found in _attribute().finditer(attributes):
            group = found.lastgroup or "bare"
            value = found[group]
            if not value:
                continue
            name = _local(found["name"])
            if name.lower() in _HOLDING and (named or has_meaning(element)):
                name = named or f"{element}.{name}"
            looked_at = unescape_entities(value)
            answer = self._judge.value(name, looked_at)
            if answer is not looked_at:
                quote = '"' if group == "bare" else ""
                written += (attributes[end : found.start(group)], quote, _escape(answer), quote)
                end = found.end(group)
        return "".join(written) + attributes[end:]

    # --- What stands between tags ---------------------------------------------------------------

    def _leaf_name(self) -> str:
        """Answer the name under which the text of the innermost element is judged."""
        if len(self._open) < 2:
            return ""
        frame = self._open[-2].frame
        if frame.pair_name and frame.key.lower() in _HOLDING_ELEMENTS:
            return frame.pair_name
        return frame.name()

    def _leaf(self, text: str) -> str:
        """Judge the text of the innermost element, and note what it names."""
        name = self._leaf_name()
        if len(self._open) >= 2:
            frame = self._open[-2].frame
            if frame.key.lower() in _NAMING_ELEMENTS and len(text) <= 64:
                frame.pair_name = text if has_meaning(text) else ""
        if is_placeholder(text) and has_meaning(name):
            return text
        return self._judge.value(name, text)

    def _text(self, piece: str) -> str:
        content = piece.strip()
        if not content:
            return piece
        looked_at = unescape_entities(content)
        answer = self._leaf(looked_at)
        if answer is looked_at:
            return piece
        start = piece.index(content)
        return piece[:start] + _escape(answer) + piece[start + len(content) :]

    def _section(self, piece: str, content: str) -> str:
        answer = self._leaf(content) if content.strip() else content
        return piece if answer is content else _replaced(piece, content, _in_section(answer))

    def _comment(self, piece: str, content: str) -> str:
        answer = self._judge.value(COMMENT, content) if content.strip() else content
        # XML 1.0, section 2.5: no `--` in a comment.
        return (
            piece if answer is content else _replaced(piece, content, answer.replace("--", "- -"))
        )

    def _instruction(self, piece: str, content: str) -> str:
        if content[:4].lower() in ("xml ", "xml\t", "xml\n") or not content.strip():
            return piece
        answer = self._judge.value("", content)
        return (
            piece if answer is content else _replaced(piece, content, answer.replace("?>", "? >"))
        )

    def _declaration(self, piece: str) -> str:
        """Judge the values of entities that a document type declares, and what is between them."""
        opening = piece.find("[") + 1
        if not opening:
            return piece
        if "</" in piece or not piece.endswith(">"):  # cut off, or no declaration at all
            return piece[:opening] + self._judge.value(COMMENT, piece[opening:])
        written: list[str] = []
        end = 0
        for found in _entity().finditer(piece):
            between, body = piece[end : found.start("body")], found["body"]
            answer = self._judge.value(found["name"], body)
            written += (
                self._judge.value(CHUNK, between),
                answer if answer is body else _escape(answer),
            )
            end = found.end("body")
        return "".join(written) + self._judge.value(CHUNK, piece[end:])


def _named_by(attributes: str) -> str:
    """Answer what an attribute of the element says that it holds; "" where none does."""
    if "=" not in attributes:
        return ""
    for found in _attribute().finditer(attributes):
        if _local(found["name"]).lower() in _NAMING:
            value = found[found.lastgroup or "bare"]
            if 0 < len(value) <= 64 and has_meaning(value.rpartition("/")[2]):
                return value.rpartition("/")[2]  # SAML names claims by URI
    return ""


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _replaced(piece: str, content: str, answer: str) -> str:
    start = piece.index(content)
    return piece[:start] + answer + piece[start + len(content) :]


def _escape(answer: str) -> str:
    escaped = answer.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace('"', "&quot;").replace("'", "&apos;")


def _in_section(answer: str) -> str:
    return answer.replace("]]>", "]]]]><![CDATA[>")


@lru_cache(maxsize=1)
def _prologue() -> re.Pattern[str]:
    return re.compile(
        r"[\s\ufeff]{0,64}(?:(?P<sure><\?xml[\s?]|<!(?i:doctype)\s|<(?i:html)[\s>])"
        r"|<!--(?:[^\-]++|-(?!->))*+-->\s{0,64})?"
    )


@lru_cache(maxsize=1)
def _first_tag() -> re.Pattern[str]:
    # `<init>`, `<User 5: open>` and `<User id=5>` are none: attributes have quotes here.
    name = r"[A-Za-z_][\w.\-]{0,63}(?::[A-Za-z_][\w.\-]{0,63})?"
    return re.compile(
        rf"""<(?P<name>{name})(?P<attributes>(?:\s{{1,64}}{name}\s{{0,8}}=\s{{0,8}}
        (?:"[^"<]{{0,4096}}+(?:"|\Z)|'[^'<]{{0,4096}}+(?:'|\Z))){{0,64}})\s{{0,64}}(?P<end>/?>|\Z)""",
        re.VERBOSE,
    )


def recognize(text: str) -> bool:
    """Say whether a text is an XML or HTML document, or the beginning of one."""
    if "<" not in text or text[:64].lstrip("\ufeff \t\r\n")[:1] != "<":
        return False
    prologue = _prologue().match(text)
    assert prologue is not None  # it matches the empty text too
    if prologue["sure"]:
        return True
    tag = _first_tag().match(text, prologue.end())
    if tag is None:
        return False
    if tag["end"] != ">":  # an empty element, or one that was cut off within an attribute
        return bool(tag["end"] or tag["attributes"])
    if text.find("</", tag.end()) >= 0 or has_meaning(_local(tag["name"])):
        return True
    inner = text[tag.end() : tag.end() + 256].lstrip()
    return inner.startswith(("<![CDATA[", "<!--")) or _first_tag().match(inner) is not None


XML: Final = Format(
    name="xml",
    rewrite=rewrite,
    recognize=recognize,
    signs="<",
    source="W3C, Extensible Markup Language (XML) 1.0",
    examples=(
        FormatExample(
            '<?xml version="1.0"?><u:user xmlns:u="urn:u" id="7"><u:nick>a &amp; b</u:nick>'
            "<note><![CDATA[x < y]]></note><!-- by bob --><n/></u:user>",
            (
                ("u", "urn:u"),
                ("id", "7"),
                ("nick", "a & b"),
                ("note", "x < y"),
                (COMMENT, " by bob "),
            ),
        ),
        FormatExample(
            '<c><add key="password" value="x"/><entry key="token">y</entry></c>',
            (("key", "password"), ("password", "x"), ("key", "token"), ("token", "y")),
        ),
        FormatExample(
            "<m><name>password</name><value><string>x</string></value></m>",
            (("name", "password"), ("password.string", "x")),
        ),
        FormatExample(
            "<dict><key>token</key><string>x</string><key>mode</key><string>y</string></dict>",
            (("key", "token"), ("token", "x"), ("key", "mode"), ("dict.string", "y")),
        ),
        FormatExample("<a><password>hunt", (("password", "hunt"),)),
        FormatExample("<a b='1' password='hunt", (("b", "1"), ("password", "hunt"))),
        FormatExample(
            '<!DOCTYPE a [<!ENTITY pw "x">]><a>&pw;</a>',
            (
                ("pw", "x"),
                (CHUNK, '<!DOCTYPE a [<!ENTITY pw "'),
                (CHUNK, '">]>'),
                ("a", "&pw;"),
            ),
        ),
    ),
)
