"""Detect the national ids of many more countries with python-stdnum (the extra `ids`).

Theory of operation. A row of the table (`stdnum_rows`) names a module of python-stdnum, which knows
the check digits and the source of the format, the labels that people write in front of the number,
and its form. Where a form is telling, it is found without a label too. The package is imported when a
guard is configured, and never before; without it, the table is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from jaeger_guard.detectors.detector import Detector, DigitRun, Example, NearMiss
from jaeger_guard.detectors.national_ids import found_behind_label, found_by_form
from jaeger_guard.detectors.stdnum_rows import ROWS
from jaeger_guard.errors import ConfigurationError

_PACKAGE: Final = "stdnum"
_TIME: Final = re.compile(
    r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])-(?:[01][0-9]|2[0-3])[0-5][0-9]"
)


def is_installed() -> bool:
    """Say whether python-stdnum is there."""
    return find_spec(_PACKAGE) is not None


def load() -> tuple[Detector, ...]:
    """Import what the table names, and return its detectors; none where the package isn't there.

    Raises:
        ConfigurationError: The package is there, but not all that the table names.
    """
    if not is_installed():
        return ()
    for row in ROWS:
        try:
            import_module(f"{_PACKAGE}.{row.module}")
        except ImportError:
            what = f"python-stdnum has no module {row.module}, so these ids would not be found"
            remedy = "Install jaeger-guard[ids], or remove python-stdnum"
            raise ConfigurationError(what, "detectors of national ids", remedy) from None
    return DETECTORS


def _is_valid(module: str, value: str) -> bool:
    return bool(import_module(f"{_PACKAGE}.{module}").is_valid(value))


def _is_valid_alone(module: str, value: str) -> bool:
    """Say whether `value` is valid, and no date with a time: `240115-1030`."""
    return _TIME.fullmatch(value) is None and _is_valid(module, value)


def _detectors() -> Iterator[Detector]:
    for row in ROWS:
        source = f"python-stdnum, stdnum.{row.module}, and the documents that it cites"
        first = row.labels.split("|")[0]
        yield found_behind_label(
            f"identity.{row.name}",
            labels=row.labels,
            form=row.form,
            is_valid=partial(_is_valid, row.module),
            source=source,
            examples=(
                Example(f"{first}: {row.number}", found=row.number),
                Example(f"the {first} is {row.number}, thanks", found=row.number),
            ),
            near_misses=(
                NearMiss(f"{first} {row.wrong}", because="it doesn't validate"),
                NearMiss(f"{first} of 1 customer", because="no number is told"),
            ),
        )
        if row.form_alone:
            yield found_by_form(
                f"identity.{row.name}_alone",
                gate=DigitRun(shortest=row.digits, beside=row.beside),
                form=row.form_alone,
                is_valid=partial(_is_valid_alone, row.module),
                source=source,
                examples=(Example(f"saw {row.alone} there", found=row.alone),),
                near_misses=(
                    NearMiss(f"x{row.alone}", because="inside a longer word"),
                    NearMiss(row.wrong, because="it doesn't validate"),
                ),
            )


DETECTORS: Final = tuple(_detectors())
