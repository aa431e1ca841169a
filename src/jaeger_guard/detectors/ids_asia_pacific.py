"""Detect national ids of Asia and the Pacific: India, China, Singapore, South Korea, Hong Kong, Taiwan, Australia."""

# ruff: noqa: SIM905  (numbers in a string read better than a list of quotes)

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import HEALTH_RECORD
from jaeger_guard.detectors.checks import (
    alphanumerics_of,
    digits_of,
    has_mod_11_2_digit,
    has_verhoeff_digit,
    is_date,
    weighted_sum,
)
from jaeger_guard.detectors.detector import Detector, DigitRun, Example, NearMiss, Shape
from jaeger_guard.detectors.national_ids import found_behind_label, found_by_form

# Five letters and two digits: the joint gate of Indian ids.
_LETTERS_AND_DIGITS: Final = Shape(
    pattern="[0-9](?<=[A-Z]{5}.)[0-9]{3}[A-Z]", row=10, digits=4, sign="A-Z"
)


def is_in_aadhaar(value: str) -> bool:
    """Say whether `value` has the check digit of an Aadhaar number, and isn't a palindrome."""
    digits = digits_of(value)
    return digits != digits[::-1] and has_verhoeff_digit(digits)


IN_AADHAAR: Final = found_behind_label(
    "identity.in_aadhaar",
    labels="aadhaar|aadhar|adhaar|uidai",
    form=r"[2-9][0-9]{3}(?P<gap>[ \-]?)[0-9]{4}(?P=gap)[0-9]{4}",
    is_valid=is_in_aadhaar,
    source="Unique Identification Authority of India, Aadhaar numbering scheme (2010)",
    examples=(
        Example("Aadhaar 2341 2341 2346 linked", found="2341 2341 2346"),
        Example("aadhaar number: 234123412346", found="234123412346"),
    ),
    near_misses=(
        NearMiss("Aadhaar 2341 2341 2347", because="the check digit is wrong"),
        NearMiss("2341 2341 2346", because="no label is in front"),
    ),
)

IN_PAN: Final = found_by_form(
    "identity.in_pan",
    gate=_LETTERS_AND_DIGITS,
    form=r"[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]",
    is_valid=lambda value: value[5:9] != "0000",
    source="Income Tax Department of India, Permanent Account Number (the fourth letter is the holder's)",
    examples=(Example("PAN ABCPE1234F verified", found="ABCPE1234F"),),
    near_misses=(
        NearMiss("ABCDE1234F", because="no holder has a D"),
        NearMiss("ABCPE0000F", because="numbers begin at 1"),
        NearMiss("XABCPE1234F", because="inside a longer word"),
    ),
)

_BASE36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def is_in_gstin(value: str) -> bool:
    """Say whether `value` has the check character of a GSTIN (Luhn's in base 36)."""
    total = 0
    for place, character in enumerate(value[:14]):
        product = _BASE36.index(character) * (1 + place % 2)
        total += product // 36 + product % 36
    return _BASE36[(36 - total % 36) % 36] == value[14]


IN_GSTIN: Final = found_by_form(
    "identity.in_gstin",
    gate=_LETTERS_AND_DIGITS,
    form=r"[0-3][0-9][A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]Z[0-9A-Z]",
    is_valid=is_in_gstin,
    source="Goods and Services Tax Network of India, GSTIN format",
    examples=(Example("GSTIN 27AAPFU0939F1ZV", found="27AAPFU0939F1ZV"),),
    near_misses=(NearMiss("27AAPFU0939F1ZX", because="the check character is wrong"),),
)

# GB/T 2260: the provinces' two digits.
_PROVINCES: Final = frozenset(
    (
        "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64"
        " 65 71 81 82 83 91"
    ).split()
)


def is_cn_resident_id(value: str) -> bool:
    """Say whether `value` has a province, a date and the check character of a resident's id."""
    year, month, day = int(value[6:10]), int(value[10:12]), int(value[12:14])
    return (
        value[:2] in _PROVINCES
        and 1880 <= year <= 2100
        and is_date(year, month, day)
        and has_mod_11_2_digit(value)
    )


CN_RESIDENT_ID: Final = found_by_form(
    "identity.cn_resident_id",
    gate=DigitRun(shortest=17),
    form=r"[1-9][0-9]{5}(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}[0-9Xx]",
    is_valid=is_cn_resident_id,
    source="GB 11643-1999 (citizen identification number); GB/T 2260 (provinces)",
    examples=(
        Example("ID 11010519491231002X.", found="11010519491231002X"),
        Example("sfz=440524188001010014&", found="440524188001010014"),
    ),
    near_misses=(
        NearMiss("110105194912310021", because="the check character is wrong"),
        NearMiss("110105194913310021", because="no month 13"),
    ),
)

_SG_LETTERS: Final = {
    **dict.fromkeys("ST", "JZIHGFEDCBA"),
    **dict.fromkeys("FG", "XWUTRQPNMLK"),
    "M": "XWUTRQPNJLK",
}
_SG_OFFSETS: Final = {"S": 0, "T": 4, "F": 0, "G": 4, "M": 3}


def is_sg_nric(value: str) -> bool:
    """Say whether `value` has the check letter of a Singaporean NRIC or FIN."""
    number = value.upper()
    total = weighted_sum(number[1:8], (2, 7, 6, 5, 4, 3, 2)) + _SG_OFFSETS[number[0]]
    return _SG_LETTERS[number[0]][total % 11] == number[8]


SG_NRIC: Final = found_by_form(
    "identity.sg_nric",
    gate=DigitRun(shortest=7, beside="STFGM"),
    form=r"[STFGM][0-9]{7}[A-Z]",
    is_valid=is_sg_nric,
    source="Immigration & Checkpoints Authority of Singapore, NRIC and FIN",
    examples=(
        Example("NRIC S1234567D on file", found="S1234567D"),
        Example("FIN G1234567X", found="G1234567X"),
    ),
    near_misses=(NearMiss("S1234567A", because="another letter"),),
)


def is_kr_rrn(value: str) -> bool:
    """Say whether `value` holds a date and the check digit of a resident registration number."""
    digits = digits_of(value)
    if not is_date(int(digits[:2]), int(digits[2:4]), int(digits[4:6])):
        return False
    total = weighted_sum(digits[:12], (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))
    return (11 - total % 11) % 10 == int(digits[12])


KR_RRN: Final = found_by_form(
    "identity.kr_rrn",
    gate=DigitRun(shortest=13, beside="-"),
    form=r"[0-9]{2}[01][0-9][0-3][0-9]-[0-9]{7}",
    is_valid=is_kr_rrn,
    source="Republic of Korea, Enforcement Rule of the Resident Registration Act, article 2",
    examples=(Example("rrn 900101-1234568 ok", found="900101-1234568"),),
    near_misses=(
        NearMiss("900101-1234567", because="the check digit is wrong"),
        NearMiss("901301-1234568", because="no month 13"),
    ),
)

KR_RRN_LABELLED: Final = found_behind_label(
    "identity.kr_rrn_labelled",
    labels="rrn|resident registration|\uc8fc\ubbfc\ub4f1\ub85d\ubc88\ud638|\uc8fc\ubbfc\ubc88\ud638",
    form=r"[0-9]{6}-?[0-9]{7}",
    # Since October 2020 the last digits are drawn at random, without a check digit.
    is_valid=lambda value: is_date(int(value[:2]), int(value[2:4]), int(value[4:6])),
    source="Republic of Korea, Enforcement Rule of the Resident Registration Act (2020 amendment)",
    examples=(Example("resident registration number 201231-3123456", found="201231-3123456"),),
    near_misses=(NearMiss("resident registration 201331-3123456", because="no month 13"),),
)


def is_au_tfn(value: str) -> bool:
    """Say whether `value` has the check digit of an Australian tax file number."""
    digits = digits_of(value)
    weights = (1, 4, 3, 7, 5, 8, 6, 9, 10) if len(digits) == 9 else (10, 7, 8, 4, 6, 3, 5, 1)
    return weighted_sum(digits, weights) % 11 == 0 and digits.strip("0") != ""


def is_au_medicare(value: str) -> bool:
    """Say whether `value` has the check digit of an Australian Medicare card."""
    digits = digits_of(value)
    return weighted_sum(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(digits[8])


def is_au_abn(value: str) -> bool:
    """Say whether `value` has the check digits of an Australian business number."""
    digits = digits_of(value)
    reduced = f"{int(digits[0]) - 1}{digits[1:]}"
    return weighted_sum(reduced, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) % 89 == 0


AU_TFN: Final = found_behind_label(
    "identity.au_tfn",
    labels="tfn|tax file|tax file number",
    form=r"[0-9]{3}[ \-]?[0-9]{3}[ \-]?[0-9]{2,3}",
    is_valid=is_au_tfn,
    source="Australian Taxation Office, Tax file number algorithm",
    examples=(Example("TFN: 876 543 210", found="876 543 210"),),
    near_misses=(NearMiss("TFN 876 543 211", because="the check digit is wrong"),),
)

AU_MEDICARE: Final = found_behind_label(
    "health.au_medicare",
    category=HEALTH_RECORD,
    labels="medicare|medicare card|medicare number",
    form=r"[2-6][0-9]{3}[ \-]?[0-9]{5}[ \-]?[0-9](?:[ \-/]?[1-9])?",
    is_valid=is_au_medicare,
    source="Services Australia, Medicare card number (check digit)",
    examples=(Example("medicare number 2123 45670 1", found="2123 45670 1"),),
    near_misses=(NearMiss("medicare number 2123 45671 1", because="the check digit is wrong"),),
)

AU_ABN: Final = found_behind_label(
    "identity.au_abn",
    labels="abn|australian business number",
    form=r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
    is_valid=is_au_abn,
    source="Australian Business Register, Format of the ABN",
    examples=(Example("ABN 51 824 753 556 registered", found="51 824 753 556"),),
    near_misses=(NearMiss("ABN 51 824 753 557", because="the check digits are wrong"),),
)


def is_hk_id(value: str) -> bool:
    """Say whether `value` has the check digit of a Hong Kong identity card; a space counts as 36."""
    number = alphanumerics_of(value)
    letters = number.rstrip("0123456789A") if number[-1] == "A" else number.rstrip("0123456789")
    values = [36] * (2 - len(letters)) + [int(letter, 36) for letter in letters]
    total = sum(each * weight for each, weight in zip(values, (9, 8), strict=True))
    total += weighted_sum(number[len(letters) : -1], range(7, 1, -1)) + int(number[-1], 16)
    return total % 11 == 0


HK_ID: Final = found_by_form(
    "identity.hk_id",
    gate=DigitRun(shortest=6, beside="("),
    form=r"[A-Z][A-Z]?[0-9]{6}\([0-9A]\)",
    is_valid=is_hk_id,
    source="Immigration Department of Hong Kong, Persons Registration (check digit)",
    examples=(Example("HKID A123456(3) shown", found="A123456(3)"),),
    near_misses=(NearMiss("A123456(4)", because="the check digit is wrong"),),
)

HK_ID_LABELLED: Final = found_behind_label(
    "identity.hk_id_labelled",
    labels="hkid|hk id|hong kong id|hong kong identity card",
    form=r"[A-Z]{1,2}[0-9]{6}[0-9A]",
    is_valid=is_hk_id,
    source="Immigration Department of Hong Kong, Persons Registration (check digit)",
    examples=(Example("HKID: C6686689", found="C6686689"),),
    near_misses=(NearMiss("HKID C6686688", because="the check digit is wrong"),),
)

# Ministry of the Interior: the two digits that a letter, its holder's first county, stands for.
_TW_LETTERS: Final = {
    letter: value for value, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO", start=10)
}


def is_tw_id(value: str) -> bool:
    """Say whether `value` has the check digit of a Taiwanese national or resident's id."""
    tens, ones = divmod(_TW_LETTERS[value[0].upper()], 10)
    total = tens + 9 * ones + weighted_sum(value[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))
    return total % 10 == 0


TW_ID: Final = found_behind_label(
    "identity.tw_id",
    labels="taiwan id|taiwanese id|national id|resident certificate|\u8eab\u5206\u8b49|\u8eab\u5206\u8b49\u5b57\u865f"
    "|\u7d71\u4e00\u8b49\u865f",
    form=r"[A-Z][1289][0-9]{8}",
    is_valid=is_tw_id,
    source="Ministry of the Interior of Taiwan, National Identification Card (check digit)",
    examples=(Example("national ID A123456789 is", found="A123456789"),),
    near_misses=(NearMiss("national ID A123456788", because="the check digit is wrong"),),
)

DETECTORS: Final[tuple[Detector, ...]] = (
    IN_AADHAAR,
    IN_PAN,
    IN_GSTIN,
    CN_RESIDENT_ID,
    SG_NRIC,
    KR_RRN,
    KR_RRN_LABELLED,
    AU_TFN,
    AU_MEDICARE,
    AU_ABN,
    HK_ID,
    HK_ID_LABELLED,
    TW_ID,
)
