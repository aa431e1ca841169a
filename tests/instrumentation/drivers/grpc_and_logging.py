"""gRPC in both its ways, client and server, and logging: metadata, requests, aborts and exceptions."""

from __future__ import annotations

import asyncio
import contextlib
import logging as standard
from concurrent import futures
from typing import Any, Final

from e2e.planted import BEARER, CARD, EMAIL, TOKEN
from instrumentation.driver import Driver, World

SERVICE: Final = "shop.Checkout"
METADATA: Final = (("authorization", f"Bearer {BEARER}"), ("x-api-key", TOKEN))


def _as_bytes(text: str) -> bytes:
    return text.encode()


def _handlers() -> Any:
    import grpc

    def pay(request: bytes, context: Any) -> bytes:
        return request

    def refuse(request: bytes, context: Any) -> bytes:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"card {CARD} of {EMAIL} refused")
        return b""

    def fail(request: bytes, context: Any) -> bytes:
        raise ValueError(f"card {CARD} of {EMAIL} refused, {TOKEN}")

    def stream(request: bytes, context: Any) -> Any:
        yield request
        yield request

    methods: dict[str, Any] = {
        "Pay": grpc.unary_unary_rpc_method_handler(pay),
        "Refuse": grpc.unary_unary_rpc_method_handler(refuse),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Stream": grpc.unary_stream_rpc_method_handler(stream),
    }
    return grpc.method_handlers_generic_handler(SERVICE, methods)


def grpc(world: World) -> None:
    """Call a server with threads."""
    import grpc

    standard.getLogger("grpc._server").setLevel(standard.CRITICAL + 1)
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((_handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with (
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
        world.tracer.start_as_current_span("outer"),
    ):
        for method in ("Pay", "Refuse", "Fail", "Unknown"):
            call = channel.unary_unary(f"/{SERVICE}/{method}", _as_bytes, bytes.decode)
            with contextlib.suppress(grpc.RpcError):
                call(f"card {CARD} of {EMAIL}", metadata=METADATA, timeout=60)
        stream = channel.unary_stream(f"/{SERVICE}/Stream", _as_bytes, bytes.decode)
        assert len(list(stream(EMAIL, metadata=METADATA, timeout=60))) == 2
    server.stop(None).wait(60)


def grpc_aio(world: World) -> None:
    """Call a server in an event loop."""
    import grpc

    standard.getLogger("grpc._cython.cygrpc").setLevel(standard.CRITICAL + 1)

    async def pay(request: bytes, context: Any) -> bytes:
        return request

    async def refuse(request: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"card {CARD} of {EMAIL} refused")
        return b""

    async def fail(request: bytes, context: Any) -> bytes:
        raise ValueError(f"card {CARD} of {EMAIL} refused, {TOKEN}")

    async def serve_and_call() -> None:
        server = grpc.aio.server()
        methods: dict[str, Any] = {
            name: grpc.unary_unary_rpc_method_handler(function)
            for name, function in (("Pay", pay), ("Refuse", refuse), ("Fail", fail))
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            for method in ("Pay", "Refuse", "Fail"):
                call = channel.unary_unary(f"/{SERVICE}/{method}", _as_bytes, bytes.decode)
                with contextlib.suppress(grpc.RpcError):
                    await call(f"card {CARD} of {EMAIL}", metadata=METADATA, timeout=60)
        await server.stop(None)

    with world.tracer.start_as_current_span("outer"):
        asyncio.run(serve_and_call())


def logging(world: World) -> None:
    """Log within a span, with a handler that puts the record into an event of it."""
    from opentelemetry import trace

    class AsEvents(standard.Handler):
        """Adds what is logged to the current span."""

        def emit(self, record: standard.LogRecord) -> None:
            """Add one record."""
            trace.get_current_span().add_event("log", {"log.message": self.format(record)})

    logger = standard.getLogger("shop.checkout")
    logger.propagate = False
    handler = AsEvents()
    logger.addHandler(handler)
    with world.tracer.start_as_current_span("checkout"):
        logger.warning("mail to %s bounced, card %s", EMAIL, CARD)
        try:
            raise ValueError(f"no account for {EMAIL}")
        except ValueError:
            logger.exception("lost %s", TOKEN)
    logger.removeHandler(handler)


PLANTED: Final = (EMAIL, CARD, TOKEN, BEARER)
PAIRS: Final = tuple((f"/{SERVICE}/{method}",) * 2 for method in ("Pay", "Refuse", "Fail"))

DRIVERS: Final = (
    Driver(
        name="grpc",
        instrumentors=("grpc_client", "grpc_server"),
        packages=("grpcio", "opentelemetry-instrumentation-grpc"),
        drive=grpc,
        planted=PLANTED,
        names=tuple(name for name, _ in PAIRS),
        texts=(SERVICE, "Pay", "Refuse", "ValueError"),
        parents=(*PAIRS, *((name, "outer") for name, _ in PAIRS)),
    ),
    Driver(
        name="grpc (asyncio)",
        instrumentors=("grpc_aio_client", "grpc_aio_server"),
        packages=("grpcio", "opentelemetry-instrumentation-grpc"),
        drive=grpc_aio,
        planted=PLANTED,
        names=tuple(name for name, _ in PAIRS),
        texts=(SERVICE, "Pay", "Refuse", "ValueError"),
        parents=(*PAIRS, *((name, "outer") for name, _ in PAIRS)),
    ),
    Driver(
        name="logging",
        instrumentors=("logging",),
        packages=("opentelemetry-instrumentation-logging",),
        drive=logging,
        planted=PLANTED,
        names=("checkout",),
        texts=("bounced", "ValueError"),
    ),
)
