"""The tree of data categories: dotted names, and which of them a pattern addresses.

`financial.*` addresses everything below `financial`, `*` everything, a full name itself alone.
"""

from __future__ import annotations

from typing import Final

CONTACT_EMAIL: Final = "contact.email"
CONTACT_PHONE: Final = "contact.phone"
CONTACT_ADDRESS: Final = "contact.address"
CONTACT_WEBSITE: Final = "contact.website"
FINANCIAL_CARD: Final = "financial.card"
FINANCIAL_CARD_TRACK: Final = "financial.card_track"
FINANCIAL_CARD_SECURITY: Final = "financial.card_security"
FINANCIAL_IBAN: Final = "financial.iban"
FINANCIAL_ACCOUNT: Final = "financial.account"
IDENTITY_NATIONAL_ID: Final = "identity.national_id"
IDENTITY_DOCUMENT: Final = "identity.document"
IDENTITY_USER: Final = "identity.user"
PERSON_NAME: Final = "person.name"
PERSON_BIRTH_DATE: Final = "person.birth_date"
PERSON_AGE: Final = "person.age"
PERSON_IMAGE: Final = "person.image"
HEALTH_RECORD: Final = "health.record"
HEALTH_DATE: Final = "health.date"
SPECIAL_RELIGION: Final = "special.religion"
SPECIAL_ETHNICITY: Final = "special.ethnicity"
SPECIAL_POLITICS: Final = "special.politics"
SPECIAL_UNION: Final = "special.union"
SPECIAL_SEXUALITY: Final = "special.sexuality"
SPECIAL_GENETICS: Final = "special.genetics"
SPECIAL_BIOMETRICS: Final = "special.biometrics"
SPECIAL_CONVICTION: Final = "special.conviction"
NETWORK_IP: Final = "network.ip"
NETWORK_MAC: Final = "network.mac"
DEVICE_ID: Final = "device.id"
LOCATION_COORDINATES: Final = "location.coordinates"
CREDENTIAL_PASSWORD: Final = "credential.password"
CREDENTIAL_TOKEN: Final = "credential.token"
CREDENTIAL_PRIVATE_KEY: Final = "credential.private_key"
CREDENTIAL_SESSION: Final = "credential.session"
CREDENTIAL_CONNECTION: Final = "credential.connection"
CONTENT_PROMPT: Final = "content.prompt"
CONTENT_BODY: Final = "content.body"
CONTENT_SQL_LITERAL: Final = "content.sql_literal"
CONTENT_BINARY: Final = "content.binary"
CONTENT_WITHHELD: Final = "content.withheld"
CONTENT_UNKNOWN: Final = "content.unknown"

ALL: Final = tuple(
    sorted(value for name, value in globals().items() if name.isupper() and isinstance(value, str))
)

NEVER_STORED: Final = (FINANCIAL_CARD_SECURITY, FINANCIAL_CARD_TRACK)
"""What must not be kept after a payment was authorized, not even encrypted (PCI DSS 4.0.1, 3.3.1): card
verification codes, PINs, and track data."""


def addresses(pattern: str, category: str) -> bool:
    """Say whether `pattern` (`financial.card`, `financial.*` or `*`) addresses `category`.

    What no key and no convention knows (`content.unknown`) is addressed by its own name alone: a rule
    for whatever is found doesn't mean to withhold what nothing was found in.
    """
    if pattern == category:
        return True
    if category == CONTENT_UNKNOWN:
        return False
    if pattern == "*":
        return True
    return pattern.endswith(".*") and category.startswith(pattern[:-1])


def is_pattern(pattern: str) -> bool:
    """Say whether `pattern` addresses at least one category of this tree."""
    return any(addresses(pattern, category) for category in ALL)
