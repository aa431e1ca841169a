"""Find assignments in free text: `name=value`, `name: value`, `"name": "value"`, `--name value`.

Theory of operation. One pass finds names with a separator behind them; each is asked for its value.
A name that means something gives a leaf only where its value is one (`text_words`). Under any other
name, which a policy alone may know, what is assigned inside a value is looked into as well, once:
a leaf is never taken apart into assignments again, so a chain of them costs one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from jaeger_guard.categories import PERSON_NAME
from jaeger_guard.formats import json_text
from jaeger_guard.formats.text_stretch import Stretch, judge_leaf
from jaeger_guard.formats.text_words import has_meaning, is_placeholder, is_state, is_value
from jaeger_guard.lexicon import category_of
from jaeger_guard.long_texts import SHORT_STEP, search
from jaeger_guard.semconv import looks_opaque
from jaeger_guard.types import Judge

# Headers whose value has several words; a cookie header's goes to the end of the line.
_COOKIE_HEADERS: Final = frozenset({"cookie", "set-cookie"})
# Of these alone, the words before them are asked for too: `API key`, `security code`.
_ENDS_OF_NAMES: Final = frozenset(
    {
        "key",
        "keys",
        "code",
        "codes",
        "number",
        "no",
        "provided",
        "supplied",
        "given",
        "used",
        "value",
    }
    | {"phrase", "word", "answer", "birth", "account", "id", "name"}
)
_CLOSERS: Final = {"{": "}", "[": "]", "(": ")", "<": ">"}
_LONG: Final = 256


@lru_cache(maxsize=1)
def _assignment() -> re.Pattern[str]:
    return re.compile(
        r"""(?<![\w.\-])(?:
            (?P<dashes>--)(?P<option>[A-Za-z][\w\-]{1,39})(?:=|\ (?=[^\s\-]))
          |(?:-{1,2})?(?P<quoted>\\{0,3}["'`])?(?P<name>[A-Za-z_][\w.\-\[\]]{0,63})
            (?(quoted)(?P=quoted)\]{0,2})
            # A declared type, Go's, TypeScript's or Rust's: `password string =`, `password: &str =`.
            (?:(?:[ ]|:[ ]?(?:&(?:'static[ ])?)?)(?:string|String|str)\??(?=[ ]?=[ ]?["'`]))?
            (?P<separator>[ \t]{0,8}(?:=(?![=~])>?|->|:=?(?![:/]/?))(?:[ \t]{0,8}(?:\|\s{0,2})?(?:\r?\n[ \t]{0,16})?))
        )(?=\S)""",
        re.VERBOSE,
    )


@lru_cache(maxsize=1)
def _go_struct() -> re.Pattern[str]:
    # Go, package fmt: %v of a map and %+v of a struct have no space behind the colon.
    return re.compile(r"(?<![$\w\])>\"'])&?\{[A-Z]\w{0,63}:[^\s:/]")


@lru_cache(maxsize=1)
def _plain_value() -> re.Pattern[str]:
    # Punctuation ends a value only where a sentence's would: before a space, the end or the next
    # name; `a,b` and `p)ss` are values. A marker of ours is one unit.
    return re.compile(
        r"""(?:\[REDACTED:[a-z_.]{3,80}\]
        |\$\{[^{}\s]{1,80}\}
        |\$\([^()\n]{1,80}\)
        |[^\s,;&)\]}"'<>]++
        |[,;&](?![\w.\-\[\]]{1,40}[=:])(?=[^\s,;.)\]}:"'<>&])
        |[)\]}"'<>](?=[\w$@!\#%^*+/\-])
        )++""",
        re.VERBOSE,
    )


@lru_cache(maxsize=1)
def _scheme_and_credentials() -> re.Pattern[str]:
    # RFC 9110, section 11.4; Digest, OAuth and AWS list parameters behind the scheme.
    return re.compile(
        r"""(?:Bearer|Basic|Token|Negotiate|NTLM|ApiKey|Bot|GenericTokenScheme)\s{1,4}[^\s"',;]++"""
        r"""|(?:Digest|OAuth|AWS4-HMAC-SHA256|Hawk)\s[^\n]++""",
        re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def _grouped_number() -> re.Pattern[str]:
    # A phone number, a card or an account is written in groups.
    groups = r"\ [0-9A-Z()./\-]{1,19}"
    return re.compile(
        rf"(?:\+?[0-9(][0-9()./\-]{{0,19}}(?:\ [0-9()./\-]{{1,19}}){{1,8}}|[A-Z]{{2}}[0-9]{{2}}(?:{groups}){{2,8}})"
        r"(?![^\s,;.)\]}\"'&])"
    )


@lru_cache(maxsize=1)
def _person() -> re.Pattern[str]:
    # A name of several words, each with a capital but for particles; no other assignment's name.
    word = r"[^\W\d_](?:[^\W\d_]|['\u2019.\-](?=\w)){0,40}"
    return re.compile(
        rf"(?P<first>(?=[^\W\d_a-z]){word}\.?)"
        rf"(?:[ ](?:(?=[^\W\d_a-z]){word}\.?|(?:de|da|do|dos|del|la|van|von|der|den|di|bin|al|y|e)(?=\ ))(?![\w.\-]*[=:])){{1,5}}"
    )


@lru_cache(maxsize=8)
def _quoted_body(quote: str) -> re.Pattern[str]:
    # A doubled quote before more of a word is one quote, as SQL and CSV write it.
    return re.compile(rf"(?:[^{quote}\\\n]++|\\[^\n]|{quote}{quote}(?=\w))*+")


@lru_cache(maxsize=1)
def _line_rest() -> re.Pattern[str]:
    return re.compile(r"[ \t\r]{0,16}(?:\n|\Z)")


@lru_cache(maxsize=1)
def _directory() -> re.Pattern[str]:
    return re.compile(r"(?:/[\w.\-]{1,64}){1,32}/?|[A-Za-z]:\\[^\s;]{0,256}")


@lru_cache(maxsize=1)
def _words_before() -> re.Pattern[str]:
    return re.compile(r"(?:\A|[^\w.\-])(?P<words>(?:[A-Za-z]{2,16} ){1,2})\Z")


def find_assignments(text: str) -> Iterator[Stretch]:
    """Yield each assigned value, under its name."""
    last = max(text.rfind("="), text.rfind(":"), text.rfind("->"), text.rfind("--"))
    if last < 0:
        return
    pattern = _assignment()
    in_go = "map[" in text or ("{" in text and search(_go_struct(), text) is not None)
    position = inside = 0
    while position <= last and (found := search(pattern, text, position)) is not None:
        position = found.end()
        name, known = _name(text, found)
        if not known and position < inside:
            continue
        value = _value(text, position, name, known=known)
        if value is None:
            continue
        stretch, after, quoted = value
        separator = found["separator"] or ("=" if found["dashes"] else "")
        separator = "=" if in_go and separator == ":" else separator
        if known and stretch.end > stretch.start:
            if not _says(text, found, stretch, separator, name, quoted=quoted):
                continue
            if stretch.end - stretch.start > _LONG:
                position = max(after, position)
        elif "\n" in separator:
            continue
        inside = max(inside, stretch.end) if stretch.end - stretch.start > _LONG else inside
        if stretch.end > stretch.start:
            yield stretch


def _name(text: str, found: re.Match[str]) -> tuple[str, bool]:
    """Answer the name, with the words before it where they belong to it: `API key provided`."""
    name = found["name"] or found["option"]
    if name.endswith("]") and "[" not in name:  # PHP's print_r: [password] => x
        name = name.rstrip("]")
    if has_meaning(name):
        return name, True
    if found["quoted"] or found["dashes"] or name.lower() not in _ENDS_OF_NAMES:
        return name, False
    start = found.start("name")
    before = _words_before().search(text, max(0, start - 34), start)
    if before is None:
        return name, False
    words = before["words"].split()
    for first in range(len(words) - 1, -1, -1):
        longer = "_".join((*words[first:], name))
        if has_meaning(longer):
            return longer, True
    return name, False


def _says(
    text: str, found: re.Match[str], stretch: Stretch, separator: str, name: str, *, quoted: bool
) -> bool:
    """Say whether the stretch behind a name that means something is a value at all."""
    if text[max(0, found.start() - 1) : found.start()] == "$" and ":" in separator:
        return quoted  # GraphQL: `$password: String!`
    value = text[stretch.start : stretch.end]
    if stretch.rewrite is not judge_leaf:
        return True
    if name.lower() in ("pwd", "oldpwd") and _directory().fullmatch(value) is not None:
        return False  # where a process works, POSIX.1-2024, section 8.3
    if quoted:
        return not is_placeholder(value) and not (is_state(value) and not found["quoted"])
    if found["quoted"] or found["dashes"]:
        return not (is_placeholder(value) or (found["dashes"] and is_state(value)))
    if "\n" in separator:
        # On the next line, and alone there; else that line is another assignment, or prose.
        if "=" in value or ":" in value or _line_rest().match(text, stretch.end) is None:
            return False
        separator = "=" if "=" in separator or "|" in separator else ": "
    return is_value(text, stretch.start, stretch.end, name, separator)


def _value(text: str, start: int, name: str, *, known: bool) -> tuple[Stretch, int, bool] | None:
    """Answer the value at `start`, where to look on, and whether it was quoted."""
    backslashes = len(text[start : start + 3]) - len(text[start : start + 3].lstrip("\\"))
    quote = text[start + backslashes : start + backslashes + 1]
    if quote in ("b", "r", "u", "f") and text[start + 1 : start + 2] in ('"', "'"):
        start += 1
        quote = text[start]
    rewrite = judge_leaf if known else _judge_unknown
    if quote and quote in "\"'`":
        body = start + backslashes + 1
        end = _quoted_end(text, body, quote, backslashes)
        after = min(len(text), end + backslashes + 1)
        return Stretch(body, end, name, rewrite, covers=False), after, True
    area = text[start] == "(" and _grouped_number().match(text, start) is not None
    if not area and text[start] in _CLOSERS and text[start : start + 10] != "[REDACTED:":
        return _bracketed(text, start, name) if known else None
    end = _plain_end(text, start, name, known=known)
    if end <= start:
        return None
    return Stretch(start, end, name, rewrite, covers=False), end, False


def _quoted_end(text: str, body: int, quote: str, backslashes: int) -> int:
    if not backslashes:
        match = _quoted_body(quote).match(text, body)
        assert match is not None  # it matches the empty text too
        return match.end()
    line_end = text.find("\n", body)
    line_end = line_end if line_end >= 0 else len(text)
    closing = text.find("\\" * backslashes + quote, body, line_end)
    return closing if closing >= 0 else line_end


def _bracketed(text: str, start: int, name: str) -> tuple[Stretch, int, bool] | None:
    """Answer a value that begins with a bracket: a document, or a text in brackets."""
    if _template().match(text, start) is not None:
        return None
    opening, inner = text[start], text[start + 1 : start + 3].lstrip("b")
    if opening != "<" and inner[:1] in ('"', "'", "{", "[", "("):
        stretch = Stretch(start, start + 1, name, _rewrite_document)
        return stretch, start + 1, True
    line_end = text.find("\n", start, start + 1024)
    limit = line_end if line_end >= 0 else min(len(text), start + 1024)
    closing = text.find(_CLOSERS[opening], start, limit)
    if opening == "{" and closing >= 0 and _member().match(text, start + 1) is not None:
        return Stretch(start, start + 1, name, _rewrite_document), start + 1, True
    if closing < 0:
        end = _plain_end(text, start + 1, name, known=True) if limit > start + 1 else start + 1
    else:
        end = closing + 1
        rest = _plain_value().match(text, end) if text[end : end + 1].isalnum() else None
        end = rest.end() if rest is not None else end
    return Stretch(start, end, name, judge_leaf, covers=False), end, False


@lru_cache(maxsize=1)
def _template() -> re.Pattern[str]:
    # What Helm, Jinja, Mustache and GitHub's workflows put a value in for: `{{ .Values.password }}`.
    return re.compile(r"\{\{-?\s{0,4}[A-Za-z_.$][\w.$|\s\-]{0,80}\}\}")


@lru_cache(maxsize=1)
def _member() -> re.Pattern[str]:
    return re.compile(r"\s{0,8}:?[\w.\-]{1,64}\s?(?:=|:|=>)\s?")


def _plain_end(text: str, start: int, name: str, *, known: bool) -> int:
    lowered = name.lower()
    if lowered in _COOKIE_HEADERS:
        line_end = text.find("\n", start)
        return line_end if line_end >= 0 else len(text)
    credentials = _scheme_and_credentials().match(text, start)
    if credentials is not None:
        return credentials.end()
    if known:
        grouped = _grouped_number().match(text, start)
        if grouped is not None:
            return grouped.end()
        if category_of(name) == PERSON_NAME:
            person = _person().match(text, start)
            if person is not None and not is_state(person["first"]):
                return person.end()
    end = _plain_value_end(text, start)
    if end == start:
        return start
    separator = text.find("://", start, min(end, start + 40))
    if separator >= 0:
        return parameters_start(
            text, separator + 3, max(url_end(text, separator + 3), separator + 3)
        )
    while end > start and text[end - 1] in ".:":
        end -= 1
    return end


def _plain_value_end(text: str, start: int) -> int:
    """Find the end of a value without quotes; `start` where none is. A long one is read in steps."""
    match = _plain_value().match
    while (found := match(text, start, start + SHORT_STEP)) is not None:
        border = start + SHORT_STEP - _LONGEST_UNIT
        if found.end() <= border:
            return found.end()
        following = _between_units().search(text, border - 2 * _LONGEST_UNIT, border)
        if following is None:
            found = match(text, start)
            return start if found is None else found.end()
        start = following.end() - 1
    return start


_LONGEST_UNIT: Final = 128  # more than any unit of `_plain_value` has, or looks ahead


@lru_cache(maxsize=1)
def _between_units() -> re.Pattern[str]:
    # A letter or digit that is part of no marker and no `${…}`: neither begins shortly before.
    return re.compile(rf"[^$\[]{{{_LONGEST_UNIT}}}[A-Za-z0-9]")


# --- What a stretch becomes --------------------------------------------------------------------

# Such a leaf would be taken for a text with assignments of its own.
_SIGNS: Final = re.compile(r"[=:?\[{%\\&]|\s--?[A-Za-z]")
_PROBE: Final = "x"


def _judge_unknown(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    """Judge a leaf under a name that only a policy's rules may know.

    What is inside it was found by the same pass as itself; so that it is not taken apart again, its
    name is asked for with a value that says nothing, before the leaf is handed over.
    """
    leaf = text[stretch.start : stretch.end]
    is_plain = search(_SIGNS, leaf) is None or looks_opaque(leaf)
    if not is_plain and judge.value(stretch.name, _PROBE) is _PROBE:
        return leaf, stretch.end
    return judge_leaf(text, stretch, judge)


def _rewrite_document(text: str, stretch: Stretch, judge: Judge) -> tuple[str, int]:
    return json_text.rewrite_from(text, stretch.start, judge, name=stretch.name)


# --- Where a URL ends --------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _url_rest() -> re.Pattern[str]:
    return re.compile(r"[^\s\"'<>`]*+")


def url_end(text: str, start: int) -> int:
    """Find the end of a URL in a sentence."""
    found = _url_rest().match(text, start)
    assert found is not None  # it matches the empty text too
    return trim(text, start, found.end())


@lru_cache(maxsize=1)
def _parameter() -> re.Pattern[str]:
    return re.compile(r";[A-Za-z][\w \-]{0,40}=")


def parameters_start(text: str, start: int, end: int) -> int:
    """Find where a URL that is assigned ends: `Endpoint=sb://h/;SharedAccessKey=…` assigns again."""
    found = _parameter().search(text, start, end)
    return end if found is None else found.start()


def trim(text: str, start: int, end: int) -> int:
    """Leave out the punctuation that belongs to the sentence around a URL."""
    for _ in range(16):
        last = text[end - 1]
        if end - start < 2:
            break
        if last in ")]}":
            opener = _OPENERS[last]
            if text.count(opener, start, end) >= text.count(last, start, end):
                break
        elif last not in ".,;:!":
            break
        end -= 1
    return end


_OPENERS: Final = {")": "(", "]": "[", "}": "{"}
