"""The tokens of all providers: one file for each kind of issuer, one entry for each kind of token.

An entry stands where its issuer belongs: what a cloud issues in `cloud`, what a registry of packages
does in `packages`, and so on. `token` says what an entry is and makes its detector.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.detector import Detector
from jaeger_guard.detectors.tokens import (
    ai,
    ai_tools,
    analytics,
    chat,
    cloud,
    collaboration,
    content,
    data,
    delivery,
    hosting,
    mail,
    network,
    observability,
    packages,
    payment,
    platform,
    secrets,
    social,
    source_control,
    trade,
    webhooks,
)
from jaeger_guard.detectors.tokens.beside import BESIDE
from jaeger_guard.detectors.tokens.token import Token, detector_of

TOKENS: Final[tuple[Token, ...]] = (
    *cloud.TOKENS,
    *hosting.TOKENS,
    *source_control.TOKENS,
    *packages.TOKENS,
    *delivery.TOKENS,
    *platform.TOKENS,
    *secrets.TOKENS,
    *chat.TOKENS,
    *mail.TOKENS,
    *webhooks.TOKENS,
    *payment.TOKENS,
    *trade.TOKENS,
    *ai.TOKENS,
    *ai_tools.TOKENS,
    *observability.TOKENS,
    *analytics.TOKENS,
    *data.TOKENS,
    *network.TOKENS,
    *collaboration.TOKENS,
    *content.TOKENS,
    *social.TOKENS,
)

DETECTORS: Final[tuple[Detector, ...]] = (
    BESIDE,
    *(detector_of(token) for token in TOKENS if not token.beside),
)

__all__ = ["DETECTORS", "TOKENS", "Token"]
