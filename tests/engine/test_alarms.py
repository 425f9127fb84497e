"""Alarms beside mail (B12)."""

import asyncio
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from franking.engine.alarms import Alarms, Way
from franking.engine.hooks import command as by_command
from franking.engine.kept import LinesGone
from franking.engine.records import Batch
from franking.engine.settings import Settings, SettingsError
from franking.testing.https import HttpsListener
from franking.tests.engine.device import (
    KIM,
    OFFICE,
    Office,
    anywhere,
    credential,
    issued_tokens,
    office,
    refresh_token,
    states,
)
from franking.tests.engine.hooked import Called, Posted, alarm, all_told, failures, posted

pytestmark = pytest.mark.manual("B12")
NOWHERE = {"port": 1}
"Nothing listens there."


def told(url: Posted | None = None, command: Called | None = None) -> dict[str, object]:
    wanted: dict[str, object] = {}
    if url is not None:
        wanted["url"] = url.url
    if command is not None:
        wanted["command"] = command.command
    return {"on_information": wanted}


async def grant_dies(here: Office, url: Posted, program: Called) -> list[dict[str, object]]:
    """While no mail can go; what the program and the URL are told of it."""
    async with here.engine(hooks=told(url, program), smtp=NOWHERE) as engine:
        await here.sign_in(engine)
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["waiting"]
        here.provider.revoke_grants(KIM)
        await here.passes(engine, days=3)
        assert refresh_token(engine, "kim") == "Expired"
        both = [await program.next(), await url.next()]
        await all_told(engine, Way.COMMAND)
        await all_told(engine, Way.URL)
        return both


async def test_b12_an_alarm_reaches_program_and_url_when_a_grant_dies_while_no_mail_goes(
    tmp_path: Path,
) -> None:
    async with posted() as url, office(tmp_path / "office", device={"name": "Printer 3"}) as here:
        first, second = await grant_dies(here, url, Called(tmp_path / "program"))
        assert first == second
        assert (first["code"], first["name"], first["whose"]) == ("I101", "SIGN_IN_AGAIN", "kim")
        assert (first["device"], first["stands"], first["actor"]) == ("Printer 3", True, "PERSON")
        assert "sign in" in str(first["remedy"]).lower()


async def test_b12_an_alarm_holds_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    issued = issued_tokens(monkeypatch)
    async with posted() as url, office(tmp_path / "office") as here:
        said = await grant_dies(here, url, Called(tmp_path / "program"))
        assert issued
        for secret in issued:
            assert secret not in f"{said}{url.heads}{caplog.text}"
        assert KIM not in str(said), "the address is the user's"
        assert url.heads[0].startswith("POST /alarm?to=the%20desk HTTP/1.1\r\n")


async def test_b12_a_program_gets_an_empty_environment_and_no_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRANKING_SMTP__PASSWORD", "a secret")
    program = Called(tmp_path / "program", '{ /usr/bin/env; echo "$1"; /bin/pwd; }')
    command = (*program.command, "$(id); `id` > /dev/null")
    async with (
        office(tmp_path / "office") as here,
        here.engine(hooks={"on_information": {"command": command}}) as engine,
    ):
        await alarm(engine)
        *environment, argument, folder = (await program.said()).splitlines()
        await all_told(engine, Way.COMMAND)
        assert {line.partition("=")[0] for line in environment} <= {"PWD", "OLDPWD", "_", "SHLVL"}
        assert (argument, folder) == (command[1], "/"), "as it was written"


LIFE = """
import asyncio, sys
from franking.engine.engine import Engine
from franking.engine.settings import Settings
from franking.events.device import DiskFilled

async def life(store, url, raises):
    settings = Settings().changed(store={"path": store}, hooks={"on_information": {"url": url}})
    async with Engine.open(settings) as engine:
        if raises:
            await engine.publish(DiskFilled())
        await asyncio.Event().wait()

asyncio.run(life(sys.argv[1], sys.argv[2], sys.argv[3] == "raises"))
"""


async def lives(store: Path, url: Posted, what: str = "") -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", LIFE, str(store), url.url, what)


async def killed(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def test_b12_an_alarm_that_nobody_took_is_told_by_the_next_life(tmp_path: Path) -> None:
    async with posted() as url:
        url.answers = [0]
        process = await lives(tmp_path / "store", url, "raises")
        try:
            first = (await url.next())["id"]
        finally:
            await killed(process)
        process = await lives(tmp_path / "store", url)
        try:
            assert (await url.next())["id"] == first
        finally:
            await killed(process)


async def test_b12_a_hook_that_hangs_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_command, "LIMIT_S", 0.05)
    hangs = Called(tmp_path / "program", "exec /bin/sleep 1000")
    async with (
        posted() as url,
        failures() as failed,
        office(tmp_path / "office") as here,
        here.engine(hooks=told(url, hangs)) as engine,
    ):
        await here.sign_in(engine)
        await alarm(engine)
        await url.next()
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["sent"]
        assert "the command hook took no alarm: it took more than 0.05 s" in await failed.next()
        assert engine.store.alarms(Way.COMMAND, 10), "it is still to be told"


async def test_b12_a_program_that_hangs_ends_with_the_engine(tmp_path: Path) -> None:
    program = Called(tmp_path / "program", "/bin/echo $$", "exec /bin/sleep 1000")
    async with office(tmp_path / "office") as here:
        async with here.engine(hooks=told(command=program)) as engine:
            await alarm(engine)
            number = int(await program.said())
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


async def test_b12_the_engine_stops_although_a_hook_hangs(tmp_path: Path) -> None:
    async with posted() as url, office(tmp_path / "office") as here:
        url.answers = [0]
        async with here.engine(hooks=told(url)) as engine:
            await alarm(engine)
            first = (await url.next())["id"]
        async with here.engine(hooks=told(url)) as engine:
            assert (await url.next())["id"] == first
            await all_told(engine, Way.URL)
        async with here.engine(hooks=told(url)):
            assert url.alarms.empty()


async def test_b12_what_was_not_taken_is_told_again_after_a_while(tmp_path: Path) -> None:
    async with posted() as url, failures() as failed, office(tmp_path / "office") as here:
        url.answers = [503, 302]
        async with here.engine(hooks=told(url)) as engine:
            await alarm(engine)
            first = (await url.next())["id"]
            assert "status 503" in await failed.next()
            await here.passes(engine, seconds=3)
            assert url.alarms.empty()
            await here.passes(engine, seconds=3)
            assert (await url.next())["id"] == first
            assert "status 302" in await failed.next()
            await here.passes(engine, seconds=7)
            assert url.alarms.empty(), "each time it waits longer"
            await here.passes(engine, seconds=5)
            assert (await url.next())["id"] == first
            await all_told(engine, Way.URL)


async def test_b12_one_alarm_that_is_never_taken_stands_in_no_others_way(tmp_path: Path) -> None:
    async with posted() as url, failures() as failed, office(tmp_path / "office") as here:
        url.answers = [500]
        async with here.engine(hooks=told(url)) as engine:
            await alarm(engine)
            url.refuses = (await url.next())["id"]
            await failed.next()
            await alarm(engine)
            await here.passes(engine, seconds=6)
            assert (await url.next())["id"] != url.refuses
            assert (await url.next())["id"] == url.refuses
            await failed.next()
            assert len(engine.store.alarms(Way.URL, 10)) == 1


async def test_b12_other_settings_are_tried_at_once(tmp_path: Path) -> None:
    async with posted() as wrong, posted() as url, office(tmp_path / "office") as here:
        wrong.answers = [404]
        async with here.engine(hooks=told(wrong)) as engine:
            await alarm(engine)
            first = (await wrong.next())["id"]
            await engine.apply(engine.settings.changed(hooks=told(url)))
            assert (await url.next())["id"] == first
            await all_told(engine, Way.URL)


async def test_b12_who_wants_no_alarms_any_more_gets_none(tmp_path: Path) -> None:
    async with posted() as url, office(tmp_path / "office") as here:
        url.answers = [500]
        async with here.engine(hooks=told(url)) as engine:
            await alarm(engine)
            await url.next()
            none = {"on_information": {"url": None}}
            await engine.apply(engine.settings.changed(hooks=none))
            await all_told(engine, Way.URL)
            assert url.alarms.empty()


async def test_s33a_of_a_users_job_the_administrators_hook_is_told_no_address(tmp_path: Path) -> None:
    async with (
        posted() as url,
        office(tmp_path / "office", smtp={"give_up_after": timedelta(hours=1)}) as here,
        here.engine(hooks=told(url)) as engine,
    ):
        await here.sign_in(engine)
        here.server.mailbox.refuse_next("rcpt", f"550 5.1.1 {OFFICE}: no such user")
        await here.scan(engine)
        await engine.settle()
        said = await url.next()
        await all_told(engine, Way.URL)
        assert (said["code"], said["whose"]) == ("I201", "kim")
        assert said["cause"]
        assert OFFICE not in str(said)


async def test_b12_a_receiver_that_wants_a_token_gets_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with posted() as url, failures() as failed, office(tmp_path / "office") as here:
        credential(here.store, "desk", "t0ken")
        wanted = {"on_information": {"url": url.url, "credential": "credential:desk"}}
        async with here.engine(hooks=wanted) as engine:
            await alarm(engine)
            await url.next()
            await all_told(engine, Way.URL)
            assert "authorization: bearer t0ken" in url.heads[0].lower()
            (here.store / "credentials" / "desk").unlink()
            await alarm(engine)
            assert "its credential, or the proxy's, cannot be read" in await failed.next()
            assert "t0ken" not in caplog.text


async def test_b12_a_receiver_is_who_its_certificate_says(tmp_path: Path) -> None:
    """Trusted as the provider and the mail server are."""
    async with failures() as failed, office(tmp_path / "office") as here:
        taken = asyncio.Queue[bytes]()

        async def desk(scope: Scope, receive: Receive, send: Send) -> None:
            taken.put_nowait((await receive())["body"])
            await Response(status_code=204)(scope, receive, send)

        async with HttpsListener(desk, here.kit.authority) as listener:
            for trust, name in ((None, "localhost"), (here.kit.ca_file, "127.0.0.2")):
                wrong = {"on_information": {"url": f"https://{name}:{listener.port}/a%20secret"}}
                async with here.engine(hooks=wrong, tls={"trust": trust}) as engine:
                    await alarm(engine)
                    said = await failed.next()
                    assert ("it was not reached: " in said, "secret" in said) == (True, False)
            assert taken.empty()
            right = {"on_information": {"url": f"https://localhost:{listener.port}/a%20secret"}}
            async with here.engine(hooks=right) as engine:
                assert json.loads(await taken.get())["code"] == "I003"
                await all_told(engine, Way.URL)


async def test_b12_a_fault_in_an_alarm_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_fault(alarms: Alarms, number: int) -> bytes:
        raise KeyError(KIM)

    monkeypatch.setattr(Alarms, "told", at_fault)
    async with (
        posted() as url,
        failures() as failed,
        office(tmp_path / "office") as here,
        here.engine(hooks=told(url)) as engine,
    ):
        await alarm(engine)
        said = await failed.next()
        assert ("a fault of the program, KeyError at at_fault" in said, KIM in said) == (True, False)
        await here.sign_in(engine)


WRONG = [
    ("command", ("alarm",)),
    ("command", ("/no/such/program",)),
    ("command", "/bin/true; id"),
    ("url", "http://monitor.example.com/alarm"),
    ("url", "http://localhost.example.com/"),
    ("url", "http://localhost@example.com/"),
    ("url", "ftp://localhost/"),
    ("url", "https://user:secret@example.com/"),
    ("url", "https:///alarm"),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
async def test_b12_what_could_not_be_called_is_refused(tmp_path: Path, key: str, value: object) -> None:
    async with office(tmp_path / "office") as here:
        with pytest.raises(SettingsError) as refused:
            async with here.engine(hooks={"on_information": {key: value}}):
                pass
        assert [each.key for each in refused.value.mistakes] == [f"hooks.on_information.{key}"]


@pytest.mark.parametrize("url", ["https://example.com", "https://[::1]:8443/a?b=c", "http://localhost:9/x"])
def test_b12_an_address_may_have_all_that_a_receiver_wants(url: str) -> None:
    assert Settings().changed(hooks={"on_information": {"url": url}}).hooks.on_information.url == url


async def test_b12_an_alarm_is_kept_as_long_as_the_history_reaches_back_to_it(tmp_path: Path) -> None:
    async with posted() as url, failures() as failed, office(tmp_path / "office") as here:
        url.answers = [500]
        async with here.engine(hooks=told(url)) as engine:
            await alarm(engine)
            await url.next()
            await failed.next()
            await engine.store.commit(Batch([], [], [], [LinesGone(1, engine.runtime.sequence)]))
            await here.passes(engine, seconds=6)
            await all_told(engine, Way.URL)
            assert url.alarms.empty()


async def test_b12_an_alarm_that_was_told_leaves_no_row(tmp_path: Path) -> None:
    async with posted() as url, office(tmp_path / "office") as here:
        async with here.engine(hooks=told(url)) as engine:
            await alarm(engine, times=3)
            ids = [(await url.next())["id"] for _ in range(3)]
            await all_told(engine, Way.URL)
            assert len(set(ids)) == 3
        assert not anywhere(here.store, url.url.encode()), "the address stands in the settings alone"
