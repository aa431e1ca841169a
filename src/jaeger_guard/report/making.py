"""Make a report, and write it as HTML, JSON or Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from jaeger_guard._version import __version__
from jaeger_guard.report.inputs import Inputs
from jaeger_guard.report.markdown import to_markdown
from jaeger_guard.report.model import Report, Section
from jaeger_guard.report.page import to_html
from jaeger_guard.report.sections import SECTIONS


def make_report(inputs: Inputs) -> Report:
    """Look at everything once; what can't be looked at is told in its section."""
    return Report(
        made=inputs.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        period=str(inputs.period),
        version=__version__,
        sections=tuple(_made(section, inputs) for section in SECTIONS),
    )


def _made(section: Callable[[Inputs], Section], inputs: Inputs) -> Section:
    try:
        return section(inputs)
    except OSError as error:  # a file that went while it was read
        name = section.__name__
        what = f"{name.replace('_', ' ')}: a file can't be read ({type(error).__name__})"
        return Section(id=name, title=name.replace("_", " ").capitalize(), unseen=(what,))


def to_json(report: Report) -> str:
    """Write a report as JSON."""
    return json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n"


FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "html": to_html,
    "json": to_json,
    "markdown": to_markdown,
}
