"""Say which of many needles occur in a text, word by word: most words were met before.

Theory of operation. A service writes the same words again and again, in messages, statements, paths and
prompts, and a needle is looked for in words that are new. So the cost hardly grows with the number of
needles, and a text of known words costs little more than to cut it into them.

1. A text is *flattened*: its letters are lower case, its digits zeros, all else spaces; in UTF-8, where
   letters beyond ASCII are bytes beyond it, and stay. What stands between spaces is a word.
2. Needles are flattened, too. Of each, the part of one word is chosen that is the rarest, with the space
   before or behind it where the needle has one there. `sk-or-` is looked for by ` or `, as it is in
   `sk-or-v1` and not in `order`.
3. Three neighbours in that part are its *window*. All windows of the words that are new are looked up in
   one set, in C. A word without any is *dull*; the others tell of the needles whose part they hold.
4. What a word tells is only that a needle may occur. Those that may are looked for in the text itself.
5. A needle that has no such part (`@`, `://`) is looked for where one of its signs stands.

What is remembered are words of up to 24 bytes that were met twice. Until then only their hash is.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import lru_cache
from typing import Final

from jaeger_guard.detectors.detector import DIGITS, OVERLAP, Needles, flatten
from jaeger_guard.generations import Generations
from jaeger_guard.long_texts import STEP, check_time

_WINDOW: Final = 3
_LONGEST_WORD: Final = 24  # bytes; a longer one is an id, and seldom comes again
_DULL_BYTES: Final = 512 * 1024
_TELLING_BYTES: Final = 192 * 1024
_MOST_MET: Final = 4096
_ENTRY_BYTES: Final = 150  # in CPython: slot of a dictionary, header of bytes

# How often a byte occurs in flattened values of attributes, in thousandths: measured on routes,
# statements, identifiers, user agents and messages. What isn't here is rarer.
_FREQUENCIES: Final = [1] * 256
for _byte, _often in (
    *zip(b"et srai", (86, 45, 150, 42, 41, 41, 37), strict=True),
    *zip(b"pcdolm0", (33, 33, 32, 32, 30, 28, 180), strict=True),
    *zip(b"hbfn", (20, 20, 19, 15), strict=True),
    *zip(b"kyxgwuv", (12, 12, 12, 11, 10, 9, 9), strict=True),
    *zip(b"zqj", (6, 6, 6), strict=True),
):
    _FREQUENCIES[_byte] = _often
# What stands in most traces, whose windows therefore tell nothing.
_USUAL: Final = """
https://www.example.com/api/v1/users/items/orders/products/search?page=1&sort=name&limit=20&offset=10
content-type: application/json; charset=utf-8 text/html,application/xhtml+xml gzip, deflate keep-alive
mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/120 safari/537
traceback (most recent call last): file "/app/.venv/lib/python3.11/site-packages/flask/app.py", line 12
in wsgi_app response = self.full_dispatch_request() raise valueerror: unexpected exception in handler
return func(*args, **kwargs) usr/local/lib requests/sessions.py urllib3/connectionpool.py sqlalchemy
timeout while waiting for connection refused by host, not found; failed to call internal server error
select id, name, price, created_at, updated_at from orders where customer_id = and status in order by
insert into values update set delete group by join on limit returning count begin commit rollback
the and for that with this from have you not are was all any can will when which there their what about
please order item user account customer payment invoice shipping product message request process event
a an as at is it its me us we he she my our your their has had one two no so do did be been but by if
change option policy summary position language license package pattern organization application string
"""

_USUAL_FLAT: Final = flatten(_USUAL)
_USUAL_WORDS: Final = frozenset(_USUAL_FLAT.split())
_WORD: Final = re.compile(rb"[^ ]+")
_NO_SIGNS: Final = (string.ascii_letters + string.digits + " ").encode()
_COMMON_SIGNS: Final = b"<>=,:-_/."  # of ASCII, the commonest last
_ASCII: Final = 128
_SPACE: Final = 0x20
_ASCII_DIGITS: Final = frozenset("0123456789")
_Anchored = tuple[int, int, tuple[int, ...]]
_Window = tuple[int, ...]
Leads = dict[int, list[tuple[str, int]]]


# A needle, as it is looked for: its text; whether ASCII case is ignored; whether it occurs wherever a word
# tells so; a byte of it that is a sign of ASCII, None where it has none; the detectors that ask for it
# and nothing else; the others, each with the needle's lead, and the numbers of the companions, of which
# one must occur as well, none where that isn't known; whether it has a digit, or all ask for one besides.
# Tuples of nothing but texts and numbers: the garbage collector passes over all else, time and again.
_Entry = tuple[str, bool, bool, int | None, tuple[int, ...], tuple[_Anchored, ...], bool]


class NeedleIndex:
    """Says which of many needles occur in a text; threads may share it.

    Args:
        needles: For each needle, and whether ASCII case is ignored, the detectors that ask for it.
        anchored: The detectors that are only opened where their anchor is found at a needle.
        hints: Other texts, in lower case and each a word of ASCII letters, that words may tell of.

    Attributes:
        signs: The bytes that are looked for in texts, signs of ASCII and parts of others.
        hints: The numbers that words tell of the hints by.
    """

    def __init__(
        self,
        needles: Mapping[tuple[str, bool], set[int]],
        anchored: Mapping[int, Needles],
        hints: Iterable[str] = (),
    ) -> None:
        wanted = {needle: set(numbers) for needle, numbers in needles.items()}
        for gate in anchored.values():
            for words in gate.companions:
                for word in words:
                    wanted.setdefault((word, True), set())
        for word in hints:
            wanted.setdefault((word, True), set())
        with_anchor = frozenset(anchored)  # a view's differences cost as many steps as it has keys
        numbered = {needle: number for number, needle in enumerate(wanted)}
        self.hints: Final = {word: numbered[word, True] for word in hints}
        anywhere: list[int] = []
        by_sign: dict[int, list[int]] = {}
        by_window: dict[_Window, list[tuple[bytes, int]]] = {}
        entries: list[_Entry] = []
        for (text, ignore_case), numbers in wanted.items():
            flat = flatten(text)
            part, sign = _telling_part(flat), _rarest_sign(text)
            if part is not None and (
                sign is None or sign in _COMMON_SIGNS or len(part.strip(b" 0")) >= _WINDOW
            ):
                by_window.setdefault(_rarest_window(part), []).append((part, len(entries)))
            elif sign is not None:
                by_sign.setdefault(sign, []).append(len(entries))
            else:
                anywhere.append(len(entries))
            of_digits = not _ASCII_DIGITS.isdisjoint(text) or all(
                number in anchored and anchored[number].beside == DIGITS for number in numbers
            )
            entries.append(
                (
                    text,
                    ignore_case,
                    part == flat and ignore_case and text.isascii() and text.isalpha(),
                    sign if sign is None or sign < _ASCII else None,
                    tuple(numbers - with_anchor),
                    tuple(
                        _anchored(number, anchored[number], text, numbered)
                        for number in sorted(numbers & with_anchor)
                    ),
                    of_digits,
                )
            )
        _commonness.cache_clear()  # of use to the next index alone
        self._entries = tuple(entries)
        self._idle = _idle(entries)
        self._anywhere = tuple(anywhere)
        self._by_sign = {sign: tuple(found) for sign, found in by_sign.items()}
        self.signs: Final = frozenset(by_sign).union(
            sign for _, _, _, sign, *_ in entries if sign is not None
        )
        self._by_window = {window: tuple(found) for window, found in by_window.items()}
        self._windows = frozenset(by_window)
        self._dull: Generations[bytes, bool] = Generations(
            _DULL_BYTES, lambda word, _: _ENTRY_BYTES + len(word)
        )
        self._telling: Generations[bytes, tuple[int, ...]] = Generations(
            _TELLING_BYTES, lambda word, told: _ENTRY_BYTES + len(word) + 8 * len(told)
        )
        self._met: Generations[int, bool] = Generations(_MOST_MET)
        self.has_digits = any(needle.isdecimal() for needle, _ in needles)

    def told(self, signs: Iterable[int]) -> set[int]:
        """Return the numbers of the needles that may occur in a text, as far as its signs tell.

        Args:
            signs: The bytes of `signs` that it holds in UTF-8.
        """
        told = set(self._anywhere)
        for sign in signs:
            told.update(self._by_sign.get(sign, ()))
        return told

    def tell(self, words: set[bytes], told: set[int], *, learn: bool = True) -> None:
        """Add the numbers of the needles that may occur, and of the hints that do, by words of a text.

        Args:
            words: The words.
            told: What is added to.
            learn: Whether new words are remembered.
        """
        if unusual := words.difference(self._dull.young):
            self._tell(unusual, told, learn=learn)

    def occurring(
        self, text: str, lowered: str, told: set[int], signs: Set[int], *, digits: bool
    ) -> tuple[set[int], Leads]:
        """Return the detectors of which a needle occurs in a text, and of the anchored the needles.

        Those who ask for a digit besides may be left out where there is none.

        Args:
            text: The text.
            lowered: The same with its ASCII letters in lower case.
            told: What `told` and `tell` answered.
            signs: The bytes of `signs` that it holds in UTF-8.
            digits: Whether a digit stands in it.
        """
        occurring: set[int] = set()
        to_anchor: Leads = {}
        is_signed = len(signs) > (_SPACE in signs)
        for number in told.difference(self._idle[digits, is_signed]):
            needle, ignore_case, is_sure, sign, alone, anchored, _ = self._entries[number]
            if sign is not None and sign not in signs:
                continue
            if not is_sure and needle not in (lowered if ignore_case else text):
                continue
            occurring.update(alone)
            for detector, lead, companions in anchored:
                if not companions or not told.isdisjoint(companions):
                    to_anchor.setdefault(detector, []).append((needle, lead))
        return occurring, to_anchor

    def _tell(self, words: Iterable[bytes], told: set[int], *, learn: bool) -> None:
        """Add the numbers of the needles that may occur, by words of a text."""
        known = self._telling.young
        new: list[bytes] = []
        for word in words:
            needles = known.get(word)
            if needles is None:
                new.append(word)
            else:
                told.update(needles)
        if new:
            tell = self._needles_in(b" %b " % b" ".join(new))
            told.update(tell)
            if learn:
                self._learn(new, all_dull=not tell)

    def _learn(self, words: Sequence[bytes], *, all_dull: bool) -> None:
        """Remember each word that was met before."""
        dull, telling = self._dull, self._telling
        for word in words:
            if len(word) > _LONGEST_WORD or dull.get(word) is not None or telling.get(word):
                continue
            if self._was_met(word):
                needles = () if all_dull else self._needles_in(b" %b " % word)
                if needles:
                    telling.put(word, needles)
                else:
                    dull.put(word, True)

    def _needles_in(self, flat: bytes) -> tuple[int, ...]:
        """Return the numbers of the needles whose part is in a flattened text; step by step in a long one."""
        if len(flat) > STEP:
            told: set[int] = set()
            for start in range(0, len(flat), STEP):
                check_time()
                told.update(self._needles_in_step(flat[start : start + STEP + OVERLAP]))
            return tuple(told)
        return self._needles_in_step(flat)

    def _needles_in_step(self, flat: bytes) -> tuple[int, ...]:
        # Without a loop in Python: `zip` makes the windows, and its tuple is used again for each.
        windows = self._windows.intersection(zip(flat, flat[1:], flat[2:], strict=False))
        return tuple(
            [
                number
                for window in windows
                for part, number in self._by_window[window]
                if part in flat
            ]
        )

    def _was_met(self, word: bytes) -> bool:
        """Say whether a word was met before: most secrets come once, and aren't held."""
        known = hash(word)
        if self._met.get(known) is not None:
            return True
        self._met.put(known, True)
        return False


def _idle(entries: Sequence[_Entry]) -> dict[tuple[bool, bool], frozenset[int]]:
    """Answer which entries needn't be asked, by whether a text has digits, and signs beside the space."""
    return {
        (digits, signs): frozenset(
            number
            for number, (_, _, _, sign, alone, anchored, of_digits) in enumerate(entries)
            if not (alone or anchored)
            or (of_digits and not digits)
            or (sign is not None and not signs)
        )
        for digits in (False, True)
        for signs in (False, True)
    }


def _anchored(
    number: int, gate: Needles, needle: str, numbered: Mapping[tuple[str, bool], int]
) -> _Anchored:
    place = gate.texts.index(needle)
    companions = gate.companions[place] if gate.companions else ()
    return (
        number,
        gate.leads[place] if gate.leads else 0,
        tuple([numbered[word, True] for word in companions]),
    )


def _telling_part(flat: bytes) -> bytes | None:
    """Answer the part of a flat needle that says most, with the spaces next to it; None without any."""
    parts = [flat[max(word.start() - 1, 0) : word.end() + 1] for word in _WORD.finditer(flat)]
    parts = [part for part in parts if len(part) >= _WINDOW]
    if len(parts) < 2:
        return parts[0] if parts else None
    return max(parts, key=lambda part: (part.strip() not in _USUAL_WORDS, len(part)))


def _rarest_window(part: bytes) -> _Window:
    windows = [part[place : place + _WINDOW] for place in range(len(part) - _WINDOW + 1)]
    return tuple(min(windows, key=lambda each: _commonness(bytes(each))))


def _rarest_sign(text: str) -> int | None:
    """Answer a byte of a needle that is no letter, digit or space of ASCII; None where it has none."""
    signs = text.encode().translate(None, _NO_SIGNS)
    return min(signs, key=_COMMON_SIGNS.find) if signs else None


@lru_cache(maxsize=8192)
def _commonness(window: bytes) -> tuple[bool, float]:
    return window in _USUAL_FLAT, math.prod(map(_FREQUENCIES.__getitem__, window))
