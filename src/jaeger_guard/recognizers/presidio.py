"""Recognize people's names with Presidio (the extra `ner`), on a spaCy pipeline that is installed.

It runs in the worker process alone. No model is ever downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from jaeger_guard.categories import PERSON_NAME
from jaeger_guard.errors import ConfigurationError, MissingExtraError

_WHERE: Final = "Recognition(recognizer='presidio')"
_DEFAULT_MODEL: Final = "en_core_web_sm"
_CERTAIN: Final = 0.5  # of 1; what Presidio is less sure of is rather a product's name


def make(
    model: str | None = None, language: str = "en"
) -> Callable[[Sequence[str]], list[list[tuple[int, int, str]]]]:
    """Load the pipeline, and return the recognizer.

    Raises:
        ConfigurationError: Presidio or the pipeline is not installed.
    """
    if find_spec("presidio_analyzer") is None or find_spec("spacy") is None:
        raise MissingExtraError("Presidio", "ner", _WHERE)
    name = model or _DEFAULT_MODEL
    if find_spec(name) is None if name.isidentifier() else not Path(name).is_dir():
        raise ConfigurationError(
            "the spaCy pipeline is not installed",
            "Recognition(model=)",
            f"Install one (python -m spacy download {_DEFAULT_MODEL}), or give its path",
        )
    analyzer = _analyzer(name, language)

    def recognize(texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
        return [
            [
                (result.start, result.end, PERSON_NAME)
                for result in analyzer.analyze(text, language=language, entities=["PERSON"])
                if result.score >= _CERTAIN
            ]
            for text in texts
        ]

    return recognize


def _analyzer(model: str, language: str) -> Any:
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpEngineProvider
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    engine = NlpEngineProvider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": language, "model_name": model}],
        }
    ).create_engine()
    registry = RecognizerRegistry(
        recognizers=[SpacyRecognizer(supported_language=language)], supported_languages=[language]
    )
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[language])
