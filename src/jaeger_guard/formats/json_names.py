"""Under which name a value in a nested document is judged: its own, its parent's, or a sibling's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jaeger_guard.formats.text_words import has_meaning

GENERIC: Final = frozenset({"value", "values", "data", "text", "content", "val", "string", "raw"})
PAIR_NAMES: Final = frozenset({"name", "key", "field", "header", "param", "parameter", "property"})
# Such a member names another one only where it says something: `{"type": "password", "value": "x"}`.
VAGUE_PAIR_NAMES: Final = frozenset(
    {"id", "label", "type", "k", "n", "attribute", "attr", "title", "variable", "var", "option"}
)
PAIR_VALUES: Final = frozenset(
    {
        "value",
        "values",
        "val",
        "v",
        "data",
        "content",
        "newvalue",
        "oldvalue",
        "new",
        "old",
        "answer",
    }
)
# Members that describe the object around them, whatever its name.
_OWN_NAMES: Final = frozenset(
    {
        "name",
        "key",
        "id",
        "type",
        "kind",
        "format",
        "status",
        "message",
        "description",
        "title",
        "code",
    }
)
_ERROR_NAMES: Final = frozenset({"errors", "error", "detail", "details", "messages", "validation"})
# MongoDB's write errors quote the document: {"errmsg": …, "op": {…}, "keyValue": {…}}.
_QUOTED_DOCUMENTS: Final = frozenset({"op", "keyValue"})
_QUOTED_LITERAL: Final = "db.query.parameter"
_LONGEST_INHERITED: Final = 256  # characters; names of every depth are put before each other


@dataclass(slots=True)
class Frame:
    """An open bracket: the name its values inherit, the member being read, the function called."""

    opener: str
    inherited: str
    key: str = ""
    awaits_value: bool = False
    pair_name: str = ""
    item_name: str = ""
    items: int = 0
    in_errors: bool = False
    quotes: bool = False
    call: str = ""

    def name(self) -> str:
        """Answer the name under which a value standing here is judged."""
        if self.quotes:
            return _QUOTED_LITERAL
        if self.opener != "{" or not self.key:
            return self.inherited
        lowered = self.key.lower()
        if self.pair_name and lowered in PAIR_VALUES:
            return self.pair_name
        if self.inherited and lowered in GENERIC:
            return f"{self.inherited}.{self.key}"
        if (
            self.inherited
            and lowered not in _OWN_NAMES
            and not has_meaning(self.key)
            and has_meaning(self.inherited)
        ):
            return f"{self.inherited}.{self.key}"
        return self.key

    def opened(self, opener: str, *, is_server_error: bool) -> Frame:
        """Answer the frame of a bracket that opens here."""
        name = self.name()
        return Frame(
            opener,
            name[-_LONGEST_INHERITED:],
            in_errors=self.in_errors or self.key.lower() in _ERROR_NAMES,
            quotes=self.quotes
            or (is_server_error and opener == "{" and self.key in _QUOTED_DOCUMENTS),
        )
