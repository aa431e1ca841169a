"""Detect telephone numbers (`contact.phone`): in international form, in national groups, or behind a
label.

Precision comes from what is asked for: a sign and a country code; a trunk prefix and groups that a
plan knows; or a word such as `phone` or `Handynummer` in front. Bare digits alone are an id. With the
package phonenumbers (the extra `phones`), a number in international form must also have a country
code that exists, and a length that the country's plan has.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from jaeger_guard.categories import CONTACT_PHONE
from jaeger_guard.detectors.checks import digits_of, is_date
from jaeger_guard.detectors.detector import (
    Detector,
    DigitRun,
    Example,
    NearMiss,
    Needles,
    compile_pattern,
)
from jaeger_guard.detectors.labels import labelled

_PACKAGE: Final = "phonenumbers"
# ITU-T E.123 section 10: an extension behind the number.
_EXTENSION: Final = (
    r"(?:[ ,;]{0,2}(?:x|ext\.?|extension|poste|durchwahl|ramal)[ :.]{0,2}[0-9]{1,6})?"
)
_FOLLOWS: Final = r"(?![0-9A-Za-z_]|[.\-:/][0-9A-Za-z])"
_EXTENSION_BEHIND: Final = _EXTENSION + _FOLLOWS
_DATE_IN_FRONT: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])"
_LONGEST_COUNTRY_CODE: Final = 3  # ITU-T E.164 section 6.2.1


def load() -> None:
    """Import phonenumbers where it is installed; without it, lengths are E.164's alone."""
    _library()


@lru_cache(maxsize=1)
def _library() -> Any:
    return import_module(_PACKAGE) if find_spec(_PACKAGE) is not None else None


def is_possible(digits: str) -> bool:
    """Say whether a country code begins `digits`, and its plan has numbers of this length.

    It is what the package's `parse` and `is_possible_number` say of them, without the walk through all
    that else may stand in a number, which costs twenty times as much.
    """
    library = _library()
    if library is None:
        return True
    for length in range(1, min(_LONGEST_COUNTRY_CODE, len(digits)) + 1):
        plan = _plan(int(digits[:length]))
        if plan is not None:
            break
    else:
        return False
    lengths, prefix = plan
    national = digits[length:]
    if prefix is not None and prefix.match(national) is not None:  # which may not count
        return _is_parsed(library, digits)
    return len(national) in lengths


def _is_parsed(library: Any, digits: str) -> bool:
    try:
        return bool(library.is_possible_number(library.parse(f"+{digits}", None)))
    except library.NumberParseException:
        return False


@lru_cache(maxsize=1024)  # there are 215 codes, of three digits at the most
def _plan(country_code: int) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """Return how many digits numbers have behind a country code, and what a prefix of them begins with.

    None where there is no such code; no prefix where none is dialled.
    """
    library = _library()
    regions = library.COUNTRY_CODE_TO_REGION_CODE.get(country_code)
    if regions is None:
        return None
    metadata = library.PhoneMetadata.metadata_for_region_or_calling_code(country_code, regions[0])
    general = metadata.general_desc
    lengths = frozenset((*general.possible_length, *general.possible_length_local_only))
    prefix = metadata.national_prefix_for_parsing
    return lengths, re.compile(prefix) if prefix else None


def _settle_international(text: str, start: int, end: int) -> tuple[int, int] | None:
    # After a letter or digit the sign is arithmetic, a form's space, or a version's build.
    before = text[start - 1] if start else ""
    if before.isalnum() or before in ("_", ")", "+"):
        return None
    number_start = start + (1 if text[start] == "+" else 3)
    if compile_pattern(_DATE_IN_FRONT).match(text, number_start, end):
        return None
    wanted = 11 if text[number_start] == "1" else 15  # ITU-T E.164; +1 has a fixed length
    number = text[number_start:end]
    digits = digits_of(number)
    if len(digits) >= wanted:
        if len(digits) > wanted:
            end = number_start + _end_of_digit(number, wanted)
        if text[end : end + 1].isdigit():
            return None
        number, digits = text[number_start:end], digits[:wanted]
    if number.count(".") == 1 and digits == number.replace(".", ""):
        return None  # a decimal number with its sign
    if len(digits) < (11 if wanted == 11 else 8):
        return None
    if "(0)" in number:  # the trunk prefix, which isn't dialled from abroad
        digits = digits_of(number.replace("(0)", ""))
    if not is_possible(digits):
        return None
    extended = compile_pattern(_EXTENSION_BEHIND).match(text, end)
    return start, extended.end() if extended else end


def _end_of_digit(number: str, wanted: int) -> int:
    """Answer the index behind the digit of this number, counted from one; there are as many."""
    seen = 0
    for index, character in enumerate(number):
        seen += "0" <= character <= "9"
        if seen == wanted:
            return index + 1
    return len(number)


PHONE_INTERNATIONAL: Final = Detector(
    name="contact.phone_international",
    category=CONTACT_PHONE,
    gate=Needles(texts=("+", "%2B", "%2b"), anchor=r"(?:\+|%2[Bb])[1-9]"),
    pattern=r"(?:\+|%2[Bb])[1-9](?:[ .\-/()\u00a0]{0,2}[0-9]){7,15}(?![0-9A-WYZa-wyz])",
    settle=_settle_international,
    source="ITU-T E.164 (02/2024) section 6, E.123 section 2",
    examples=(
        Example("call +12125550187", found="+12125550187"),
        Example("tel:+1-212-555-0187;ext=5", found="+1-212-555-0187"),
        Example("+1 (212) 555-0187 200", found="+1 (212) 555-0187"),
        Example("mobil +49 171 2345678", found="+49 171 2345678"),
        Example("+44 (0)20 7946 0958", found="+44 (0)20 7946 0958"),
        Example("phone=%2B33142685300&x", found="%2B33142685300"),
        Example("+1-212-555-0187x4321 rang", found="+1-212-555-0187x4321"),
        Example("+1 212 555 0187 ext. 12", found="+1 212 555 0187 ext. 12"),
    ),
    near_misses=(
        NearMiss("1.0.0+20240115103000", because="a version's build"),
        NearMiss("2024-01-15T10:00:00+0100", because="an offset from UTC"),
        NearMiss("delta +1234567.89", because="a decimal number"),
        NearMiss("+1 555 0187", because="too short for its country"),
        NearMiss("+12345678901234567890", because="longer than any number"),
        NearMiss("q=size+12345678901", because="a form's space"),
    ),
)

PHONE_PARENTHESISED: Final = Detector(
    name="contact.phone_parenthesised",
    category=CONTACT_PHONE,
    gate=Needles(texts=("(",), anchor=r"\([0-9]{2,5}\)[ .\-]?[0-9]"),
    pattern=(
        r"(?:\+?1[ .\-]?)?\([0-9]{2,5}\)[ .\-]{0,2}[0-9]{3,5}[ .\-]?[0-9]{3,4}"
        + _EXTENSION
        + r"(?![0-9A-Za-z_]|[.\-:][0-9])"
    ),
    validate=lambda value: 9 <= len(digits_of(value.partition("x")[0].partition("ext")[0])) <= 12,
    word_start=True,
    source="ITU-T E.123 section 2.2 (national notation)",
    examples=(
        Example("(212) 555-0187", found="(212) 555-0187"),
        Example("reach me at (030) 9018-2000.", found="(030) 9018-2000"),
        Example("liga (11) 98007-3105 hoje", found="(11) 98007-3105"),
        Example("(212) 555-0187x42", found="(212) 555-0187x42"),
    ),
    near_misses=(
        NearMiss("varchar(255) 1000-2000", because="a call or a column's width"),
        NearMiss("(12) 345-678", because="too short"),
    ),
)

_DIALLING: Final = (
    r"(?i:tel|phone|call|mobile|mobil|cell|fax|dial|ring|sms|text|whatsapp|contact|reach|hotline)\W"
)


def _settle_national(text: str, start: int, end: int) -> tuple[int, int] | None:
    before = text[start - 1] if start else ""
    if before.isalnum() or before in ("_", "-", ".", ":", "+", "$", "#"):
        return None
    if before in ("/", " ") and start > 1 and text[start - 2].isdigit():
        return None  # the tail of a longer row of numbers
    value = text[start:end]
    if compile_pattern(r"[0-9]{5}-[0-9]{4}").fullmatch(value) is not None and (
        compile_pattern(r"\b[A-Z]{2} \Z").search(text[max(0, start - 4) : start]) is not None
    ):
        return None  # a ZIP code behind its state: `Boston, MA 02110-1301`
    if value[0] != "0" and "-" not in value and "." not in value:
        window = text[max(0, start - 20) : start]
        if compile_pattern(_DIALLING).search(window) is None:
            return None  # "200 512 1234" in an access log looks the same
    number = compile_pattern(r"[0-9 .\-/]+").match(value)
    count = len(digits_of(number.group())) if number else 0
    return (start, end) if 9 <= count <= (15 if value.startswith("00") else 13) else None


PHONE_NATIONAL: Final = Detector(
    name="contact.phone_national",
    category=CONTACT_PHONE,
    gate=DigitRun(shortest=9, beside=r" .\-/"),
    pattern=(
        r"(?<![0-9A-Za-z])(?=[0-9])(?:"
        r"(?:1-)?[2-9][0-9]{2}-[1-9][0-9]{2}-[0-9]{4}"
        r"|(?:1[ .\-])?[2-9][0-9]{2}(?P<nanp>[ .\-])[2-9][0-9]{2}(?P=nanp)[0-9]{4}"
        r"|0[1-9](?P<pair>[ .\-])[0-9]{2}(?P=pair)[0-9]{2}(?P=pair)[0-9]{2}(?P=pair)[0-9]{2}"
        r"|0[1-9](?P<four>[ \-])[0-9]{4}(?P=four)[0-9]{4}"
        r"|06[ \-][0-9]{8}"
        # Belgium: `0470/12.34.56`, `0470 12 34 56`.
        r"|0[1-9][0-9]{1,2}[ /](?P<twos>[0-9]{2}[ .])[0-9]{2}[ .][0-9]{2}"
        r"|00[1-9][0-9]{0,2}[ \-/][0-9]{2,5}(?:[ \-/][0-9]{2,8}){1,4}"
        r"|0[1-9][0-9]{1,3}[ /\-][0-9]{3,8}(?:[ \-][0-9]{2,5}){0,3}"
        r")" + _EXTENSION + _FOLLOWS
    ),
    settle=_settle_national,
    source="North American Numbering Plan; ITU-T E.123 section 2.2; national plans filed with ITU-T E.129",
    examples=(
        Example("call 212-555-0187 now", found="212-555-0187"),
        Example("555-123-4567", found="555-123-4567"),
        Example("212.555.0187", found="212.555.0187"),
        Example("phone: 212 555 0187", found="212 555 0187"),
        Example("t\u00e9l. 01 42 68 53 00", found="01 42 68 53 00"),
        Example("020 7946 0958", found="020 7946 0958"),
        Example("0171/2345678", found="0171/2345678"),
        Example("0470/12.34.56 bellen", found="0470/12.34.56"),
        Example("0049 171 2345678", found="0049 171 2345678"),
        Example("001-212-555-0187x12345", found="001-212-555-0187x12345"),
        Example("212-555-0187 ext 9", found="212-555-0187 ext 9"),
        Example("090-1234-5678", found="090-1234-5678"),
    ),
    near_misses=(
        NearMiss("2024-01-15 10:20:30", because="a date and a time"),
        NearMiss("01-02-2024 at 10 h", because="a date"),
        NearMiss("HTTP/1.1 200 512 1234", because="a status and sizes"),
        NearMiss("Boston, MA 02110-1301, USA", because="a ZIP code behind its state"),
        NearMiss("id 2125550187", because="bare digits are an id"),
        NearMiss("535.104.05.01", because="a version"),
        NearMiss("123e4567-212-555-0187-0000", because="part of an id"),
        NearMiss("192.168.100.1000", because="dotted numbers"),
    ),
)

_NUMBER: Final = r"\+?[0-9(](?:[ .\-/()\u00a0]{0,3}[0-9]){6,16}" + _EXTENSION
_NUMBER_ENDS: Final = r"(?![0-9A-Za-z_%@]|[.,:\-/][0-9])"


def is_dialled(value: str) -> bool:
    """Say whether `value`, behind a label, is a number to dial: not a date, an address, a measure."""
    number = compile_pattern(r"[+0-9 .\-/()\u00a0]+").match(value)
    written = number.group().rstrip() if number else ""
    digits = digits_of(written)
    if not 7 <= len(digits) <= 15 or len(set(digits)) == 1:
        return False
    if written.count(".") == 1 and written.replace(".", "").isdigit():
        return False
    if written.count(".") == 3 and _is_address(written):
        return False
    return written[0] in "+(" or not _is_date(written)


def _is_address(written: str) -> bool:
    groups = compile_pattern("[0-9]+").findall(written)
    return len(groups) == 4 and all(int(group) < 256 for group in groups)


def _is_date(written: str) -> bool:
    groups = compile_pattern("[0-9]+").findall(written)
    if len(groups) != 3:
        return False
    first, second, third = (int(group) for group in groups)
    if len(groups[0]) == 4 and 1900 <= first <= 2100 and is_date(first, second, third):
        return True
    return (
        len(groups[2]) == 4
        and 1900 <= third <= 2100
        and (is_date(third, second, first) or is_date(third, first, second))
    )


_LABEL_GATE, _LABEL_PATTERN = labelled(
    "tel|phone|telephone|mobile|cellphone|cell phone|cell number|fax|whatsapp|sms|contact number|hotline|msisdn"
    "|caller id|callback number|telefon|telefonnummer|handy|handynummer|mobil|mobilnummer|mobiltelefon"
    "|rufnummer|t\u00e9l\u00e9phone|t\u00e9l|portable|tel\u00e9fono|telefono|m\u00f3vil|movil|celular|cellulare|telefone"
    "|telem\u00f3vel|telefoon|mobiel|puhelin|puhelinnumero|telefonu|kom\u00f3rka|telefonn\u00ed|matkapuhelin"
    "|\u0442\u0435\u043b|\u0442\u0435\u043b\u0435\u0444\u043e\u043d|\u7535\u8bdd|\u96fb\u8a71|\u624b\u673a|\uc804\ud654"
    # Said of nothing but telephones, so that bare digits may follow.
    "|new number|call me at|call me on|call us at|call us on|reach me at|reach me on|reach us at"
    "|reach us on|text me at|text me on|office on|fax it to|sms to|numer telefonu to",
    _NUMBER + _NUMBER_ENDS,
)


def _settle_labelled(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Leave out what is the id of a number: `phone_number_id 1234567890123`."""
    window = text[max(0, start - 8) : start]
    return (
        None
        if compile_pattern(r"(?i:(?<![a-z])ids?)[^0-9A-Za-z]*\Z").search(window)
        else (start, end)
    )


PHONE_LABELLED: Final = Detector(
    name="contact.phone_labelled",
    category=CONTACT_PHONE,
    gate=_LABEL_GATE,
    pattern=_LABEL_PATTERN,
    labelled=True,
    settle=_settle_labelled,
    validate=is_dialled,
    source="ITU-T E.123 section 2 (notation), E.164 section 6 (at most fifteen digits)",
    examples=(
        Example("my phone number is 2125550187.", found="2125550187"),
        Example("al numero di telefono 322 2843552.", found="322 2843552"),
        Example("mitt telefonnummer \u00e4r 08-123 456 78", found="08-123 456 78"),
        Example("Mi m\u00f3vil es 605 70 49 64.", found="605 70 49 64"),
        Example("na telefon 760-666-038.", found="760-666-038"),
        Example("Tel: 555-0187, ask", found="555-0187"),
        Example("Call me at 92174218 tomorrow", found="92174218"),
        Example("my new number's 355633639", found="355633639"),
        Example("App/1.0 (phone: 2125550187)", found="2125550187"),
    ),
    near_misses=(
        NearMiss("phone verified at 2024-01-15", because="a date"),
        NearMiss("mobile 2024-01-15", because="a date"),
        NearMiss("hotel 21255501", because="part of a word"),
        NearMiss("telephone 10.1.2.30", because="an address of a network"),
        NearMiss("mobile 1234567.89", because="a measure"),
        NearMiss("phone 12 of 20", because="too short"),
        NearMiss("phone_number_id 1234567890123", because="an id of a number"),
    ),
)

_CALL_GATE, _CALL_PATTERN = labelled(
    "call|call me|callback|call back|voicemail|dial|ring|ring me on|reach me|text|text me|contact|contact me"
    "|rufen sie mich unter|unter|appelez|appelez moi au|joignable au|llame|ll\u00e1meme|ll\u00e1mame|ligue"
    "|me ligue|chiami|chiamami|bel|bel mij op|soita|zadzwo\u0144|dzwoni\u0107|cell|r\u00fcckruf|r\u00fcckruf erbeten"
    "|rappeler au|joindre au|ll\u00e1mame al|llame al|ll\u00e1menos al|ligue para|ligar para|chiamatemi al|chiamami al"
    "|recapito|recapito telefonico|contacto|contato|kontakt|pod numerem|bel me terug op|bel ons op"
    "|ring mig p\u00e5|ring til mig p\u00e5|ring meg p\u00e5|ring til meg p\u00e5",
    r"(?:\+?[0-9(]|\()(?:[ .\-/()\u00a0]{0,3}[0-9]){6,16}" + _EXTENSION + _NUMBER_ENDS,
)


# Denmark's and Norway's numbers have eight digits, in pairs or as 3-2-3; Singapore's and Hong Kong's
# are two groups of four (ITU-T E.129, national numbering plans).
_EIGHT_DIGITS: Final = (
    r"[2-9][0-9](?: [0-9]{2}){3}|[2-9][0-9]{2} [0-9]{2} [0-9]{3}|[35689][0-9]{3} [0-9]{4}"
)


def is_dialled_in_groups(value: str) -> bool:
    """Say whether `value` is a number to dial, and written as one: in groups, or with its prefix."""
    grouped = compile_pattern(r"[0-9)][ .\-/()\u00a0]{1,3}[(0-9]").search(value) is not None
    eight = compile_pattern(_EIGHT_DIGITS).fullmatch(value) is not None
    enough = eight or len(digits_of(value)) >= 9
    return enough and is_dialled(value) and (grouped or value[0] in "+0")


PHONE_CALLED: Final = Detector(
    name="contact.phone_called",
    category=CONTACT_PHONE,
    gate=_CALL_GATE,
    pattern=_CALL_PATTERN,
    labelled=True,
    validate=is_dialled_in_groups,
    source="ITU-T E.123 section 2 (notation), E.164 section 6 (at most fifteen digits)",
    examples=(
        Example("please call 98765 43210 today", found="98765 43210"),
        Example("Contact 079 8778-9328 for details", found="079 8778-9328"),
        Example("text 0371840191 asap", found="0371840191"),
        Example("ring 0612345678.", found="0612345678"),
        Example("Contact 20 12 34 56 today", found="20 12 34 56"),
        Example("callback 412 34 567", found="412 34 567"),
        Example("Ll\u00e1mame al 612 345 678", found="612 345 678"),
        Example("pod numerem 22 123 45 67.", found="22 123 45 67"),
        Example("Rufen Sie mich unter 030 / 2883646 an", found="030 / 2883646"),
    ),
    near_misses=(
        NearMiss("call 2125550187 failed", because="a call's id"),
        NearMiss("contact 41111465 deleted", because="a contact's id"),
        NearMiss("recall 98765 43210", because="part of a word"),
        NearMiss("callback 2012 3456 failed", because="two counts, of no plan"),
        NearMiss("contact 20 of 12 34 56", because="a count in between"),
        NearMiss("call 2024-01-15", because="a date"),
    ),
)

DETECTORS: Final = (
    PHONE_INTERNATIONAL,
    PHONE_PARENTHESISED,
    PHONE_NATIONAL,
    PHONE_LABELLED,
    PHONE_CALLED,
)
