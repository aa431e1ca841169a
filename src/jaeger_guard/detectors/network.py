"""Detect where people connect from (`network.*`): public IP addresses and MAC addresses.

Private, loopback and link-local addresses tell where a service runs, which an engineer needs, and
nothing about a person; they stay. So does a four-part number whose parts are all below 32, as those
of versions are, and of one public address in four thousand, unless an address is spoken of. The
documentation ranges (RFC 5737, RFC 3849) are found, since they stand for client addresses wherever
somebody writes an example or a test.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from functools import lru_cache
from typing import Final

from jaeger_guard.addresses import ipv4_number
from jaeger_guard.categories import NETWORK_IP, NETWORK_MAC
from jaeger_guard.detectors.detector import (
    Detector,
    Example,
    NearMiss,
    Needles,
    Shape,
    compile_pattern,
)

# RFC 6890 and RFC 6598: addresses that no client on the internet has.
_NOT_PUBLIC: Final = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
_VERSION_WORDS: Final = (
    *("version", "vers", "ver", "rv", "release", "build", "revision", "rev", "section", "firmware"),
    *("driver", "sdk", "oid", "step", "chapter"),
    # Programs whose version is written behind their name.
    *("nginx", "apache", "httpd", "openssl", "openssh", "openjdk", "java", "jdk", "jre", "python"),
    *("node", "php", "ruby", "chrome", "chromium", "firefox", "safari", "edge", "electron"),
    *("postgresql", "postgres", "mysql", "mariadb", "oracle", "redis", "kafka", "linux", "windows"),
    *("android", "ios", "curl", "envoy", "istio", "kubernetes"),
)
_VERSION_BEFORE: Final = (
    rf"(?:(?i:{'|'.join(_VERSION_WORDS)})"
    r"[\"'\\ :=\-]{0,6}|[=<>~!]=|[~^]|[A-Za-z]-"
    # A folder of what is served or packed, one for each version.
    r"|/(?:static|assets|dist|releases?|versions?|downloads?|libs?|npm|packages?|pkg|vendor|js|css)/"
    # `upgraded from 1.2.3.4 to 1.2.3.5`
    r"|(?i:\b(?:up|down)grad\w{1,4}|\bbump\w{0,4})(?: [\w.\-]{1,16}){0,3}?(?: (?:from|to)){1,2} "
    r")\Z"
)
# What a text ends with in which that is found, beside the words, and in lower case.
_VERSION_SIGNS: Final = ("==", "<=", ">=", "~=", "!=", "~", "^", "-", "/")
_UPGRADE_SIGNS: Final = (" from ", " to ")
_FILE_BEHIND: Final = (
    r"/[\w.\-/]{1,96}\.(?:css|deb|gz|jar|js|json|map|png|rpm|svg|tgz|whl|woff2?|zip)\b"
)
_PRODUCT_BEFORE: Final = r"(?:\A|[\s(;,\"'])[A-Za-z][A-Za-z0-9_\-+]{0,31}/\Z"
_LOOK_BACK: Final = 34


@lru_cache(maxsize=1)
def _borders() -> tuple[int, ...]:
    """Return where a network that isn't public begins, and where one ends, in turn."""
    networks = map(ipaddress.IPv4Network, _NOT_PUBLIC)
    borders: list[int] = []
    for network in ipaddress.collapse_addresses(networks):
        first = int(network.network_address)
        borders += (first, first + network.num_addresses)
    return tuple(borders)


def is_public_ipv4(text: str) -> bool:
    """Say whether `text` is an IPv4 address that a client may have; networks' names are not."""
    number = ipv4_number(text)
    if number is None:
        return False
    if text.endswith(".0.0"):  # `Chrome/120.0.0.0`, `4.0.0.0`: a version far sooner than a host
        return False
    return bisect_right(_borders(), number) % 2 == 0


_VERSION_PART: Final = 32
_ADDRESS_BEFORE: Final = (
    r"(?i:(?<![a-z])(?:ip|ipv4|addr|address|client|peer|remote|host|from|for|forwarded|visitor|origin|source|src"
    r"|dst|destination|login|logged|connect\w{0,6}|refused|gateway|user|to|by|via|at)[\"'\\ :=\[(@]{1,6}|://|@)\Z"
)


def _speaks_of_address(text: str, start: int, end: int) -> bool:
    """Say whether a port, a prefix, or a word around says that this is an address."""
    if compile_pattern(r":[0-9]{2,5}(?![0-9.])|/(?:[89]|[12][0-9]|3[0-2])(?![0-9A-Za-z.])").match(
        text, end
    ):
        return True
    if compile_pattern(_ADDRESS_BEFORE).search(text[max(0, start - 24) : start]):
        return True
    # Nothing but addresses: then the key decides (`is_version_sooner`).
    return compile_pattern(r"[0-9A-Fa-f.:,;\s\[\]\"'/]{7,256}").fullmatch(text) is not None


def is_behind_version(before: str) -> bool:
    """Say whether four numbers behind `before` are a version: a product, a sign or a word says so."""
    if before.isascii():  # nothing else is equal to a letter of the words but for its case
        lowered = before.lower()
        if not (
            lowered.rstrip("\"'\\ :=-").endswith(_VERSION_WORDS)
            or lowered.endswith(_VERSION_SIGNS)
            or (lowered.endswith(_UPGRADE_SIGNS) and ("grad" in lowered or "bump" in lowered))
        ):
            return False
    return compile_pattern(_VERSION_BEFORE).search(before) is not None


def is_version_sooner(value: str) -> bool:
    """Say whether four parts of a number are all as small as those of versions are."""
    parts = value.split(".")
    return len(parts) == 4 and all(len(part) < 3 and int(part) < _VERSION_PART for part in parts)


def _settle_ipv4(text: str, start: int, end: int) -> tuple[int, int] | None:
    before = text[start - 1] if start else ""
    if before == "." or before == "_" or not is_public_ipv4(text[start:end]):
        return None
    window = text[max(0, start - _LOOK_BACK) : start]
    if is_behind_version(window):
        return None
    if (
        text[start - 2 : start].strip("/")
        and before == "/"
        and compile_pattern(_FILE_BEHIND).match(text, end)
    ):
        return None  # a folder that is named by a version
    if is_version_sooner(text[start:end]) and not _speaks_of_address(text, start, end):
        return None
    # `Product/1.2.3.4` is a version; `host/1.2.3.4:443` is how Java prints a socket's address.
    if (
        before == "/"
        and text[end : end + 1] != ":"
        and compile_pattern(_PRODUCT_BEFORE).search(window)
    ):
        return None
    return start, end


IPV4: Final = Detector(
    name="network.ipv4",
    category=NETWORK_IP,
    gate=Shape(pattern=r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]", digits=4, sign="."),
    pattern=(
        r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}"
        r"(?![0-9A-Za-z_]|[.+][0-9A-Za-z]|-(?![0-9]{1,3}\.[0-9])[0-9A-Za-z])"
    ),
    word_start=True,
    settle=_settle_ipv4,
    source="RFC 791; RFC 6890 (special-purpose address registries)",
    examples=(
        Example("client 203.0.113.7 refused", found="203.0.113.7"),
        Example("http://198.51.100.20:8443/health", found="198.51.100.20"),
        Example("x-forwarded-for: 8.8.4.4, 10.0.0.1", found="8.8.4.4"),
        Example("connect to shop.example.com/203.0.113.7:443 failed", found="203.0.113.7"),
        Example("from 192.0.2.55.", found="192.0.2.55"),
        Example("client ip: 1.2.3.4 blocked", found="1.2.3.4"),
        Example("1.2.3.4:8080 is up", found="1.2.3.4"),
        Example("/clients/203.0.113.7/orders", found="203.0.113.7"),
        Example("http://203.0.113.7/app.js", found="203.0.113.7"),
    ),
    near_misses=(
        NearMiss("Mozilla/5.0 Chrome/120.0.6099.1", because="a browser's version"),
        NearMiss("Edge/18.19.20.21 Safari/537.36", because="a browser's version"),
        NearMiss("Mozilla/5.0 (X11; rv:1.9.2.20) Gecko/20110803", because="a browser's version"),
        NearMiss("v1.2.3.4", because="a version"),
        NearMiss("upgraded from 1.2.3.4 to 1.2.3.5", because="versions"),
        NearMiss("1.2.3.4.5", because="five numbers"),
        NearMiss("version 11.0.1.2", because="a version"),
        NearMiss("tool==1.2.3.4", because="a version"),
        NearMiss("chrome-1.2.3.4.zip", because="a file with its version"),
        NearMiss("10.1.2.3 172.20.0.5 192.168.1.9 127.0.0.1", because="private addresses"),
        NearMiss("169.254.169.254 100.64.0.1 0.0.0.0", because="of no client"),
        NearMiss("224.0.0.251 255.255.255.255", because="multicast and broadcast"),
        NearMiss("libfoo 2.11.3.4 loaded", because="a version, as far as anybody can tell"),
        NearMiss("1.2.3.400", because="400 is no octet"),
        NearMiss("1.2.3.4-SNAPSHOT", because="a version"),
        NearMiss("nginx 1.25.3.1 started", because="a program's version"),
        NearMiss("step 1.2.3.4 of the guide", because="a numbered step"),
        NearMiss("GET /static/1.2.3.4/app", because="a folder of a version"),
        NearMiss("GET /ui/1.2.3.4/app.js", because="a folder of a version"),
    ),
)


_LOCAL_IPV6: Final = (  # prefix, and its length in bits
    (0x00, 8),  # RFC 4291 section 2.4: unspecified, loopback, embedded IPv4
    (0xFC >> 1, 7),  # RFC 4193: unique local
    (0xFE80 >> 6, 10),  # RFC 4291 section 2.5.6: link-local
    (0xFEC0 >> 6, 10),  # RFC 3879: site-local, deprecated
    (0xFF, 8),  # RFC 4291 section 2.7: multicast
)
_WRITTEN_OUT: Final = r"(?<![0-9A-Za-z:.])(?=(?:[0-9A-Fa-f]{1,2}:){0,7}[0-9A-Fa-f]{3,4}(?![0-9A-Fa-f]))(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}"


def is_public_ipv6(text: str) -> bool:
    """Say whether `text` is an IPv6 address that a client may have, or holds such an IPv4 one."""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    number = int(address)
    # RFC 4291 section 2.5.5.2 (mapped) and RFC 6052 section 2.1 (translated).
    if number >> 32 in (0xFFFF, 0x64FF9B << 64):
        return is_public_ipv4(str(ipaddress.IPv4Address(number & 0xFFFFFFFF)))
    if "::" in text:
        return number >> 125 == 0b001  # RFC 4291 section 2.4: global unicast is 2000::/3
    # Written out, nothing else looks like it; what isn't assigned yet is no local address either.
    return not any(number >> 128 - bits == prefix for prefix, bits in _LOCAL_IPV6)


def _settle_ipv6(text: str, start: int, end: int) -> tuple[int, int] | None:
    before = text[start - 1] if start else ""
    if before == "_" or before == "." or (before == ":" and text[start - 2 : start - 1].isalnum()):
        # A key may stand before (`ip:2001:db8::1`), a group of the same address may not.
        word = compile_pattern(r"[0-9A-Fa-f:.]{1,40}\Z").search(text[max(0, start - 40) : start])
        head = text[start - len(word.group()) - 1 : start] if word else ""
        if not head[:1].isalpha():
            return None
    elif before.isalnum() and before.isascii():
        return None
    if text[end - 1] == ":" and text[end - 2 : end - 1] != ":":
        end -= 1  # punctuation
    return start, end


IPV6: Final = Detector(
    name="network.ipv6",
    category=NETWORK_IP,
    gate=Needles(
        texts=(":",),
        # Around a colon, which is rarer than a hexadecimal digit.
        anchor=(
            r":(?:(?<=[23][0-9A-Fa-f]{3}:)[0-9A-Fa-f:]|:[Ff]{4}:[0-9A-Fa-f]|[Ff]{2}9[Bb]::"
            r"|(?<=[0-9A-Fa-f]:)(?:[0-9A-Fa-f]{1,4}:){6}[0-9A-Fa-f])"
        ),
    ),
    pattern=(
        r"(?:[23][0-9A-Fa-f]{3}:|::[Ff]{4}:|0{1,4}(?::0{1,4}){4}:[Ff]{4}:|64:[Ff]{2}9[Bb]::)"
        r"[0-9A-Fa-f:]{1,40}(?:\.[0-9]{1,3}){0,3}(?![0-9A-Za-z_])"
        rf"|{_WRITTEN_OUT}(?![0-9A-Za-z_:])"
    ),
    settle=_settle_ipv6,
    validate=is_public_ipv6,
    source="RFC 4291 section 2.2; RFC 5952",
    examples=(
        Example("client 2001:db8::1 refused", found="2001:db8::1"),
        Example(
            "http://[2001:db8:85a3::8a2e:370:7334]:8080/", found="2001:db8:85a3::8a2e:370:7334"
        ),
        Example(
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334 up",
            found="2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        ),
        Example("peer 2a00:1450:4001:82b::200e: reset", found="2a00:1450:4001:82b::200e"),
        Example("::ffff:203.0.113.7", found="::ffff:203.0.113.7"),
        Example("from 2606:4700::.", found="2606:4700::"),
        Example(
            "client a244:483d:18d0:b4d0:a390:60d3:48b7:b1b connected",
            found="a244:483d:18d0:b4d0:a390:60d3:48b7:b1b",
        ),
        Example("2001:db8::7%eth0 up", found="2001:db8::7"),
        Example("::ffff:cb00:7107", found="::ffff:cb00:7107"),
    ),
    near_misses=(
        NearMiss("fe80::1 fd12:3456::1 ::1", because="link-local, local and loopback"),
        NearMiss("12:30:45 2024:01:02", because="times"),
        NearMiss("fd12:3456:789a:1:2:3:4:5", because="a local address, written out"),
        NearMiss("00:02:c9:03:00:0a:bc:de", because="an interface's 64 bits, in pairs"),
        NearMiss("std::string a::b face::dead", because="names in C++"),
        NearMiss("items[2::3]", because="a slice"),
        NearMiss("::ffff:10.0.0.1", because="a private address"),
        NearMiss("2001:db8:1", because="too few groups"),
        NearMiss("x2001:db8::1", because="inside a longer word"),
    ),
)


_MAC_PAIR: Final = "[0-9A-Fa-f]{2}"


def _settle_mac(text: str, start: int, end: int) -> tuple[int, int] | None:
    separator = text[start + 2]
    if start and text[start - 1] == separator and text[start - 2 : start - 1].isalnum():
        return None  # inside a fingerprint, which has more pairs
    value = text[start:end]
    if separator == "-" and not any(character.isalpha() for character in value):
        return None  # a date and a time
    return (start, end) if len(set(value.lower())) > 2 else None  # nor all zeros, nor broadcast


MAC: Final = Detector(
    name="network.mac",
    category=NETWORK_MAC,
    gate=Needles(
        texts=(":", "-"),
        anchor=(rf"([:\-])(?<={_MAC_PAIR}.){_MAC_PAIR}\1{_MAC_PAIR}\1{_MAC_PAIR}\1{_MAC_PAIR}\1"),
        shortest=13,
    ),
    pattern=(
        rf"[0-9A-Fa-f](?<![0-9A-Za-z].)[0-9A-Fa-f](?P<gap>[:\-])"
        rf"(?:{_MAC_PAIR}(?P=gap)){{4}}{_MAC_PAIR}"
        r"(?![0-9A-Za-z]|(?P=gap)[0-9A-Za-z])"
    ),
    settle=_settle_mac,
    source="IEEE 802-2014 section 8.1 (EUI-48)",
    examples=(
        Example("from 3c:22:fb:4a:90:1e on eth0", found="3c:22:fb:4a:90:1e"),
        Example("device=3C-22-FB-4A-90-1E&", found="3C-22-FB-4A-90-1E"),
    ),
    near_misses=(
        NearMiss("aa:bb:cc:dd:ee:ff:00:11", because="a fingerprint has more pairs"),
        NearMiss("ff:ff:ff:ff:ff:ff", because="broadcast"),
        NearMiss("20-24-01-15-10-30", because="a date and a time"),
        NearMiss("12:30:45", because="a time"),
    ),
)

MAC_DOTTED: Final = Detector(
    name="network.mac_dotted",
    category=NETWORK_MAC,
    gate=Shape(pattern=r"\.(?<=[0-9A-Fa-f]{4}\.)[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}", sign="."),
    pattern=r"[0-9A-Fa-f](?<![0-9A-Za-z.].)[0-9A-Fa-f]{3}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![0-9A-Za-z]|\.[0-9A-Za-z])",
    validate=lambda value: (
        any(map(str.isalpha, value)) and any(map(str.isdigit, value)) and len(set(value)) > 4
    ),
    source="Cisco IOS configuration guides (hardware addresses in groups of four digits)",
    examples=(Example("port learned 3c22.fb4a.901e on Gi0/1", found="3c22.fb4a.901e"),),
    near_misses=(
        NearMiss("2024.0115.1030", because="a date"),
        NearMiss("ffff.ffff.ffff", because="broadcast"),
        NearMiss("dead.beef.cafe", because="words"),
        NearMiss("1a2b.3c4d.5e6f.7a8b", because="four groups"),
    ),
)

EUI_64: Final = Detector(
    name="network.eui_64",
    category=NETWORK_MAC,
    gate=Needles(
        texts=(":ff:fe:", ":FF:FE:", "-ff-fe-", "-FF-FE-"),
        before="[0-9A-Fa-f:\\-]",
        reach=8,
    ),
    pattern=rf"(?:{_MAC_PAIR}(?P<gap>[:\-])){{3}}(?i:ff)(?P=gap)(?i:fe)(?:(?P=gap){_MAC_PAIR}){{3}}(?![0-9A-Za-z:\-])",
    settle=lambda text, start, end: (
        None if text[start - 1 : start].isalnum() and start else (start, end)
    ),
    source="RFC 4291, appendix A (EUI-64 made from an EUI-48)",
    examples=(Example("via 3e:22:fb:ff:fe:4a:90:1e now", found="3e:22:fb:ff:fe:4a:90:1e"),),
    near_misses=(
        NearMiss("3e:22:fb:ff:fe:4a:90:1e:00:11", because="a fingerprint has more pairs"),
    ),
)

DETECTORS: Final = (IPV4, IPV6, MAC, MAC_DOTTED, EUI_64)
