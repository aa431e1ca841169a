"""SQL with planted values, for the database libraries."""

from __future__ import annotations

from typing import Final

from e2e.planted import CARD, EMAIL, IBAN, SURNAME, TOKEN

CREATE: Final = "CREATE TABLE customers (surname TEXT, mail TEXT, iban TEXT, card INTEGER)"
STATEMENTS: Final = (
    f"INSERT INTO customers VALUES ('{SURNAME}', '{EMAIL}', '{IBAN}', {CARD})",
    f"SELECT surname, iban FROM customers WHERE mail = '{EMAIL}' AND card = {CARD} /* {TOKEN} */",
    f"UPDATE customers SET mail = '{EMAIL}' WHERE surname LIKE '%{SURNAME}%'",
)
# Unquoted or wrongly quoted, values land in the database's own message.
FAILING: Final = f"SELECT * FROM customers WHERE mail = \"{EMAIL}\".x AND iban = '{IBAN}'"
