"""The first proxy as the whole engine uses it: token traffic through it, mail never, no grant lost (S4)."""

import logging
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.settings import SettingsError
from franking.events.information import Actor
from franking.events.token import GrantRefused
from franking.testing.clock import VirtualClock
from franking.tests.engine.device import (
    START,
    Office,
    access_token,
    anywhere,
    credential,
    office,
    refresh_token,
    said,
    states,
    warnings,
)
from franking.tests.engine.proxies import PASSWORD, USER, ScriptedProxy, TinyProxy, free_port


def behind(port: int, *exclusions: str) -> dict[str, object]:
    """[Proxy Settings]."""
    return {
        "host": "127.0.0.1",
        "port": port,
        "user": USER,
        "credential": "credential:proxy",
        "exclusions": exclusions,
    }


def provider(here: Office) -> str:
    return here.provider.base.removeprefix("https://")


async def change(engine: Engine, **sections: object) -> None:
    await engine.apply(engine.settings.changed(**sections))
    await engine.settle()


@pytest.mark.manual("S4")
async def test_s4_tokens_go_through_the_proxy_and_mail_does_not(tmp_path: Path) -> None:
    async with office(tmp_path) as here, TinyProxy(tmp_path) as proxy:
        credential(here.store, "proxy", PASSWORD)
        async with here.engine(proxy=behind(proxy.port)) as engine:
            await here.sign_in(engine)
            await here.scan(engine)
            await engine.settle()
            await here.passes(engine, hours=2)
            await here.scan(engine)
            await engine.settle()
            assert states(engine) == ["sent", "sent"]
        asked = [seen.kind for seen in here.provider.requests if seen.kind.startswith("token:")]
        assert asked == ["token:authorization_code", "token:refresh_token"]
        assert len(here.kit.mailbox.messages) == 2
    assert set(proxy.connects) == {provider(here)}
    assert len(proxy.connects) == 2
    assert not any(connect.endswith(f":{here.server.port}") for connect in proxy.connects)


@pytest.mark.manual("S4", "S27")
async def test_s4_a_deleted_token_is_revoked_through_it(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, TinyProxy(tmp_path) as proxy:
        credential(here.store, "proxy", PASSWORD)
        async with here.engine() as engine:
            await here.sign_in(engine)
            await change(engine, proxy=behind(proxy.port))
            await engine.delete_token("kim")
            await engine.settle()
            assert here.provider.count("revoke") == 1
    assert proxy.connects == [provider(here)]


@pytest.mark.manual("S4")
async def test_s4_a_changed_proxy_carries_the_next_request(tmp_path: Path) -> None:
    async with office(tmp_path) as here, TinyProxy(tmp_path) as proxy:
        credential(here.store, "proxy", PASSWORD)
        async with here.engine() as engine:
            await here.sign_in(engine)
            for settings in (behind(proxy.port), behind(proxy.port, "localhost"), {"host": None}):
                await change(engine, proxy=settings)
                await here.passes(engine, hours=2)
                await here.scan(engine)
                await engine.settle()
            assert states(engine) == ["sent"] * 3
            assert here.refreshes == 3
    assert proxy.connects == [provider(here)]


@pytest.mark.manual("S4", "S29", "B9", "B10")
async def test_s4_a_wrong_password_names_proxy_settings_and_costs_no_sign_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "marked-wr0ng-passw0rd"
    async with office(tmp_path) as here, TinyProxy(tmp_path) as proxy:
        credential(here.store, "proxy", wrong)
        async with here.engine() as engine:
            await here.sign_in(engine)
            await change(engine, proxy=behind(proxy.port))
            await here.passes(engine, hours=2)
            await here.scan(engine)
            await engine.settle()
            assert (refresh_token(engine, "kim"), states(engine)) == ("Acquired", ["waiting"])
            (warning,) = engine.information()
            assert warning.code.name == "PROVIDER_REFUSES"
            assert warning.actor is Actor.ADMIN
            assert "proxy" in warning.cause
            path = "[Security] - [Certificate Verification Settings] - [Proxy Settings] in Web Connection"
            assert f"[User Name] in {path}" in warning.remedy
            assert f"[Password] in {path}" in warning.remedy
            assert here.refreshes == 0
            credential(here.store, "proxy", PASSWORD)
            await here.passes(engine, hours=1)
            assert (states(engine), warnings(engine)) == (["sent"], [])
            assert said(engine, GrantRefused) == 0
        for secret in (wrong, PASSWORD):
            assert secret not in caplog.text
            for left in anywhere(here.store, secret.encode()):
                assert left == "proxy"


@pytest.mark.manual("S4", "S23", "B9")
async def test_s4_a_sign_in_behind_a_wrong_proxy_changes_nothing_and_says_why(tmp_path: Path) -> None:
    async with office(tmp_path) as here, ScriptedProxy(b"HTTP/1.1 403 Filtered\r\n\r\n") as proxy:
        credential(here.store, "proxy", PASSWORD)
        async with here.engine(proxy=behind(proxy.port)) as engine:
            await engine.acquire("page")
            await engine.settle()
            assert refresh_token(engine, "administrator") == "Required"
            (warning,) = engine.information()
            assert (warning.code.name, warning.subject) == ("SIGN_IN_FAILED", "page")
            assert "forbids" in warning.cause
            assert "[Address not to use the proxy]" in warning.remedy
            assert here.provider.count("token:authorization_code") == 0
            await change(engine, proxy={"host": None})
            await here.acquire(engine)


@pytest.mark.manual("S4", "S29", "B2", "B10")
async def test_s4_a_proxy_that_is_away_for_a_week_costs_neither_job_nor_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, ScriptedProxy(b"HTTP/1.1 502 No\r\n\r\n") as unlucky:
        credential(here.store, "proxy", PASSWORD)
        async with here.engine() as engine:
            await here.sign_in(engine)
            await change(engine, proxy=behind(free_port()))
            await here.passes(engine, hours=2)
            await here.scan(engine)
            await here.passes(engine, days=3)
            await change(engine, proxy=behind(unlucky.port))
            await here.passes(engine, days=4)
            assert unlucky.heads != []
            assert (refresh_token(engine, "kim"), access_token(engine, "kim")) == ("Acquired", "backing off")
            assert (states(engine), here.refreshes) == (["waiting"], 0)
            await change(engine, proxy={"host": None})
            assert states(engine) == ["sent"]
        assert len(here.visits) == 1


@pytest.mark.manual("S4", "B10")
async def test_s4_a_mended_proxy_lets_what_waited_go_at_once(tmp_path: Path) -> None:
    async with office(tmp_path) as here, TinyProxy(tmp_path) as proxy:
        credential(here.store, "proxy", PASSWORD)
        async with here.engine() as engine:
            await here.sign_in(engine)
            await change(engine, proxy=behind(proxy.port) | {"user": "somebody"})
            await here.passes(engine, hours=2)
            await here.scan(engine)
            await engine.settle()
            assert (access_token(engine, "kim"), states(engine)) == ("refused", ["waiting"])
            await change(engine, proxy={"user": USER})
            assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S4", "S15")
@pytest.mark.parametrize("section", ["proxy", "browser.proxy"])
async def test_s4_what_of_a_proxy_cannot_be_meant_is_named_at_once(tmp_path: Path, section: str) -> None:
    wrong = behind(8080, ".example.com", "10.0.0.0/33", "a b") | {"user": "a:b"}
    sections: dict[str, object] = (
        {"proxy": wrong} if section == "proxy" else {"browser": {"enabled": True, "proxy": wrong}}
    )
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(SettingsError) as refused:
            await change(engine, **sections)
        found = [mistake.key for mistake in refused.value.mistakes]
        assert found == [
            f"{section}.exclusions",
            f"{section}.exclusions",
            f"{section}.user",
            f"{section}.credential",
        ]
        assert "`10.0.0.0/33`" in str(refused.value)
        assert "There is no file proxy" in str(refused.value)
        assert engine.settings.proxy.host is engine.settings.browser.proxy.host is None


@pytest.mark.manual("S4")
async def test_s4_the_browsers_proxy_is_not_looked_at_while_the_browser_is_off(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await change(engine, browser={"enabled": False, "proxy": behind(8080)})
        with pytest.raises(SettingsError, match=r"browser\.proxy\.credential"):
            await change(engine, browser={"enabled": True})


@pytest.mark.manual("S4")
async def test_s4_an_engine_does_not_start_with_a_proxy_that_cannot_be_meant(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        settings = here.settings.changed(proxy=behind(8080, "10.0.0.0/33"))
        with pytest.raises(SettingsError, match=r"proxy\.exclusions"):
            async with Engine.open(settings, clock=VirtualClock(START)):
                pytest.fail("it started")
