"""Seal a batch for the disk, and open it again: AES-256-GCM (NIST SP 800-38D).

A random 96-bit nonce may be used for 2^32 messages under one key (SP 800-38D, 8.3). A fleet that shares
a ring would get there; so each file has a key of its own, derived by HKDF (RFC 5869) with the file's
random id for salt.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final

from jaeger_guard.export.spool.keys import KEY_BYTES, Key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FILE_ID_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_INFO: Final = b"jaeger_guard spool v1"
_PLACE: Final = struct.Struct(">QdQ")  # the row's number, time and count of spans


class UnreadableError(Exception):
    """A batch can't be opened: its key is lost, or its bytes aren't what was sealed."""


class Sealer:
    """Seals and opens the batches of one file.

    Args:
        file_id: The file's random id, which needn't be secret.
    """

    def __init__(self, file_id: bytes) -> None:
        self._file_id = file_id
        self._ciphers: dict[bytes, AESGCM] = {}

    def seal(self, key: Key, number: int, created: float, spans: int, data: bytes) -> bytes:
        """Answer nonce and ciphertext of a batch."""
        nonce = os.urandom(_NONCE_BYTES)
        bound = self._bound(key.id, number, created, spans)
        return nonce + self._cipher(key).encrypt(nonce, data, bound)

    def open(self, key: Key, number: int, created: float, spans: int, sealed: bytes) -> bytes:
        """Answer the batch.

        Raises:
            UnreadableError: It is not what was sealed at this place, under this key.
        """
        from cryptography.exceptions import InvalidTag

        bound = self._bound(key.id, number, created, spans)
        try:
            return self._cipher(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
        except (InvalidTag, ValueError):
            pass
        raise UnreadableError

    def _bound(self, key_id: bytes, number: int, created: float, spans: int) -> bytes:
        return _INFO + self._file_id + key_id + _PLACE.pack(number, created, spans)

    def _cipher(self, key: Key) -> AESGCM:
        cipher = self._ciphers.get(key.id)
        if cipher is None:
            from cryptography.hazmat.primitives import hashes
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
            from cryptography.hazmat.primitives.kdf.hkdf import HKDF

            derive = HKDF(hashes.SHA256(), KEY_BYTES, salt=self._file_id, info=_INFO)
            cipher = self._ciphers[key.id] = AESGCM(derive.derive(key.secret))
        return cipher
