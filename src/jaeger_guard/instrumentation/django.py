"""Django: its instrumentor configures empty settings where it finds none, or none that can be imported;
the service's own are refused or unread afterwards. Names and routes are by Django's resolver already."""

from __future__ import annotations

import os
from typing import Final

from jaeger_guard.instrumentation.framework import Framework

_VARIABLE: Final = "DJANGO_SETTINGS_MODULE"


def _no_settings() -> str:
    """Say what is wrong with the settings, which are read here as the instrumentor reads them."""
    from django.conf import settings

    if settings.configured:
        return ""
    if not os.environ.get(_VARIABLE, "").strip():
        return f"{_VARIABLE} is not set, and its instrumentor would configure empty settings"
    try:
        settings.MIDDLEWARE  # noqa: B018
    except Exception as error:  # noqa: BLE001 - of the service's code; its text may quote a setting
        return f"the settings that {_VARIABLE} names can't be read ({type(error).__name__})"
    return ""


DJANGO: Final = Framework(name="django", extra="django", obstacle=_no_settings)
