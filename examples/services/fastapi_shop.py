"""A FastAPI service for uvicorn, guarded by one line.

    uvicorn --app-dir examples/services fastapi_shop:app

It needs fastapi, uvicorn and the extra `fastapi`. Where spans go, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
says; how the service is called, OTEL_SERVICE_NAME.
"""

from __future__ import annotations

from fastapi import FastAPI

import jaeger_guard

# Before the application is made. uvicorn ends by the signal that it got, so nothing would be sent then
# without the second line.
guard = jaeger_guard.configure(instrument=["fastapi"])
guard.flush_on_sigterm()

app = FastAPI()


@app.get("/customers/{email}/orders")
async def orders(email: str) -> dict[str, int]:
    """Answer how many orders a customer has."""
    return {"orders": len(email)}


@app.post("/checkout")
async def checkout() -> None:
    """Fail as a payment does, with personal data in the exception's text."""
    raise ValueError("the card 4111 1111 1111 1111 of anna@mail.example.org was refused")
