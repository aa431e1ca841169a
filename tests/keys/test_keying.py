"""What a policy with keys refuses when it is compiled, and what it takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jaeger_guard import Policy, Pseudonyms, Role, Rule
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import compile_policy, load_policy
from keyed import Keyed, role_table, rule

SUPPORT = role_table("support", "contact.*")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Keyed:
    return Keyed.create(tmp_path_factory.mktemp("keyed"), "support", "fraud")


def compiled(path: str) -> object:
    return compile_policy(load_policy(path, "test"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (rule(category="contact.*", action="encrypt"), "the policy has no roles"),
        (SUPPORT + rule(category="person.name", action="encrypt"), "encrypted for nobody"),
        (SUPPORT + rule(category="*", action="encrypt"), "would weaken credential"),
        (SUPPORT + rule(key="user.name", action="encrypt"), "encrypted for nobody"),
        (
            SUPPORT + rule(category="contact.*", action="encrypt", **{"for": ["sales"]}),
            "there is no role 'sales'",
        ),
        (
            SUPPORT
            + role_table("fraud", "financial.*")
            + rule(category="contact.*", action="encrypt", **{"for": ["fraud"]}),
            "no category of the role fraud",
        ),
        (
            role_table("support", "*") + rule(category="financial.card_security", action="encrypt"),
            "PCI DSS 3.3.1",
        ),
        (
            role_table("support", "*") + rule(category="financial.card_track", action="encrypt"),
            "PCI DSS 3.3.1",
        ),
        (rule(category="identity.user", action="pseudonymize"), "a pseudonym needs a key"),
        (
            SUPPORT + rule(category="contact.*", action="encrypt", search=True),
            "a pseudonym needs a key",
        ),
        ("[pseudonyms]\nkey_file = 'missing.key'\n", "can't be read"),
        ("[pseudonyms]\npurpose = 'x'\n", "there is no key"),
        ("[pseudonyms]\nkey_variable = 'NO_SUCH_VARIABLE_HERE'\n", "no 32 bytes as base64"),
        (SUPPORT.replace("support-keys", "missing"), "can't be read"),
        (SUPPORT.replace("support-keys", "fraud-keys"), "of another role than support"),
        (SUPPORT + f"signer = '{'A' * 43}'\n", "signed by somebody else"),
        (SUPPORT + "signer = 'x'\n", "no public key"),
    ],
)
def test_what_cannot_work_is_refused(keyed: Keyed, text: str, says: str) -> None:
    """What could not be read, joined or kept is told when the policy is compiled, with a remedy."""
    with pytest.raises(ConfigurationError) as caught:
        compiled(keyed.policy(text))
    assert says in str(caught.value)
    assert caught.value.remedy


def test_an_epoch_without_a_next_is_refused(tmp_path: Path) -> None:
    """A file whose last epoch is current, or past, is refused: values would soon be redacted."""
    keyed = Keyed.create(tmp_path, "support")
    keyed.ring.destroy("support", 2, "test")
    keyed.publish("support")
    with pytest.raises(ConfigurationError, match="has no next one"):
        compiled(keyed.policy(SUPPORT))
    keyed.ring.rotate("support")
    keyed.publish("support")
    compiled(keyed.policy(SUPPORT))
    keyed.ring.destroy("support", 3, "test")
    keyed.publish("support")
    with pytest.raises(ConfigurationError, match="no epoch of the role support is current"):
        compiled(keyed.policy(SUPPORT))


def test_changed_public_keys_are_refused(tmp_path: Path) -> None:
    """Nobody slips another public key in."""
    keyed = Keyed.create(tmp_path, "support")
    path = tmp_path / "support-keys.json"
    path.write_text(path.read_text().replace('"epoch": 1', '"epoch": 9'))
    with pytest.raises(ConfigurationError, match="changed after it was signed"):
        compiled(keyed.policy(SUPPORT))


def test_presets_take_roles(keyed: Keyed) -> None:
    """The policy of the design compiles: on gdpr, by category and by key, with a wildcard, too."""
    text = 'extends = ["baseline", "gdpr"]\n' + SUPPORT
    for words in (
        {"category": "contact.*"},
        {"key": "user.*"},
        {"category": "contact.email", "surface": "event"},
    ):
        compiled(keyed.policy(text + rule(**words, action="encrypt", **{"for": ["support"]})))


def test_a_wildcard_leaves_out_what_is_never_stored(keyed: Keyed) -> None:
    """A rule for all of financial encrypts cards, and redacts verification codes and track data."""
    from jaeger_guard.scrubber import Scrubber

    path = keyed.policy(
        role_table("fraud", "financial.*") + rule(category="financial.*", action="encrypt")
    )
    scrubber = Scrubber(compile_policy(load_policy(path, "test")))
    value, _ = scrubber.value("note", "card 4111 1111 1111 1111, cvv 123")
    assert "jg1." in value and "[REDACTED:financial.card_security]" in value


def test_objects_do_what_files_do(keyed: Keyed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy in Python has roles and pseudonyms, and shows no key."""
    monkeypatch.setenv("SHOP_KEY", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
    sources = (
        Pseudonyms(key=lambda: b"A" * 32),
        Pseudonyms(key=b"A" * 32),
        Pseudonyms(key_variable="SHOP_KEY"),
        Pseudonyms(key="A" * 40, mode="collector"),
    )
    for pseudonyms in sources:
        policy = Policy(
            rules=(
                Rule(category="contact.email", action="encrypt", roles=["support"], search=True),
                Rule(category="identity.user", action="pseudonymize", purpose="fraud"),
            ),
            roles={
                "support": Role(
                    categories=["contact.*"], public_keys=keyed.directory / "support-keys.json"
                )
            },
            pseudonyms=pseudonyms,
        )
        made = compile_policy(policy)
        assert made.keys is not None and made.keys.pseudonyms is not None
        assert "AAAA" not in repr((policy, made, made.keys, made.keys.pseudonyms))


def test_digest_knows_who_may_read_and_no_key(tmp_path: Path, keyed: Keyed) -> None:
    """The policy's digest changes with who may read, and not with where files lie or with the key."""
    other = Keyed.create(tmp_path, "support")
    text = SUPPORT + rule(category="contact.*", action="encrypt")
    digests = [
        compile_policy(load_policy(each.policy(text), "test")).digest for each in (keyed, other)
    ]
    assert digests[0] == digests[1]
    wider = role_table("support", "contact.*", "person.*") + rule(
        category="contact.*", action="encrypt"
    )
    assert compile_policy(load_policy(keyed.policy(wider), "test")).digest != digests[0]


def test_key_file_is_its_owners_alone(tmp_path: Path, keyed: Keyed) -> None:
    """A key of pseudonyms that others may read is refused."""
    path = keyed.directory / "open.key"
    path.write_text("A" * 43 + "=\n")
    os.chmod(path, 0o644)
    with pytest.raises(ConfigurationError, match="Set its mode to 0600"):
        compiled(keyed.policy("[pseudonyms]\nkey_file = 'open.key'\n"))
