"""The rendered Jaeger, one for the whole run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.jaeger_rendered import Rendered, running_rendered


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rendered]:
    """A real Jaeger with the configuration that `render jaeger` writes."""
    with running_rendered(tmp_path_factory.mktemp("rendered")) as server:
        yield server
