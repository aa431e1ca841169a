"""Wraps, pseudonyms and tokens beside other implementations, and data keys over processes."""

from __future__ import annotations

import hashlib
import hmac
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey

from jaeger_guard import keys
from jaeger_guard.categories import ALL, CONTACT_EMAIL, IDENTITY_USER
from jaeger_guard.keys.datakeys import DataKey, issue, sealed_here
from jaeger_guard.keys.opening import RoleKey, open_field
from jaeger_guard.keys.pseudonyms import Domains, Pseudonymizer, _Hmac
from jaeger_guard.keys.published import Epoch
from jaeger_guard.keys.wraps import Wrap, read_wraps, wrap_info, write_wraps

SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES256_GCM)
PRIVATE = X25519PrivateKey.generate()
SUPPORT = RoleKey("support", 3, PRIVATE)
EPOCH = Epoch(3, 0, 2**40, PRIVATE.public_key().public_bytes_raw())
KEY = b"0123456789abcdef0123456789abcdef"


def data_key() -> DataKey:
    return issue([("support", EPOCH)], 0)


def test_another_hpke_takes_out_what_we_wrapped() -> None:
    """A wrap of ours opens with a second implementation of RFC 9180, and the data key in it opens tokens."""
    key = data_key()
    [wrap] = read_wraps(key.wraps)
    theirs = KEMKey.from_pyca_cryptography_key(PRIVATE)
    info = wrap_info(wrap.key_id, "support", 3)
    context = SUITE.create_recipient_context(wrap.sealed[:32], theirs, info=info)
    secret = context.open(wrap.sealed[32:])
    assert secret == SUPPORT.unwrap(wrap)


def test_we_take_out_what_another_hpke_wrapped() -> None:
    """A wrap that a second implementation made opens with ours, and another epoch's info doesn't."""
    theirs = KEMKey.from_pyca_cryptography_key(PRIVATE.public_key())
    enc, context = SUITE.create_sender_context(theirs, info=wrap_info(b"k" * 8, "support", 3))
    sealed = enc + context.seal(KEY)
    assert SUPPORT.unwrap(Wrap(b"k" * 8, "support", 3, sealed)) == KEY
    with pytest.raises(keys.TamperedError):
        RoleKey("support", 4, PRIVATE).unwrap(Wrap(b"k" * 8, "support", 4, sealed))


@given(
    text=st.text(max_size=300),
    category=st.sampled_from(ALL),
    place=st.one_of(
        st.text(max_size=20),
        st.lists(st.one_of(st.text(max_size=5), st.integers(0, 9)), min_size=2, max_size=4),
    ),
)
@settings(deadline=None, max_examples=60)
def test_whatever_is_sealed_opens_again(
    text: str, category: str, place: str | list[str | int]
) -> None:
    """Any text, in any category, at any place comes back from its token, which its process knows."""
    key = data_key()
    token = key.seal(text, category, place)
    opened = open_field(token, key.wraps, place, SUPPORT)
    assert (opened.value, opened.category) == (text, category)
    assert sealed_here(token, place) is key


@given(st.lists(st.text(max_size=3), min_size=1, max_size=4), st.data())
@settings(deadline=None, max_examples=60)
def test_no_two_places_are_one(place: list[str], data: st.DataObject) -> None:
    """A token opens at the place it was sealed for, and at no other, however the parts are cut."""
    other = data.draw(st.lists(st.text(max_size=3), min_size=1, max_size=4))
    key = data_key()
    token = key.seal("x", CONTACT_EMAIL, place)
    assert (sealed_here(token, other) is key) == (place == other)


# RFC 4231, section 4: key, data, HMAC-SHA-256.
RFC_4231 = [
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
]


@pytest.mark.parametrize(("key", "data", "digest"), RFC_4231)
def test_hmac_known_answers(key: bytes, data: bytes, digest: str) -> None:
    """The HMAC that is computed in two prepared halves is that of RFC 4231."""
    assert _Hmac(key).digest(data).hex() == digest


def test_pseudonyms_are_the_collectors() -> None:
    """In the Collector's mode a pseudonym is hex HMAC-SHA-256 over the text, whatever its category."""
    made = Pseudonymizer(KEY, as_collector=True)
    text = "ana@example.com"
    expected = hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()
    assert made.pseudonym(text, CONTACT_EMAIL) == made.pseudonym(text, IDENTITY_USER) == expected


def test_pseudonyms_are_stable_and_apart() -> None:
    """Equal within a category, purpose, epoch and key; different wherever one of these is."""
    clock = [0.0]

    def make(key: bytes = KEY, **options: object) -> Pseudonymizer:
        return Pseudonymizer(key, now=lambda: clock[0], **options)  # type: ignore[arg-type]

    base = make()
    first = base.pseudonym("ana", CONTACT_EMAIL)
    assert first == make().pseudonym("ana", CONTACT_EMAIL)
    others = [
        base.pseudonym("bob", CONTACT_EMAIL),
        base.pseudonym("ana", IDENTITY_USER),
        base.pseudonym("ana", CONTACT_EMAIL, "fraud"),
        make(KEY[::-1]).pseudonym("ana", CONTACT_EMAIL),
        make(purpose="fraud").pseudonym("ana", IDENTITY_USER),
    ]
    clock[0] += 7 * 86_400
    others.append(base.pseudonym("ana", CONTACT_EMAIL))
    assert len({first, *others}) == len(others) + 1
    assert base.is_own(first)
    assert not make(KEY[::-1]).is_own(first)
    assert not base.is_own(first[:-1] + ("A" if first[-1] != "A" else "B"))


def test_joined_categories_share_pseudonyms() -> None:
    """Two categories can be joined where policy says so, and a third can't."""
    made = Pseudonymizer(KEY, domains=Domains((("customer", (CONTACT_EMAIL, IDENTITY_USER)),)))
    assert made.pseudonym("ana", CONTACT_EMAIL) == made.pseudonym("ana", IDENTITY_USER)
    assert made.pseudonym("ana", CONTACT_EMAIL) != made.pseudonym("ana", "person.name")


def test_wraps_are_a_hundred_and_seven_characters() -> None:
    """A role costs 107 characters of wrap on a span, and its name beside it."""
    [entry] = data_key().wraps.split(" ")
    assert len(entry.rpartition(".")[2]) == 107
    assert read_wraps(write_wraps(read_wraps(entry))) == read_wraps(entry)


FORKING = """
import os, sys
from jaeger_guard.keys.service import FieldKeys, Reader
from jaeger_guard.keys.published import Epoch, PublicKeys
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
class File:
    role = "support"
    public = PublicKeys("support", (Epoch(1, 0, 2**40, X25519PrivateKey.generate().public_key()
        .public_bytes_raw()),), b"")
    def keys(self): return self.public
keys = FieldKeys({"support": Reader(("*",), File())})
def tokens(count):
    return "".join(keys.encrypt("x", "contact.email", "a", ()).token + "\\n" for _ in range(count))
out = tokens(300)
pipes = []
for _ in range(4):
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, tokens(300).encode())
        os._exit(0)
    os.close(write)
    pipes.append(read)
out += tokens(300)
for read in pipes:
    with os.fdopen(read, "rb") as file:
        out += file.read().decode()
    os.wait()
print(out)
"""


def test_no_nonce_repeats_over_forked_workers() -> None:
    """Each child seals under a key of its own, and no key sees a nonce twice."""
    output = subprocess.run(
        [sys.executable, "-c", FORKING], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    from jaeger_guard.keys.token import read_token

    tokens = [token for line in output.split() if (token := read_token(line)) is not None]
    assert len(tokens) == 6 * 300
    assert len({token.key_id for token in tokens}) == 5  # the parent's, and one for each child
    assert len({(token.key_id, token.nonce) for token in tokens}) == len(tokens)


def test_a_grandchild_with_the_parents_id_seals_under_a_key_of_its_own() -> None:
    """Ids of processes come again, and begin at 1 in each namespace: a fork is known besides."""
    script = """
import os
from jaeger_guard.keys.datakeys import DataKey
from jaeger_guard.keys.published import Epoch
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
public = X25519PrivateKey.generate().public_key().public_bytes_raw()
key = DataKey([("support", Epoch(1, 0, 2**40, public))])
mine = os.getpid()
os.getpid = lambda: mine  # as in a namespace of its own
assert key.serves(0)
if os.fork() == 0:
    os._exit(1 if key.serves(0) else 0)
_, status = os.wait()
assert key.serves(0)
print(os.waitstatus_to_exitcode(status))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "0\n"


def test_a_key_seals_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the cap, and after its epoch, a data key serves no more."""
    monkeypatch.setattr("jaeger_guard.keys.datakeys.MOST_MESSAGES", 3)
    key = DataKey([("support", EPOCH)])
    for _ in range(3):
        assert key.serves(0)
        key.seal("x", CONTACT_EMAIL, "a")
    assert not key.serves(0)
    assert not DataKey([("support", EPOCH)]).serves(2**40)


def test_a_past_epochs_keys_are_forgotten() -> None:
    """Once its epoch is over, a data key opens nothing in this process any more."""
    short = Epoch(1, 0, 100, EPOCH.public_key)
    key = issue([("support", short)], 50)
    token = key.seal("x", CONTACT_EMAIL, "a")
    assert sealed_here(token, "a") is key
    issue([("support", EPOCH)], 200)
    assert sealed_here(token, "a") is None


def test_a_data_key_stays_in_its_process() -> None:
    """It can't be pickled, and shows no more than its id."""
    import pickle

    key = data_key()
    with pytest.raises(TypeError):
        pickle.dumps(key)
    assert repr(key) == f"DataKey({key.id.hex()})"
    assert os.getpid() == key._process
