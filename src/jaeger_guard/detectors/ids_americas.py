"""Detect national ids of the Americas: the United States, Canada, Mexico and Brazil; Argentina and Colombia."""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.checks import (
    alphanumerics_of,
    digits_of,
    has_luhn_digit,
    is_date,
    weighted_sum,
)
from jaeger_guard.detectors.detector import Detector, DigitRun, Example, NearMiss, Shape
from jaeger_guard.detectors.national_ids import found_behind_label, found_by_form

# Printed on sample cards and in advertisements; the administration voided both.
_ADVERTISED: Final = frozenset({"078051120", "219099999"})


def is_us_ssn(value: str) -> bool:
    """Say whether the US Social Security Administration may have issued `value`."""
    digits = digits_of(value)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if area in ("000", "666") or area >= "900" or group == "00" or serial == "0000":
        return False
    return digits not in _ADVERTISED and len(set(digits)) > 1


def is_us_itin(value: str) -> bool:
    """Say whether `value` is in the ranges that the IRS issues ITINs from."""
    digits = digits_of(value)
    group = int(digits[3:5])
    in_range = 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99
    return digits[0] == "9" and in_range


_NO_EIN: Final = frozenset(
    ("00", "07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "70", "78", "79", "89")
)


def is_us_ein(value: str) -> bool:
    """Say whether `value` begins with a prefix that the IRS assigns EINs by."""
    digits = digits_of(value)
    return digits[:2] not in _NO_EIN and len(set(digits)) > 1


US_SSN: Final = found_by_form(
    "identity.us_ssn",
    gate=DigitRun(shortest=9, beside="-"),
    form=r"[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}",
    is_valid=is_us_ssn,
    source="US Social Security Administration, POMS RM 10201.035 (invalid numbers)",
    examples=(
        Example("ssn 536-22-8726 on file", found="536-22-8726"),
        Example("SSN=001-01-0001;", found="001-01-0001"),
    ),
    near_misses=(
        NearMiss("000-12-3456", because="no area 000"),
        NearMiss("666-12-3456", because="no area 666"),
        NearMiss("912-34-5678", because="no area from 900 up"),
        NearMiss("536-00-8726", because="no group 00"),
        NearMiss("536-22-0000", because="no serial number 0000"),
        NearMiss("078-05-1120", because="the number of a sample card"),
        NearMiss("7/536-22-8726", because="a fraction of a longer row"),
        NearMiss("536228726", because="bare digits are an id"),
        NearMiss("a1-536-22-8726-77", because="part of a longer id"),
    ),
)

US_SSN_LABELLED: Final = found_behind_label(
    "identity.us_ssn_labelled",
    labels="ssn|social security|social security number|soc sec|ss#",
    form=r"[0-8][0-9]{2}[ .\-]?[0-9]{2}[ .\-]?[0-9]{4}",
    is_valid=is_us_ssn,
    source="US Social Security Administration, POMS RM 10201.035 (invalid numbers)",
    examples=(
        Example("my SSN is 536228726.", found="536228726"),
        Example("social security number: 536 22 8726", found="536 22 8726"),
    ),
    near_misses=(
        NearMiss("ssn lookup took 536228726 ns", because="no label is in front"),
        NearMiss("SSN 000228726", because="no area 000"),
    ),
)

US_ITIN: Final = found_by_form(
    "identity.us_itin",
    gate=DigitRun(shortest=9, beside="-"),
    form=r"9[0-9]{2}-[5-9][0-9]-[0-9]{4}",
    is_valid=is_us_itin,
    source="US Internal Revenue Manual 3.21.263.8 (ITIN ranges)",
    examples=(Example("itin 912-70-1234 filed", found="912-70-1234"),),
    near_misses=(
        NearMiss("912-66-1234", because="no such range"),
        NearMiss("912-93-1234", because="no such range"),
    ),
)

US_ITIN_LABELLED: Final = found_behind_label(
    "identity.us_itin_labelled",
    labels="itin|individual taxpayer|individual taxpayer identification",
    form=r"9[0-9]{2}[ \-]?[5-9][0-9][ \-]?[0-9]{4}",
    is_valid=is_us_itin,
    source="US Internal Revenue Manual 3.21.263.8 (ITIN ranges)",
    examples=(Example("ITIN 912701234", found="912701234"),),
    near_misses=(NearMiss("ITIN 912661234", because="no such range"),),
)

US_EIN: Final = found_behind_label(
    "identity.us_ein",
    labels="ein|fein|employer identification|federal tax id|employer id",
    form=r"[0-9]{2}-?[0-9]{7}",
    is_valid=is_us_ein,
    source="US Internal Revenue Service, Publication 1635 (EIN prefixes)",
    examples=(Example("EIN: 12-3456789", found="12-3456789"),),
    near_misses=(
        NearMiss("ein 07-3456789", because="no such prefix"),
        NearMiss("being 12-3456789", because="part of a word"),
    ),
)

# Without S, L, O, I, B and Z.
_LETTER: Final = "[AC-HJKMNP-RT-Yac-hjkmnp-rt-y]"
_EITHER: Final = "[0-9AC-HJKMNP-RT-Yac-hjkmnp-rt-y]"

US_MBI: Final = found_by_form(
    "identity.us_mbi",
    gate=Shape(
        pattern=rf"[0-9](?<=[1-9]){_LETTER}{_EITHER}[0-9]-{_LETTER}{_EITHER}[0-9]-",
        digits=3,
        sign="-",
    ),
    form=rf"[1-9]{_LETTER}{_EITHER}[0-9]-{_LETTER}{_EITHER}[0-9]-{_LETTER}{{2}}[0-9]{{2}}",
    is_valid=None,
    source="US Centers for Medicare & Medicaid Services, Understanding the MBI Format",
    examples=(Example("Medicare 1EG4-TE5-MK73.", found="1EG4-TE5-MK73"),),
    near_misses=(NearMiss("1EG4-TE5-MKA3", because="a letter where a digit is"),),
)

US_MBI_LABELLED: Final = found_behind_label(
    "identity.us_mbi_labelled",
    labels="mbi|medicare|medicare beneficiary|medicare beneficiary identifier",
    form=rf"[1-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{{2}}[0-9]{{2}}",
    is_valid=None,
    source="US Centers for Medicare & Medicaid Services, Understanding the MBI Format",
    examples=(Example("MBI: 1EG4TE5MK73", found="1EG4TE5MK73"),),
    near_misses=(NearMiss("MBI 1SG4TE5MK73", because="S is no letter of it"),),
)


def is_ca_sin(value: str) -> bool:
    """Say whether `value` is a Canadian social insurance number; none begins with 0 or 8."""
    digits = digits_of(value)
    return digits[0] not in "08" and has_luhn_digit(digits)


CA_SIN: Final = found_behind_label(
    "identity.ca_sin",
    labels="sin|social insurance|social insurance number|assurance sociale|num\u00e9ro d'assurance sociale",
    form=r"[1-79][0-9]{2}[ \-]?[0-9]{3}[ \-]?[0-9]{3}",
    is_valid=is_ca_sin,
    source="Employment and Social Development Canada, The Social Insurance Number Code of Practice",
    examples=(
        Example("SIN 130 692 544 given", found="130 692 544"),
        Example("social insurance number 130692544", found="130692544"),
    ),
    near_misses=(
        NearMiss("SIN 130 692 545", because="the check digit is wrong"),
        NearMiss("using 130 692 544 bytes", because="part of a word"),
    ),
)

_CURP_ALPHABET: Final = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
_MEXICAN_STATES: Final = "AS|BC|BS|CC|CL|CM|CS|CH|DF|DG|GT|GR|HG|JC|MC|MN|MS|NT|NL|OC|PL|QT|QR|SP|SL|SR|TC|TS|TL|VZ|YN|ZS|NE"


def is_mx_curp(value: str) -> bool:
    """Say whether `value` holds a date and the check digit of the CURP."""
    curp = value.upper()
    if not is_date(int(curp[4:6]), int(curp[6:8]), int(curp[8:10])):
        return False
    total = sum(
        _CURP_ALPHABET.index(character) * (18 - place) for place, character in enumerate(curp[:17])
    )
    return (10 - total % 10) % 10 == int(curp[17])


MX_CURP: Final = found_by_form(
    "identity.mx_curp",
    gate=DigitRun(shortest=6, beside="HMX"),
    form=rf"[A-Z][AEIOUX][A-Z]{{2}}[0-9]{{6}}[HMX](?:{_MEXICAN_STATES})[B-DF-HJ-NP-TV-Z]{{3}}[0-9A-Z][0-9]",
    is_valid=is_mx_curp,
    source="Diario Oficial de la Federaci\u00f3n, 18 October 2021, Instructivo Normativo para la CURP",
    examples=(Example("CURP BOXW310820HNERXN09 ok", found="BOXW310820HNERXN09"),),
    near_misses=(
        NearMiss("BOXW310820HNERXN08", because="the check digit is wrong"),
        NearMiss("BOXW311320HNERXN09", because="no month 13"),
    ),
)


def is_br_cpf(value: str) -> bool:
    """Say whether `value` has both check digits of a CPF."""
    digits = digits_of(value)
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    first = weighted_sum(digits[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = weighted_sum(digits[:10], range(11, 1, -1)) * 10 % 11 % 10
    return digits[9:] == f"{first}{second}"


def is_br_cnpj(value: str) -> bool:
    """Say whether `value` has both check digits of a CNPJ, of digits or, since 2026, of letters too."""
    characters = alphanumerics_of(value)
    numbers = [ord(character) - ord("0") for character in characters]
    if len(numbers) != 14 or len(set(characters)) == 1:
        return False
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    for length, offset in ((12, 1), (13, 0)):
        total = sum(
            number * weight
            for number, weight in zip(numbers[:length], weights[offset:], strict=True)
        )
        rest = total % 11
        if numbers[length] != (0 if rest < 2 else 11 - rest):
            return False
    return True


BR_CPF: Final = found_by_form(
    "identity.br_cpf",
    gate=DigitRun(shortest=11, beside="."),
    form=r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
    is_valid=is_br_cpf,
    source="Receita Federal do Brasil, Instru\u00e7\u00e3o Normativa RFB 2172/2024 (CPF)",
    examples=(Example("CPF 529.982.247-25 aprovado", found="529.982.247-25"),),
    near_misses=(
        NearMiss("529.982.247-26", because="the check digits are wrong"),
        NearMiss("111.111.111-11", because="nobody's"),
    ),
)

BR_CPF_LABELLED: Final = found_behind_label(
    "identity.br_cpf_labelled",
    labels="cpf|cadastro de pessoas f\u00edsicas",
    form=r"[0-9]{3}[. ]?[0-9]{3}[. ]?[0-9]{3}[\- ]?[0-9]{2}",
    is_valid=is_br_cpf,
    source="Receita Federal do Brasil, Instru\u00e7\u00e3o Normativa RFB 2172/2024 (CPF)",
    examples=(Example("cpf do cliente: 52998224725", found="52998224725"),),
    near_misses=(NearMiss("cpf 52998224726", because="the check digits are wrong"),),
)

BR_CNPJ: Final = found_by_form(
    "identity.br_cnpj",
    gate=Shape(pattern="/[0-9A-Z]{4}-[0-9]{2}", digits=2, sign="/"),
    form=r"[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}",
    is_valid=is_br_cnpj,
    source="Receita Federal do Brasil, Instru\u00e7\u00e3o Normativa RFB 2229/2024 (CNPJ with letters)",
    examples=(
        Example("CNPJ 11.222.333/0001-81 ativo", found="11.222.333/0001-81"),
        Example("CNPJ 12.ABC.345/01DE-35", found="12.ABC.345/01DE-35"),
    ),
    near_misses=(NearMiss("11.222.333/0001-82", because="the check digits are wrong"),),
)

BR_CNPJ_LABELLED: Final = found_behind_label(
    "identity.br_cnpj_labelled",
    labels="cnpj",
    form=r"[0-9A-Z]{12}[0-9]{2}",
    is_valid=is_br_cnpj,
    source="Receita Federal do Brasil, Instru\u00e7\u00e3o Normativa RFB 2229/2024 (CNPJ with letters)",
    examples=(Example("cnpj=11222333000181", found="11222333000181"),),
    near_misses=(NearMiss("cnpj 11222333000182", because="the check digits are wrong"),),
)

DOTTED_ID: Final = found_behind_label(
    "identity.dotted_id",
    labels="dni|documento nacional de identidad|c\u00e9dula|cedula|c\u00e9dula de ciudadan\u00eda|cedula de ciudadania",
    form=r"[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,3}",
    is_valid=None,
    source="RENAPER (Argentina), Registradur\u00eda Nacional (Colombia): no check digit, thousands are dotted",
    examples=(
        Example("DNI 20.123.456, then", found="20.123.456"),
        Example("c\u00e9dula 1.032.456.789", found="1.032.456.789"),
    ),
    near_misses=(
        NearMiss("dni 20.12.3456", because="no thousands"),
        NearMiss("c\u00e9dulas 1.204", because="a count"),
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (
    US_SSN,
    US_SSN_LABELLED,
    US_ITIN,
    US_ITIN_LABELLED,
    US_EIN,
    US_MBI,
    US_MBI_LABELLED,
    CA_SIN,
    MX_CURP,
    BR_CPF,
    BR_CPF_LABELLED,
    BR_CNPJ,
    BR_CNPJ_LABELLED,
    DOTTED_ID,
)
