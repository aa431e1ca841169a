"""National ids: our own validators agree with python-stdnum's, and the extra is one."""

from __future__ import annotations

import datetime
import string
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.detectors import (
    DETECTORS,
    detector_named,
    ids_americas,
    ids_asia_pacific,
    ids_by_stdnum,
    ids_europe,
    installed_detectors,
)
from jaeger_guard.detectors.stdnum_rows import ROWS
from jaeger_guard.errors import ConfigurationError

DIGITS = string.digits
LETTERS = string.ascii_uppercase


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=count, max_size=count)


def dates(form: str) -> st.SearchStrategy[str]:
    # Without 29 February: which century two digits of a year mean is not for us to know.
    days = st.dates(datetime.date(1930, 1, 1), datetime.date(1999, 12, 31))
    return days.filter(lambda day: (day.month, day.day) != (2, 29)).map(lambda day: f"{day:{form}}")


@st.composite
def fiscal_codes(draw: st.DrawFn) -> str:
    name = draw(st.text(LETTERS, min_size=6, max_size=6))
    birth = (
        f"{draw(digits(2))}{draw(st.sampled_from('ABCDEHLMPRST'))}{draw(st.integers(1, 28)):02d}"
    )
    return f"{name}{birth}{draw(st.sampled_from('AFHZ'))}{draw(digits(3))}"


@st.composite
def curps(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["BOXW", "GOMA", "LUPE", "ZAVI"]))
    born = draw(dates("%y%m%d"))
    state = draw(st.sampled_from(["DF", "JC", "NE", "VZ"]))
    return f"{name}{born}{draw(st.sampled_from('HM'))}{state}RNT{draw(st.sampled_from('0A5'))}"


# Our validator, the package's module, the body of a number, and what its check characters may be.
CHECKED: tuple[tuple[Callable[[str], bool], str, st.SearchStrategy[str], tuple[str, ...]], ...] = (
    (
        ids_americas.is_br_cpf,
        "br.cpf",
        digits(9),
        tuple(f"{number:02d}" for number in range(100)),
    ),
    (
        ids_americas.is_br_cnpj,
        "br.cnpj",
        digits(12),
        tuple(f"{number:02d}" for number in range(100)),
    ),
    (ids_americas.is_ca_sin, "ca.sin", digits(8), tuple(DIGITS)),
    (ids_americas.is_mx_curp, "mx.curp", curps(), tuple(DIGITS)),
    (ids_europe.is_gb_nhs, "gb.nhs", digits(9), tuple(DIGITS)),
    (ids_europe.is_de_tax_id, "de.idnr", digits(10), tuple(DIGITS)),
    (
        ids_europe.is_fr_nir,
        "fr.nir",
        st.builds(
            "{}{}{:02d}{:02d}{}".format,
            st.sampled_from("12"),
            digits(2),
            st.integers(1, 12),
            st.integers(1, 95).filter(lambda number: number != 20),
            digits(6),
        ),
        tuple(f"{number:02d}" for number in range(1, 98)),
    ),
    (
        ids_europe.is_es_dni,
        "es.dni",
        digits(8).filter(lambda text: int(text) > 0),
        tuple("TRWAGMYFPDXBNJZSQVHLCKE"),
    ),
    (
        ids_europe.is_es_dni,
        "es.nie",
        st.builds("{}{:07d}".format, st.sampled_from("XYZ"), st.integers(1, 10**7 - 1)),
        tuple("TRWAGMYFPDXBNJZSQVHLCKE"),
    ),
    (ids_europe.is_it_codice_fiscale, "it.codicefiscale", fiscal_codes(), tuple(LETTERS)),
    (ids_asia_pacific.is_in_aadhaar, "in_.aadhaar", digits(11), tuple(DIGITS)),
    (
        ids_asia_pacific.is_cn_resident_id,
        "cn.ric",
        st.builds("110105{}{}".format, dates("%Y%m%d"), digits(3)),
        (*DIGITS, "X"),
    ),
    (
        ids_asia_pacific.is_kr_rrn,
        "kr.rrn",
        st.builds(
            "{}1{}".format, dates("%y%m%d"), digits(5).filter(lambda text: int(text[:2]) < 96)
        ),
        tuple(DIGITS),
    ),
    (ids_asia_pacific.is_au_tfn, "au.tfn", digits(8), tuple(DIGITS)),
    (
        ids_asia_pacific.is_au_abn,
        "au.abn",
        st.builds("{}{}".format, st.integers(11, 99), digits(8)),
        tuple(DIGITS),
    ),
)


@pytest.mark.parametrize(
    ("ours", "module", "bodies", "endings"), CHECKED, ids=[row[1] for row in CHECKED]
)
def test_validators_agree(
    ours: Callable[[str], bool],
    module: str,
    bodies: st.SearchStrategy[str],
    endings: tuple[str, ...],
) -> None:
    """For each body of a number, the same check characters are right for us and for the package."""
    theirs: Any = import_module(f"stdnum.{module}")

    @settings(max_examples=40, deadline=None)
    @given(bodies)
    def agree(body: str) -> None:
        numbers = [body + ending for ending in endings]
        if module in ("ca.sin", "in_.aadhaar", "de.idnr"):
            numbers = [number for number in numbers if number[0] not in "018"]  # nobody's
        numbers = [number for number in numbers if len(set(number)) > 1]
        assert [ours(number) for number in numbers] == [
            theirs.is_valid(number) for number in numbers
        ]

    agree()


def test_ids_of_many_countries() -> None:
    """With the extra there are ids of thirty countries and more; without it, of more than ten."""
    prefix = "identity."
    builtin = {
        detector.name.removeprefix(prefix)[:2]
        for detector in DETECTORS
        if detector.category == "identity.national_id"
    }
    assert len(builtin) >= 10
    assert len(builtin | {row.name[:2] for row in ROWS}) >= 45


def test_package_is_imported_late() -> None:
    """Importing the registry imports no python-stdnum; making a scrubber does."""
    program = (
        "import sys, jaeger_guard.detectors\n"
        "print('stdnum' in sys.modules)\n"
        "from jaeger_guard.policy import compile_policy, load_policy\n"
        "from jaeger_guard.scrubber import Scrubber\n"
        "scrubber = Scrubber(compile_policy(load_policy('baseline', 'test')))\n"
        "print('stdnum' in sys.modules)\n"
        "print(scrubber.value('note', 'her hetu is 131052-308T')[0])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines() == [
        "False",
        "True",
        "her hetu is [REDACTED:identity.national_id]",
    ]


def test_without_the_package_the_rest_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where python-stdnum is not installed, its ids are left out, and nothing else."""
    monkeypatch.setattr(ids_by_stdnum, "find_spec", lambda name: None)
    assert installed_detectors() == DETECTORS


def test_package_without_a_module_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that lacks a country is told when a guard is configured, not when spans end."""

    def import_old(name: str) -> Any:
        if name == "stdnum.fi.hetu":
            raise ImportError(name)
        return import_module(name)

    monkeypatch.setattr(ids_by_stdnum, "import_module", import_old)
    with pytest.raises(ConfigurationError, match=r"jaeger-guard\[ids\]"):
        installed_detectors()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_number_without_its_label_is_an_id(row: Any) -> None:
    """A number that only its label tells stays where none stands in front of it."""
    detector = detector_named(f"identity.{row.name}")
    assert not list(detector.find(f"order {row.number} shipped"))


IDS = tuple(
    detector
    for detector in installed_detectors()
    if detector.category in ("identity.national_id", "health.record")
)


@settings(max_examples=300, deadline=None)
@given(st.integers(10**8, 10**19 - 1))
def test_bare_number_is_hardly_ever_an_id(number: int) -> None:
    """A bare run of digits is none, but where it is as long and as checked as China's and France's."""
    found = [
        detector.name
        for text in (str(number), f"order {number} of", f"n={number}&x=1")
        for detector in IDS
        if any(detector.find(text))
    ]
    assert set(found) <= {"identity.cn_resident_id", "identity.fr_nir"}
