"""A key ring in a directory: init, rotate, publish, destroy, and what is left afterwards."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from jaeger_guard import keys
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.published import PublicKeys, read_public_keys, signed_by
from jaeger_guard.keys.ring import DAY

SECRET = bytes(range(32))


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[tuple[str, dict[str, object]]]:
    return []


@pytest.fixture
def ring(tmp_path: Path, clock: Clock, told: list[tuple[str, dict[str, object]]]) -> keys.RoleRing:
    return keys.RoleRing(
        keys.KeyFiles(tmp_path / "keys", create=True),
        keys.SealingKey(SECRET),
        now=clock,
        record=lambda operation, about: told.append((operation, dict(about))),
    )


def states(ring: keys.RoleRing) -> list[tuple[int, str]]:
    return [(each.epoch, each.state.value) for each in ring.states()]


def published(ring: keys.RoleRing) -> PublicKeys:
    return read_public_keys(ring.publish("support"), "here")


def test_a_new_role_has_a_current_epoch_and_a_next(ring: keys.RoleRing) -> None:
    """What was just made can be published, and a policy can be compiled with it."""
    ring.init("support")
    assert states(ring) == [(1, "current"), (2, "next")]


def test_rotation_begins_the_next_epoch_at_once(ring: keys.RoleRing, clock: Clock) -> None:
    """After a rotation, what is written is for another key, and one more is ahead."""
    ring.init("support")
    for expected in ([(1, "past"), (2, "current"), (3, "next")],) * 1:
        ring.rotate("support")  # in the same second
        assert states(ring) == expected
    clock.seconds += 5
    ring.rotate("support")
    assert states(ring) == [(1, "past"), (2, "past"), (3, "current"), (4, "next")]
    assert [epoch.number for epoch in published(ring).epochs] == [3, 4]


def test_planned_rotation_lets_the_current_epoch_run(ring: keys.RoleRing, clock: Clock) -> None:
    """A job that runs daily keeps one epoch ahead, and ends none before its time."""
    ring.init("support", epoch_days=1)
    ring.rotate("support", planned=True)
    assert states(ring) == [(1, "current"), (2, "next")]
    clock.seconds += DAY
    ring.rotate("support", planned=True)
    assert states(ring) == [(1, "past"), (2, "current"), (3, "next")]
    clock.seconds += 9 * DAY  # the job didn't run
    ring.rotate("support", planned=True)
    assert states(ring)[-2:] == [(4, "current"), (5, "next")]


def test_epochs_follow_without_a_gap(ring: keys.RoleRing, clock: Clock) -> None:
    """At every moment there is exactly one current epoch."""
    ring.init("support")
    for _ in range(3):
        clock.seconds += 1000
        ring.rotate("support")
    epochs = published(ring).epochs
    assert epochs[0].ends == epochs[1].starts
    assert published(ring).at(clock.seconds) == epochs[0]
    assert published(ring).after(epochs[0]) == epochs[1]
    assert published(ring).after(epochs[1]) is None


def test_destroyed_key_is_gone_and_a_receipt_says_so(
    ring: keys.RoleRing, tmp_path: Path, told: list[tuple[str, dict[str, object]]]
) -> None:
    """No file holds the private key any more; the receipt is signed, and says what and by whom."""
    ring.init("support")
    ring.rotate("support")
    [fingerprint] = {each.fingerprint for each in ring.states() if each.epoch == 1}
    receipt = ring.destroy("support", 1, "ana")
    assert not (tmp_path / "keys" / "support.1.key").exists()
    assert [(key.role, key.epoch) for key in ring.role_keys()] == [("support", 2), ("support", 3)]
    kept = json.loads((tmp_path / "keys" / "support.1.destroyed.json").read_text())
    assert kept == receipt
    assert (receipt["epoch"], receipt["by"], receipt["public_key_fingerprint"]) == (
        1,
        "ana",
        fingerprint,
    )
    assert signed_by(kept) == published(ring).signer
    assert signed_by({**kept, "by": "bob"}) is None
    assert states(ring)[0] == (1, "destroyed")
    assert [operation for operation, _ in told] == ["init", "rotate", "destroy", "publish"]


def test_nothing_is_destroyed_twice_or_that_never_was(ring: keys.RoleRing) -> None:
    """A typing error in an epoch's number is told, and nothing happens."""
    ring.init("support")
    with pytest.raises(ConfigurationError, match="no epoch 7"):
        ring.destroy("support", 7, "ana")
    ring.destroy("support", 1, "ana")
    with pytest.raises(ConfigurationError, match="destroyed before"):
        ring.destroy("support", 1, "ana")


def test_rotation_passes_over_a_destroyed_epoch(ring: keys.RoleRing) -> None:
    """An epoch that was destroyed ahead of its time never becomes current."""
    ring.init("support")
    ring.destroy("support", 2, "ana")
    ring.rotate("support")
    assert states(ring) == [(1, "past"), (2, "destroyed"), (3, "current"), (4, "next")]


def test_files_are_their_owners_alone(ring: keys.RoleRing, tmp_path: Path) -> None:
    """Directory and files can be read by nobody else."""
    ring.init("support")
    for path in [tmp_path / "keys", *(tmp_path / "keys").iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("name", ["", "support.1.key", "signing.key", "support.json"])
def test_a_ring_that_is_open_to_others_is_refused(
    ring: keys.RoleRing, tmp_path: Path, name: str
) -> None:
    """A mode that lets others in is told, with the remedy, before anything is read."""
    ring.init("support")
    os.chmod(tmp_path / "keys" / name, 0o755 if not name else 0o644)
    with pytest.raises(ConfigurationError, match="Set its mode to 0"):
        keys.RoleRing(keys.KeyFiles(tmp_path / "keys"), keys.SealingKey(SECRET)).role_keys()
        ring.publish("support")


def test_private_keys_are_sealed(ring: keys.RoleRing, tmp_path: Path) -> None:
    """What lies in the files opens with what sealed it, and with nothing else."""
    ring.init("support")
    private = [key.private_key.private_bytes_raw() for key in ring.role_keys()]
    for path in (tmp_path / "keys").iterdir():
        content = path.read_bytes()
        assert not any(each in content for each in private)
    other = keys.RoleRing(keys.KeyFiles(tmp_path / "keys"), keys.SealingKey(bytes(32)))
    with pytest.raises(keys.WrongPassphraseError):
        other.role_keys()


def test_a_key_cannot_become_anothers(ring: keys.RoleRing, tmp_path: Path) -> None:
    """Role and epoch of a sealed key are authenticated."""
    ring.init("support")
    path = tmp_path / "keys" / "support.1.key"
    path.write_bytes(path.read_bytes().replace(b'"epoch": 1', b'"epoch": 2'))
    with pytest.raises(keys.WrongPassphraseError):
        keys.load_role_keys(path, keys.SealingKey(SECRET), "here")


def test_a_passphrase_seals(tmp_path: Path) -> None:
    """The passphrase is asked for once, opens what it sealed, and another one doesn't."""
    asked: list[None] = []

    def ask() -> str:
        asked.append(None)
        return "correct horse"

    ring = keys.RoleRing(keys.KeyFiles(tmp_path / "keys", create=True), keys.Passphrase(ask))
    ring.init("support")
    assert len(ring.role_keys()) == 2 and len(asked) == 1
    with pytest.raises(keys.WrongPassphraseError):
        keys.load_role_keys(
            tmp_path / "keys" / "support.1.key", keys.Passphrase(lambda: "battery"), "here"
        )
    [key] = keys.load_role_keys(
        tmp_path / "keys" / "support.1.key", keys.Passphrase(lambda: "correct horse"), "here"
    )
    assert (key.role, key.epoch) == ("support", 1)


def test_a_replaced_index_is_not_published(ring: keys.RoleRing, tmp_path: Path) -> None:
    """Who can write into the directory, but has no passphrase, gets no key of his own signed."""
    ring.init("support")
    mine = keys.RoleRing(keys.KeyFiles(tmp_path / "mine", create=True), keys.SealingKey(bytes(32)))
    mine.init("support")
    content = (tmp_path / "mine" / "support.json").read_bytes()
    (tmp_path / "keys" / "support.json").write_bytes(content)
    for operation in (ring.publish, ring.rotate):
        with pytest.raises(ConfigurationError, match="another key than this ring's"):
            operation("support")


def test_public_keys_cannot_be_changed(ring: keys.RoleRing) -> None:
    """A published file of which any character was changed is refused."""
    ring.init("support")
    content = ring.publish("support")
    assert read_public_keys(content, "here").role == "support"
    document = json.loads(content)
    document["epochs"][0]["ends"] += 1
    with pytest.raises(ConfigurationError, match="changed after it was signed"):
        read_public_keys(json.dumps(document).encode(), "here")


@pytest.mark.parametrize("role", ["", "Support", "../x", "signing", "a" * 33, "a.b"])
def test_a_role_has_a_name_that_is_no_path(ring: keys.RoleRing, role: str) -> None:
    """A role's name can lead nowhere, and take nobody's place."""
    with pytest.raises(ConfigurationError, match="a role's name"):
        ring.init(role)


def test_a_role_is_made_once(ring: keys.RoleRing) -> None:
    """Making a role again doesn't take its keys away."""
    ring.init("support")
    with pytest.raises(ConfigurationError, match="is there already"):
        ring.init("support")


def test_nothing_told_holds_a_key(
    ring: keys.RoleRing, told: list[tuple[str, dict[str, object]]]
) -> None:
    """What is recorded of an operation, and the reprs of everything here, hold no key."""
    ring.init("support")
    secrets = [key.private_key.private_bytes_raw() for key in ring.role_keys()]
    texts = repr((told, ring, ring.role_keys(), keys.SealingKey(SECRET), ring.states()))
    for secret in (*secrets, SECRET):
        assert repr(secret) not in texts and secret.hex() not in texts
