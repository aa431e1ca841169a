"""Whether names in free text are looked for, by whom, and for how long: the table `[recognition]`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from jaeger_guard.policy.tables import choice, number, read_table, settle
from jaeger_guard.policy.words import Fault, Word, kind

PRESIDIO: Final = "presidio"
UNANSWERED: Final = ("search", "withhold")
_FACTORY: Final = re.compile(r"[A-Za-z_][\w.]{0,200}:[A-Za-z_]\w{0,100}")
LONGEST: Final = 100_000


def _recognizer(value: object) -> object:
    if value == PRESIDIO or (isinstance(value, str) and _FACTORY.fullmatch(value)):
        return value
    what = f"recognizer is a {kind(value)}" if not isinstance(value, str) else "it names no factory"
    return Fault("recognizer", what, f'Write "{PRESIDIO}", or "package.module:function"')


def _text(name: str, example: str) -> Callable[[object], object]:
    def read(value: object) -> object:
        if value is None or (isinstance(value, str) and 0 < len(value) <= 1024):
            return value
        return Fault(name, f"{name} is a {kind(value)}, not text", f'Write {name} = "{example}"')

    return read


def _whole(value: object) -> object:
    read = number("longest", 1, LONGEST, optional=False)(value)
    return int(read) if isinstance(read, float) else read


RECOGNITION_WORDS: Final = (
    Word(
        name="recognizer",
        meaning='Who looks: "presidio" (the extra ner), or "package.module:function", a function that '
        "returns a callable of texts.",
        schema={"type": "string", "minLength": 1, "maxLength": 300, "default": PRESIDIO},
        read=_recognizer,
    ),
    Word(
        name="model",
        meaning="For presidio: the name or the path of a spaCy pipeline that is installed.",
        schema={"type": "string", "minLength": 1, "maxLength": 1024},
        read=_text("model", "en_core_web_sm"),
    ),
    Word(
        name="language",
        meaning="For presidio: the language of the texts.",
        schema={"type": "string", "minLength": 2, "maxLength": 16, "default": "en"},
        read=_text("language", "en"),
    ),
    Word(
        name="budget",
        meaning="Seconds that one text is waited for at the most.",
        schema={"type": "number", "exclusiveMinimum": 0, "maximum": 10, "default": 0.1},
        read=number("budget", 0, 10, optional=False, above=True),
    ),
    Word(
        name="longest",
        meaning="Characters; a longer text isn't handed over.",
        schema={"type": "integer", "minimum": 1, "maximum": LONGEST, "default": 5000},
        read=_whole,
    ),
    Word(
        name="unanswered",
        meaning="What becomes of a text that got no answer: it goes on as the detectors leave it, or "
        "it is withheld.",
        schema={"enum": list(UNANSWERED), "default": UNANSWERED[0]},
        read=choice("unanswered", UNANSWERED),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How names in free text are looked for, in a process of its own.

    Attributes:
        recognizer: `"presidio"`, or `"package.module:function"`: a function without arguments that
            is called once in that process, and returns a `jaeger_guard.recognizers.Recognizer`.
        model: For presidio, the name or the path of a spaCy pipeline; none is ever downloaded.
        language: For presidio, the language of the texts.
        budget: Seconds that one text is waited for at the most.
        longest: Characters; a longer text isn't handed over, and counts as unanswered.
        unanswered: What becomes of a text that got no answer: `"search"`, it goes on as the
            detectors leave it, or `"withhold"`.

    Raises:
        ConfigurationError: Names every field that is wrong.
    """

    recognizer: str = PRESIDIO
    model: str | None = None
    language: str = "en"
    budget: float = 0.1
    longest: int = 5000
    unanswered: str = UNANSWERED[0]

    def __post_init__(self) -> None:
        settle(self, RECOGNITION_WORDS, "Recognition", list)

    def over(self, other: Recognition) -> Recognition:
        """Return this: a process has one recognizer, the one of the policy that comes first."""
        return self


def read_recognition(given: object, where: str) -> Recognition:
    """Read the table `[recognition]` of a policy file.

    Raises:
        ConfigurationError: Names the place, what is wrong, and the remedy.
    """
    recognition: Recognition = read_table(given, Recognition, RECOGNITION_WORDS, where)
    return recognition
