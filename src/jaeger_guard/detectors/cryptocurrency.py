"""Detect accounts on public ledgers (`financial.account`) by their checksums, and the keys to them.

An address says who paid whom to everybody who can read the ledger. An extended or exported private
key says more: whoever reads it has the money, so it is a credential.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CREDENTIAL_PRIVATE_KEY, FINANCIAL_ACCOUNT
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    NearMiss,
    Needles,
    Shape,
    compile_pattern,
)
from jaeger_guard.detectors.labels import labelled
from jaeger_guard.detectors.ledger_checksums import (
    RIPPLE_ALPHABET,
    base58_bytes,
    base58_payload,
    has_bech32_checksum,
    has_eip55_case,
)

_BASE58: Final = "[1-9A-HJ-NP-Za-km-z]"
_WORD: Final = rf"{_BASE58}(?<![0-9A-Za-z].){_BASE58}"
_BASE58_GATE: Final = Shape(pattern=rf"{_WORD}{{24}}", row=25)
_WORD_END: Final = "(?![0-9A-Za-z])"

_HASH: Final = 20  # bytes: RIPEMD-160 of a public key or script
_KEY: Final = 32
_EXTENDED: Final = 74  # BIP 32: depth, parent, number, chain code, key

# The version in front of a hash, from each project's `chainparams`; 05 is Litecoin's older one too.
_ADDRESS_VERSIONS: Final = frozenset(
    {
        *(b"\x00", b"\x05", b"\x6f", b"\xc4"),  # Bitcoin, and its test network
        *(b"\x30", b"\x32"),  # Litecoin
        *(b"\x1e", b"\x16"),  # Dogecoin
        *(b"\x4c", b"\x10"),  # Dash
        b"\x41",  # Tron
        *(b"\x1c\xb8", b"\x1c\xbd"),  # Zcash
    }
)
# SLIP-0132 and BIP 32.
_PUBLIC_VERSIONS: Final = frozenset(
    {b"\x04\x88\xb2\x1e", b"\x04\x9d\x7c\xb2", b"\x04\xb2\x47\x46", b"\x04\x35\x87\xcf"}
)
_PRIVATE_VERSIONS: Final = frozenset(
    {b"\x04\x88\xad\xe4", b"\x04\x9d\x78\x78", b"\x04\xb2\x43\x0c", b"\x04\x35\x83\x94"}
)
_EXPORTED_VERSIONS: Final = frozenset({b"\x80", b"\xef", b"\xb0", b"\x9e", b"\xcc"})


def is_address(text: str) -> bool:
    """Say whether `text` is a Base58Check address of a known ledger, or an extended public key."""
    payload = base58_payload(text)
    if payload is None:
        return False
    if len(payload) == _EXTENDED + 4:
        return payload[:4] in _PUBLIC_VERSIONS
    return len(payload) > _HASH and payload[:-_HASH] in _ADDRESS_VERSIONS


def is_private_key(text: str) -> bool:
    """Say whether `text` is a private key in Wallet Import Format, or an extended one."""
    payload = base58_payload(text)
    if payload is None:
        return False
    if len(payload) == _EXTENDED + 4:
        return payload[:4] in _PRIVATE_VERSIONS
    compressed = len(payload) == _KEY + 2 and payload[-1] == 1
    return (compressed or len(payload) == _KEY + 1) and payload[:1] in _EXPORTED_VERSIONS


def is_xrp_address(text: str) -> bool:
    """Say whether `text` is a classic address of the XRP Ledger."""
    payload = base58_payload(text, RIPPLE_ALPHABET)
    return payload is not None and len(payload) == _HASH + 1 and payload[0] == 0


BASE58_ADDRESS: Final = Detector(
    name="financial.ledger_base58",
    category=FINANCIAL_ACCOUNT,
    gate=_BASE58_GATE,
    pattern=rf"{_WORD}{{24,110}}{_WORD_END}",
    validate=is_address,
    source="Bitcoin's Base58Check; BIP 32; the chainparams of Litecoin, Dogecoin, Dash, Zcash, Tron",
    examples=(
        Example(
            "paid 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa today",
            found="1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        ),
        Example(
            "to=394V9xNpXL5RV4oaysx1pNbB51UwAhsCqG&x", found="394V9xNpXL5RV4oaysx1pNbB51UwAhsCqG"
        ),
        Example("LSbRVdCD4616ehoK2vGifmJ18hZVmVwKQW", found="LSbRVdCD4616ehoK2vGifmJ18hZVmVwKQW"),
        Example("DCWZmfq2GqfKvuHkbNGywWPqocvX23G8si", found="DCWZmfq2GqfKvuHkbNGywWPqocvX23G8si"),
        Example("THLgEUG789szZ5AnT3w8utvNqGwXv29WoH", found="THLgEUG789szZ5AnT3w8utvNqGwXv29WoH"),
        Example(
            "watch xpub661MyMwAqRbcFM7oswYMwnRmNYAdZc97qpLuXkj3jkZyRYNCTu1sc16JR1Xsy4BqsmLmcPomqD5"
            "fxGR1hyjQvrP6XpxfvLs7SmArgwaHgso",
            found="xpub661MyMwAqRbcFM7oswYMwnRmNYAdZc97qpLuXkj3jkZyRYNCTu1sc16JR1Xsy4BqsmLmcPomqD5"
            "fxGR1hyjQvrP6XpxfvLs7SmArgwaHgso",
        ),
    ),
    near_misses=(
        NearMiss("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", because="the check bytes are wrong"),
        NearMiss("3f2b8c1d9e4a7f6b5c8d1e2f3a4b5c6d7e8f9a1b", because="a commit's hash"),
        NearMiss("x1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", because="inside a longer word"),
    ),
)

XRP: Final = Detector(
    name="financial.ledger_xrp",
    category=FINANCIAL_ACCOUNT,
    gate=_BASE58_GATE,
    pattern=rf"r(?<![0-9A-Za-z].){_BASE58}{{24,34}}{_WORD_END}",
    validate=is_xrp_address,
    source="XRPL.org, Base58 Encodings (classic addresses)",
    examples=(
        Example(
            "from rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh.", found="rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
        ),
    ),
    near_misses=(
        NearMiss("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi", because="the check bytes are wrong"),
    ),
)

BECH32: Final = Detector(
    name="financial.ledger_bech32",
    category=FINANCIAL_ACCOUNT,
    gate=Needles(
        texts=("bc1", "tb1", "ltc1", "addr1", "cosmos1"),
        ignore_case=True,
        anchor="(?i:bc1|tb1|ltc1|addr1|cosmos1)(?i:[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{30})",
    ),
    pattern=r"(?:[a-z]{2,6}1[02-9ac-hj-np-z]{30,110}|[A-Z]{2,6}1[02-9AC-HJ-NP-Z]{30,110})"
    + _WORD_END,
    validate=has_bech32_checksum,
    word_start=True,
    source="BIP 173, BIP 350; CIP 19 (Cardano)",
    examples=(
        Example(
            "to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4,",
            found="bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        ),
        Example(
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            found="BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        ),
        Example(
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            found="bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ),
    ),
    near_misses=(
        NearMiss("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", because="the check is wrong"),
        NearMiss("Bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", because="of both cases"),
    ),
)

# All in one case, it is any number of twenty bytes: a contract's, a commit's.
_ETHEREUM_NEAR: Final = (
    r"(?i:ether|\beth\b|wallet|erc-?20|\busd[ct]\b|web3|metamask|crypto|polygon|\bbnb\b|0x-address"
    r"|(?:from|to|sender|recipient|owner|payer|payee|beneficiary|account)[\"' ]{0,3}(?:address)?[\"' :=]{1,4}\Z"
    r"|address[\"' :=]{1,4}\Z)"
)


def _settle_ethereum(text: str, start: int, end: int) -> tuple[int, int] | None:
    number = text[start + 2 : end]
    if number != number.lower() and number != number.upper():
        return (start, end) if has_eip55_case(number) else None
    if not any(map(str.isdigit, number)) or len(set(number)) < 6:
        return None  # the zero address and its like
    if not (text[:start].strip(" \"'") or text[end:].strip(" \"'")):
        return start, end  # nothing else stands there
    window = text[max(0, start - 48) : start]
    return (start, end) if compile_pattern(_ETHEREUM_NEAR).search(window) else None


ETHEREUM: Final = Detector(
    name="financial.ledger_ethereum",
    category=FINANCIAL_ACCOUNT,
    gate=Needles(texts=("0x", "0X"), anchor="0[xX][0-9A-Fa-f]{40}"),
    pattern=r"0[xX](?<![0-9A-Za-z]..)[0-9A-Fa-f]{40}" + _WORD_END,
    settle=_settle_ethereum,
    source="EIP-55 (mixed-case checksum address encoding)",
    examples=(
        Example(
            "sent to 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed.",
            found="0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        ),
        Example(
            "ETH wallet 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            found="0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ),
    ),
    near_misses=(
        NearMiss(
            "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", because="the capitals are not its own"
        ),
        NearMiss("code at 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", because="no ledger is near"),
        NearMiss("wallet 0x0000000000000000000000000000000000000000", because="nobody's"),
        NearMiss("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed00", because="longer than an address"),
    ),
)

_SOLANA_GATE, _SOLANA_PATTERN = labelled(
    "solana|solana address|solana wallet|sol address|sol wallet|spl token account|phantom wallet",
    _BASE58 + "{32,44}" + _WORD_END,
    digits=False,
)


def is_solana_address(text: str) -> bool:
    """Say whether `text` is 32 bytes in Base58; there is no checksum."""
    decoded = base58_bytes(text)
    return decoded is not None and len(decoded) == _KEY


SOLANA: Final = Detector(
    name="financial.ledger_solana",
    category=FINANCIAL_ACCOUNT,
    gate=_SOLANA_GATE,
    pattern=_SOLANA_PATTERN,
    labelled=True,
    validate=is_solana_address,
    source="Solana documentation, Terminology (account: an Ed25519 public key in Base58)",
    examples=(
        Example(
            "solana wallet: 7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV",
            found="7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV",
        ),
    ),
    near_misses=(
        NearMiss("7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV", because="no label is near"),
        NearMiss(
            "solana wallet zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", because="above 32 bytes"
        ),
    ),
)

PRIVATE_KEY: Final = Detector(
    name="credential.ledger_private_key",
    category=CREDENTIAL_PRIVATE_KEY,
    gate=_BASE58_GATE,
    pattern=(
        rf"(?:[59KLcTQ6](?<![0-9A-Za-z].)|[xyzt](?<![0-9A-Za-z].)prv){_BASE58}{{50,108}}{_WORD_END}"
    ),
    validate=is_private_key,
    source="Bitcoin, Wallet Import Format; BIP 32 (serialization); SLIP-0132",
    examples=(
        Example(
            "imported 5JRtfJfcY84BnjEHpSMkiemQHoSWg" + "F5gqPzm4175zmPLYNMRbYM ok",
            found="5JRtfJfcY84BnjEHpSMkiemQHoSWg" + "F5gqPzm4175zmPLYNMRbYM",
        ),
        Example(
            "key=Kyvs24yRrN94cqPfENvbxqgyo9" + "ybzD9gpcVwSFTs3xubFSrmnhk8;",
            found="Kyvs24yRrN94cqPfENvbxqgyo9" + "ybzD9gpcVwSFTs3xubFSrmnhk8",
        ),
        Example(
            "xprv9s21ZrQH143K2s3Lmv1MaeV2pWL9A9RGUbRJjNKSBR2"
            + "zYk33vMhd4CmpZpPbst3FU2tmhwgrATLDLpsDpKEs"
            "Aznw1peJ5244WuHcvsL4iBA",
            found="xprv9s21ZrQH143K2s3Lmv1MaeV2pWL9A9RGUbRJjNKSBR2"
            + "zYk33vMhd4CmpZpPbst3FU2tmhwgrATLDLps"
            "DpKEsAznw1peJ5244WuHcvsL4iBA",
        ),
    ),
    near_misses=(
        NearMiss(
            "5JRtfJfcY84BnjEHpSMkiemQHoSWgF5gqPzm4175zmPLYNMRbYN", because="the check is wrong"
        ),
        NearMiss("K" + "a" * 51, because="the check is wrong"),
    ),
)

DETECTORS: Final = (BASE58_ADDRESS, XRP, BECH32, ETHEREUM, SOLANA, PRIVATE_KEY)
