"""Which attributes a metric may have: a list, for what isn't known to be safe is personal or costly.

An attribute of a metric makes a time series of each of its values, so one that names a person, a
path or a query is a leak and an outage in one. The SDK's View drops what isn't listed before it is
aggregated; in an exemplar, which keeps it, it is dropped by the exporter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.view import View

from jaeger_guard.generations import Generations
from jaeger_guard.policy.merging import compile_glob

_MOST_REMEMBERED: Final = 1024
_LONGEST_REMEMBERED: Final = 256

# OpenTelemetry semantic conventions 1.43, the attributes of metrics, and what instrumentors called
# them before; without those that hold what a caller chose (http.target, http.host, user_agent).
_LISTED: Final = """
code.function.name cpu.logical_number cpu.mode cpu.state db.client.connection.pool.name
db.client.connection.state db.client.connections.pool.name db.client.connections.state
db.collection.name db.name db.namespace db.operation db.operation.name db.response.status_code
db.sql.table db.system db.system.name disk.io.direction dns.question.type error.type
faas.invoked_provider faas.invoked_region faas.trigger gc.generation generation
gen_ai.operation.name gen_ai.provider.name gen_ai.request.model gen_ai.response.model
gen_ai.system gen_ai.token.type graphql.operation.type http.flavor http.method
http.request.method http.response.status_code http.route http.scheme http.status_code
messaging.consumer.group.name messaging.destination.kind messaging.destination.name
messaging.destination.template messaging.operation messaging.operation.name
messaging.operation.type messaging.system net.host.port net.peer.name net.peer.port
net.protocol.name net.protocol.version net.transport network.interface.name network.io.direction
network.protocol.name network.protocol.version network.transport network.type
otel.component.name otel.component.type otel.scope.name otel.status_code peer.service pool.name
process.context_switch.type process.cpu.state process.executable.name process.paging.fault_type
process.runtime.name process.runtime.version rpc.connect_rpc.error_code rpc.grpc.status_code
rpc.jsonrpc.error_code rpc.method rpc.response.status_code rpc.service rpc.system
rpc.system.name server.address server.port service.name span.kind state status status_code
system.cpu.state system.device system.filesystem.mode system.filesystem.mountpoint
system.filesystem.state system.filesystem.type system.memory.state system.network.state
system.paging.direction system.paging.state system.paging.type system.process.status
thread.daemon type url.scheme url.template
"""
KNOWN: Final = frozenset(_LISTED.split())
# Of our own metrics (`telemetry`), whose values come from fixed sets.
_OURS: Final = frozenset({"action", "category", "certificate", "reason", "stage"})


class AllowedKeys(frozenset[str]):
    """A set that a View asks: the keys known to be safe, and those that globs add.

    Args:
        globs: Keys besides.
    """

    def __new__(cls, globs: Iterable[str] = ()) -> AllowedKeys:
        made = super().__new__(cls, KNOWN | _OURS)
        made._globs = [compile_glob(glob) for glob in globs]
        made._remembered = Generations(_MOST_REMEMBERED)
        return made

    _globs: list[Any]
    _remembered: Generations[str, bool]

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        known = self._remembered.get(key)
        if known is not None:
            return known
        answer = super().__contains__(key) or any(
            glob.fullmatch(key.lower()) for glob in self._globs
        )
        if len(key) <= _LONGEST_REMEMBERED:
            self._remembered.put(key, answer)
        return answer


def limited_view(globs: Iterable[str] = ()) -> View:
    """Return the View that limits the attributes of every instrument; it changes nothing else."""
    return View(instrument_name="*", attribute_keys=AllowedKeys(globs))  # type: ignore[arg-type]


def limit_metrics(provider: MeterProvider, globs: Iterable[str] = ()) -> None:
    """Limit the attributes of instruments that a provider of somebody else's makes from now on.

    Its own Views stay, with those of their keys that are allowed. Exemplars are switched off: an exporter
    that isn't ours would write the attributes that a View has filtered out.
    """
    keys = AllowedKeys(globs)
    settings = provider._sdk_config
    for view in settings.views:
        own = view._attribute_keys
        limited: Any = keys if own is None else {key for key in own if key in keys}
        view._attribute_keys = limited
    settings.views = tuple(settings.views) or (limited_view(globs),)
    settings.exemplar_filter = AlwaysOffExemplarFilter()
