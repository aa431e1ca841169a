"""Authorization headers keep their scheme, and every credential is judged."""

from __future__ import annotations

import pytest

from formats.judges import Recorder
from jaeger_guard.formats.authorization import AUTHORIZATION


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("bearer  abc", "bearer  *"),
        ("Bearer", "Bearer"),
        ("", ""),
        ("token abc", "token *"),
        ("Bearer abc==", "Bearer *"),
        ("Unknown abc def", "*"),
        ("abc=def", "*"),
        ("Bearer abc=def, ghi", "Bearer *"),
        ('Token token="a", id=7', 'Token token="*", id=*'),
        (
            'Bearer a, Basic b, Digest realm="x", nonce=y',
            'Bearer *, Basic *, Digest realm="*", nonce=*',
        ),
        ('Digest username="a\\"b, c", uri="/x"', 'Digest username="*", uri="*"'),
        ('Digest username="cut off', 'Digest username="*'),
        ("SharedAccessSignature sr=x&sig=abc&se=1", "SharedAccessSignature sr=*"),
        ('Hawk id="a", junk, mac="b"', 'Hawk id="*"*mac="*"'),
    ],
)
def test_only_the_scheme_and_names_stay(text: str, rewritten: str) -> None:
    """Whatever the scheme's syntax, no credential stands where no judge was asked."""
    assert rewritten == AUTHORIZATION.rewrite(text, Recorder(instead="*"))
