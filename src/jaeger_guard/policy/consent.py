"""Where consent is read from: the table `[consent]` of a policy.

Naming a source is trusting it. What is read there can refuse consent, never grant it: a caller that
says yes changes nothing, and one that says no is asked for no more than less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jaeger_guard.policy.tables import flag, read_table, settle, texts
from jaeger_guard.policy.words import Fault, Word, kind

REFUSALS: Final = ("false", "0", "no", "off", "denied", "deny", "refused", "withdrawn", "opt-out")


def _lower(name: str) -> object:
    read = texts(name)

    def lowered(value: object) -> object:
        answer = read(value)
        if isinstance(answer, Fault):
            return answer
        return tuple(text.strip().lower() for text in answer)  # type: ignore[attr-defined]

    return lowered


def _purpose(value: object) -> object:
    if value is None or (isinstance(value, str) and value):
        return value
    return Fault("purpose", f"purpose is a {kind(value)}, not text", 'Write purpose = "support"')


_LIST: Final = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 256}}

CONSENT_WORDS: Final = (
    Word(
        name="headers",
        meaning="Request headers that refuse consent by one of the words in refusals.",
        schema=_LIST,
        read=_lower("headers"),  # type: ignore[arg-type]
    ),
    Word(
        name="cookies",
        meaning="Cookies that refuse consent by one of the words in refusals.",
        schema=_LIST,
        read=texts("cookies"),
    ),
    Word(
        name="baggage",
        meaning="Keys of baggage that refuse consent by one of the words in refusals; they aren't "
        "asked where trust_remote_parent is false.",
        schema=_LIST,
        read=texts("baggage"),
    ),
    Word(
        name="refusals",
        meaning="What a header, cookie or baggage key says when consent is refused; case is ignored.",
        schema={**_LIST, "default": list(REFUSALS)},
        read=_lower("refusals"),  # type: ignore[arg-type]
    ),
    Word(
        name="sec_gpc",
        meaning="Whether the header Sec-GPC: 1 (Global Privacy Control) refuses consent.",
        schema={"type": "boolean", "default": False},
        read=flag("sec_gpc"),
    ),
    Word(
        name="dnt",
        meaning="Whether the header DNT: 1 (Tracking Preference Expression) refuses consent.",
        schema={"type": "boolean", "default": False},
        read=flag("dnt"),
    ),
    Word(
        name="purpose",
        meaning="The purpose that spans are recorded for; consent for other purposes is none.",
        schema={"type": "string", "minLength": 1, "maxLength": 256},
        read=_purpose,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Where a refusal of consent is read from, and the purpose that spans are recorded for.

    Attributes:
        headers: Names of request headers.
        cookies: Names of cookies.
        baggage: Keys of baggage.
        refusals: What says no there.
        sec_gpc: Whether `Sec-GPC: 1` says no.
        dnt: Whether `DNT: 1` says no.
        purpose: The purpose; `consent(True, purposes=…)` without it is no consent.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    headers: Sequence[str] = ()
    cookies: Sequence[str] = ()
    baggage: Sequence[str] = ()
    refusals: Sequence[str] = REFUSALS
    sec_gpc: bool = False
    dnt: bool = False
    purpose: str | None = None

    def __post_init__(self) -> None:
        settle(self, CONSENT_WORDS, "Consent", list)

    @property
    def reads_headers(self) -> bool:
        """Whether anything is read from a request."""
        return bool(self.headers or self.cookies or self.sec_gpc or self.dnt)

    def over(self, other: Consent) -> Consent:
        """Return this with the sources of `other` besides: a refusal counts wherever it stands."""
        return Consent(
            headers=tuple(dict.fromkeys((*self.headers, *other.headers))),
            cookies=tuple(dict.fromkeys((*self.cookies, *other.cookies))),
            baggage=tuple(dict.fromkeys((*self.baggage, *other.baggage))),
            refusals=tuple(dict.fromkeys((*self.refusals, *other.refusals))),
            sec_gpc=self.sec_gpc or other.sec_gpc,
            dnt=self.dnt or other.dnt,
            purpose=self.purpose or other.purpose,
        )


def read_consent(given: object, where: str) -> Consent:
    """Read the table `[consent]` of a policy file.

    Raises:
        ConfigurationError: Names the place, what is wrong, and the remedy.
    """
    consent: Consent = read_table(given, Consent, CONSENT_WORDS, where)
    return consent
