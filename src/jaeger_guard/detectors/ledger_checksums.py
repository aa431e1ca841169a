"""Checksums that addresses on public ledgers carry: Base58Check, Bech32, and mixed-case hexadecimal."""

from __future__ import annotations

import struct
from functools import lru_cache
from hashlib import sha256
from typing import Final

BITCOIN_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
RIPPLE_ALPHABET: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"

_BECH32_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_CONSTANTS: Final = (1, 0x2BC830A3)  # BIP 173 and BIP 350 (Bech32m)
_LONGEST: Final = 128


def base58_payload(text: str, alphabet: str = BITCOIN_ALPHABET) -> bytes | None:
    """Decode Base58Check: the version and the payload; None where the four check bytes are wrong."""
    decoded = base58_bytes(text, alphabet)
    if decoded is None or len(decoded) < 5:
        return None
    payload, check = decoded[:-4], decoded[-4:]
    return payload if sha256(sha256(payload).digest()).digest()[:4] == check else None


def base58_bytes(text: str, alphabet: str = BITCOIN_ALPHABET) -> bytes | None:
    """Decode Base58 without a checksum; None for what isn't of the alphabet."""
    if not text or len(text) > _LONGEST:
        return None
    number = 0
    for character in text:
        digit = alphabet.find(character)
        if digit < 0:
            return None
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip(alphabet[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def has_bech32_checksum(text: str) -> bool:
    """Say whether `text` is Bech32 or Bech32m: of one case, with six check characters."""
    if text != text.lower() and text != text.upper():
        return False
    human, separator, data = text.lower().rpartition("1")
    if not separator or not human or len(data) < 6:
        return False
    values = [_BECH32_ALPHABET.find(character) for character in data]
    if min(values) < 0:
        return False
    expanded = [ord(character) >> 5 for character in human]
    expanded += [0, *(ord(character) & 31 for character in human), *values]
    check = 1
    for value in expanded:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_BECH32_GENERATORS):
            check ^= generator if top >> place & 1 else 0
    return check in _BECH32_CONSTANTS


def has_eip55_case(address: str) -> bool:
    """Say whether the capitals of 40 hexadecimal digits are those that EIP-55 sets."""
    lowered = address.lower()
    digest = keccak_256(lowered.encode()).hex()
    return all(
        character == (lower.upper() if int(nibble, 16) >= 8 else lower)
        for character, lower, nibble in zip(address, lowered, digest, strict=False)
    )


# Keccak as it was submitted to NIST: `hashlib` has SHA-3 alone, which pads otherwise.
_LANE: Final = (1 << 64) - 1
_RATE: Final = 136  # bytes of the state that take input, for 256 bits of output
_ROUNDS: Final = 24


def keccak_256(message: bytes) -> bytes:
    """Hash by Keccak-256 (The Keccak reference, version 3.0), as Ethereum does."""
    return sponge_256(message, 0x01)


def sponge_256(message: bytes, domain: int) -> bytes:
    """Hash by the sponge that Keccak-256 and SHA3-256 (`domain` 6, FIPS 202) are."""
    padded = bytearray(message)
    padded += b"\0" * (_RATE - len(message) % _RATE)
    padded[len(message)] |= domain
    padded[-1] |= 0x80
    lanes = [0] * 25
    for start in range(0, len(padded), _RATE):
        words = struct.unpack_from(f"<{_RATE // 8}Q", padded, start)
        for index, word in enumerate(words):
            lanes[index] ^= word
        lanes = _permute(lanes)
    return struct.pack("<4Q", *lanes[:4])


def _permute(lanes: list[int]) -> list[int]:
    """Apply Keccak-f[1600]; lane (x, y) stands at x + 5 y."""
    moves, constants = _moves(), _round_constants()
    for constant in constants:
        # theta
        parity = [
            lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]
            for x in range(5)
        ]
        mixed = [
            parity[x - 1] ^ (parity[x - 4] << 1 & _LANE | parity[x - 4] >> 63) for x in range(5)
        ]
        # rho and pi
        moved = [0] * 25
        for index, target, left, right in moves:
            lane = lanes[index] ^ mixed[index % 5]
            moved[target] = lane << left & _LANE | lane >> right
        # chi; a complement by XOR stays within the lane
        lanes = [
            moved[index] ^ ((moved[first] ^ _LANE) & moved[second])
            for index, first, second in _NEIGHBOURS
        ]
        # iota
        lanes[0] ^= constant
    return lanes


_NEIGHBOURS: Final = tuple(
    (x + 5 * y, (x + 1) % 5 + 5 * y, (x + 2) % 5 + 5 * y) for y in range(5) for x in range(5)
)


@lru_cache(maxsize=1)
def _moves() -> tuple[tuple[int, int, int, int], ...]:
    """Return for each lane where it goes, and by how many places it is rotated to the left."""
    x, y = 1, 0
    moves = [(0, 0, 0, 64)]
    for step in range(_ROUNDS):
        left = (step + 1) * (step + 2) // 2 % 64
        target = (y, (2 * x + 3 * y) % 5)
        moves.append((x + 5 * y, target[0] + 5 * target[1], left, 64 - left))
        x, y = target
    return tuple(moves)


@lru_cache(maxsize=1)
def _round_constants() -> tuple[int, ...]:
    register = 1
    constants = []
    for _ in range(_ROUNDS):
        constant = 0
        for power in range(7):  # one bit each from a linear feedback shift register
            constant |= (register & 1) << ((1 << power) - 1)
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
        constants.append(constant)
    return tuple(constants)
