"""Detect hashes of passwords (`credential.password`): who has one can try passwords at leisure."""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CREDENTIAL_PASSWORD
from jaeger_guard.detectors.detector import Detector, Example, NearMiss, Needles

_CRYPT: Final = "./0-9A-Za-z"

PASSWORD_HASH: Final = Detector(
    name="credential.password_hash",
    category=CREDENTIAL_PASSWORD,
    gate=Needles(
        texts=("$2", "$argon2", "$scrypt", "$5$", "$6$", "$y$", "$1$", "$apr1$", "pbkdf2")
    ),
    pattern=(
        rf"(?:\$2[abxy]?\$[0-9]{{2}}\$(?:[{_CRYPT}]{{53}}(?![/0-9A-Za-z])|[{_CRYPT}]{{8,52}}\Z)"
        r"|\$argon2(?:id|i|d)\$(?:v=[0-9]{1,3}\$)?m=[0-9]{1,9},t=[0-9]{1,9},p=[0-9]{1,9}"
        r"\$[A-Za-z0-9+/]{4,128}(?:\$[A-Za-z0-9+/]{0,512})?"
        r"|\$scrypt\$ln=[0-9]{1,3},r=[0-9]{1,3},p=[0-9]{1,3}\$[A-Za-z0-9+/.]{4,128}"
        r"(?:\$[A-Za-z0-9+/.]{0,512})?"
        rf"|\$[56]\$(?:rounds=[0-9]{{1,9}}\$)?[{_CRYPT}]{{1,16}}\$[{_CRYPT}]{{16,86}}"
        rf"|\$y\$[{_CRYPT}]{{1,16}}\$[{_CRYPT}]{{1,86}}\$[{_CRYPT}]{{16,43}}"
        rf"|\$(?:1|apr1)\$[{_CRYPT}]{{1,8}}\$[{_CRYPT}]{{22}}"
        r"|pbkdf2_sha(?:1|256|512)\$[0-9]{1,9}\$[^\s$]{1,64}\$[A-Za-z0-9+/]{16,88}={0,2}"
        r"|pbkdf2:sha(?:1|256|512):[0-9]{1,9}\$[A-Za-z0-9]{1,64}\$[0-9a-f]{40,128}"
        rf"|\$pbkdf2-sha(?:1|256|512)\$[0-9]{{1,9}}\$[{_CRYPT}]{{1,128}}\$[{_CRYPT}]{{16,128}})"
    ),
    source="crypt(5); RFC 9106 with the PHC string format; Django and Werkzeug password hashers",
    examples=(
        Example(
            "hash $2b$12$" + "R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            found="$2b$12$" + "R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        ),
        Example(
            "'$argon2id$v=19$m=65536,t=3,p=4$" + "c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWRWJTmaaJObG'",
            found="$argon2id$v=19$m=65536,t=3,p=4$"
            + "c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWRWJTmaaJObG",
        ),
        Example(
            "pbkdf2_sha256$600000$" + "seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=",
            found="pbkdf2_sha256$600000$" + "seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=",
        ),
        Example(
            "root:$6$saltsalt$" + "qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8:19000",
            found="$6$saltsalt$" + "qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8",
        ),
    ),
    near_misses=(
        NearMiss("WHERE a = $1 AND b = $2", because="placeholders"),
        NearMiss("$2b$12$short here", because="too short"),
        NearMiss("uses pbkdf2_sha256 today", because="a method's name"),
    ),
)

_HEX: Final = "0f1e2d3c4b5a69788796" + "a5b4c3d2e1f0"
_MIXED: Final = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"


def _hash(
    name: str,
    needles: tuple[str, ...],
    pattern: str,
    *,
    source: str,
    example: Example,
    near_miss: NearMiss,
    word_start: bool = False,
    anchor: str = "",
) -> Detector:
    return Detector(
        name=f"credential.{name}",
        category=CREDENTIAL_PASSWORD,
        gate=Needles(texts=needles, anchor=anchor),
        pattern=pattern,
        word_start=word_start,
        source=source,
        examples=(example,),
        near_misses=(near_miss,),
    )


OF_STORES: Final = (
    _hash(
        "hash_ldap",
        ("{SHA", "{SSHA", "{SMD5}", "{MD5}", "{CRYPT}", "{PBKDF2"),
        r"\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT|PBKDF2(?:-SHA(?:1|256|512))?)\}"
        r"(?P<value>[A-Za-z0-9+/.$,=]{20,200})",
        source="RFC 2307 section 5.3 (userPassword)",
        example=Example(f"userPassword: {{SSHA}}{_MIXED[:38]}==;", found=_MIXED[:38] + "=="),
        near_miss=NearMiss("the scheme {SSHA} is used", because="no hash follows"),
    ),
    _hash(
        "hash_scram",
        ("SCRAM-SHA-",),
        r"SCRAM-SHA-(?:1|256|512)\$[0-9]{3,7}:[A-Za-z0-9+/=]{8,88}\$[A-Za-z0-9+/=]{20,88}:"
        r"[A-Za-z0-9+/=]{20,88}",
        source="RFC 5803; PostgreSQL documentation, pg_authid (rolpassword)",
        example=Example(
            f"rolpassword SCRAM-SHA-256$4096:{_MIXED[:22]}==${_MIXED}abc=:{_MIXED}abc= set",
            found=f"SCRAM-SHA-256$4096:{_MIXED[:22]}==${_MIXED}abc=:{_MIXED}abc=",
        ),
        near_miss=NearMiss("auth by SCRAM-SHA-256 failed", because="a mechanism's name"),
        word_start=True,
    ),
    _hash(
        "hash_mysql",
        ("*", "$A$"),
        r"(?:(?<![\w*])\*[0-9A-F]{40}(?![0-9A-Za-z])|\$A\$[0-9A-Fa-f]{3}\$[^\s'\"]{40,80})",
        source="MySQL reference manual, section 8.4.1 (native and caching_sha2 passwords)",
        example=Example(
            f"AS '*{_HEX.upper()}{_HEX[:8].upper()}'", found=f"*{_HEX.upper()}{_HEX[:8].upper()}"
        ),
        near_miss=NearMiss("rated *0F1E2D stars today", because="too short"),
        anchor=r"\*[0-9A-F]{40}|\$A\$[0-9A-Fa-f]{3}\$",
    ),
    _hash(
        "hash_windows",
        (":aad3b435b51404eeaad3b435b51404ee:", ":AAD3B435B51404EEAAD3B435B51404EE:"),
        r":(?P<value>(?i:aad3b435b51404eeaad3b435b51404ee):[0-9a-fA-F]{32})(?![0-9a-fA-F])",
        source="[MS-SAMR] section 2.2.10 (LM and NT hashes), as pwdump writes them",
        example=Example(
            "Administrator:500:aad3b435b51404eeaad3b435b51404ee:" + f"{_HEX}:::",
            found="aad3b435b51404eeaad3b435b51404ee:" + _HEX,
        ),
        near_miss=NearMiss("x:aad3b435b51404eeaad3b435b51404ee:", because="an empty LM hash alone"),
    ),
    _hash(
        "hash_portable",
        ("scrypt:", "$P$", "$H$", "$S$", "$8$", "$9$", "$sha1$", "$bcrypt-sha256$"),
        r"(?:scrypt:[0-9]{1,9}:[0-9]{1,3}:[0-9]{1,3}\$[^\s$]{1,64}\$[0-9a-f]{64,128}"
        r"|\$[PH]\$[./0-9A-Za-z]{31}(?![./0-9A-Za-z])|\$S\$[./0-9A-Za-z]{52}(?![./0-9A-Za-z])"
        r"|\$[89]\$[./0-9A-Za-z]{14}\$[./0-9A-Za-z]{43}|\$sha1\$[0-9]{1,9}\$[./0-9A-Za-z]{4,64}"
        r"\$[./0-9A-Za-z]{28}|\$bcrypt-sha256\$v=2,t=2b,r=[0-9]{1,2}\$[./0-9A-Za-z]{22}\$[./0-9A-Za-z]{31})",
        source="Werkzeug, phpass, Drupal, Cisco IOS types 8 and 9, crypt(5), passlib",
        example=Example(
            f"hash scrypt:32768:8:1${_MIXED[:16]}${_HEX}{_HEX}{_HEX}{_HEX}.",
            found=f"scrypt:32768:8:1${_MIXED[:16]}${_HEX}{_HEX}{_HEX}{_HEX}",
        ),
        near_miss=NearMiss("scrypt:32768:8:1 is the method", because="no hash follows"),
    ),
)

DETECTORS: Final = (PASSWORD_HASH, *OF_STORES)
