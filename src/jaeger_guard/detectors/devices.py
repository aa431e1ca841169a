"""Detect what names one device for all its life (`device.id`): behind a label, since a bare UUID or run
of digits is any id.
"""

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import DEVICE_ID, NETWORK_MAC
from jaeger_guard.detectors.checks import digits_of, has_luhn_digit
from jaeger_guard.detectors.detector import Detector, Example, NearMiss
from jaeger_guard.detectors.national_ids import found_behind_label

_UUID: Final = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"


def is_imei(value: str) -> bool:
    """Say whether `value` is an IMEI with its check digit, or an IMEISV, which has none."""
    digits = digits_of(value)
    return len(digits) == 16 or has_luhn_digit(digits)


IMEI: Final = found_behind_label(
    "device.imei",
    category=DEVICE_ID,
    labels="imei|imeisv|imei sv|imei1|imei2|equipment identity",
    form=r"[0-9]{2}(?P<gap>[ \-/]?)[0-9]{6}(?P=gap)[0-9]{6}(?P=gap)[0-9]{1,2}|[0-9]{15,16}",
    is_valid=is_imei,
    source="3GPP TS 23.003 section 6.2 (IMEI, IMEISV)",
    examples=(
        Example("IMEI 35-209900-176148-1 blocked", found="35-209900-176148-1"),
        Example("the imei is 352099001761481.", found="352099001761481"),
    ),
    near_misses=(
        NearMiss("IMEI 352099001761482", because="the check digit is wrong"),
        NearMiss("352099001761481", because="no label is in front"),
    ),
)

ICCID: Final = found_behind_label(
    "device.iccid",
    category=DEVICE_ID,
    labels="iccid|sim card number|sim serial|sim number",
    form=r"89[0-9]{2}(?:[ \-]?[0-9]){14,16}",
    is_valid=lambda value: len(digits_of(value)) in (18, 19, 20),
    source="ITU-T E.118 (89 for telecommunication, at most nineteen digits and a check digit)",
    examples=(Example("ICCID: 8944500102198304826 active", found="8944500102198304826"),),
    near_misses=(NearMiss("iccid 7944500102198304826", because="no telecommunication"),),
)

IMSI: Final = found_behind_label(
    "device.imsi",
    category=DEVICE_ID,
    labels="imsi|supi|subscriber identity",
    form=r"[2-7][0-9]{13,14}",
    is_valid=None,
    source="ITU-T E.212 (a country of 2 to 7, at most fifteen digits)",
    examples=(Example("imsi 310150123456789 attached", found="310150123456789"),),
    near_misses=(NearMiss("imsi 910150123456789", because="no country begins with 9"),),
)

MEID: Final = found_behind_label(
    "device.meid",
    digits=False,
    category=DEVICE_ID,
    labels="meid|esn|android id|gsf id|udid",
    form=r"[0-9A-Fa-f]{14}|[0-9A-Fa-f]{16}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{16}",
    is_valid=lambda value: any(map(str.isdigit, value)),
    source="3GPP2 S.R0048-A (MEID); Android, Settings.Secure.ANDROID_ID; Apple, UDID",
    examples=(
        Example("android id 9774d56d682e549c seen", found="9774d56d682e549c"),
        Example("UDID: 00008030-001C2D223A44802E", found="00008030-001C2D223A44802E"),
    ),
    near_misses=(NearMiss("commit 9774d56d682e549c", because="no device's"),),
)

ADVERTISING_ID: Final = found_behind_label(
    "device.advertising_id",
    digits=False,
    category=DEVICE_ID,
    labels=(
        "idfa|idfv|gaid|aaid|adid|advertising id|advertising identifier|advertisingid|ad id|google ad id"
        "|device id|device uuid|vendor id|tifa|rida|oaid"
    ),
    form=_UUID,
    is_valid=lambda value: len(set(value)) > 3,
    source="Apple, ASIdentifierManager; Google Play services, Advertising ID",
    examples=(
        Example(
            "idfa 6D92078A-8246-4BA4-AE5B-76104861E7DC",
            found="6D92078A-8246-4BA4-AE5B-76104861E7DC",
        ),
        Example(
            "Advertising ID: 38400000-8cf0-11bd-b23e-10b96e40000d,",
            found="38400000-8cf0-11bd-b23e-10b96e40000d",
        ),
    ),
    near_misses=(
        NearMiss("order 6D92078A-8246-4BA4-AE5B-76104861E7DC", because="any other id"),
        NearMiss("idfa 00000000-0000-0000-0000-000000000000", because="tracking was refused"),
    ),
)

MAC_LABELLED: Final = found_behind_label(
    "network.mac_labelled",
    digits=False,
    category=NETWORK_MAC,
    labels="mac|mac address|mac addr|hwaddr|hardware address|bssid|bluetooth address|ether|eui64|eui48",
    form=r"[0-9A-Fa-f]{12}|[0-9A-Fa-f]{6}-[0-9A-Fa-f]{6}|[0-9A-Fa-f]{16}",
    is_valid=lambda value: any(map(str.isdigit, value)) and len(set(value.lower())) > 3,
    source="IEEE 802-2014 section 8.1 (EUI-48, EUI-64)",
    examples=(Example("MAC address 3C22FB4A901E joined", found="3C22FB4A901E"),),
    near_misses=(
        NearMiss("mac 000000000000", because="nobody's"),
        NearMiss("stomach 3C22FB4A901E", because="part of a word"),
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (IMEI, ICCID, IMSI, MEID, ADVERTISING_ID, MAC_LABELLED)
