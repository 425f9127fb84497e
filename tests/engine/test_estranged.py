"""A refresh token is a secret between this device and whoever gave it: another provider never sees it, and
settings that name another one end it (S26a).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.applying import SignInsEnd
from franking.engine.engine import Engine
from franking.engine.settings import Settings
from franking.events.device import SettingsChanged
from franking.events.sign_in import SignInFailed
from franking.events.token import GrantRefused, GrantRevoked
from franking.testing.clock import VirtualClock
from franking.testing.grants import Books, Grant

from .device import (
    BOSS,
    PRINTER,
    START,
    credential,
    history,
    office,
    refresh_token,
    said,
    sealed,
    states,
    warnings,
)

OTHER_CLIENT = {"client_id": "another client"}
OTHER_TENANT = {"tenant": "example.com"}


@asynccontextmanager
async def both_signed_in(folder: Path) -> AsyncIterator[Engine]:
    async with office(folder) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        yield engine


@pytest.mark.manual("S26a", "S29")
@pytest.mark.parametrize("oauth", [OTHER_CLIENT, OTHER_TENANT], ids=str)
@pytest.mark.parametrize("restart", [False, True])
async def test_s26a_another_client_or_tenant_makes_every_grant_required(
    tmp_path: Path, oauth: dict[str, str], *, restart: bool
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.acquire(engine)
            await here.sign_in(engine)
            if not restart:
                await engine.apply(engine.settings.changed(oauth=oauth), ends=("administrator", "kim"))
                assert ended(engine)
        async with here.engine(oauth=oauth) as engine:
            assert ended(engine)
            await here.scan(engine)
            await engine.settle()
            assert (here.refreshes, states(engine)) == (0, ["waiting"])
            told = [code for code, _ in warnings(engine)]
            assert told == (["SIGN_IN_VOID", "SIGN_IN_VOID"] if restart else []), "[OK] has asked"
            assert (said(engine, GrantRefused), said(engine, GrantRevoked)) == (0, 2)


def ended(engine: Engine) -> bool:
    tokens = [refresh_token(engine, login) for login in ("administrator", "kim")]
    return tokens == ["Required", "Required"] and engine.store.grants() == []


@pytest.mark.manual("S26a")
@pytest.mark.parametrize("told", [True, False])
async def test_s26a_another_provider_never_sees_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, told: bool
) -> None:
    """Not told: as if the change had not ended the grant."""
    clock = VirtualClock(START)
    async with (
        office(tmp_path / "microsoft", clock=clock) as here,
        office(tmp_path / "google", "Google", clock=clock) as there,
        here.engine() as engine,
    ):
        assert there.provider.client_secret
        credential(here.store, "client", there.provider.client_secret)
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        if not told:
            monkeypatch.setattr(engine, "estranged", list)
        oauth, tls = there.settings.oauth.model_dump(), {"trust": there.kit.ca_file}
        await engine.apply(engine.settings.changed(oauth=oauth, tls=tls), ends=("kim",))
        await here.scan(engine)
        await engine.settle()
        assert refresh_token(engine, "kim") == "Required"
        assert (there.provider.requests, states(engine)) == ([], ["waiting"])


@pytest.mark.manual("S26a")
async def test_s26a_another_administrators_address_ends_his_grant_alone(tmp_path: Path) -> None:
    async with both_signed_in(tmp_path) as engine:
        await engine.apply(engine.settings.changed(administrator={"address": PRINTER.upper()}))
        assert refresh_token(engine, "administrator") == "Acquired", "the same address, in other letters"
        changed = engine.settings.changed(administrator={"address": BOSS})
        await engine.apply(changed, ends=("administrator",))
        assert (refresh_token(engine, "administrator"), refresh_token(engine, "kim")) == (
            "Required",
            "Acquired",
        )


@pytest.mark.manual("S26a", "S23a")
async def test_s26a_what_a_grant_does_not_belong_to_leaves_it_alone(tmp_path: Path) -> None:
    async with both_signed_in(tmp_path) as engine:
        kept = sealed(engine, "kim"), sealed(engine, "administrator")
        await engine.apply(engine.settings.changed(oauth={"enabled": False}))
        await engine.apply(engine.settings.changed(oauth={"enabled": True, "auto_delete": True}))
        await engine.apply(engine.settings.changed(tls={"minimum": "TLSv1.3"}, panel={"auto_reset": 300}))
        assert (sealed(engine, "kim"), sealed(engine, "administrator")) == kept


@pytest.mark.manual("S26a")
async def test_s26a_who_signs_in_while_the_settings_change_signs_in_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        issue = Books.issue_refresh
        changes: list[asyncio.Task[object]] = []

        def meanwhile(books: Books, grant: Grant) -> str:
            changes.append(asyncio.ensure_future(engine.apply(engine.settings.changed(oauth=OTHER_TENANT))))
            return issue(books, grant)

        monkeypatch.setattr(Books, "issue_refresh", meanwhile)
        await engine.sign_in("panel", "kim")
        await engine.settle()
        await asyncio.gather(*changes)
        assert (refresh_token(engine, "kim"), engine.store.grants()) == ("Required", [])
        assert said(engine, SignInFailed) == 1
        (warning,) = engine.information()
        assert "settings were changed" in warning.cause


@pytest.mark.manual("S26a")
@pytest.mark.parametrize(
    ("change", "whose"),
    [
        ({"oauth": OTHER_CLIENT}, ("administrator", "kim")),
        ({"administrator": {"address": BOSS}}, ("administrator",)),
        ({"users": {"kim": BOSS}}, ("kim",)),
    ],
    ids=str,
)
async def test_s26a_a_change_that_ends_sign_ins_asks_first_saying_whose(
    tmp_path: Path, change: dict[str, object], whose: tuple[str, ...]
) -> None:
    async with both_signed_in(tmp_path) as engine:
        before, settings = engine.settings, engine.settings.changed(**change)
        for confirmed in ((), ("lee",)):
            with pytest.raises(SignInsEnd) as asked:
                await engine.apply(settings, confirmed)
            assert asked.value.whose == whose
            assert all(login in str(asked.value) for login in whose)
        assert engine.settings is before
        assert said(engine, SettingsChanged) == 0
        assert len(engine.store.grants()) == 2
        await engine.apply(settings, ends=whose)
        left = {"administrator", "kim"} - set(whose)
        assert {
            login for login in ("administrator", "kim") if refresh_token(engine, login) == "Acquired"
        } == left


def without(settings: Settings, login: str) -> Settings:
    users = {name: address for name, address in settings.users.items() if name != login}
    return settings.changed(users=users)


@pytest.mark.manual("S26a")
@pytest.mark.parametrize("restart", [False, True])
async def test_s26a_a_removed_users_grant_is_erased(tmp_path: Path, *, restart: bool) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.acquire(engine)
            await here.sign_in(engine)
            if not restart:
                await engine.apply(without(engine.settings, "kim"), ends=("kim",))
                assert only_the_administrators(engine)
        here.settings = without(here.settings, "kim")
        async with here.engine() as engine:
            assert only_the_administrators(engine)


def only_the_administrators(engine: Engine) -> bool:
    return [grant.identity for grant in engine.store.grants()] == ["administrator"]


@pytest.mark.manual("S26a")
async def test_s26a_an_address_changed_while_the_device_was_off_ends_the_grant(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.acquire(engine)
        async with here.engine(administrator={"address": BOSS}) as engine:
            assert refresh_token(engine, "administrator") == "Required"
            assert engine.store.grants() == []


@pytest.mark.manual("S26a", "S17")
async def test_s26a_a_user_whose_address_came_with_his_log_in_is_not_removed_by_settings(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await engine.log_in("panel", "boss", BOSS)
            await engine.sign_in("panel", "boss")
            await engine.settle()
            await engine.apply(without(engine.settings, "kim"))
            assert refresh_token(engine, "boss") == "Acquired"
        async with here.engine() as engine:
            assert refresh_token(engine, "boss") == "Acquired"


@pytest.mark.manual("S26a")
async def test_s26a_the_former_provider_is_told_where_it_has_a_revocation(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    async with (
        office(tmp_path / "google", "Google", clock=clock) as here,
        office(tmp_path / "microsoft", clock=clock) as there,
        here.engine() as engine,
    ):
        await here.sign_in(engine)
        both = tmp_path / "both.pem"
        both.write_bytes(here.kit.ca_file.read_bytes() + there.kit.ca_file.read_bytes())
        await engine.apply(engine.settings.changed(tls={"trust": both}))
        await engine.apply(engine.settings.changed(oauth=there.settings.oauth.model_dump()), ends=("kim",))
        await engine.settle()
        assert here.provider.count("revoke") == 1
        assert [fact.delivered for fact in history(engine) if isinstance(fact, GrantRevoked)] == [True]
        assert there.provider.requests == []


@pytest.mark.manual("S26a")
async def test_s26a_who_signs_in_while_his_address_changes_signs_in_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        issue = Books.issue_refresh
        changes: list[asyncio.Task[object]] = []

        def meanwhile(books: Books, grant: Grant) -> str:
            changed = engine.settings.changed(administrator={"address": BOSS})
            changes.append(asyncio.ensure_future(engine.apply(changed)))
            return issue(books, grant)

        monkeypatch.setattr(Books, "issue_refresh", meanwhile)
        await engine.acquire("page")
        await engine.settle()
        await asyncio.gather(*changes)
        assert (refresh_token(engine, "administrator"), engine.store.grants()) == ("Required", [])
