"""Draw national ids with check digits: by their published structure, until python-stdnum takes one.

python-stdnum is the judge: its validators are written from the issuers' documents. What people write
beside such a number, in the country's language, stands in the same table.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Final

from .case import Case
from .draw import Draw, luhn_digit

_ATTEMPTS: Final = 4000


def _day(draw: Draw) -> tuple[int, int, int]:
    return draw.number(1950, 2003), draw.number(1, 12), draw.number(1, 28)


def _birth(order: str) -> Callable[[Draw], str]:
    def written(draw: Draw) -> str:
        year, month, day = _day(draw)
        parts = {"y": f"{year % 100:02d}", "Y": str(year), "m": f"{month:02d}", "d": f"{day:02d}"}
        return "".join(parts.get(letter, letter) for letter in order)

    return written


Form = str | Callable[[Draw], str]


def _with(birth: str, before: str, behind: str) -> Callable[[Draw], str]:
    return lambda draw: draw.like(before) + _birth(birth)(draw) + draw.like(behind)


# Name: (python-stdnum's module, how one looks, what stands before it in text).
NATIONAL_IDS: Final[dict[str, tuple[str, Form, tuple[str, ...]]]] = {
    "US SSN": ("us.ssn", r"[1-7]\d{2}-[1-9]\d-[1-9]\d{3}", ("SSN", "social security number")),
    "US ITIN": ("us.itin", r"9\d{2}-(7\d|8[0-8])-\d{4}", ("ITIN", "taxpayer id")),
    "GB NHS": ("gb.nhs", r"[4-7]\d{2} \d{3} \d{4}", ("NHS number", "NHS no.")),
    "CA SIN": ("ca.sin", r"[1-7]\d{2}-\d{3}-\d{3}", ("SIN", "social insurance number")),
    "DE tax id": ("de.idnr", r"[1-9]\d{10}", ("Steuer-ID", "Steueridentifikationsnummer")),
    "FR NIR": (
        "fr.nir",
        lambda draw: draw.like(r"[12]\d{2}(0[1-9]|1[0-2])(0[1-9]|[1-8]\d)\d{3}\d{3}\d{2}"),
        ("numéro de sécurité sociale", "NIR"),
    ),
    "ES DNI": ("es.dni", r"\d{8}[A-Z]", ("DNI", "NIF")),
    "ES NIE": ("es.nie", r"[XYZ]\d{7}[A-Z]", ("NIE",)),
    "IT codice fiscale": (
        "it.codicefiscale",
        lambda draw: (
            draw.like(r"[BCDFGLMNPRST]{6}")
            + f"{draw.number(50, 99)}{draw.pick('ABCDEHLMPRST')}{draw.number(1, 28):02d}"
            + draw.like(r"[A-L]\d{3}[A-Z]")
        ),
        ("codice fiscale", "CF"),
    ),
    "PT NIF": ("pt.nif", r"[12]\d{8}", ("NIF", "número fiscal")),
    "BR CPF": ("br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", ("CPF",)),
    "BR CNPJ": ("br.cnpj", r"\d{2}\.\d{3}\.\d{3}/0001-\d{2}", ("CNPJ",)),
    "NL BSN": ("nl.bsn", r"[1-9]\d{8}", ("BSN", "burgerservicenummer")),
    "BE national number": ("be.nn", _with("ymd", "", r"\d{5}"), ("rijksregisternummer", "numéro national")),
    "CH AHV": ("ch.ssn", r"756\.\d{4}\.\d{4}\.\d{2}", ("AHV-Nummer", "AVS")),
    "AT social insurance": ("at.vnr", _with("dmy", r"[1-9]\d{3}", ""), ("Sozialversicherungsnummer", "SVNR")),
    "SE personnummer": ("se.personnummer", _with("ymd", "", r"-\d{4}"), ("personnummer",)),
    "NO fødselsnummer": ("no.fodselsnummer", _with("dmy", "", r"[0-4]\d{4}"), ("fødselsnummer",)),
    "DK CPR": ("dk.cpr", _with("dmy", "", r"-[0-3]\d{3}"), ("CPR-nummer", "CPR")),
    "FI HETU": ("fi.hetu", _with("dmy", "", r"-\d{3}[0-9A-Y]"), ("henkilötunnus", "HETU")),
    "PL PESEL": ("pl.pesel", _with("ymd", "", r"\d{5}"), ("PESEL",)),
    "CZ rodné číslo": ("cz.rc", _with("ymd", "", r"/\d{4}"), ("rodné číslo",)),
    "RO CNP": ("ro.cnp", _with("ymd", "[12]", r"(0[1-9]|[1-4]\d)\d{4}"), ("CNP",)),
    "BG EGN": ("bg.egn", _with("ymd", "", r"\d{4}"), ("EGN", "ЕГН")),
    "HR OIB": ("hr.oib", r"\d{11}", ("OIB",)),
    "EE isikukood": ("ee.ik", _with("ymd", "[34]", r"\d{4}"), ("isikukood",)),
    "LT asmens kodas": ("lt.asmens", _with("ymd", "[34]", r"\d{4}"), ("asmens kodas",)),
    "IE PPS": ("ie.pps", r"\d{7}[A-W][ABW]?", ("PPS number", "PPSN")),
    "TR kimlik": ("tr.tckimlik", r"[1-9]\d{10}", ("T.C. kimlik no", "TC kimlik")),
    "IL id": ("il.idnr", r"\d{9}", ("teudat zehut",)),
    "ZA id": ("za.idnr", _with("ymd", "", r"\d{4}[01]8\d"), ("ID number", "South African ID")),
    "IN Aadhaar": ("in_.aadhaar", r"[2-9]\d{3} \d{4} \d{4}", ("Aadhaar",)),
    "IN PAN": ("in_.pan", r"[A-Z]{3}P[A-Z]\d{4}[A-Z]", ("PAN card", "PAN")),
    "CN resident id": ("cn.ric", _with("Ymd", "(110101|310104|440305)", r"\d{3}[\dX]"), ("身份证号", "resident id")),
    "KR RRN": ("kr.rrn", _with("ymd", "", r"-[12]\d{6}"), ("주민등록번호", "RRN")),
    "TH id": ("th.pin", r"[1-8]-\d{4}-\d{5}-\d{2}-\d", ("Thai national id",)),
    "MY NRIC": ("my.nric", _with("ymd", "", r"-(0[1-9]|1[0-4])-\d{4}"), ("MyKad", "NRIC")),
    "MX CURP": (
        "mx.curp",
        lambda draw: draw.like(r"[BCDFG][AEIO][BCDFG][LMNP]") + _birth("ymd")(draw)
        + draw.like(r"[HM](DF|JC|NL|MC)[BCDFG]{3}\d\d"),
        ("CURP",),
    ),
    "AR CUIT": ("ar.cuit", r"(20|23|27)-\d{8}-\d", ("CUIT", "CUIL")),
    "CL RUT": ("cl.rut", r"[1-2]\d\.\d{3}\.\d{3}-[0-9K]", ("RUT",)),
    "EC cédula": ("ec.ci", r"(0[1-9]|1\d|2[0-4])[0-5]\d{7}", ("cédula",)),
    "AU TFN": ("au.tfn", r"[1-8]\d{2} \d{3} \d{3}", ("TFN", "tax file number")),
    "NZ IRD": ("nz.ird", r"(1[0-4]|[2-9])\d-\d{3}-\d{3}", ("IRD number",)),
    "GR AMKA": ("gr.amka", _with("dmy", "", r"\d{5}"), ("AMKA", "ΑΜΚΑ")),
    "IS kennitala": ("is_.kennitala", _with("dmy", "", r"-\d{3}9"), ("kennitala",)),
    "ID NIK": ("id.nik", _with("dmy", "3174\\d\\d", r"\d{4}"), ("NIK",)),
}  # fmt: skip

# Documents and numbers of health care whose check digit, where there is one, is computed here.
DOCUMENTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "US passport": (r"[A-Z]\d{8}", ("passport number", "passport no.")),
    "DE passport": (r"C[0-9CFGHJKLMNPRTVWXYZ]{8}", ("Reisepassnummer", "passport number")),
    "GB passport": (r"\d{9}", ("passport number", "passport no.")),
    "US driver licence": (r"[A-Z]\d{7}", ("driver's license", "driver license number")),
    "GB driver licence": (r"[A-Z]{5}\d{6}[A-Z]{2}\d[A-Z]{2}", ("driving licence",)),
    "medical record": (r"\d{8}", ("MRN", "medical record number")),
    "health plan": (r"[A-Z]{3}\d{9}", ("health plan number", "insurance member id")),
    "GB NINO": (r"(AB|CE|JK|PR)\d{6}[A-D]", ("National Insurance number", "NINO")),
}


def national_id(draw: Draw, name: str) -> str:
    """Draw one valid number of a kind."""
    module_name, form, _ = NATIONAL_IDS[name]
    module = importlib.import_module(f"stdnum.{module_name}")
    for _ in range(_ATTEMPTS):
        candidate = draw.like(form) if isinstance(form, str) else form(draw)
        if module.is_valid(candidate):
            return candidate
    message = f"no valid number of {name} was drawn"
    raise AssertionError(message)


def npi(draw: Draw) -> str:
    """Draw a National Provider Identifier (45 CFR 162.406: Luhn over 80840 and the number)."""
    body = draw.pick("12") + draw.digits(8)
    return body + luhn_digit("80840" + body)


def dea(draw: Draw) -> str:
    """Draw a registration number of the US Drug Enforcement Administration with its check digit."""
    digits = draw.digits(6)
    odd = sum(int(digit) for digit in digits[::2])
    even = sum(int(digit) for digit in digits[1::2])
    return (
        draw.pick("ABFM")
        + draw.pick("ABCDEFGHJKLMNPRSTUVWXYZ")
        + digits
        + str((odd + 2 * even) % 10)
    )


def identities(draw: Draw) -> Iterator[Case]:
    """Ids and documents beside the words that people write before them."""
    for name, (_, _, words) in NATIONAL_IDS.items():
        for count in range(6):
            number = national_id(draw, name)
            word = words[count % len(words)]
            text = draw.pick(
                (f"{word}: {number}", f"{word} {number}", f"my {word} is {number}, thanks")
            )
            yield Case(
                kind=name, key=draw.pick(("note", "message", "comment")), value=text, gone=(number,)
            )
    for name, (form, words) in DOCUMENTS.items():
        for count in range(6):
            number = draw.like(form)
            word = words[count % len(words)]
            yield Case(kind=name, key="note", value=f"{word}: {number}", gone=(number,))
    for _ in range(12):
        number = npi(draw)
        yield Case(kind="US NPI", key="note", value=f"NPI {number}", gone=(number,))
        number = dea(draw)
        yield Case(kind="US DEA", key="note", value=f"DEA number {number}", gone=(number,))
    for _ in range(150):
        yield _harmless(draw)


def _harmless(draw: Draw) -> Case:
    """A number of such a shape that is none, or that nothing tells from any other."""
    kind, text = draw.pick(
        (
            ("SSN range", f"{draw.pick(('000', '666'))}-{draw.digits(2)}-{draw.digits(4)}"),
            ("order", f"order {draw.digits(9)} shipped"),
            ("build", f"build {draw.digits(11)} passed"),
            ("part", f"part no. {draw.like('[A-Z]{2}[0-9]{6}')} in stock"),
            ("rows", f"{draw.digits(8)} rows in {draw.digits(3)} ms"),
            ("date", f"from 20{draw.digits(2)}-01-{draw.number(10, 28)} on"),
            ("sku", f"sku {draw.like('[A-Z]{3}-[0-9]{4}-[A-Z]{2}')}"),
            ("flight", f"flight {draw.like('(LH|BA|AF)[0-9]{3,4}')} delayed"),
            ("pid", f"pid {draw.digits(5)} exited"),
            ("ticket", f"ticket {draw.like('[A-Z]{3,4}-[0-9]{3,5}')}"),
        )
    )
    return Case(kind=f"no id: {kind}", key="note", value=text)
