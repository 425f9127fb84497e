"""[SSL/TLS Version Setting], [HTTP Version Setting] and the network, on the real connections: a change takes
effect with the next one, for mail and for tokens alike (S8, S9, S10).
"""

import ssl
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.bus import Publication
from franking.engine.engine import Engine
from franking.engine.records import StoreFailed
from franking.engine.settings import Settings
from franking.events.device import NetworkChanged, SettingsChanged
from franking.testing.submission import SubmissionServer
from franking.tests.engine.device import (
    Office,
    access_token,
    history,
    office,
    refresh_token,
    said,
    signed_in,
    states,
    warnings,
)

VLAN: dict[str, object] = {"connection": "Network 2", "vlan": True}


def mail_versions(here: Office) -> list[str]:
    """TLS of every message that arrived."""
    return [each.envelope.tls for each in here.kit.mailbox.messages]


def token_versions(here: Office) -> list[str]:
    """TLS of every token request."""
    return [seen.tls for seen in here.provider.requests if seen.kind.startswith("token:")]


def http_versions(here: Office) -> list[str]:
    return [seen.http_version for seen in here.provider.requests if seen.kind.startswith("token:")]


async def change(engine: Engine, **sections: object) -> None:
    await engine.apply(engine.settings.changed(**sections))
    await engine.settle()


async def scan(here: Office, engine: Engine) -> None:
    await here.scan(engine)
    await engine.settle()


@pytest.mark.manual("S8")
async def test_s8_a_changed_version_holds_for_the_next_mail_and_the_warm_connection_is_left(
    tmp_path: Path,
) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await scan(here, engine)
        await scan(here, engine)
        (warm,) = here.server.conversations
        await change(engine, tls={"maximum": "TLSv1.2"})
        assert warm not in here.server.conversations
        await scan(here, engine)
        assert mail_versions(here) == ["TLSv1.3", "TLSv1.3", "TLSv1.2"]
        await change(engine, tls={"maximum": "TLSv1.3"})
        await scan(here, engine)
        assert mail_versions(here)[3:] == ["TLSv1.3"]


@pytest.mark.manual("S8")
async def test_s8_another_setting_leaves_the_warm_connection_alone(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await scan(here, engine)
        (warm,) = here.server.conversations
        await change(engine, panel={"auto_reset": 90})
        await scan(here, engine)
        assert list(here.server.conversations) == [warm]


@pytest.mark.manual("S8")
async def test_s8_a_message_in_transfer_ends_as_it_began(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        async with here.server.hold_bodies() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            await engine.apply(engine.settings.changed(tls={"maximum": "TLSv1.2"}))
        await engine.settle()
        await scan(here, engine)
        assert states(engine) == ["sent", "sent"]
        assert mail_versions(here) == ["TLSv1.3", "TLSv1.2"]


@pytest.mark.manual("S8")
async def test_s8_a_changed_version_holds_for_the_next_token(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        await here.sign_in(engine)
        for tls in ({"maximum": "TLSv1.2"}, {"maximum": "TLSv1.3", "minimum": "TLSv1.3"}):
            await change(engine, tls=tls)
            await here.passes(engine, hours=2)
            await scan(here, engine)
        assert token_versions(here) == ["TLSv1.3", "TLSv1.2", "TLSv1.3"]
        assert mail_versions(here) == ["TLSv1.2", "TLSv1.3"]


@pytest.mark.manual("S8", "B10")
async def test_s8_a_server_of_another_version_waits_for_the_setting(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here:
        kit = here.kit
        old = SubmissionServer(here.provider, kit.authority, kit.mailbox, maximum=ssl.TLSVersion.TLSv1_2)
        async with (
            old as server,
            here.engine(smtp={"port": server.port}, tls={"minimum": "TLSv1.3"}) as engine,
        ):
            await here.sign_in(engine)
            await scan(here, engine)
            assert (states(engine), mail_versions(here)) == (["waiting"], [])
            assert engine.job(1).code in ("tls", "lost")  # as soon as the server's alert is read, or not
            await change(engine, tls={"minimum": "TLSv1.2"})
            assert (states(engine), mail_versions(here)) == (["sent"], ["TLSv1.2"])


async def test_a_change_that_fails_leaves_no_connection_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with signed_in(tmp_path) as (here, engine):

        async def fails(settings: Settings, facts: Sequence[Publication]) -> None:
            engine.adapters.submission()  # a job is taken while the change is not durable yet
            raise StoreFailed("disk full", full=True)

        monkeypatch.setattr(engine, "take_effect", fails)
        with pytest.raises(StoreFailed):
            await engine.apply(engine.settings.changed(smtp={"port": 1}))
        await scan(here, engine)
        assert states(engine) == ["sent"]


@pytest.mark.parametrize(("key", "value"), [("per_minute", 9), ("give_up_after", timedelta(days=2))])
async def test_what_no_connection_depends_on_leaves_them_as_they_are(
    tmp_path: Path, key: str, value: object
) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await scan(here, engine)
        before = engine.adapters.made_submission
        await change(engine, smtp={key: value})
        await scan(here, engine)
        assert engine.adapters.made_submission is before is not None
        await change(engine, smtp={"connections": 2})
        await scan(here, engine)
        assert engine.adapters.made_submission is not before is engine.adapters.former_submission
        assert states(engine) == ["sent"] * 3


@pytest.mark.manual("S9")
async def test_s9_a_changed_http_version_holds_for_the_next_token(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(http={"version": "HTTP/1.1"}) as engine:
        await here.sign_in(engine)
        for version in ("HTTP/2,HTTP/1.1", "HTTP/1.1"):
            await change(engine, http={"version": version})
            await here.passes(engine, hours=2)
            await scan(here, engine)
        assert http_versions(here) == ["1.1", "2", "1.1"]
        assert states(engine) == ["sent", "sent"]


@pytest.mark.manual("S10", "S14")
async def test_s10_another_network_is_a_fact_that_carries_what_it_breaks(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, engine):
        changes: tuple[dict[str, object], ...] = (VLAN, {"vlan": False}, {"connection": "Network 1"})
        for network in changes:
            await change(engine, network=network)
        facts = [fact for fact in history(engine) if isinstance(fact, NetworkChanged)]
        assert [(fact.oauth, fact.broken) for fact in facts] == [
            (True, ("S14-vlan",)),
            (True, ()),
            (True, ()),
        ]
        assert said(engine, SettingsChanged) == 0


@pytest.mark.manual("S10")
async def test_s10_with_other_settings_beside_it_one_fact_names_them_all(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, engine):
        await change(engine, network=VLAN, tls={"maximum": "TLSv1.2"})
        (fact,) = [fact for fact in history(engine) if isinstance(fact, SettingsChanged)]
        assert fact.changed == ("network.connection", "network.vlan", "tls.maximum")
        assert fact.broken == ("S14-vlan",)
        assert said(engine, NetworkChanged) == 0


@pytest.mark.manual("S10", "S14", "B2", "B10")
async def test_s10_on_the_wrong_network_what_is_spooled_waits_and_goes_by_itself(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("mail", "451 4.3.2 Not now")
        await scan(here, engine)
        await change(engine, network=VLAN)
        await here.passes(engine, days=1)
        assert (states(engine), refresh_token(engine, "kim")) == (["waiting"], "Acquired")
        assert warnings(engine) == [("NOT_AVAILABLE", "")]
        assert here.refreshes == 0
        await change(engine, network={"connection": "Network 1"})
        assert (states(engine), warnings(engine)) == (["sent"], [])
        assert access_token(engine, "kim") == "fresh"


@pytest.mark.manual("S10")
async def test_s10_a_warm_connection_of_the_former_network_is_left(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await scan(here, engine)
        (warm,) = here.server.conversations
        await change(engine, network={"connection": "Network 2"})
        assert warm not in here.server.conversations
        await scan(here, engine)
        assert states(engine) == ["sent", "sent"]


@pytest.mark.manual("S1", "S10")
async def test_s10_without_oauth_each_network_will_do(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        smtp = {"user": None, "port": here.server.port}
        async with here.engine(oauth={"enabled": False}, smtp=smtp) as engine:
            await change(engine, network=VLAN)
            (fact,) = [fact for fact in history(engine) if isinstance(fact, NetworkChanged)]
            assert (fact.oauth, fact.broken) == (False, ())
            assert engine.status().validation == "Off"
