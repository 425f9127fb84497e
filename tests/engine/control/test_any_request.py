"""Whatever is asked of the socket, it answers as its description says, and never with a fault (B8).

schemathesis makes the requests, right and wrong ones, from the OpenAPI description that is served.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from starlette.types import Receive, Scope, Send

from franking.engine.control.app import Control
from franking.engine.control.openapi import described
from franking.engine.control.operations import OPERATIONS as TABLE
from franking.engine.control.screen import ShownAtPlaces
from franking.engine.control.serving import Answering
from franking.engine.control.uploads import Uploads
from franking.engine.web.serving import served
from franking.tests.engine.device import office

from .asking import ADMINISTRATOR, CONTROL, CONTROLLER, KIM

PEERS = {"controller": CONTROLLER, "administrator": ADMINISTRATOR, "user": KIM}
LEFT_OUT = {each.run.__name__ for each in TABLE if each.lines} | {"reset"}
"Answers without end, and what ends the engine."
NOT_NOW = {503, 507}


class Serving:
    """A device and its application in a thread, over TCP: whoever makes the requests waits for each."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ready = folder, threading.Event()
        self.port = 0
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), name="device")

    async def serve(self) -> None:
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        sections: dict[str, Any] = {"control": CONTROL}
        async with office(self.folder) as here, here.engine(**sections) as engine:
            uploads = Uploads(self.folder / "uploads")
            inner = Control(engine, ShownAtPlaces(), uploads, lambda: None).app()

            async def app(scope: Scope, receive: Receive, send: Send) -> None:
                """Whom the system would say stands in a field here."""
                fields = dict(scope["headers"])
                peer = PEERS[fields.get(b"x-test-peer", b"controller").decode()]
                await inner({**scope, "state": {"peer": peer}}, receive, send)

            listener = socket.create_server(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
            async with served(app, listener, kind=Answering):
                self.ready.set()
                await self.over.wait()
            uploads.close()


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    found = Serving(tmp_path_factory.mktemp("device"))
    found.thread.start()
    assert found.ready.wait(30)
    yield found
    found.loop.call_soon_threadsafe(found.over.set)
    found.thread.join(30)


IDS = [each["operationId"] for path in described()["paths"].values() for each in path.values()]
ASKED = [each for each in IDS if each not in LEFT_OUT]


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    """By id, as schemathesis reads them."""
    import schemathesis

    schema = schemathesis.openapi.from_dict(described())
    read = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    found = {each.definition.raw["operationId"]: each for each in read}
    assert sorted(found) == sorted(IDS)
    return found


def no_fault(context: Any, response: Any, case: Any) -> None:
    """That there is no room, or that something ends at this moment, is none."""
    assert response.status_code < 500 or response.status_code in NOT_NOW, response.status_code


@pytest.mark.manual("B8", "S33a")
@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("operation", ASKED)
def test_b8_no_request_meets_a_fault(
    serving: Serving,
    operations: dict[str, Any],
    operation: str,
    peer: str,
    long_count: Callable[[int, int], int],
) -> None:
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi import checks

    wanted = (
        no_fault,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    )
    described_as = operations[operation]
    raw = described_as.definition.raw
    modes = [GenerationMode.POSITIVE]
    if "requestBody" in raw or any(each["schema"].get("type") != "string" for each in raw["parameters"]):
        modes.append(GenerationMode.NEGATIVE)
    for mode in modes:

        @settings(
            max_examples=long_count(3, 60),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=described_as.as_strategy(generation_mode=mode))
        def asked(case: Any) -> None:
            case.call_and_validate(
                base_url=f"http://127.0.0.1:{serving.port}", headers={"X-Test-Peer": peer}, checks=wanted
            )

        asked()
