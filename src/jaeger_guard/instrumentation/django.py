"""Django: its instrumentor configures empty settings where there are none yet, and the service's own
are refused afterwards. Names and routes are by its resolver already."""

from __future__ import annotations

import os
from typing import Final

from jaeger_guard.instrumentation.framework import Framework


def _settings_are_missing() -> str:
    from django.conf import settings

    if os.environ.get("DJANGO_SETTINGS_MODULE", "").strip() or settings.configured:
        return ""
    return "DJANGO_SETTINGS_MODULE is not set, and its instrumentor would configure empty settings"


DJANGO: Final = Framework(name="django", extra="django", obstacle=_settings_are_missing)
