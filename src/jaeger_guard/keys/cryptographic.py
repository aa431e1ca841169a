"""The extra `crypto`: loaded when something is to be sealed, signed or opened, and not before."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jaeger_guard.errors import MissingExtraError


def require_crypto(feature: str, where: str) -> None:
    """Check that the extra is there, in a version that has HPKE.

    Raises:
        MissingExtraError: It isn't.
    """
    try:
        from cryptography.hazmat.primitives import hpke as _  # noqa: F401
    except ImportError:
        pass
    else:
        return
    raise MissingExtraError(feature, "crypto", where)


@lru_cache(maxsize=1)
def hpke_suite() -> Any:
    """Return RFC 9180's base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM."""
    from cryptography.hazmat.primitives import hpke

    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
