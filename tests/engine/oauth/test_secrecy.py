"""No code, verifier, state or token leaves for a log, an exception, a repr or an event.

Rule of these tests: everything is logged at DEBUG, and what is looked for was really in use.
"""

import asyncio
import logging
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from franking.engine.oauth.answers import Refusal
from franking.engine.oauth.calls import Calls, WireClient
from franking.engine.oauth.redirect import Returned
from franking.engine.oauth.session import CallError
from franking.engine.oauth.wire import ErrorAnswer, TokenAnswer, Wire, token_answer
from franking.engine.ports import Tokens, Trouble
from franking.engine.secret import Secret

if TYPE_CHECKING:
    from franking.tests.engine.oauth.conftest import Stage

    Staged = Callable[[str], AbstractAsyncContextManager[Stage]]

KIM = "kim@example.com"
MARK = "MARKEDTOKEN0123456789"
OURS: ContextVar[bool] = ContextVar("OURS", default=False)
"Whether it is the device that logs: provider and browser run in the same process."


@pytest.mark.parametrize("name", ["Microsoft", "Google"])
@pytest.mark.parametrize("http2", [True, False])
@pytest.mark.manual("S19a", "S25")
async def test_s25_no_secret_in_any_log(
    name: str, *, http2: bool, staged: "Staged", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with staged(name) as stage:
        client, screen = stage.client(http2=http2), stage.accepting()
        play = screen.play

        async def browse(url: str) -> object:
            OURS.set(False)
            return await play(url)

        screen.play = browse
        caplog.handler.addFilter(lambda _record: OURS.get())
        OURS.set(True)
        outcome = await client.sign_in(stage.request(), screen)
        assert isinstance(outcome, Tokens)
        assert outcome.refresh is not None
        again = await client.refresh(outcome.refresh)
        assert isinstance(again, Tokens)
        await client.revoke(outcome.refresh)
        ours = list(caplog.records)
        asked = parse_qs(urlsplit(screen.opened[0][1]).query)
        secrets = [outcome.access.reveal(), outcome.refresh.reveal(), again.access.reveal()]
        secrets += [asked["state"][0], asked["nonce"][0], stage.server.client_secret or MARK]
        assert any(record.name.startswith("httpcore2") for record in ours)
        text = "\n".join(logging.Formatter("%(name)s %(message)s").format(record) for record in ours)
        for secret in secrets:
            assert secret not in text
            assert quote(secret) not in text


@pytest.mark.parametrize(
    "body",
    [
        f'{{"access_token": "{MARK}\\n", "token_type": "Bearer", "expires_in": 3600}}',
        f'{{"access_token": "{MARK}", "token_type": "Bearer", "expires_in": "{MARK}"}}',
        f'{{"access_token": ["{MARK}"], "refresh_token": "{MARK}"}}',
        f'{{"access_token": "{MARK}"',
    ],
)
@pytest.mark.manual("S25")
async def test_s25_rubbish_with_a_token_in_it_is_not_quoted(
    body: str, staged: "Staged", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with staged("Google") as stage:
        stage.server.answer_next(200, {}, body.encode())
        outcome = await stage.client().refresh(Secret(stage.server.give(KIM).refresh_token))
        assert isinstance(outcome, Trouble)
        assert MARK not in repr(outcome)
        assert MARK not in caplog.text


@pytest.mark.manual("S25")
async def test_s25_a_refusal_that_echoes_the_request_is_not_quoted(staged: "Staged") -> None:
    async with staged("Microsoft") as stage:
        body = (
            f'{{"error": "invalid {MARK}", "suberror": "{MARK} x", "error_description": "token={MARK}",'
            f' "correlation_id": "{MARK}", "error_codes": ["{MARK}"]}}'
        )
        stage.server.answer_next(400, {}, body.encode())
        outcome = await stage.client().refresh(Secret(stage.server.give(KIM).refresh_token))
        assert isinstance(outcome, Trouble)
        assert MARK not in repr(outcome)


@pytest.mark.manual("S25")
async def test_s25_an_error_on_the_way_carries_nothing(staged: "Staged") -> None:
    """What a failing call leaves for a traceback: neither the library's error nor its request."""
    async with staged("Google") as stage:
        stage.server.lose_next_answer()
        client = stage.client()
        calls = Calls(
            client.data, stage.application(), stage.clock, stage.context, lambda: True, lambda: None
        )
        async with calls.session() as session:
            wire_client = WireClient(session, stage.application(), None)
            grant = stage.server.give(KIM).refresh_token
            with pytest.raises(CallError) as raised:
                await wire_client.refresh_token(client.data.token, refresh_token=grant, headers={})
        assert raised.value.__cause__ is None
        assert raised.value.__context__ is None
        printed = "".join(traceback.format_exception(raised.value))
        assert "httpx2" not in printed.replace("franking", "")


def test_no_repr_tells() -> None:
    body = f'{{"access_token": "{MARK}", "token_type": "Bearer", "expires_in": 9, "refresh_token": "{MARK}"}}'
    answer = TokenAnswer.model_validate_json(body)
    wire = Wire(200, body.encode())
    told = [answer, wire, Refusal(400, "x", words=MARK), Returned(Secret(MARK), "", MARK)]
    told += [token_answer(wire, None)]  # type: ignore[arg-type]
    for value in told:
        assert MARK not in repr(value)
        assert MARK not in str(value)
    assert MARK not in answer.model_dump_json()


def test_the_models_are_not_cached_with_their_values() -> None:
    """pydantic's parser keeps short strings for later documents unless told not to."""
    for model in (TokenAnswer, ErrorAnswer):
        assert model.model_config["cache_strings"] == "keys"
        assert model.model_config["hide_input_in_errors"] is True


def test_an_idle_device_loads_no_library() -> None:
    """Making the client costs neither Authlib nor httpx2 nor joserfc."""
    program = (
        "import sys\n"
        "from franking.engine.oauth.client import OAuthProvider\n"
        "from franking.engine.oauth.providers import provider_data\n"
        "provider_data('Google')\n"
        "print(sorted({'authlib', 'httpx2', 'joserfc', 'cryptography'} & set(sys.modules)))\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert told.stdout.strip() == "[]"


def test_the_integrations_of_authlib_are_not_loaded() -> None:
    """They cost 130 ms and 11 MB over the client that is used here."""
    program = (
        "import sys\n"
        "import franking.engine.oauth.sign_in\n"
        "print('authlib.oauth2' in sys.modules, 'authlib.integrations' in sys.modules)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert told.stdout.strip() == "True False"
