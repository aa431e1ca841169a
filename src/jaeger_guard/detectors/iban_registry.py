"""How an IBAN is built in each country that has them, as SWIFT's registry lists them.

A structure names its parts behind the country and the check digits: so many digits (n), capital
letters (a), letters and digits (c).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

_STRUCTURES: Final = """
AD8n12c AE19n AL8n16c AT16n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BR23n1a1c BY4c4n16c CH5n12c
CR18n CY8n16c CZ20n DE18n DJ23n DK14n DO4c20n EE16n EG25n ES20n FI14n FK2a12n FO14n FR10n11c2n
GB4a14n GE2a16n GI4a15c GL14n GR7n16c GT24c HN4a20n HR17n HU24n IE4a14n IL19n IQ4a15n IS22n
IT1a10n12c JO4a4n18c KW4a22c KZ3n13c LB4n20c LC4a24c LI5n12c LT16n LU3n13c LV4a13c LY21n
MC10n11c2n MD20c ME18n MK3n10c2n MN16n MR23n MT4a5n18c MU4a19n3a NI4a20n NL4a10n NO11n OM3n16c
PK4a16c PL24n PS4a21c PT21n QA4a21c RO4a16c RS18n RU14n15c SA2n18c SC4a20n3a SD14n SE20n SI15n
SK20n SM1a10n12c SO19n ST21n SV4a20n TL19n TN20n TR6n16c UA6n19c VA18n VG4a16n XK16n YE4a4n18c
"""

_CLASSES: Final = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
_PARTS: Final = re.compile(r"([0-9]{1,2})([nac])")

IBAN_STRUCTURES: Final[Mapping[str, str]] = MappingProxyType(
    {entry[:2]: entry[2:] for entry in _STRUCTURES.split()}
)
IBAN_LENGTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        country: 4 + sum(int(count) for count, _ in _PARTS.findall(structure))
        for country, structure in IBAN_STRUCTURES.items()
    }
)


def fits_structure(iban: str) -> bool:
    """Say whether `iban`, in capitals and without separators, is built as its country's are."""
    pattern = _bban(iban[:2])
    return pattern is not None and pattern.fullmatch(iban, 4) is not None


@lru_cache(maxsize=128)
def _bban(country: str) -> re.Pattern[str] | None:
    structure = IBAN_STRUCTURES.get(country)
    if structure is None:
        return None
    parts = (f"{_CLASSES[kind]}{{{count}}}" for count, kind in _PARTS.findall(structure))
    return re.compile("".join(parts))
