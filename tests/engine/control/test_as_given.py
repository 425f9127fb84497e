"""A message as a program wrote it, brought to the control socket as a file (B8, B13)."""

from pathlib import Path

import httpx2 as httpx
import pytest

from franking.events.request import Function
from franking.tests.engine.device import OFFICE

from .asking import KIM, at_socket


@pytest.mark.manual("B8", "B13")
async def test_b13_a_message_as_given_comes_as_a_file_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:

        async def brought(octets: bytes) -> httpx.Response:
            named = await at.upload(KIM, octets, "message.eml")
            request = {"function": Function.PROGRAM, "user": "kim", "to": [OFFICE], "message": named}
            return await at.ask("POST", "/jobs", {"request": request}, KIM)

        assert (await brought(b"From: kim@example.com\n\nHello\n")).status_code == 201
        unfit = await brought(b"a\0b")
        assert (unfit.status_code, unfit.json()["type"]) == (422, "urn:franking:problem:message-unfit")
        assert at.here.kept(at.engine, 1) == [b"From: kim@example.com\r\n\r\nHello\r\n"]
