"""Tokens and wraps, taken apart and opened."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jaeger_guard import keys
from jaeger_guard.categories import ALL, CONTACT_EMAIL
from jaeger_guard.keys.cryptographic import hpke_suite
from jaeger_guard.keys.token import (
    Token,
    authenticated,
    bucket,
    category_code,
    find_tokens,
    pad,
    read_token,
    unpad,
    write_token,
)
from jaeger_guard.keys.wraps import Wrap, wrap_info, write_wraps

KEY_ID = bytes(range(8))
DATA_KEY = bytes(range(32))
SUPPORT = keys.RoleKey("support", 1, X25519PrivateKey.from_private_bytes(bytes(31) + b"1"))
FRAUD = keys.RoleKey("fraud", 1, X25519PrivateKey.from_private_bytes(bytes(31) + b"2"))


def sealed(value: str, place: keys.Place) -> str:
    """Seal a value by the description in docs/encryption.md alone."""
    nonce = os.urandom(12)
    beside = authenticated(KEY_ID, CONTACT_EMAIL, place)
    data = AESGCM(DATA_KEY).encrypt(nonce, pad(value.encode()), beside)
    return write_token(Token(KEY_ID, category_code(CONTACT_EMAIL), nonce, data))


def wraps_for(role: keys.RoleKey) -> str:
    info = wrap_info(KEY_ID, role.role, role.epoch)
    data = hpke_suite().encrypt(DATA_KEY, role.private_key.public_key(), info)
    return write_wraps([Wrap(KEY_ID, role.role, role.epoch, data)])


def test_token_opens_with_the_roles_key() -> None:
    """Who holds the role's private key reads the value and its category."""
    opened = keys.open_field(sealed("ana@example.com", "user"), wraps_for(SUPPORT), "user", SUPPORT)
    assert opened.value == "ana@example.com"
    assert (opened.category, opened.role, opened.epoch) == (CONTACT_EMAIL, "support", 1)
    assert "ana" not in repr(opened)


def test_another_role_is_told_so() -> None:
    """A role that the field wasn't written for learns that, and nothing else."""
    with pytest.raises(keys.WrongRoleError):
        keys.open_field(sealed("ana", "user"), wraps_for(SUPPORT), "user", FRAUD)


def test_destroyed_epoch_is_told_so() -> None:
    """Where the key of the wrap's epoch isn't held any more, that is what is said."""
    later = keys.RoleKey("support", 2, SUPPORT.private_key)
    with pytest.raises(keys.DestroyedError, match="support, epoch 1"):
        keys.open_field(sealed("ana", "user"), wraps_for(SUPPORT), "user", later)


@pytest.mark.parametrize("place", ["other", ("user", "email"), ("user", 0), ("us", "er")])
def test_moved_token_is_refused(place: keys.Place) -> None:
    """A token opens where it was written for, and nowhere else."""
    with pytest.raises(keys.TamperedError):
        keys.open_field(sealed("ana", "user"), wraps_for(SUPPORT), place, SUPPORT)


def test_nested_place_is_the_path() -> None:
    """A nested leaf's token opens with its path; an index and its decimal are one."""
    token = sealed("ana", ("user", "mails", 0))
    assert (
        keys.open_field(token, wraps_for(SUPPORT), ["user", "mails", "0"], SUPPORT).value == "ana"
    )


def test_every_byte_counts() -> None:
    """No byte of a token or of its wrap can be changed."""
    token, wraps = sealed("ana@example.com", "user"), wraps_for(SUPPORT)
    for text, other, is_token in ((token, wraps, True), (wraps, token, False)):
        for index, character in enumerate(text):
            changed = text[:index] + ("A" if character != "A" else "B") + text[index + 1 :]
            with pytest.raises(keys.FieldError):
                if is_token:
                    keys.open_field(changed, other, "user", SUPPORT)
                else:
                    keys.open_field(other, changed, "user", SUPPORT)


def test_lengths_in_a_bucket_are_equal() -> None:
    """Tokens tell of a value's length no more than its bucket; up to 31 bytes take 98 characters."""
    for lengths, size in ((range(32), 98), (range(32, 64), 140), (range(64, 128), 226)):
        assert {len(sealed("x" * length, "user")) for length in lengths} == {size}
    assert [bucket(length) for length in (0, 31, 32, 4095, 4096, 8191, 8192)] == [
        32, 32, 64, 4096, 8192, 8192, 12288,
    ]  # fmt: skip


def test_padding_comes_off_whatever_the_value_ends_with() -> None:
    """Zeros and the padding's own sign at a value's end stay."""
    for value in (b"", b"\0", b"\x80", b"a\x80\0", b"x" * 31, b"\x80" * 64):
        assert unpad(pad(value)) == value


def test_categories_have_codes_of_their_own() -> None:
    """No two categories are one in a token."""
    assert len({category_code(category) for category in ALL}) == len(ALL)


def test_tokens_are_found_in_a_text() -> None:
    """A token is found beside words and punctuation; what only begins like one isn't."""
    token = sealed("ana", "user")
    text = f"to {token}, ({token}). jg1.short x{token}"
    assert [text[start:end] for start, end in find_tokens(text)] == [token, token]
    assert read_token("jg1." + "A" * 94) is not None
    assert read_token("jg1." + "A" * 95) is None


def test_no_key_in_a_repr() -> None:
    """What holds a key shows none of it."""
    wraps = keys.read_wraps(wraps_for(SUPPORT))
    assert "sealed" not in repr(wraps[0])
    assert "private" not in repr(SUPPORT)


def test_what_is_no_text_is_tampered_with() -> None:
    """Whoever has a public key can seal bytes that are no UTF-8: that is told, as any forgery is."""
    beside = authenticated(KEY_ID, CONTACT_EMAIL, "m")
    nonce = os.urandom(12)
    sealed = AESGCM(DATA_KEY).encrypt(nonce, pad(b"\xff\xfe"), beside)
    token = write_token(Token(KEY_ID, category_code(CONTACT_EMAIL), nonce, sealed))
    wrapped = hpke_suite().encrypt(
        DATA_KEY, SUPPORT.private_key.public_key(), wrap_info(KEY_ID, "support", 1)
    )
    with pytest.raises(keys.TamperedError):
        keys.open_field(token, write_wraps([Wrap(KEY_ID, "support", 1, wrapped)]), "m", SUPPORT)
