"""Detect postal addresses (`contact.address`): a street with its number, behind a word that says so."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CONTACT_ADDRESS
from jaeger_guard.detectors.detector import Detector, Example, NearMiss
from jaeger_guard.detectors.national_ids import found_behind_label

_LABELS: Final = (
    "address|addr|home address|billing address|shipping address|delivery address|mailing address"
    "|postal address|street address|lives at|live at|living at|resides at|ship to|deliver to"
    "|delivered to|shipped to|mail it to|moved to|anschrift|adresse|adresse postale|wohnhaft|wohnt in|wohne in"
    "|lieferadresse|rechnungsadresse|habite|demeurant|direcci\u00f3n|direccion|domicilio|domiciliado en"
    "|indirizzo|residente in|endere\u00e7o|endereco|morada|adres|woonadres|adress"
)
# Of a name's signs, none is its last character: that one belongs to the sentence.
_REST: Final = r"(?:\w|['\u2019.\-](?=\w))"
_WORD: Final = rf"[A-Z\u00c0-\u00de0-9]{_REST}{{0,30}}"
# English: number, name, kind of street, and what may follow: a quarter of the compass, a flat.
_ENGLISH: Final = (
    rf"[0-9]{{1,6}}[A-Za-z]?,? (?:{_WORD} ){{1,5}}?(?i:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln"
    r"|drive|dr|court|ct|way|place|pl|square|sq|terrace|ter|parkway|pkwy|highway|hwy|circle|cir|close"
    r"|crescent|row|mews|trail|trl|loop|broadway)\b\.?"
    r"(?:,? (?:[NS]?[EW]|[NS])\b)?(?:,? (?i:apt|apartment|suite|ste|unit|flat|floor|#)\.? ?[0-9A-Za-z\-]{1,6})?"
)
# German, Dutch, Scandinavian: the kind ends the name, the number stands behind.
_GERMANIC: Final = (
    rf"(?:{_WORD} ){{0,3}}?[A-Z\u00c4\u00d6\u00dc][\w\u00df\-]{{1,30}}"
    r"(?:stra\u00dfe|strasse|str\.?|gasse|weg|platz|allee|ring|damm|ufer|straat|laan|plein|gracht|kade|singel|dreef|gatan|v\u00e4gen"
    r"|gade|vej|gata|veien) ?[0-9]{1,4} ?[a-z]?\b"
)
# Romance and Polish: the kind stands first; the number before it, or behind.
_ROMANCE: Final = (
    r"(?:[0-9]{1,4} ?(?:bis|ter)?,? )?(?i:rue|avenue|boulevard|impasse|chemin|quai|calle|c/|avenida|paseo"
    r"|plaza|carrera|via|viale|corso|piazza|av\.|avda\.|rua|travessa|pra\u00e7a|alameda|ulica|ul\.|al\.) "
    rf"(?:(?i:de|del|de la|de los|des|du|della|dei|do|da|dos|d'|l'|la|le|les|el) ?){{0,3}}{_WORD}"
    rf"(?: {_WORD}){{0,4}}?(?:,? (?:n[\u00ba\u00b0.]? ?)?[0-9]{{1,5}}(?:/[0-9]{{1,4}})?\b|(?<=\d))?"
)
# What follows a street: postcode and town, divided by commas.
_TOWN: Final = (
    rf"(?:(?:,|,? -)? [A-Z0-9]{_REST}{{1,30}}"
    rf"(?: (?:[A-Z]{{2}}|[A-Z0-9]{{3,4}}|[0-9]{{4,6}}(?:-[0-9]{{3,4}})?|[A-Z\u00c0-\u00de]{_REST}{{1,30}}))?){{0,4}}"
)

ADDRESS: Final = found_behind_label(
    "contact.postal_address",
    category=CONTACT_ADDRESS,
    labels=_LABELS,
    form=f"(?:{_ENGLISH}|{_GERMANIC}|{_ROMANCE}){_TOWN}",
    is_valid=lambda value: any(map(str.isdigit, value)),
    source="Universal Postal Union, Addressing systems (S42); USPS Publication 28, appendix C",
    examples=(
        Example(
            "address: 1600 Pennsylvania Ave NW, Washington, DC 20500",
            found="1600 Pennsylvania Ave NW, Washington, DC 20500",
        ),
        Example("she lives at 12 Main Street, Springfield", found="12 Main Street, Springfield"),
        Example("Ship to: 221B Baker St; call first", found="221B Baker St"),
        Example(
            "Anschrift: Hauptstra\u00dfe 12, 10115 Berlin",
            found="Hauptstra\u00dfe 12, 10115 Berlin",
        ),
        Example("adresse : 12 rue de Rivoli, 75001 Paris", found="12 rue de Rivoli, 75001 Paris"),
        Example(
            "adres: Keizersgracht 123, 1015 CJ Amsterdam",
            found="Keizersgracht 123, 1015 CJ Amsterdam",
        ),
        Example(
            "adres: ul. Prosta 12/3, 00-590 Warszawa", found="ul. Prosta 12/3, 00-590 Warszawa"
        ),
        Example("direcci\u00f3n: Calle Mayor 5, 28013 Madrid", found="Calle Mayor 5, 28013 Madrid"),
    ),
    near_misses=(
        NearMiss("address: 0x7ffeed9d34b8", because="an address in memory"),
        NearMiss("listen address 10.1.2.3:8080 is in use", because="a network's address"),
        NearMiss("the address book has 12 entries", because="no street"),
        NearMiss("see 12 Main Street", because="nothing says that somebody lives there"),
        NearMiss("address: Main Street", because="no number"),
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (ADDRESS,)
