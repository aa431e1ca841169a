"""Detect numbers of documents behind their labels (`identity.document`): passports, licences, plates.

Most have no check digit, and each state writes them otherwise: capitals and digits, four digits at
the least. Where a form has a check of its own (machine-readable zones, a British driver number), it is
found without a label.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import IDENTITY_DOCUMENT
from jaeger_guard.detectors.checks import digits_of, has_luhn_digit, weighted_sum
from jaeger_guard.detectors.detector import Detector, DigitRun, Example, NearMiss, Needles
from jaeger_guard.detectors.national_ids import found_behind_label


def has_digits(value: str) -> bool:
    """Say whether at least four of the characters of `value` are digits: words have none."""
    return len(digits_of(value)) >= 4


PASSPORT: Final = found_behind_label(
    "identity.passport",
    digits=False,
    category=IDENTITY_DOCUMENT,
    labels=(
        "passport|passport number|passport book|passports|reisepass|reisepassnummer|passeport|pasaporte"
        "|passaporto|passaporte|paspoort|pas nummer|paszport|\u043f\u0430\u0441\u043f\u043e\u0440\u0442|\u62a4\u7167"
        "|\u30d1\u30b9\u30dd\u30fc\u30c8"
    ),
    form=r"[A-Z0-9]{6,9}|[A-Z]{1,2}[ \-][0-9]{6,8}|[0-9]{2} [0-9]{2} [0-9]{6}",
    is_valid=has_digits,
    source="ICAO Doc 9303, part 4 (a document number has up to nine characters)",
    examples=(
        Example("passport number 912803456 was scanned", found="912803456"),
        Example("Passport: C01X00T47", found="C01X00T47"),
        Example("passeport n\u00ba 12AB34567.", found="12AB34567"),
    ),
    near_misses=(
        NearMiss("passport number REQUIRED", because="a word"),
        NearMiss("passport.js 0.6.0 loaded", because="a version"),
        NearMiss("passports renewed: 12", because="a count"),
    ),
)

IDENTITY_CARD: Final = found_behind_label(
    "identity.identity_card",
    digits=False,
    category=IDENTITY_DOCUMENT,
    labels=(
        "identity card|id card|personalausweis|ausweisnummer|ausweis nr|carta d'identit\u00e0|carta identit\u00e0"
        "|carte d'identit\u00e9|carte nationale d'identit\u00e9|dow\u00f3d osobisty|dowodu osobistego|ob\u010dansk\u00fd pr\u016fkaz"
        "|voter id|epic no|residence permit|aufenthaltstitel|titre de s\u00e9jour|green card"
    ),
    form=r"[A-Z0-9]{7,12}|[A-Z]{2,3}[ \-][0-9]{6,7}",
    is_valid=has_digits,
    source="ICAO Doc 9303, parts 5 and 6 (a document number has up to nine characters)",
    examples=(
        Example("Personalausweis: L01X00T471", found="L01X00T471"),
        Example("identity card CA12345BB", found="CA12345BB"),
        Example("voter ID ABC1234567", found="ABC1234567"),
    ),
    near_misses=(
        NearMiss("identity card UPLOADED", because="a word"),
        NearMiss("covid card 12345678", because="part of a word"),
    ),
)

DRIVER_LICENCE: Final = found_behind_label(
    "identity.driver_licence",
    category=IDENTITY_DOCUMENT,
    labels=(
        "driver license|driver's license|drivers license|driver licence|driver's licence|drivers licence"
        "|driving license|driving licence|dl number|dl no|driver number|f\u00fchrerschein|f\u00fchrerscheinnummer"
        "|permis de conduire|licencia de conducir|carnet de conducir|permiso de conducir|patente di guida"
        "|carteira de motorista|carta de condu\u00e7\u00e3o|cnh|rijbewijs|prawo jazdy"
    ),
    form=r"[A-Z]{0,5}[ \-]?[0-9][0-9A-Z]{2,17}(?:[ \-][0-9A-Z]{0,6}[0-9][0-9A-Z]{0,6}){0,4}",
    is_valid=has_digits,
    source="AAMVA DL/ID Card Design Standard, D20 (customer identifiers); Directive 2006/126/EC, field 5",
    examples=(
        Example("driver's license AC432223 on file", found="AC432223"),
        Example("Driver License: F255-921-50-094-0,", found="F255-921-50-094-0"),
        Example("F\u00fchrerschein Nr. B072RRE2I55", found="B072RRE2I55"),
    ),
    near_misses=(
        NearMiss("driver license EXPIRED", because="a word"),
        NearMiss("driver 535.104.05 license ok", because="a version"),
        NearMiss("screwdriver license 12345678 x", because="part of a word"),
    ),
)

GB_DRIVER_NUMBER: Final = Detector(
    name="identity.gb_driver_number",
    category=IDENTITY_DOCUMENT,
    gate=DigitRun(shortest=6, beside="A-Z"),
    pattern=(
        r"[A-Z9](?<![0-9A-Za-z].)[A-Z9]{4}[0-9](?:[05][1-9]|[16][0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]"
        r"[A-Z9]{2}[0-9][A-Z]{2}(?![0-9A-Za-z])"
    ),
    source="DVLA, INF1 (driver number: surname, birth, initials, check characters)",
    examples=(Example("licence MORGA657054SM9IJ checked", found="MORGA657054SM9IJ"),),
    near_misses=(
        NearMiss("MORGA699054SM9IJ", because="no month 99"),
        NearMiss("XMORGA657054SM9IJ", because="inside a longer word"),
    ),
)

MACHINE_READABLE_ZONE: Final = Detector(
    name="identity.machine_readable_zone",
    category=IDENTITY_DOCUMENT,
    gate=Needles(texts=("<<",), anchor=r"[A-Z]<<[A-Z<]"),
    pattern=(
        r"[PVIAC](?<![0-9A-Za-z].)[A-Z<][A-Z]{3}[A-Z0-9<]{23,39}"
        r"(?:(?:\r?\n|\\n|\s)[A-Z0-9<]{30,44}){0,2}"
    ),
    settle=lambda text, start, end: (
        (start, end) if "<<" in text[start:end] and text[start:end].count("<") >= 3 else None
    ),
    source="ICAO Doc 9303, parts 4, 5 and 6 (machine-readable zone)",
    examples=(
        Example(
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
            found="P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
        ),
    ),
    near_misses=(
        NearMiss("cout << A << B", because="code"),
        NearMiss("cat <<EOF", because="a shell's document"),
        NearMiss("1<<PAGE_SHIFT", because="a shift"),
    ),
)


def is_npi(value: str) -> bool:
    """Say whether `value` has the check digit of an NPI, counted with the prefix 80840."""
    return has_luhn_digit("80840" + value)


NPI: Final = found_behind_label(
    "identity.us_npi",
    category=IDENTITY_DOCUMENT,
    labels="npi|national provider|national provider identifier|provider npi",
    form=r"[12][0-9]{9}",
    is_valid=is_npi,
    source="45 CFR 162.406; CMS, Requirements for NPI Check Digit",
    examples=(Example("NPI: 1234567893 billed", found="1234567893"),),
    near_misses=(
        NearMiss("NPI 1234567894", because="the check digit is wrong"),
        NearMiss("npi 1234567893.5", because="a decimal number"),
    ),
)


def is_dea(value: str) -> bool:
    """Say whether `value` has the check digit of a DEA registration."""
    digits = digits_of(value)[-7:]
    return weighted_sum(digits[:6], (1, 2, 1, 2, 1, 2)) % 10 == int(digits[6])


DEA: Final = found_behind_label(
    "identity.us_dea",
    category=IDENTITY_DOCUMENT,
    labels="dea|dea registration|dea reg|drug enforcement|medical license|medical licence",
    form=r"[A-HJ-MPRSTUX][A-Z9][0-9]{7}",
    is_valid=is_dea,
    source="US Drug Enforcement Administration, Diversion Control Division, registration number",
    examples=(Example("DEA number BB1388568.", found="BB1388568"),),
    near_misses=(
        NearMiss("DEA BB1388569", because="the check digit is wrong"),
        NearMiss("idea BB1388568", because="part of a word"),
    ),
)


def is_vin(value: str) -> bool:
    """Say whether `value` has letters and digits; the check digit is North America's alone."""
    return any(map(str.isalpha, value)) and len(digits_of(value)) >= 3


VIN: Final = found_behind_label(
    "identity.vin",
    digits=False,
    category=IDENTITY_DOCUMENT,
    labels=(
        "vin|vehicle identification|vehicle id number|chassis number|chassis no|fahrgestellnummer|fahrzeug ident"
        "|fin nummer|num\u00e9ro de ch\u00e2ssis|n\u00famero de chasis|numero di telaio"
    ),
    form=r"[A-HJ-NPR-Z0-9]{17}|[a-hj-npr-z0-9]{17}",
    is_valid=is_vin,
    source="ISO 3779:2009 (17 characters without I, O and Q)",
    examples=(Example("VIN 1HGCM82633A004352 sold", found="1HGCM82633A004352"),),
    near_misses=(
        NearMiss("VIN 1HGCM82633A00435", because="16 characters"),
        NearMiss("VIN 1HGCM8263IA004352", because="I is no character of it"),
        NearMiss("saving 1HGCM82633A004352", because="part of a word"),
    ),
)

PLATE: Final = found_behind_label(
    "identity.vehicle_plate",
    category=IDENTITY_DOCUMENT,
    labels=(
        "license plate|licence plate|number plate|plate number|registration plate|vehicle registration"
        "|vehicle number|vehicle no|vehicle reg|car number|car registration|kennzeichen|kfz kennzeichen|plaque d'immatriculation|immatriculation|targa|matr\u00edcula"
    ),
    form=(
        r"[A-Z]{1,4}(?:[ \-][A-Z]{1,3})?[ \-]?[0-9]{1,5}(?:[ \-]?[A-Z]{1,3})?(?:[ \-]?[0-9]{1,4})?"
        r"|[0-9]{1,4}[ \-]?[A-Z]{2,3}(?:[ \-]?[0-9]{1,4})?"
    ),
    is_valid=lambda value: len(value) >= 5 and len(digits_of(value)) >= 2,
    source="Convention on Road Traffic (1968), annex 2 (registration numbers: letters and digits)",
    examples=(
        Example("license plate 7ABC123 seen", found="7ABC123"),
        Example("Kennzeichen: B-MW 1234", found="B-MW 1234"),
        Example("vehicle number KA05MH1234,", found="KA05MH1234"),
        Example("vehicle registration KA 01 AB 1234", found="KA 01 AB 1234"),
    ),
    near_misses=(
        NearMiss("license plate LOOKUP", because="a word"),
        NearMiss("license plates 12", because="a count"),
    ),
)

DETECTORS: Final = (
    PASSPORT,
    IDENTITY_CARD,
    DRIVER_LICENCE,
    GB_DRIVER_NUMBER,
    MACHINE_READABLE_ZONE,
    NPI,
    DEA,
    VIN,
    PLATE,
)
