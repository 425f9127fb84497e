"""The rules where they are met: at [OK], at the sign-in, when a job is submitted and when it is sent.

Rule: what a rule forbids is seen at the provider and in the mailbox, too: nothing was asked, nothing sent.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.refusal import Refused
from franking.engine.settings import Settings, SettingsError
from franking.engine.words import words
from franking.events.information import Actor
from franking.events.job import JobSubmitted
from franking.machines.rules import RULES, Rule
from franking.testing.clock import VirtualClock
from franking.tests.engine.device import (
    KIM,
    START,
    history,
    office,
    refresh_token,
    sealed,
    states,
    warnings,
)


@dataclass(frozen=True, slots=True)
class Case:
    """One rule of the manual: how it is broken, and how one setting puts it right."""

    code: str
    provider: str
    breaks: dict[str, object]
    mends: dict[str, object]


CASES = (
    Case("S12-tls", "Microsoft", {"tls": {"minimum": "TLSv1.3"}}, {"tls": {"minimum": "TLSv1.2"}}),
    Case("S13-http", "Google", {"http": {"version": "HTTP/1.1"}}, {"http": {"version": "HTTP/2,HTTP/1.1"}}),
    Case(
        "S14-vlan",
        "Microsoft",
        {"network": {"connection": "Network 2", "vlan": True}},
        {"network": {"vlan": False}},
    ),
)
each_case = pytest.mark.parametrize("case", CASES, ids=[case.code for case in CASES])
of_the_manual = pytest.mark.manual("S12", "S13", "S14", "S15")


async def change(engine: Engine, sections: dict[str, object]) -> None:
    await engine.apply(engine.settings.changed(**sections))
    await engine.settle()


# Each rule at each look


@of_the_manual
@each_case
async def test_set_is_allowed_while_oauth_is_on_and_the_screen_says_what_is_wrong(
    tmp_path: Path, case: Case
) -> None:
    async with office(tmp_path, case.provider) as here, here.engine() as engine:
        assert engine.status().validation == "Available"
        await change(engine, case.breaks)
        assert (engine.status().validation, engine.status().broken) == ("Not available", (case.code,))
        assert warnings(engine) == [("NOT_AVAILABLE", "")]
        (warning,) = engine.information()
        rule = next(rule for rule in RULES if rule.code == case.code)
        assert rule.sentence in warning.cause
        assert warning.remedy == rule.act
        assert warning.actor is Actor.ADMIN
        await change(engine, case.mends)
        assert (engine.status().validation, engine.status().broken) == ("Available", ())
        assert warnings(engine) == []


@of_the_manual
@each_case
async def test_sign_in_is_refused_and_nobody_is_asked(tmp_path: Path, case: Case) -> None:
    async with office(tmp_path, case.provider) as here, here.engine() as engine:
        await here.scan(engine)
        await change(engine, case.breaks)
        for asked in (engine.acquire("page"), engine.sign_in("panel", "kim")):
            with pytest.raises(Refused) as refused:
                await asked
            assert refused.value.codes == (case.code,)
        await engine.log_in("panel", "kim")
        await engine.settle()
        assert (here.visits, here.provider.requests) == ([], [])
        await change(engine, case.mends)
        await here.acquire(engine)


@of_the_manual
@each_case
async def test_submit_refuses_a_person_at_once_and_spools_nothing(tmp_path: Path, case: Case) -> None:
    async with office(tmp_path, case.provider) as here, here.engine() as engine:
        await here.sign_in(engine)
        await change(engine, case.breaks)
        refusal = await here.refusal(engine)
        (rule,) = refusal.rules
        assert rule.code == case.code
        assert set(case.breaks) <= {key.partition(".")[0] for key in rule.settings}
        assert "[" in rule.remedy
        assert rule.remedy in str(refusal)
        assert rule.actor.value in str(refusal)
        submitted = [event for event in history(engine) if isinstance(event, JobSubmitted)]
        assert [event.broken for event in submitted] == [(case.code,)]
        await change(engine, case.mends)
        await here.passes(engine, hours=1)
        assert here.kit.mailbox.messages == []


def rule(code: str) -> Rule:
    return next(rule for rule in RULES if rule.code == code)


@of_the_manual
@pytest.mark.manual("B9")
@each_case
async def test_what_the_device_sends_by_itself_waits_and_says_why(tmp_path: Path, case: Case) -> None:
    async with office(tmp_path, case.provider) as here, here.engine() as engine:
        await here.acquire(engine)
        await change(engine, case.breaks)
        receipt = await here.notice(engine)
        await engine.settle()
        assert receipt.waits_for == engine.job(receipt.job).reason == engine.words.rule(rule(case.code))[0]
        assert (states(engine), here.kit.mailbox.messages) == (["waiting"], [])
        await change(engine, case.mends)
        assert states(engine) == ["sent"]


@of_the_manual
@pytest.mark.manual("B10")
@each_case
async def test_send_waits_with_its_tokens_and_goes_when_the_rule_holds_again(
    tmp_path: Path, case: Case
) -> None:
    async with office(tmp_path, case.provider) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            receipt = await here.scan(engine)
            await engine.hold(receipt.job)
            kept = sealed(engine, "kim")
            await change(engine, case.breaks)
            await engine.release(receipt.job)
            await here.passes(engine, days=2)
            assert engine.job(receipt.job).state == "waiting"
            assert engine.job(receipt.job).reason == engine.words.rule(rule(case.code))[0]
            assert (refresh_token(engine, "kim"), sealed(engine, "kim")) == ("Acquired", kept)
            assert here.refreshes == 0
        here.settings = here.settings.changed(**case.breaks)
        async with here.engine() as engine:
            assert (engine.status().broken, states(engine)) == ((case.code,), ["waiting"])
            assert warnings(engine) == [("NOT_AVAILABLE", "")]
            await change(engine, case.mends)
            assert states(engine) == ["sent"]


# Turning it on (S14, S3, S15)


@pytest.mark.manual("S14", "S10")
async def test_s14_it_cannot_be_turned_on_on_network_2_with_vlan(tmp_path: Path) -> None:
    network: dict[str, object] = {"connection": "Network 2", "vlan": True}
    async with office(tmp_path) as here, here.engine(oauth={"enabled": False}, network=network) as engine:
        with pytest.raises(Refused) as refused:
            await engine.apply(engine.settings.changed(oauth={"enabled": True}))
        assert refused.value.codes == ("S14-vlan",)
        assert not engine.settings.oauth.enabled
        assert engine.status().validation == "Off"
        both = engine.settings.changed(oauth={"enabled": True}, network={"vlan": False})
        assert (await engine.apply(both)).changed == ("network.vlan", "oauth.enabled")
        assert engine.status().validation == "Available"


@pytest.mark.manual("S12", "S1")
async def test_s1_while_it_is_off_none_of_its_rules_applies(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(oauth={"enabled": False}) as engine:
        for case in CASES:
            await change(engine, case.breaks)
        assert (engine.status().validation, warnings(engine)) == ("Off", [])


@pytest.mark.manual("S15", "S3", "S7", "S8", "S14")
async def test_s15_a_refused_change_names_every_rule_and_changes_nothing(tmp_path: Path) -> None:
    network: dict[str, object] = {"connection": "Network 2", "vlan": True}
    async with office(tmp_path) as here, here.engine(oauth={"enabled": False}, network=network) as engine:
        before = engine.settings
        wrong = before.changed(
            oauth={"enabled": True, "client_id": ""},
            administrator={"address": None},
            from_address={"setting": "Bulk setting", "bulk": KIM},
            tls={"minimum": "TLSv1.3", "maximum": "TLSv1.2"},
        )
        lines = len(history(engine))
        with pytest.raises(Refused) as refused:
            await engine.apply(wrong)
        assert set(refused.value.codes) == {
            "S2-client",
            "S3-administrator",
            "S7-bulk",
            "S8-order",
            "S14-vlan",
        }
        assert len(refused.value.codes) == 5, "each once"
        for rule in refused.value.rules:
            assert rule.sentence in str(refused.value)
            assert rule.remedy in str(refused.value)
            assert rule.settings
        assert engine.settings is before
        assert len(history(engine)) == lines


@pytest.mark.manual("S15", "S12", "S14")
async def test_s15_a_refused_job_names_every_rule(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        for case in CASES:
            await change(engine, case.breaks)
        refusal = await here.refusal(engine)
        assert refusal.codes == ("S12-tls", "S14-vlan")
        await change(engine, {"tls": {"minimum": "TLSv1.2"}})
        assert (await here.refusal(engine)).codes == ("S14-vlan",)


@pytest.mark.manual("S17", "S15")
async def test_s17_a_user_without_an_address_is_refused_with_the_remedy(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        refusal = await here.refusal(engine, "a stranger")
        assert refusal.codes == ("S17-address",)
        assert "Register the user's e-mail address" in str(refusal)


# Settings that cannot be read


@pytest.mark.manual("S15")
def test_every_mistake_of_a_file_is_named_at_once_and_nothing_started(tmp_path: Path) -> None:
    path = tmp_path / "franking.toml"
    path.write_text(
        """
[oauth]
enabled = "perhaps"
provder = "Microsoft"
[administrator]
address = "not an address"
[smtp]
port = 70000
server = "https://smtp.example.com"
[tls]
minimum = "TLSv1.0"
[panel]
auto_reset = 1
[stor]
path = "/tmp"
"""
    )
    with pytest.raises(SettingsError) as refused:
        Settings.load(path, environment={})
    assert {mistake.key for mistake in refused.value.mistakes} == {
        "oauth.enabled",
        "oauth.provder",
        "administrator.address",
        "smtp.port",
        "smtp.server",
        "tls.minimum",
        "panel.auto_reset",
        "stor",
    }
    for mistake in refused.value.mistakes:
        assert mistake.key in str(refused.value)
        assert words().said(mistake.why) in str(refused.value)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.manual("S15")
async def test_what_the_settings_name_and_is_not_there_is_named_at_once(tmp_path: Path) -> None:
    wrong = Settings().changed(
        oauth={"provider": "Nobody", "client_credential": "credential:none"},
        smtp={"user": KIM, "user_credential": "credential:neither"},
        tls={"trust": tmp_path / "no.pem"},
        store={"path": tmp_path / "store"},
    )
    with pytest.raises(SettingsError) as refused:
        async with Engine.open(wrong, clock=VirtualClock(START)):
            pytest.fail("it started")
    assert {mistake.key for mistake in refused.value.mistakes} == {
        "oauth.provider",
        "oauth.client_credential",
        "smtp.user_credential",
        "tls.trust",
    }
    assert not (tmp_path / "store").exists()


@pytest.mark.manual("S3")
async def test_s3_an_engine_does_not_start_with_oauth_on_and_no_administrator(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        with pytest.raises(Refused) as refused:
            async with here.engine(administrator={"address": None}):
                pytest.fail("it started")
        assert refused.value.codes == ("S3-administrator",)
        assert not here.store.exists()


@pytest.mark.manual("S15")
async def test_s15_broken_rules_and_what_is_not_there_are_told_together(tmp_path: Path) -> None:
    wrong = {"oauth": {"provider": "Nobody", "client_id": ""}, "administrator": {"address": None}}
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            with pytest.raises(Refused) as at_ok:
                await change(engine, wrong)
        with pytest.raises(Refused) as at_the_start:
            async with here.engine(rules=(), **wrong):
                pytest.fail("it started")
        for refused in (at_ok.value, at_the_start.value):
            assert refused.codes == ("S3-administrator", "S2-client")
            assert [mistake.key for mistake in refused.mistakes] == ["oauth.provider"]
            assert "one of Google, Microsoft" in str(refused)


@pytest.mark.manual("S15")
async def test_another_folder_for_the_store_is_refused_while_the_engine_runs(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        before = engine.settings
        with pytest.raises(SettingsError, match="close it and open it") as refused:
            await change(engine, {"store": {"path": tmp_path / "elsewhere"}})
        assert [mistake.key for mistake in refused.value.mistakes] == ["store.path"]
        assert engine.settings == before
        assert not (tmp_path / "elsewhere").exists()


@pytest.mark.manual("S15", "S23a")
async def test_a_change_holds_when_it_is_durable_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        commit, seen = engine.store.commit, list[object]()
        heard = list[object]()

        async def watched(batch: object) -> None:
            seen.append(engine.settings.functions.off)
            await commit(batch)  # type: ignore[arg-type]
            seen.append(engine.settings.functions.off)

        engine.watch(lambda move: heard.append(engine.settings.functions.off))
        watchers = dict(engine.runtime.watchers.concerns)
        monkeypatch.setattr(engine.store, "commit", watched)
        await change(engine, {"functions": {"off": ["Scan to E-mail"]}, "tls": {"minimum": "TLSv1.3"}})
        assert seen == [(), ()]
        assert heard == [("Scan to E-mail",)] * len(heard)
        assert heard
        assert engine.settings.functions.off == ("Scan to E-mail",)
        assert engine.runtime.watchers.concerns == watchers, "none is left over"
