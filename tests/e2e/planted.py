"""What the end-to-end tests plant, and must not find again; benign values, which must be found.

Nothing here is anybody's: names are made up, numbers are those that card schemes and registries
publish for tests. Credentials are put together from two halves, so that secret scanners stay quiet.
"""

from __future__ import annotations

from typing import Final

EMAIL: Final = "anna.lindqvist@mail.example.org"
CARD: Final = "4539578763621486"
CARD_AS_NUMBER: Final = 4539578763621486
IBAN: Final = "DE89370400440532013000"
TOKEN: Final = "ghp_" + "Zk3vQ9mT7xWc2LrB8nYd5HsJ1fGp4A0eKuRi"
PASSWORD: Final = "correct-horse" + "-7-battery"
BEARER: Final = "Kq8vT2mZ4xWc9LrB" + "3nYd7HsJ5fGp1AeU"
JWT: Final = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    + "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkxpbmRxdmlzdCJ9."
    + "dBjftJeZ4CVPmB92K27uhbUJU1p1rwW1gFWFOEjXk0Q"
)
SURNAME: Final = "Lindqvistowski"  # no detector knows it: only the place (a SQL literal) tells

# As they may stand in a URL, too.
EVERYWHERE: Final = (
    EMAIL,
    EMAIL.replace("@", "%40"),
    CARD,
    IBAN,
    TOKEN,
    PASSWORD,
    BEARER,
    JWT,
    JWT.split(".")[2],
    SURNAME,
)
