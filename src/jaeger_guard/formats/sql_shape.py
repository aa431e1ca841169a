"""Say whether a text is a SQL statement by its shape, where no key promises one.

Prose says "Select one from …" and "Update user", so keywords have to be in one case and in company.
"""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=1)
def _statement_shape() -> re.Pattern[str]:
    name = r"[\w.$`\"\[\]@#:]{1,200}"
    shapes = (
        r"<SELECT>\s.{1,2000}?\s<FROM>\s",
        r"<SELECT>\s{1,9}(?:[A-Za-z0-9&_]{0,12}'|\$\w{0,62}\$|0x)",
        r"(?:<INSERT>|<UPSERT>|<REPLACE>|<MERGE>)\s{1,9}(?:(?:<IGNORE>|<OVERWRITE>)\s{1,9})?<INTO>\s",
        r"<UPDATE>\s{1,9}\S{1,200}\s{1,9}(?:\w{1,64}\s{1,9})?<SET>\s",
        r"<DELETE>\s{1,9}<FROM>\s{1,9}\S{1,200}\s{0,9}(?:<WHERE>\s|;|\Z)",
        r"<WITH>\s{1,9}(?:<RECURSIVE>\s{1,9})?\S{1,100}\s{0,9}(?:\([^()]{1,400}\)\s{0,9})?<AS>\s{0,9}(?:\w{1,16}\s{1,9}){0,2}\(",
        r"(?:<CREATE>|<ALTER>|<DROP>)\s{1,9}(?:<OR>\s{1,9}<REPLACE>\s{1,9})?(?:<TEMPORARY>\s|<UNIQUE>\s)?"
        r"(?:<TABLE>|<INDEX>|<VIEW>|<USER>|<ROLE>|<LOGIN>|<DATABASE>|<FUNCTION>|<PROCEDURE>|<SERVER>|<SECRET>)\s",
        rf"(?:<EXEC>|<EXECUTE>)\s{{1,9}}(?:@\w{{1,64}}\s{{0,9}}=\s{{0,9}})?{name}\s{{0,9}}(?:\(|@\w|[nN]?'|[0-9]|<USING>\s)",
        rf"<CALL>\s{{1,9}}{name}\s{{0,9}}\(",
        r"<VALUES>\s{0,9}\(",
        # `SET NAME=word` is a shell's, cmd.exe's, and what stands there may be anything.
        rf"<SET>\s{{1,9}}(?:(?:<SESSION>|<GLOBAL>|<LOCAL>)\s{{1,9}})?{name}\s{{0,9}}(?::?=\s{{0,9}}[\"'@?$:0-9]|<TO>\s)",
        r"<SET>\s{1,9}<PASSWORD>(?:\s{1,9}<FOR>\s|\s{0,9}=)",
        r"<DECLARE>\s{1,9}@\w",
        r"<BEGIN>(?:\s{1,9}(?:<TRANSACTION>|<WORK>|<TRAN>))?\s{0,9};",
        r"<EXPLAIN>\s{1,9}(?:\w{1,16}\s{1,9}|\([^()]{1,100}\)\s{0,9}){0,3}(?:<SELECT>|<INSERT>|<UPDATE>|<DELETE>|<WITH>)\s",
        rf"<COPY>\s{{1,9}}{name}\s{{0,9}}(?:\([^()]{{1,2000}}\)\s{{0,9}})?(?:<FROM>|<TO>)\s",
        r"<PRAGMA>\s{1,9}[\w.]{1,64}\s{0,9}[=(]",
        r"<ATTACH>\s{1,9}(?:<DATABASE>\s{1,9})?[\w'\"?:@]",
        r"<LOAD>\s{1,9}<DATA>\s",
        r"<DO>\s{1,9}(?:<LANGUAGE>\s{1,9}\w{1,32}\s{1,9})?\$\w{0,62}\$",
        r"\{\s{0,9}(?:\?\s{0,9}=\s{0,9})?<CALL>\s",
        r"<CHANGE>\s{1,9}(?:<MASTER>|<REPLICATION>\s{1,9}<SOURCE>)\s{1,9}<TO>\s",
        r"<SHOW>\s{1,9}<GRANTS>\s",
        r"<GRANT>\s.{1,500}?\s<TO>\s",
        rf"<PREPARE>\s{{1,9}}{name}\s{{0,9}}(?:\([^()]{{0,400}}\)\s{{0,9}})?(?:<FROM>|<AS>)\s",
    )
    upper = "|".join(shapes)
    lower = re.sub(r"<[A-Z]+>", lambda found: found.group().lower(), upper)
    return re.compile(rf"[\s(]{{0,64}}(?:{re.sub('[<>]', '', f'{upper}|{lower}')})", re.DOTALL)


@lru_cache(maxsize=1)
def _keyword() -> re.Pattern[str]:
    return re.compile(r"[\s(\ufeff]{0,64}(?:/\*|--|[A-Za-z]{2,16}[\s(;])")


def recognize(text: str) -> bool:
    """Say whether a text under an unknown key is a statement."""
    if _keyword().match(text) is None:
        return False
    head = text[:8192]
    for _ in range(16):  # comments before the statement
        head = head.lstrip(" \t\r\n(\ufeff")
        if head.startswith("/*"):
            _, closed, head = head.partition("*/")
        elif head.startswith("--"):
            _, closed, head = head.partition("\n")
        else:
            break
        if not closed:
            return False
    return _statement_shape().match(head) is not None
