"""What was done with data and keys, provably: value-free records in a hash chain, signed in between.

    log = AuditLog("/var/lib/shop/audit", key_file="/etc/shop/audit.key")
    log.record("policy.loaded", name="gdpr", digest="…")   # returns at once, never raises
    log.write("reveal.opened", trace="…", category="…")    # is on the disk, or raises AuditError

    verify([Path("/var/lib/shop/audit")], head=kept).is_whole

Records hold ids, names, counts and digests, never a value that was found.
"""

from jaeger_guard.audit.log import AuditLog
from jaeger_guard.audit.records import AuditError, Record
from jaeger_guard.audit.verification import Fault, Head, Verification, read, verify

__all__ = ["AuditError", "AuditLog", "Fault", "Head", "Record", "Verification", "read", "verify"]
