"""Detect national ids of Europe that need no package: Britain, Germany, France, Spain, Italy,
Hungary, Russia."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import HEALTH_RECORD
from jaeger_guard.detectors.checks import (
    alphanumerics_of,
    digits_of,
    has_mod_11_10_digit,
    is_date,
    weighted_sum,
)
from jaeger_guard.detectors.detector import Detector, DigitRun, Example, NearMiss, Shape
from jaeger_guard.detectors.national_ids import found_behind_label, found_by_form

_NO_NINO: Final = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})

GB_NINO: Final = found_by_form(
    "identity.gb_nino",
    gate=DigitRun(shortest=6, beside="A-D"),
    form=(
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?P<gap>[ \-]?)[0-9]{2}(?P=gap)[0-9]{2}(?P=gap)[0-9]{2}"
        r"(?P=gap)[A-D]"
    ),
    is_valid=lambda value: value[:2] not in _NO_NINO,
    source="HM Revenue & Customs, National Insurance Manual NIM39110",
    examples=(
        Example("NI number AB123456C,", found="AB123456C"),
        Example("AB 12 34 56 C", found="AB 12 34 56 C"),
    ),
    near_misses=(
        NearMiss("GB123456C", because="no such prefix"),
        NearMiss("AB123456E", because="no such suffix"),
        NearMiss("QQ123456C", because="Q begins none"),
        NearMiss("XAB123456C", because="inside a longer word"),
    ),
)

# Behind its label any prefix will do: forms and tests show QQ 12 34 56 C, which HMRC gives to nobody,
# and temporary numbers leave the suffix out.
GB_NINO_LABELLED: Final = found_behind_label(
    "identity.gb_nino_labelled",
    labels="national insurance|national insurance number|nino|ni number|ni no|nat ins",
    form=r"[A-Za-z]{2}(?P<gap>[ \-]?)[0-9]{2}(?P=gap)[0-9]{2}(?P=gap)[0-9]{2}(?:(?P=gap)[A-Da-d])?",
    is_valid=None,
    source="HM Revenue & Customs, National Insurance Manual NIM39110",
    examples=(
        Example("national insurance number is QQ123456B, then", found="QQ123456B"),
        Example("NI number: ab 12 34 56 c", found="ab 12 34 56 c"),
    ),
    near_misses=(
        NearMiss("national insurance rate 12345678", because="no letters in front"),
        NearMiss("nino QQ12345", because="too short"),
    ),
)


def is_gb_nhs(value: str) -> bool:
    """Say whether `value` has the check digit of an NHS number."""
    digits = digits_of(value)
    check = 11 - weighted_sum(digits[:9], range(10, 1, -1)) % 11
    return len(set(digits)) > 1 and check % 11 == int(digits[9]) and check != 10


GB_NHS: Final = found_behind_label(
    "health.gb_nhs",
    category=HEALTH_RECORD,
    labels="nhs|nhs number|national health service|chi number",
    form=r"[0-9]{3}[ \-]?[0-9]{3}[ \-]?[0-9]{4}",
    is_valid=is_gb_nhs,
    source="NHS Data Model and Dictionary, NHS NUMBER",
    examples=(
        Example("NHS number: 943 476 5919", found="943 476 5919"),
        Example("nhs no. 9434765919 admitted", found="9434765919"),
    ),
    near_misses=(
        NearMiss("NHS 943 476 5918", because="the check digit is wrong"),
        NearMiss("943 476 5919", because="no label is in front"),
    ),
)


def is_de_tax_id(value: str) -> bool:
    """Say whether `value` is built as tax ids are: one digit twice or thrice, and the check digit."""
    digits = digits_of(value)
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    repeated = [count for count in counts if count > 1]
    return digits[0] != "0" and repeated in ([2], [3]) and has_mod_11_10_digit(digits)


DE_TAX_ID: Final = found_behind_label(
    "identity.de_tax_id",
    labels=(
        "steuer id|steuer idnr|steueridentifikationsnummer|steuerliche identifikationsnummer|steuer identnr"
        "|idnr|identifikationsnummer|steuernummer|german tax id|tax id|tax identification|tin"
    ),
    form=r"[1-9][0-9](?P<gap>[ /]?)[0-9]{3}(?P=gap)[0-9]{3}(?P=gap)[0-9]{3}",
    is_valid=is_de_tax_id,
    source="Bundeszentralamt f\u00fcr Steuern, \u00a7 139b AO, Steueridentifikationsnummer",
    examples=(
        Example("Steuer-ID: 36574261809", found="36574261809"),
        Example("IdNr. 36 574 261 809", found="36 574 261 809"),
    ),
    near_misses=(
        NearMiss("Steuer-ID 36574261808", because="the check digit is wrong"),
        NearMiss("Steuer-ID 12345678903", because="no digit stands twice"),
    ),
)


def is_fr_nir(value: str) -> bool:
    """Say whether `value` has the key of a NIR; Corsica's departments count as 19 and 18."""
    number = alphanumerics_of(value)
    if len(number) != 15 or number[5:7] == "00":
        return False
    counted = number.replace("2A", "19", 1) if number[5:7] == "2A" else number
    counted = counted.replace("2B", "18", 1) if number[5:7] == "2B" else counted
    if not counted.isdigit():
        return False
    return int(counted[13:]) == 97 - int(counted[:13]) % 97


FR_NIR: Final = found_by_form(
    "identity.fr_nir",
    gate=DigitRun(shortest=8),
    form=(
        r"[1278](?P<gap>[ .]?)[0-9]{2}(?P=gap)(?:0[1-9]|1[0-2]|[2-4][0-9]|5[0-9]|[6-9][0-9])(?P=gap)"
        r"(?:[0-9]{2}|2[AB])(?P=gap)[0-9]{3}(?P=gap)[0-9]{3}(?P=gap)[0-9]{2}"
    ),
    is_valid=is_fr_nir,
    source="INSEE, Num\u00e9ro d'inscription au r\u00e9pertoire (NIR), d\u00e9cret 82-103",
    examples=(
        Example("NIR 1 84 12 76 451 089 46 re\u00e7u", found="1 84 12 76 451 089 46"),
        Example("num=255081416802538&x", found="255081416802538"),
    ),
    near_misses=(
        NearMiss("255081416802539", because="the key is wrong"),
        NearMiss("1 84 13 76 451 089 46", because="the key is another's"),
    ),
)

_SPANISH_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"


def is_es_dni(value: str) -> bool:
    """Say whether `value` has the letter of a DNI, or of a NIE, which begins with X, Y or Z."""
    number = alphanumerics_of(value)
    digits = number[:-1].translate({ord("X"): "0", ord("Y"): "1", ord("Z"): "2"})
    return _SPANISH_LETTERS[int(digits) % 23] == number[-1] and int(digits) > 0


ES_DNI: Final = found_by_form(
    "identity.es_dni",
    gate=DigitRun(shortest=7, beside="A-Z"),
    form=r"(?:[0-9]{8}[\- ]?[A-HJ-NP-TV-Z]|[XYZ]-?[0-9]{7}-?[A-HJ-NP-TV-Z])",
    is_valid=is_es_dni,
    source="Ministerio del Interior, Real Decreto 1553/2005 (DNI) and Real Decreto 557/2011 (NIE)",
    examples=(
        Example("DNI 54362315K.", found="54362315K"),
        Example("nie X-2482300-W ok", found="X-2482300-W"),
        Example("id 54362315-K", found="54362315-K"),
    ),
    near_misses=(
        NearMiss("54362315L", because="another letter"),
        NearMiss("X2482300A", because="another letter"),
        NearMiss("20240115T103000", because="a time"),
    ),
)

# Decreto ministeriale 23 dicembre 1976, tabelle: values of characters in odd places.
_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21),
            *(
                1,
                0,
                5,
                7,
                9,
                13,
                15,
                17,
                19,
                21,
                2,
                4,
                18,
                20,
                11,
                3,
                6,
                8,
                12,
                14,
                16,
                10,
                22,
                25,
                24,
                23,
            ),
        ),
        strict=True,
    )
)
# Where two people would have one code, digits become letters (omocodia).
_OMOCODIA: Final = str.maketrans("LMNPQRSTUV", "0123456789")
_MONTHS: Final = "ABCDEHLMPRST"


def is_it_codice_fiscale(value: str) -> bool:
    """Say whether `value` holds a date and the check letter of a codice fiscale."""
    code = value.upper()
    day = int(code[9:11].translate(_OMOCODIA)) % 40
    year = int(code[6:8].translate(_OMOCODIA))
    if not is_date(year, _MONTHS.index(code[8]) + 1, day):
        return False
    total = sum(_ODD[character] for character in code[:15:2])
    total += sum(
        int(character, 36) - (0 if character.isdigit() else 10) for character in code[1:15:2]
    )
    return chr(ord("A") + total % 26) == code[15]


IT_CODICE_FISCALE: Final = found_by_form(
    "identity.it_codice_fiscale",
    gate=Shape(
        pattern=r"[A-Za-z]{6}[0-9LMNPQRSTUVlmnpqrstuv]{2}[ABCDEHLMPRSTabcdehlmprst][0-9L-V]",
        row=16,
    ),
    form=(
        r"(?:[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]"
        r"|[a-z]{6}[0-9]{2}[abcdehlmprst][0-9]{2}[a-z][0-9]{3}[a-z])"
    ),
    is_valid=is_it_codice_fiscale,
    source="Agenzia delle Entrate, decreto ministeriale 23 dicembre 1976 (codice fiscale)",
    examples=(
        Example("CF RSSMRA85T10A562S.", found="RSSMRA85T10A562S"),
        Example("rssmra85t10a562s", found="rssmra85t10a562s"),
    ),
    near_misses=(
        NearMiss("RSSMRA85T10A562T", because="the check letter is wrong"),
        NearMiss("RSSMRA85T75A562S", because="no such day"),
    ),
)


def is_de_insurance_number(value: str) -> bool:
    """Say whether `value` has a date and the check digit of a German social insurance number."""
    number = alphanumerics_of(value)
    spelled = f"{number[:8]}{ord(number[8]) - ord('A') + 1:02d}{number[9:]}"
    products = (
        int(digit) * weight
        for digit, weight in zip(spelled[:12], (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True)
    )
    check = sum(sum(divmod(product, 10)) for product in products) % 10
    born = is_date(int(number[6:8]), int(number[4:6]), int(number[2:4]))
    return born and check == int(number[11])


DE_INSURANCE_NUMBER: Final = found_by_form(
    "identity.de_insurance_number",
    gate=DigitRun(shortest=8, beside="A-Z"),
    form=r"[0-9]{2}(?P<gap>[ ]?)[0-3][0-9][01][0-9]{3}(?P=gap)[A-Z](?P=gap)[0-9]{3}",
    is_valid=is_de_insurance_number,
    source="\u00a7 147 SGB VI; VKVV \u00a7 2 (Versicherungsnummer)",
    examples=(Example("RVNR 15070649C103 gemeldet", found="15070649C103"),),
    near_misses=(
        NearMiss("15070649C104", because="the check digit is wrong"),
        NearMiss("15071349C103", because="no month 13"),
    ),
)


def is_hu_taj(value: str) -> bool:
    """Say whether `value` has the check digit of a Hungarian social security number."""
    digits = digits_of(value)
    return weighted_sum(digits[:8], (3, 7) * 4) % 10 == int(digits[8]) and int(digits) > 0


HU_TAJ: Final = found_behind_label(
    "identity.hu_taj",
    labels="taj|taj sz\u00e1m|tajsz\u00e1m|t\u00e1rsadalombiztos\u00edt\u00e1si",
    form=r"[0-9]{3}[ \-]?[0-9]{3}[ \-]?[0-9]{3}",
    is_valid=is_hu_taj,
    source="Act XX of 1996 (Hungary), annex: TAJ number",
    examples=(Example("TAJ sz\u00e1m: 111 222 337", found="111 222 337"),),
    near_misses=(NearMiss("TAJ 111 222 335", because="the check digit is wrong"),),
)


def is_ru_snils(value: str) -> bool:
    """Say whether `value` has the check number of a SNILS."""
    digits = digits_of(value)
    check = weighted_sum(digits[:9], range(9, 0, -1)) % 101 % 100
    return int(digits[9:]) == check and int(digits) > 0


RU_SNILS: Final = found_by_form(
    "identity.ru_snils",
    gate=DigitRun(shortest=11, beside="-"),
    form=r"[0-9]{3}-[0-9]{3}-[0-9]{3}[ \-][0-9]{2}",
    is_valid=is_ru_snils,
    source="Pension Fund of Russia, resolution 192p (2006): SNILS",
    examples=(Example("\u0421\u041d\u0418\u041b\u0421 112-233-445 95", found="112-233-445 95"),),
    near_misses=(NearMiss("112-233-445 96", because="the check number is wrong"),),
)

DETECTORS: Final[tuple[Detector, ...]] = (
    GB_NINO,
    GB_NINO_LABELLED,
    GB_NHS,
    DE_TAX_ID,
    FR_NIR,
    ES_DNI,
    IT_CODICE_FISCALE,
    DE_INSURANCE_NUMBER,
    HU_TAJ,
    RU_SNILS,
)
