"""Detect passwords among the arguments of commands that a text quotes (`credential.password`).

What a process was started with is a command line, and its own format reads it. Here a message, a log
line or an exception tells of a command: `Command 'mysql -uroot -pS' returned 1`. The program has to be
named, and its manual has to say that the option takes a password; `-p S` of an unknown program counts
only where S can't be a port, a path or a name.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import CREDENTIAL_PASSWORD
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    NearMiss,
    Needles,
    compile_pattern,
    holds_markers_only,
)
from jaeger_guard.detectors.placeholders import is_placeholder

# What stands between the program and the option: other arguments, of the same command.
_OTHERS: Final = r"[^\n|;&]{0,160}?"
_VALUE: Final = r"(?P<value>[^\s\"'|;&<>]{1,128})"
_QUOTE: Final = r"\\?[\"']?"


def _settle(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Leave out a sentence's punctuation; a placeholder, a prompt and a further option are none."""
    value = text[start:end]
    if holds_markers_only(value):
        return None
    value = value.rstrip(".,:)\\]")
    if not value or value.startswith(("-", "$", "<", "{", "%")):
        return None
    return None if is_placeholder(value) else (start, start + len(value))


def _option(
    name: str,
    programs: tuple[str, ...],
    option: str,
    *,
    source: str,
    example: Example,
    near_misses: tuple[NearMiss, ...],
) -> Detector:
    """Make the detector for an option of some programs.

    Args:
        programs: Their names, as needles; each may go on with letters and dashes (`mysqldump`).
        option: Source of a pattern for the option, up to where its value begins.
    """
    return Detector(
        name=f"credential.{name}",
        category=CREDENTIAL_PASSWORD,
        gate=Needles(texts=programs),
        pattern=(
            rf"(?:{'|'.join(programs)})(?![./:@])[\w\-]{{0,16}}(?:\.exe)?[\"']?"
            rf"(?=\s){_OTHERS}\s{option}{_VALUE}"
        ),
        settle=_settle,
        word_start=True,
        source=source,
        examples=(example,),
        near_misses=near_misses,
    )


ATTACHED: Final = _option(
    "command_attached",
    ("mysql", "mariadb"),
    rf"-p{_QUOTE}",
    source="MySQL reference manual, section 6.2.3: -p takes its value only where it follows at once",
    example=Example("Command 'mysqldump -u root -pXy9hunter2 shop' failed", found="Xy9hunter2"),
    near_misses=(
        NearMiss("mysql -u root -p shop", because="the password is asked for"),
        NearMiss("mysql -P 3306 -h db", because="a port"),
        NearMiss("mysql -p$PASSWORD shop", because="a variable"),
    ),
)

SEPARATE: Final = _option(
    "command_separate",
    ("sshpass", "mongo", "docker login", "podman login", "helm registry login", "az login"),
    rf"-p(?:\s{{1,4}}|=)?{_QUOTE}",
    source="sshpass(1); mongosh options; docker login; az login",
    example=Example("ran: sshpass -p Xy9hunter2 ssh host", found="Xy9hunter2"),
    near_misses=(
        NearMiss("docker run -p 8080:80 nginx", because="a port"),
        NearMiss("mongosh --port 27017 shop", because="a port"),
    ),
)

USER_AND_PASSWORD: Final = _option(
    "command_user_and_password",
    ("curl", "wget", "http ", "https ", "skopeo", "buildah"),
    rf"(?:-[A-Za-z]{{0,6}}[uUa]|--user|--proxy-user|--auth|--creds|--src-creds|--dest-creds)"
    rf"(?:\s{{1,4}}|=)?{_QUOTE}[^\s:\"'/]{{0,128}}:",
    source="curl(1): --user; HTTPie: --auth; skopeo(1): --creds",
    example=Example("curl -s -u alice:Xy9hunter2 https://x.example/", found="Xy9hunter2"),
    near_misses=(
        NearMiss("curl -u alice https://x.example/", because="the password is asked for"),
        NearMiss("curl -x proxy.example:8080 https://x.example/", because="a proxy"),
        NearMiss("https -a x", because="no password"),
    ),
)

_AFTER: Final = r"\s{1,4}"

BY_PROGRAM: Final = (
    _option(
        "command_redis",
        ("redis-cli", "valkey-cli"),
        rf"-a{_AFTER}{_QUOTE}",
        source="redis-cli, the option -a",
        example=Example("redis-cli -h cache -a Xy9hunter2 ping", found="Xy9hunter2"),
        near_misses=(NearMiss("redis-cli -h cache ping", because="no password"),),
    ),
    _option(
        "command_ldap",
        ("ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldappasswd", "ldapwhoami"),
        rf"-w{_AFTER}{_QUOTE}",
        source="ldapsearch(1), the option -w",
        example=Example("ldapsearch -D cn=admin -w Xy9hunter2 -b dc=x", found="Xy9hunter2"),
        near_misses=(NearMiss("ldapsearch -x -W -D cn=admin", because="it is asked for"),),
    ),
    _option(
        "command_sql",
        ("sqlcmd", "bcp ", "isql ", "osql ", "mosquitto_", "ipmitool"),
        rf"-P(?:{_AFTER})?{_QUOTE}",
        source="sqlcmd utility, the option -P; mosquitto_pub(1); ipmitool(1)",
        example=Example("sqlcmd -S db -U sa -P Xy9hunter2 -Q x", found="Xy9hunter2"),
        near_misses=(NearMiss("sqlcmd -S db -p 1", because="statistics"),),
    ),
    _option(
        "command_smb",
        ("smbclient", "rpcclient"),
        rf"(?:-U|--user)(?:{_AFTER}|=)?{_QUOTE}[^\s%]{{1,64}}%",
        source="smbclient(1), the option -U",
        example=Example("smbclient //srv/x -U bob%Xy9hunter2 -c ls", found="Xy9hunter2"),
        near_misses=(NearMiss("smbclient //srv/x -U bob", because="it is asked for"),),
    ),
    _option(
        "command_htpasswd",
        ("htpasswd",),
        # With -n there is no file before the user.
        rf"-(?:(?=[a-zA-Z]{{0,4}}n)[a-zA-Z]{{2,6}}|[a-zA-Z]{{0,4}}b[a-zA-Z]{{0,4}}{_AFTER}\S{{1,128}})"
        rf"{_AFTER}\S{{1,64}}{_AFTER}{_QUOTE}",
        source="htpasswd(1), the option -b",
        example=Example("htpasswd -cb .htpasswd bob Xy9hunter2", found="Xy9hunter2"),
        near_misses=(NearMiss("htpasswd -c .htpasswd bob", because="it is asked for"),),
    ),
    _option(
        "command_rabbitmq",
        ("rabbitmqctl",),
        rf"(?:add_user|change_password|authenticate_user){_AFTER}\S{{1,64}}{_AFTER}{_QUOTE}",
        source="rabbitmqctl(8), add_user",
        example=Example("rabbitmqctl add_user bob Xy9hunter2", found="Xy9hunter2"),
        near_misses=(NearMiss("rabbitmqctl delete_user bob now", because="no password"),),
    ),
    _option(
        "command_net_use",
        ("net use", "NET USE"),
        rf"\\\\\S{{1,128}}{_AFTER}(?!/){_QUOTE}",
        source="Windows commands, net use",
        example=Example("net use \\\\srv\\share Xy9hunter2 /user:bob", found="Xy9hunter2"),
        near_misses=(NearMiss("net use \\\\srv\\share /user:bob", because="it is asked for"),),
    ),
    _option(
        "command_openssl",
        ("openssl",),
        rf"-pass(?:in|out)?{_AFTER}{_QUOTE}pass:",
        source="openssl-passphrase-options(1)",
        example=Example("openssl enc -aes256 -pass pass:Xy9hunter2 -in x", found="Xy9hunter2"),
        near_misses=(NearMiss("openssl enc -pass stdin", because="it stands elsewhere"),),
    ),
    _option(
        "command_keytool",
        ("keytool", "jarsigner", "influx", "snmp", "kafka"),
        rf"-(?:storepass|keypass|password|srcstorepass|deststorepass){_AFTER}{_QUOTE}",
        source="keytool(1), the option -storepass; influx, the option -password",
        example=Example("keytool -list -storepass Xy9hunter2", found="Xy9hunter2"),
        near_misses=(NearMiss("keytool -list -keystore x.jks", because="no password"),),
    ),
    _option(
        "command_sqlplus",
        ("sqlplus", "rman ", "expdp", "impdp", "sqlldr"),
        r"(?:userid=)?\w{1,64}/\\?\"?",
        source="SQL*Plus user's guide, syntax of the command",
        example=Example("sqlplus -S scott/tiger2@orcl failed", found="tiger2@orcl"),
        near_misses=(NearMiss("sqlplus -S /nolog", because="no user"),),
    ),
)

PIPED: Final = Detector(
    name="credential.command_piped",
    category=CREDENTIAL_PASSWORD,
    gate=Needles(texts=("echo ", "printf ")),
    pattern=(
        rf"(?:echo|printf)\s(?:-[neE]{{1,3}}\s)?{_QUOTE}(?:[\w.\-]{{1,64}}:)?"
        rf"(?P<value>[^\s\"'|;&<>:]{{1,128}}){_QUOTE}\s{{0,4}}\|\s{{0,4}}(?:sudo\s)?"
        r"(?:sudo\s-\w{0,4}S|chpasswd|passwd\s--stdin|[\w.\-/]{1,64}\s[^\n|;&]{0,100}--password-stdin)"
    ),
    settle=_settle,
    word_start=True,
    source="sudo(8): -S; chpasswd(8); docker login: --password-stdin",
    examples=(
        Example("echo Xy9hunter2 | sudo -S ls", found="Xy9hunter2"),
        Example('echo "root:Xy9hunter2" | chpasswd', found="Xy9hunter2"),
    ),
    near_misses=(
        NearMiss("echo done | tee log", because="it isn't read as a password"),
        NearMiss("echo $PASSWORD | docker login --password-stdin", because="a variable"),
    ),
)


def _is_password(value: str) -> bool:
    """Say whether a value is no port, path or name: signs and digits between letters."""
    if len(value) < 6 or not any(map(str.isalpha, value)) or not any(map(str.isdigit, value)):
        return False
    if any(sign in value for sign in "!@#$%^&*?~+"):
        return "@" not in value[1:-1] or any(sign in value for sign in "!#$%^&*?~+")
    mixed = any(map(str.islower, value)) and any(map(str.isupper, value))
    return mixed and len(compile_pattern(r"[A-Za-z][0-9]").findall(value)) >= 2


ANY_PROGRAM: Final = Detector(
    name="credential.command_any",
    category=CREDENTIAL_PASSWORD,
    gate=Needles(texts=(" -p ", " -pw ", " -pass ")),
    pattern=rf"\s-(?:p|pw|pass)\s{_QUOTE}(?P<value>[^\s\"'|;<>/\\.,=:{{}}()\[\]]{{6,64}})(?![/\\.:=\[(])",
    settle=_settle,
    validate=_is_password,
    source="the habit of naming an option for passwords -p",
    examples=(Example("run with -p Xy9!hunt2er again", found="Xy9!hunt2er"),),
    near_misses=(
        NearMiss("cargo test -p serde_json2 --lib", because="a package"),
        NearMiss("mkdir -p Build2 && ssh -p 2222 host", because="a directory and a port"),
        NearMiss("python -p MyModule2", because="a name"),
    ),
)

DETECTORS: Final = (
    ATTACHED,
    SEPARATE,
    USER_AND_PASSWORD,
    *BY_PROGRAM,
    PIPED,
    ANY_PROGRAM,
)
