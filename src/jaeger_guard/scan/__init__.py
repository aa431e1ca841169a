"""Find personal data and secrets in traces that are stored already: what, where and how often.

    report = scan(JaegerSource(api, ...), policy)

One file per source; each is looked through part by part, so that a scan can go on where it stopped. What
is reported holds categories, keys and counts, never a value: names of services and operations are
scrubbed before they are shown.
"""

from jaeger_guard.scan.files import FileSource
from jaeger_guard.scan.jaeger import JaegerSource
from jaeger_guard.scan.rules import rules_for
from jaeger_guard.scan.running import Report, scan
from jaeger_guard.scan.tally import Group, Tally

__all__ = ["FileSource", "Group", "JaegerSource", "Report", "Tally", "rules_for", "scan"]
