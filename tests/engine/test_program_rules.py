"""Rules of the embedding program, beside the manual's (S16)."""

from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.refusal import Refused, RuleCodeTaken
from franking.events.information import Actor
from franking.events.job import JobSubmitted
from franking.events.settings import Security
from franking.machines.message import Situation
from franking.machines.rules import Look, Rule, Verdict
from franking.tests.engine.device import history, office, states, warnings
from franking.tests.engine.test_without_oauth import relay


async def change(engine: Engine, sections: dict[str, object]) -> None:
    await engine.apply(engine.settings.changed(**sections))
    await engine.settle()


def on_a_vlan(now: Situation) -> bool:
    return now.settings.network.vlan


def house_rule(look: Look, verdict: Verdict) -> Rule:
    return Rule(
        "house-1",
        ("network.vlan",),
        on_a_vlan,
        ((look, verdict),),
        "Nothing leaves this house over a VLAN.",
        "Turn VLAN off in [Network].",
        Actor.ADMIN,
    )


VLAN = {"vlan": True}


@pytest.mark.manual("S16")
async def test_s16_a_rule_of_the_program_holds_at_set(tmp_path: Path) -> None:
    rules = (house_rule(Look.SET, Verdict.CANNOT_BE_SET),)
    async with office(tmp_path) as here:
        async with here.engine(rules=rules) as engine:
            with pytest.raises(Refused) as refused:
                await engine.apply(engine.settings.changed(network=VLAN))
            assert refused.value.codes == ("house-1",)
        with pytest.raises(Refused):
            async with here.engine(rules=rules, network=VLAN):
                pytest.fail("it started")


@pytest.mark.manual("S16")
async def test_s16_a_rule_of_the_program_holds_at_submit(tmp_path: Path) -> None:
    rules = (house_rule(Look.SUBMIT, Verdict.REFUSE),)
    async with office(tmp_path) as here, here.engine(rules=rules, network=VLAN) as engine:
        assert (await here.refusal(engine)).codes == ("house-1",)


@pytest.mark.manual("S16")
async def test_s16_a_rule_of_the_program_can_make_oauth_not_available(tmp_path: Path) -> None:
    rules = (house_rule(Look.SEND, Verdict.NOT_AVAILABLE),)
    async with office(tmp_path) as here, here.engine(rules=rules) as engine:
        await here.sign_in(engine)
        await change(engine, {"network": VLAN})
        assert engine.status().broken == ("house-1",)
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["waiting"]
        await change(engine, {"network": {"vlan": False}})
        assert states(engine) == ["sent"]


@pytest.mark.manual("S16", "S33")
async def test_s16_a_rule_that_refuses_at_send_ends_the_job_with_that_reason(tmp_path: Path) -> None:
    rules = (house_rule(Look.SEND, Verdict.REFUSE),)
    async with office(tmp_path) as here, here.engine(rules=rules) as engine:
        receipt = await here.scan(engine)
        await change(engine, {"network": VLAN})
        await here.sign_in(engine)
        job = engine.job(receipt.job)
        assert (job.state, job.code, job.reason) == (
            "ended",
            "house-1",
            "Nothing leaves this house over a VLAN.",
        )
        assert warnings(engine) == [("JOB_ENDED", str(receipt.job))]
        (warning,) = engine.information()
        assert rules[0].sentence in warning.cause
        assert warning.remedy == rules[0].act
        assert (here.kit.mailbox.messages, here.spooled()) == ([], [])


@pytest.mark.manual("S1", "S16")
async def test_s16_a_rule_of_the_program_holds_without_oauth_unless_it_says_otherwise(tmp_path: Path) -> None:
    night = house_rule(Look.SUBMIT, Verdict.REFUSE)
    tokens = night._replace(code="house-2", with_oauth_alone=True)
    async with office(tmp_path) as here:
        off = {"enabled": False}
        async with here.engine(rules=(night, tokens), oauth=off, network=VLAN) as engine:
            assert (await here.refusal(engine)).codes == ("house-1",)
        async with here.engine(rules=(night, tokens), network=VLAN) as engine:
            assert (await here.refusal(engine)).codes == ("house-1", "house-2")


@pytest.mark.manual("S16")
@pytest.mark.parametrize("codes", [("S20-off",), ("house-1", "house-1")])
async def test_s16_a_rule_with_the_code_of_another_one_is_refused(
    tmp_path: Path, codes: tuple[str, ...]
) -> None:
    rules = tuple(house_rule(Look.SUBMIT, Verdict.REFUSE)._replace(code=code) for code in codes)
    async with office(tmp_path) as here:
        with pytest.raises(RuleCodeTaken, match=codes[0]) as refused:
            async with here.engine(rules=rules):
                pytest.fail("it started")
        assert refused.value.codes == codes[:1]
        assert not here.store.exists()


@pytest.mark.manual("S20", "S21")
async def test_s21_what_a_function_that_is_turned_off_would_send_floods_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(functions={"off": ["E-mail Notification"]}) as engine:
        for _ in range(3):
            with pytest.raises(Refused) as refused:
                await here.notice(engine)
            assert refused.value.codes == ("S20-off",)
        await engine.settle()
        assert (warnings(engine), here.kit.mailbox.messages) == ([], [])
        told = [fact.broken for fact in history(engine) if isinstance(fact, JobSubmitted)]
        assert told == [("S20-off",)] * 3


@pytest.mark.manual("S1", "S16")
async def test_s1_what_makes_oauth_not_available_stops_no_mail_that_goes_without_it(tmp_path: Path) -> None:
    looks = tuple((look, Verdict.NOT_AVAILABLE) for look in (Look.SIGN_IN, Look.SUBMIT, Look.SEND))
    rules = (house_rule(Look.SEND, Verdict.NOT_AVAILABLE)._replace(looked_at=looks),)
    async with office(tmp_path) as here, relay(here, Security.STARTTLS) as server:
        off: dict[str, object] = {"oauth": {"enabled": False}, "smtp": {"port": server.port}}
        async with here.engine(rules=rules, network=VLAN, **off) as engine:
            await here.scan(engine)
            await engine.settle()
            assert (states(engine), engine.status().broken) == (["sent"], ())
