"""Generalize: a coarser value of the same kind, such as a network for an address.

What a text may be generalized as depends on its category's branch of the tree: an address has no
year, and a PIN that looks like one must not stay. Whatever can't be generalized is redacted.

Each way is idempotent: a network's own address is the network's, a year its own year, a multiple
of the step its own multiple.
"""

from __future__ import annotations

import decimal
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType
from typing import Final

from jaeger_guard.actions.action import ActionEntry, ActionExample, Parameters
from jaeger_guard.actions.postal import generalize_zip
from jaeger_guard.actions.redaction import redact
from jaeger_guard.addresses import ipv4_number, ipv4_text
from jaeger_guard.categories import (
    CONTACT_ADDRESS,
    CONTENT_WITHHELD,
    CREDENTIAL_TOKEN,
    HEALTH_DATE,
    LOCATION_COORDINATES,
    NETWORK_IP,
    PERSON_AGE,
    PERSON_BIRTH_DATE,
)
from jaeger_guard.markers import is_marker
from jaeger_guard.types import Action, Notation

_LONGEST: Final = 96  # characters; no address, date or pair of coordinates is longer
_NUMBER: Final = r"[+-]?[0-9]{1,24}(?:\.[0-9]{1,24})?"
_AGE: Final = r"(?P<years>[0-9]{1,3}(?:\.[0-9]{1,2})?)(?: ?(?:y|yo|y/o|yrs?|years?)(?: old)?)?"
_IPV4_BITS: Final = 32
_LOOPBACK: Final = 127  # RFC 1122 section 3.2.1.3: the first octet
_EXACT: Final = decimal.Context(prec=100, traps=[decimal.InvalidOperation])

_DAY: Final = r"(?P<day>0?[1-9]|[12][0-9]|3[01])"
_MONTH: Final = r"(?P<month>0?[1-9]|1[0-2])"
_YEAR: Final = r"(?P<year>1[89][0-9]{2}|2[01][0-9]{2})"
_TIME: Final = r"(?:[T ][0-9:.,]{2,24}(?: ?(?:Z|UTC|GMT|[+-][0-9:]{2,6}))?)?"
_WORD: Final = r"[A-Za-z]{3,9}"
_DATES: Final = (
    _YEAR,
    rf"{_YEAR}(?P<by>[-/.]){_MONTH}(?P=by){_DAY}{_TIME}",  # ISO 8601 and RFC 3339
    rf"{_DAY}(?P<by>[-/.]){_MONTH}(?P=by){_YEAR}{_TIME}",
    rf"{_MONTH}(?P<by>[-/.]){_DAY}(?P=by){_YEAR}{_TIME}",
    rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])",  # ISO 8601, basic format
    rf"{_DAY}(?:st|nd|rd|th|\.)? {_WORD}\.?,? {_YEAR}",
    rf"{_WORD}\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}",
)


@lru_cache(maxsize=16)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def generalize_address(text: str, parameters: Parameters) -> str | None:
    """Return the address of the network that IP address `text` is in; None for anything else.

    Loopback and unspecified addresses name nobody and stay.
    """
    number = ipv4_number(text)
    if number is not None:
        if number == 0 or number >> 24 == _LOOPBACK:
            return text
        host_bits = _IPV4_BITS - parameters.ipv4_prefix
        return ipv4_text(number >> host_bits << host_bits)
    bracketed = text.startswith("[") and text.endswith("]")  # RFC 3986, section 3.2.2
    try:
        address = ip_address(text[1:-1] if bracketed else text)
    except ValueError:
        return None
    if address.is_loopback or address.is_unspecified:
        return text
    if isinstance(address, IPv4Address):
        return None  # it is bracketed
    general = _generalize_ipv6(address, parameters)
    return f"[{general}]" if bracketed else general


def _generalize_ipv6(address: IPv6Address, parameters: Parameters) -> str:
    mapped = address.ipv4_mapped
    if mapped is not None:  # RFC 4291, section 2.5.5.2: the last 32 bits are an IPv4 address
        return f"::ffff:{_network(mapped, parameters.ipv4_prefix)}"
    prefix = parameters.ipv6_prefix
    if address.sixtofour is not None:  # RFC 3056: bits 16 to 47 are a whole IPv4 address
        prefix = min(prefix, 16 + parameters.ipv4_prefix)
    return str(_network(address, prefix))  # made from the number, so without a zone identifier


def _network(address: IPv4Address | IPv6Address, prefix: int) -> IPv4Address | IPv6Address:
    host_bits = address.max_prefixlen - prefix
    number = int(address) >> host_bits << host_bits
    return IPv4Address(number) if address.version == 4 else IPv6Address(number)


def generalize_date(text: str, parameters: Parameters) -> str | None:
    """Return the year of date `text`, rounded where numbers are rounded; None for anything else."""
    for pattern in _DATES:
        found = _compiled(pattern).fullmatch(text)
        if found is not None:
            year = found["year"]
            if parameters.round_to is not None:
                # Rounded here too: what comes back next time is a number, which is rounded then.
                year = generalize_number(year, parameters) or year
            cap = parameters.age_cap
            if cap is not None and _year_now() - decimal.Decimal(year) >= cap:
                return f"{cap}+"  # the year alone would tell such an age
            return year
    return None


def _year_now() -> int:
    return time.gmtime().tm_year


def generalize_birth_date(text: str, parameters: Parameters) -> str | None:
    """Return the year of a date of birth; what `age_cap` says of who is that old."""
    return text if text == f"{parameters.age_cap}+" else generalize_date(text, parameters)


def generalize_service_date(text: str, parameters: Parameters) -> str | None:
    """Return the year of a date on which something was done; no age follows from it."""
    return generalize_date(text, replace(parameters, age_cap=None))


def generalize_age(text: str, parameters: Parameters) -> str | None:
    """Return an age in years, rounded where numbers are, or `90+`; None for anything else."""
    cap = parameters.age_cap
    if text == f"{cap}+":
        return text
    found = _compiled(_AGE).fullmatch(text)
    if found is None or (cap is None and parameters.round_to is None):
        return None
    if cap is not None and float(found["years"]) >= cap:
        return f"{cap}+"
    if parameters.round_to is None:
        return text
    # Down, as ages are told: rounded up, one could come to stand beyond the cap.
    step = decimal.Decimal(repr(parameters.round_to)).normalize(_EXACT)
    years = decimal.Decimal(found["years"])
    return f"{_EXACT.multiply(_EXACT.divide(years, step) // 1, step):f}"


def generalize_postal_code(text: str, parameters: Parameters) -> str | None:
    """Return what `zip3` leaves of a US ZIP code; None for any other address."""
    return generalize_zip(text) if parameters.zip3 else None


def generalize_number(text: str, parameters: Parameters) -> str | None:
    """Return the multiple of `round_to` that is nearest to decimal number `text`, else None."""
    if parameters.round_to is None or _compiled(_NUMBER).fullmatch(text) is None:
        return None
    step = decimal.Decimal(repr(parameters.round_to)).normalize(_EXACT)
    number = decimal.Decimal(text)
    count = _EXACT.divide(number, step).to_integral_value(decimal.ROUND_HALF_EVEN)
    rounded = _EXACT.multiply(count, step)
    if rounded == number:
        return text
    if rounded.is_zero():
        rounded = abs(rounded)  # never "-0.0", which would say on which side it lay
    return f"{rounded:f}"


def generalize_coordinates(text: str, parameters: Parameters) -> str | None:
    """Round each of up to three numbers, separated by comma, semicolon or space; else None."""
    found = _compiled(rf"{_NUMBER}(?:[,; ] ?{_NUMBER}){{0,2}}").fullmatch(text)
    if found is None or parameters.round_to is None:
        return None
    return _compiled(_NUMBER).sub(
        lambda number: generalize_number(number[0], parameters) or "", text
    )


_Way = Callable[[str, Parameters], str | None]
_WAYS: Final[Mapping[str, tuple[_Way, ...]]] = MappingProxyType(
    {
        "network": (generalize_address,),
        "device": (generalize_address,),
        "location": (generalize_coordinates,),
        PERSON_AGE: (generalize_age,),
        PERSON_BIRTH_DATE: (generalize_birth_date, generalize_number),
        HEALTH_DATE: (generalize_service_date,),
        CONTACT_ADDRESS: (generalize_postal_code,),
        "person": (generalize_date, generalize_number),
        "health": (generalize_service_date, generalize_number),
        "financial": (generalize_number,),
        # What a rule names by its key alone; the rule's author knows what stands there.
        "content": (
            generalize_address,
            generalize_date,
            generalize_number,
            generalize_coordinates,
        ),
    }
)


def generalize(text: str, category: str, parameters: Parameters) -> str | None:
    """Return a coarser value for `text`, or None where there is none."""
    if len(text) > _LONGEST:
        return None
    ways = _WAYS.get(category) or _WAYS.get(category.partition(".")[0], ())
    for way in ways:
        general = way(text, parameters)
        if general is not None:
            return general
    return None


def _apply(text: str, category: str, notation: Notation, parameters: Parameters) -> str:
    if notation is Notation.SQL or is_marker(text):
        return redact(text, category, notation)
    general = generalize(text, category, parameters)
    return redact(text, category, notation) if general is None else general


GENERALIZATION: Final = ActionEntry(
    action=Action.GENERALIZE,
    meaning="Replace the value by a coarser one: a network, a year, a rounded number",
    apply=_apply,
    parameters=("ipv4_prefix", "ipv6_prefix", "round_to", "age_cap", "zip3"),
    examples=(
        ActionExample(text="203.0.113.77", category=NETWORK_IP, becomes="203.0.113.0"),
        ActionExample(text="2001:db8:1:2::5", category=NETWORK_IP, becomes="2001:db8:1::"),
        ActionExample(text="[2001:db8:1:2::5]", category=NETWORK_IP, becomes="[2001:db8:1::]"),
        ActionExample(text="fe80::1%eth0", category=NETWORK_IP, becomes="fe80::"),
        ActionExample(
            text="::ffff:203.0.113.77", category=NETWORK_IP, becomes="::ffff:203.0.113.0"
        ),
        ActionExample(text="2002:cb00:714d::1", category=NETWORK_IP, becomes="2002:cb00:7100::"),
        ActionExample(text="127.0.0.1", category=NETWORK_IP, becomes="127.0.0.1"),
        ActionExample(
            text="198.51.100.200",
            category=NETWORK_IP,
            parameters=Parameters(ipv4_prefix=16),
            becomes="198.51.0.0",
        ),
        ActionExample(text="db-7.internal", category=NETWORK_IP, becomes="[REDACTED:network.ip]"),
        ActionExample(text="203.0.113.77", category=NETWORK_IP, notation=Notation.SQL, becomes="?"),
        ActionExample(text="1985-04-12", category=PERSON_BIRTH_DATE, becomes="1985"),
        ActionExample(text="1985-04-12T08:30:00Z", category=PERSON_BIRTH_DATE, becomes="1985"),
        ActionExample(text="12/04/1985", category=PERSON_BIRTH_DATE, becomes="1985"),
        ActionExample(text="04/30/1985", category=PERSON_BIRTH_DATE, becomes="1985"),
        ActionExample(text="19850412", category=PERSON_BIRTH_DATE, becomes="1985"),
        ActionExample(text="12 April 1985", category=PERSON_BIRTH_DATE, becomes="1985"),
        ActionExample(
            text="1985-04-12",
            category=PERSON_BIRTH_DATE,
            parameters=Parameters(round_to=10),
            becomes="1980",
        ),
        ActionExample(
            text="19851399", category=PERSON_BIRTH_DATE, becomes="[REDACTED:person.birth_date]"
        ),
        ActionExample(
            text="52.52437, 13.41053",
            category=LOCATION_COORDINATES,
            parameters=Parameters(round_to=0.1),
            becomes="52.5, 13.4",
        ),
        ActionExample(
            text="-0.04",
            category=LOCATION_COORDINATES,
            parameters=Parameters(round_to=0.1),
            becomes="0.0",
        ),
        ActionExample(
            text="52.52437",
            category=LOCATION_COORDINATES,
            becomes="[REDACTED:location.coordinates]",
        ),
        ActionExample(
            text="48213",
            category=CONTENT_WITHHELD,
            parameters=Parameters(round_to=1000),
            becomes="48000",
        ),
        ActionExample(
            text="1921-04-12",
            category=PERSON_BIRTH_DATE,
            parameters=Parameters(age_cap=90),
            becomes="90+",
        ),
        ActionExample(text="2024-03-15", category=HEALTH_DATE, becomes="2024"),
        ActionExample(
            text="93", category=PERSON_AGE, parameters=Parameters(age_cap=90), becomes="90+"
        ),
        ActionExample(
            text="90 years old",
            category=PERSON_AGE,
            parameters=Parameters(age_cap=90),
            becomes="90+",
        ),
        ActionExample(
            text="89", category=PERSON_AGE, parameters=Parameters(age_cap=90), becomes="89"
        ),
        ActionExample(
            text="34", category=PERSON_AGE, parameters=Parameters(round_to=10), becomes="30"
        ),
        ActionExample(text="34", category=PERSON_AGE, becomes="[REDACTED:person.age]"),
        ActionExample(
            text="02139-4307",
            category=CONTACT_ADDRESS,
            parameters=Parameters(zip3=True),
            becomes="021",
        ),
        ActionExample(
            text="03601", category=CONTACT_ADDRESS, parameters=Parameters(zip3=True), becomes="000"
        ),
        ActionExample(
            text="77 Massachusetts Ave",
            category=CONTACT_ADDRESS,
            parameters=Parameters(zip3=True),
            becomes="[REDACTED:contact.address]",
        ),
        ActionExample(text="02139", category=CONTACT_ADDRESS, becomes="[REDACTED:contact.address]"),
        ActionExample(
            text="1985", category=CREDENTIAL_TOKEN, becomes="[REDACTED:credential.token]"
        ),
    ),
)
