"""Detect bank accounts (`financial.iban`, `financial.account`): IBANs by their check digits, the rest
behind the label that says what they are.
"""

from __future__ import annotations

import re
from typing import Final

from jaeger_guard.categories import FINANCIAL_ACCOUNT, FINANCIAL_IBAN
from jaeger_guard.detectors.checks import digits_of, weighted_sum
from jaeger_guard.detectors.detector import Detector, DigitRun, Example, NearMiss, Shape
from jaeger_guard.detectors.iban_registry import IBAN_LENGTHS, fits_structure
from jaeger_guard.detectors.labels import labelled


def has_iban_check(iban: str) -> bool:
    """Say whether `iban`, without separators, has its country's length and the check digits."""
    if len(iban) != IBAN_LENGTHS.get(iban[:2]):
        return False
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def _settle_iban(text: str, start: int, end: int) -> tuple[int, int] | None:
    length = IBAN_LENGTHS.get(text[start : start + 2].upper())
    if length is None:
        return None
    stop = start + length
    separator = text[start + 4 : start + 5]
    if not separator.isalnum():
        stop += (length - 1) // 4
        groups = text[start:stop].split(separator)
        if any(len(group) != 4 for group in groups[:-1]):
            return None
    if stop > end or text[stop : stop + 1].isalnum():
        return None
    compact = (
        text[start:stop].replace(separator, "") if not separator.isalnum() else text[start:stop]
    )
    capitals = compact.upper()
    if compact == text[start:stop] and compact != capitals and not fits_structure(capitals):
        return None  # in lower case a compact one looks like an id, so it must fit exactly
    return (start, stop) if compact.isalnum() and has_iban_check(capitals) else None


IBAN: Final = Detector(
    name="financial.iban",
    category=FINANCIAL_IBAN,
    gate=Shape(
        pattern=r"[0-9](?<=[A-Z]{2}.)[0-9][ \-\u00a0]?[A-Z0-9]{4}[ \-\u00a0]?[A-Z0-9]{4}",
        digits=2,
        sign="A-Z",
    ),
    pattern=(
        r"(?:[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}(?![A-Za-z0-9])"
        r"|[A-Z]{2}[0-9]{2}(?P<gap>[ \-\u00a0])[A-Z0-9]{4}"
        r"(?:(?P=gap)[A-Z0-9]{4}){1,6}(?:(?P=gap)[A-Z0-9]{1,3})?)"
    ),
    settle=_settle_iban,
    word_start=True,
    source="ISO 13616-1 and SWIFT's IBAN registry, release 101",
    examples=(
        Example("to DE89370400440532013000.", found="DE89370400440532013000"),
        Example("iban=GB29 NWBK 6016 1331 9268 19 paid", found="GB29 NWBK 6016 1331 9268 19"),
        Example("NO93 8601 1117 947", found="NO93 8601 1117 947"),
        Example("MT84MALT011000012345MTLCAST001S", found="MT84MALT011000012345MTLCAST001S"),
        Example("from LV61VRNOTL9BL1GW8FPXP on", found="LV61VRNOTL9BL1GW8FPXP"),
    ),
    near_misses=(
        NearMiss("DE89370400440532013001", because="the check digits are wrong"),
        NearMiss("DE89 3704 0044 0532 013", because="too short for its country"),
        NearMiss("DE89-3704-00440532", because="grouped as no IBAN is"),
        NearMiss("XX89 3704 0044 0532", because="no such country"),
        NearMiss("DE8937040044053201300", because="too short for its country"),
        NearMiss("XX89370400440532013000", because="no such country"),
    ),
)

IBAN_IN_LOWER_CASE: Final = Detector(
    name="financial.iban_in_lower_case",
    category=FINANCIAL_IBAN,
    gate=DigitRun(shortest=6, beside="a-zA-Z"),
    pattern=(
        r"[A-Za-z]{2}[0-9]{2}(?:(?<=[a-z]{2}..)[a-z0-9]{11,30}(?![A-Za-z0-9])"
        r"|(?P<gap>[ \-\u00a0])[A-Za-z0-9]{4}"
        r"(?:(?P=gap)[A-Za-z0-9]{4}){1,6}(?:(?P=gap)[A-Za-z0-9]{1,3})?)"
    ),
    settle=_settle_iban,
    word_start=True,
    source="ISO 13616-1 and SWIFT's IBAN registry, release 101",
    examples=(
        Example("fr14 2004 1010 0505 0001 3m02 606", found="fr14 2004 1010 0505 0001 3m02 606"),
        Example("nl91abna0417164300 was", found="nl91abna0417164300"),
    ),
    near_misses=(
        NearMiss("de8937040044053201300f", because="no such account in its country: an id"),
        NearMiss("de89370400440532013001", because="the check digits are wrong"),
    ),
)

_END: Final = r"(?![0-9A-Za-z_]|[.,:/\-][0-9A-Za-z])"

_BIC_GATE, _BIC_PATTERN = labelled(
    "bic|swift|swift code|bic swift|swift bic|swift address",
    r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?" + _END,
    digits=False,
)


def is_bic(value: str) -> bool:
    """Say whether `value` may be a BIC: its fifth and sixth letters are a country's."""
    return value[4:6] in _COUNTRIES and value not in _WORDS


# ISO 3166-1; a word in capitals behind `SWIFT` seldom has one of them there.
_COUNTRIES: Final = frozenset(
    re.findall(
        "..",
        "ADAEAFAGAIALAMAOARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBWBYBZCACDCFCGCHCICKCLCMCN"
        "COCRCUCVCWCYCZDEDJDKDMDODZECEEEGERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGTGUGWGYHKHNHR"
        "HTHUIDIEILIMINIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKML"
        "MMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPRPSPTPWPYQARERORSRURW"
        "SASBSCSDSESGSHSISKSLSMSNSOSRSSSTSVSXSYSZTCTDTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUSUYUZVAVCVEVGVIVN"
        "VUWFWSXKYEYTZAZMZW",
    )
)
_WORDS: Final = frozenset({"PAYMENTS", "TRANSFER", "REQUIRED", "MESSAGES", "ACCEPTED", "REJECTED"})

BIC: Final = Detector(
    name="financial.bic",
    category=FINANCIAL_ACCOUNT,
    gate=_BIC_GATE,
    pattern=_BIC_PATTERN,
    labelled=True,
    validate=is_bic,
    source="ISO 9362:2022 (four letters of the party, its country, two of the place, a branch)",
    examples=(
        Example("BIC: DEUTDEFF", found="DEUTDEFF"),
        Example("pay via SWIFT code NWBKGB2LXXX.", found="NWBKGB2LXXX"),
    ),
    near_misses=(
        NearMiss("SWIFT PAYMENTS are late", because="a word"),
        NearMiss("bic DEUTXXFF", because="no country"),
        NearMiss("swift 5.9 on linux", because="a language's version"),
        NearMiss("ARABIC: DEUTDEFF", because="part of a word"),
    ),
)

_ABA_GATE, _ABA_PATTERN = labelled(
    "aba|aba routing|routing|routing transit|aba rtn|rtn|transit routing|ach routing",
    r"[0-9]{9}" + _END,
)


def is_routing_number(digits: str) -> bool:
    """Say whether `digits` may be an ABA number: a district that exists, and the check digit."""
    district = int(digits[:2])
    in_use = district <= 12 or 21 <= district <= 32 or 61 <= district <= 72 or district == 80
    weights = (3, 7, 1, 3, 7, 1, 3, 7, 1)
    return in_use and int(digits) > 0 and weighted_sum(digits, weights) % 10 == 0


ABA: Final = Detector(
    name="financial.aba_routing",
    category=FINANCIAL_ACCOUNT,
    gate=_ABA_GATE,
    pattern=_ABA_PATTERN,
    labelled=True,
    validate=is_routing_number,
    source="ANSI X9.100-160 and the ABA's routing number policy (check digit, districts)",
    examples=(
        Example("ABA 021000021", found="021000021"),
        Example("routing number: 121000358, account", found="121000358"),
    ),
    near_misses=(
        NearMiss("routing number 021000022", because="the check digit is wrong"),
        NearMiss("database 021000021", because="part of a word"),
        NearMiss("routing 990000006", because="no such district"),
    ),
)

_ACCOUNT_GATE, _ACCOUNT_PATTERN = labelled(
    "account number|account no|account nr|account num|acct number|acct no|acct num|acct|a/c no"
    "|bank account|checking account|savings account|current account|deposit account|bank number"
    "|kontonummer|konto nr|bankkonto|num\u00e9ro de compte|numero de compte|n\u00famero de cuenta"
    "|numero de cuenta|cuenta bancaria|numero di conto|conto corrente|n\u00famero da conta"
    "|conta corrente|conta banc\u00e1ria|rekeningnummer|clabe",
    r"[0-9](?:[ \-]?[0-9]){5,19}(?![0-9A-Za-z_]|[.,:/][0-9A-Za-z])",
)

ACCOUNT: Final = Detector(
    name="financial.account_number",
    category=FINANCIAL_ACCOUNT,
    gate=_ACCOUNT_GATE,
    pattern=_ACCOUNT_PATTERN,
    labelled=True,
    validate=lambda value: 6 <= len(digits_of(value)) <= 20,
    source="NACHA Operating Rules, Appendix 3 (DFI account number, up to 17 digits); CLABE (18 digits)",
    examples=(
        Example("transfer to account number 000123456789.", found="000123456789"),
        Example("my bank account is 945456787654", found="945456787654"),
        Example("Kontonummer: 532013000", found="532013000"),
        Example("acct no. 12-3456-7890", found="12-3456-7890"),
    ),
    near_misses=(
        NearMiss("account 123456789012 of AWS", because="no bank's"),
        NearMiss("bank account has 12 entries", because="a count"),
        NearMiss("account number must have 8 digits", because="no number is told"),
    ),
)

_SORT_GATE, _SORT_PATTERN = labelled(
    "sort code|sortcode|bank sort code|bankleitzahl|blz|bsb|code banque",
    r"(?:[0-9]{2}[\- ][0-9]{2}[\- ][0-9]{2}|[0-9]{3}[\- ][0-9]{3}(?: [0-9]{2})?|[0-9]{8}|[0-9]{6})"
    + _END,
)

SORT_CODE: Final = Detector(
    name="financial.sort_code",
    category=FINANCIAL_ACCOUNT,
    gate=_SORT_GATE,
    pattern=_SORT_PATTERN,
    labelled=True,
    source="Pay.UK, Vocalink Modulus Checking (six digits); Bundesbank (Bankleitzahl); AusPayNet (BSB)",
    examples=(
        Example("sort code 60-16-13 and", found="60-16-13"),
        Example("BLZ 370 400 44", found="370 400 44"),
        Example("BSB: 062-000", found="062-000"),
    ),
    near_misses=(
        NearMiss("sort code path is 12 ms", because="no number is told"),
        NearMiss("sort=-created_at&limit=100000", because="an order"),
    ),
)

_AFTER_SORT_CODE: Final = (
    r"(?:[0-9]{2}-?[0-9]{2}-?[0-9]{2}|[0-9]{3}-?[0-9]{3})[,;/]? {0,2}(?:(?i:and|&) )?"
    r"(?i:account|acct|acc|a/c)\.?(?: (?i:number|no|nr|num)\.?)?(?: (?i:is))?[ :#=]{1,3}"
)
_ACCOUNT_NUMBER: Final = "[0-9]{4} ?[0-9]{2,6}" + _END
_AFTER_SORT_GATE, _AFTER_SORT_PATTERN = labelled(
    "sort code|sortcode|bsb", _ACCOUNT_NUMBER, between=_AFTER_SORT_CODE
)

ACCOUNT_AFTER_SORT_CODE: Final = Detector(
    name="financial.account_after_sort_code",
    category=FINANCIAL_ACCOUNT,
    gate=_AFTER_SORT_GATE,
    pattern=_AFTER_SORT_PATTERN,
    labelled=True,
    source="Pay.UK, Vocalink Modulus Checking (eight digits behind a sort code); AusPayNet (BSB)",
    examples=(
        Example("sort code 60-16-13 account 55779911", found="55779911"),
        Example("Sort code: 601613, a/c no. 5577 9911", found="5577 9911"),
    ),
    near_misses=(
        NearMiss("sort code by account 55779911", because="no sort code, and an account's id"),
        NearMiss("account 55779911 locked", because="an account's id"),
    ),
)

_IFSC_GATE, _IFSC_PATTERN = labelled("ifsc|ifsc code", r"[A-Z]{4}0[A-Z0-9]{6}" + _END)

IFSC: Final = Detector(
    name="financial.ifsc",
    category=FINANCIAL_ACCOUNT,
    gate=_IFSC_GATE,
    pattern=_IFSC_PATTERN,
    labelled=True,
    source="Reserve Bank of India, Indian Financial System Code (bank, zero, branch)",
    examples=(Example("IFSC SBIN0000300 of", found="SBIN0000300"),),
    near_misses=(NearMiss("IFSC SBIN1000300", because="the fifth character is no zero"),),
)

DETECTORS: Final = (
    IBAN,
    IBAN_IN_LOWER_CASE,
    BIC,
    ABA,
    ACCOUNT,
    SORT_CODE,
    ACCOUNT_AFTER_SORT_CODE,
    IFSC,
)
