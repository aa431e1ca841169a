"""Detect what is told of a person behind a label: dates of birth, and the numbers of the ill."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import HEALTH_RECORD, PERSON_BIRTH_DATE
from jaeger_guard.detectors.checks import digits_of, is_date
from jaeger_guard.detectors.detector import Detector, Example, NearMiss, compile_pattern
from jaeger_guard.detectors.national_ids import found_behind_label

_MONTHS: Final = (
    "jan(?:uary|uar|vier|eiro)?|feb(?:ruary|ruar)?|f\u00e9v(?:rier)?|fev(?:ereiro)?|mar(?:ch|s|zo|\u00e7o)?|m\u00e4rz"
    "|apr(?:il|ile)?|avr(?:il)?|abr(?:il)?|may|mai|mayo|maio|maggio|jun(?:e|i|ho|io)?|juin|giugno"
    "|jul(?:y|i|ho|io)?|juil(?:let)?|luglio|aug(?:ust)?|ao\u00fbt|ago(?:sto)?|sep(?:t|tember|tembre|tiembre)?"
    "|set(?:tembre|embro)?|oct(?:ober|obre|ubre)?|okt(?:ober)?|out(?:ubro)?|ott(?:obre)?"
    "|nov(?:ember|embre|iembre|embro)?|dec(?:ember)?|d\u00e9c(?:embre)?|dez(?:ember|embro)?|dic(?:iembre|embre)?"
    "|ene(?:ro)?|gen(?:naio)?"
)
_YEAR: Final = r"(?:18|19|20)[0-9]{2}"
_DAY: Final = r"(?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th|\.|er|\u00ba)?"


def is_plausible_date(value: str) -> bool:
    """Say whether numbers of `value` are a day that exists, in one of the orders that people write."""
    numbers = [int(number) for number in compile_pattern("[0-9]{1,4}").findall(value)]
    if len(numbers) != 3:
        return True  # the month is a word, or nothing divides it
    first, second, third = numbers
    if first > 31:
        return is_date(first, second, third)
    return is_date(third, second, first) or is_date(third, first, second)


BIRTH_DATE: Final = found_behind_label(
    "person.birth_date",
    category=PERSON_BIRTH_DATE,
    labels=(
        "dob|d.o.b.|d.o.b|date of birth|born|born on|birth date|birthdate|birthday|birthdate is|geburtsdatum"
        "|geboren|geboren am|geb.|date de naissance|n\u00e9 le|n\u00e9e le|fecha de nacimiento|nacido el|nacida el"
        "|data di nascita|nato il|nata il|data de nascimento|nascido em|nascida em|geboortedatum"
        "|data urodzenia|f\u00f8dselsdato|f\u00f6delsedatum"
    ),
    form=(
        rf"{_YEAR}[\-/.](?:0?[1-9]|1[0-2])[\-/.](?:[12][0-9]|3[01]|0?[1-9])"
        rf"|(?:0?[1-9]|[12][0-9]|3[01])[\-/.](?:0?[1-9]|[12][0-9]|3[01])[\-/.](?:{_YEAR}|[0-9]{{2}})"
        rf"|{_DAY}(?: de)? (?i:{_MONTHS})\.?,?(?: de)? {_YEAR}"
        rf"|(?i:{_MONTHS})\.? {_DAY},? {_YEAR}"
        rf"|{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    ),
    is_valid=is_plausible_date,
    source="ISO 8601-1:2019; Unicode CLDR, dates (orders and months' names)",
    examples=(
        Example("patient born 1985-03-12 in", found="1985-03-12"),
        Example("DOB: 03/12/1985", found="03/12/1985"),
        Example("geboren am 12.03.1985.", found="12.03.1985"),
        Example("date of birth is 12 March 1985", found="12 March 1985"),
        Example("n\u00e9e le 1er ao\u00fbt 1990", found="1er ao\u00fbt 1990"),
        Example("her birthday is March 12, 1985", found="March 12, 1985"),
    ),
    near_misses=(
        NearMiss("created on 1985-03-12", because="no birth"),
        NearMiss("stubborn 1985-03-12", because="part of a word"),
        NearMiss("born on 31/31/1985", because="no such day"),
        NearMiss("born 12 times", because="a count"),
    ),
)


def has_digits(value: str) -> bool:
    """Say whether at least five of the characters are digits, which aren't those of years."""
    years = compile_pattern(r"(?:19|20)[0-9]{2}-(?:19|20)?[0-9]{2}").fullmatch(value)
    return years is None and len(digits_of(value)) >= 5


MEDICAL_RECORD: Final = found_behind_label(
    "health.medical_record",
    category=HEALTH_RECORD,
    labels=(
        "mrn|medical record|medical record number|medical record no|patient number|patient id|patient no"
        "|chart number|hospital number|patientennummer|patienten nr|fallnummer|num\u00e9ro de patient"
        "|historia cl\u00ednica|n\u00famero de paciente|numero paziente|cartella clinica"
    ),
    form=r"[A-Z]{0,4}-?[0-9](?:-?[0-9]){4,14}",
    is_valid=has_digits,
    source="45 CFR 164.514(b)(2)(i)(H) (medical record numbers); HL7 v2.5, table 0203 (MR)",
    examples=(
        Example("MRN 00458321 admitted", found="00458321"),
        Example("medical record number: MR-1045823", found="MR-1045823"),
        Example("patient no. 4482913", found="4482913"),
    ),
    near_misses=(
        NearMiss("MRN missing for 12 rows", because="no number is told"),
        NearMiss("mrn 12", because="too short"),
    ),
)

HEALTH_PLAN: Final = found_behind_label(
    "health.plan_number",
    category=HEALTH_RECORD,
    labels=(
        "health plan|health plan beneficiary|health insurance|insurance member|plan member|insurance id"
        "|insurance policy|health card|medicaid|ohip|subscriber number|krankenversichertennummer"
        "|versichertennummer|kvnr|carte vitale|tarjeta sanitaria|tessera sanitaria|ehic"
    ),
    form=r"[A-Z]{0,4}-?[0-9](?:-?[0-9A-Z]){5,18}",
    is_valid=has_digits,
    source="45 CFR 164.514(b)(2)(i)(I) (health plan beneficiary numbers); \u00a7 290 SGB V",
    examples=(
        Example("health plan number: XYZ123456789", found="XYZ123456789"),
        Example("KVNR A123456780 gepr\u00fcft", found="A123456780"),
        Example("insurance member id W1234-56789", found="W1234-56789"),
    ),
    near_misses=(
        NearMiss("health plan 2024 renewed", because="a year"),
        NearMiss("health plan 2024-2025 renewed", because="years"),
        NearMiss("health insurance premium 129.95", because="a price"),
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (BIRTH_DATE, MEDICAL_RECORD, HEALTH_PLAN)
