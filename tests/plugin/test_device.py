"""The device of the plugin's fixtures: power, people, leaks."""

import asyncio
import logging
from base64 import b64encode
from datetime import timedelta

import pytest

from franking.events.device import DeviceResumed, EngineStarted
from franking.events.token import AccessTokenReady, RenewalDue
from franking.testing.device import Device, DeviceOff, NotAcquired
from franking.testing.journey import DeviceClock
from franking.testing.mailbox import Mailbox
from franking.testing.policy import REUSE_ENDS_ALL
from franking.testing.provider import ProviderServer


@pytest.mark.manual("S26", "S33")
async def test_a_power_cut_leaves_what_is_on_the_disk(device: Device, inbox: Mailbox) -> None:
    await device.sign_in()
    inbox.refuse_next("rcpt", "451 4.3.0 Later")
    await device.scan()
    await device.power_cut()
    assert not device.is_on
    await device.power_on()
    assert (device.refresh_token("kim"), device.access_token("kim")) == ("Acquired", "absent")
    assert device.jobs() == ["waiting"]
    assert device.said(EngineStarted) == 2


@pytest.mark.manual("S33")
async def test_a_message_that_the_power_cut_stops_before_its_end_is_sent_once(
    device: Device, inbox: Mailbox
) -> None:
    await device.sign_in()
    (server,) = device.kit.submissions.values()
    async with server.hold_bodies() as gate:
        sending = asyncio.create_task(device.scan())
        await gate.arrived(1)
        await device.power_cut()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    assert inbox.messages == []
    await device.power_on()
    await device.clock.until(lambda: device.jobs() == ["sent"], hours=1)
    assert len(inbox.messages) == 1


@pytest.mark.manual("S26", "S29")
async def test_a_power_cut_before_the_refresh_is_answered_makes_no_second_one(
    device: Device, clock: DeviceClock, provider: ProviderServer
) -> None:
    provider.policy.rotation = REUSE_ENDS_ALL
    await device.sign_in()
    await clock.travel(hours=2)
    async with provider.hold() as gate:
        sending = asyncio.create_task(device.scan())
        await gate.arrived(1)
        await device.power_cut()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    assert provider.count("token:refresh_token") <= 1
    await device.power_on()
    assert device.said(AccessTokenReady) == 0


async def test_a_device_that_is_off_says_so(device: Device) -> None:
    await device.power_off()
    with pytest.raises(DeviceOff):
        await device.scan()
    await device.power_on()
    assert device.is_on


async def test_a_restart_can_change_settings(device: Device) -> None:
    await device.restart(oauth={"auto_delete": True})
    assert device.engine.settings.oauth.auto_delete
    await device.restart()
    assert device.engine.settings.oauth.auto_delete, "they stay"


async def test_a_sign_in_that_fails_is_no_success_of_the_test(device: Device) -> None:
    device.screen.declines = True
    with pytest.raises(NotAcquired, match="kim has not signed in"):
        await device.sign_in()


@pytest.mark.manual("S25", "S26")
async def test_leaks_finds_a_token_in_a_file_a_log_and_a_fact(
    device: Device, provider: ProviderServer, caplog: pytest.LogCaptureFixture
) -> None:
    await device.sign_in()
    await device.scan()
    assert device.leaks() == []
    given = provider.give("kim@example.com")
    (device.store / "trace.txt").write_text(f"Authorization: Bearer {given.access_token}")
    logging.getLogger("franking").debug("token %s", given.refresh_token)
    device.mark("Toner is low, says the secret")
    await device.acquire()
    await device.notice("Toner is low, says the secret")
    assert {"trace.txt", "log of franking"} <= set(device.leaks())


async def test_a_token_in_base64_is_found_too(device: Device, provider: ProviderServer) -> None:
    given = provider.give("kim@example.com")
    sasl = b64encode(f"user=kim\x01auth=Bearer {given.access_token}\x01\x01".encode())
    (device.store / "trace.txt").write_bytes(b"AUTH XOAUTH2 " + sasl)
    assert device.leaks() == ["trace.txt"]


@pytest.mark.manual("S25", "B7")
async def test_a_suspended_device_resumes_and_its_token_is_gone(device: Device, clock: DeviceClock) -> None:
    await device.sign_in()
    before, monotonic = clock.true.now(), clock.monotonic()
    await clock.sleep_device(hours=8)
    assert (clock.true.now() - before).total_seconds() == 8 * 3600
    assert clock.monotonic() == monotonic
    assert device.said(DeviceResumed) == 1
    assert device.access_token("kim") == "absent"


@pytest.mark.franking(store={"journal_kept": timedelta(days=400)})
@pytest.mark.manual("B7", "B1")
async def test_whatever_is_due_on_the_way_happens_at_its_time(device: Device, clock: DeviceClock) -> None:
    await device.sign_in()
    began = clock.now()
    await clock.travel(days=365)
    moments = [fact.at - began for fact in device.journal() if isinstance(fact, RenewalDue)]
    assert len(moments) > 3
    assert moments == sorted(moments)
    assert len(set(moments)) == len(moments)
    assert (clock.now() - began).days == 365


@pytest.mark.manual("B7", "S29")
async def test_a_wrong_clock_is_the_devices_own(device: Device, clock: DeviceClock) -> None:
    await device.sign_in()
    true = clock.true.now()
    await clock.jump_back(days=1)
    await clock.jump_ahead(hours=3)
    await clock.rtc_dead()
    assert (clock.now().year, clock.true.now()) == (1970, true)
    await device.scan()
    await clock.set_right()
    assert clock.now() == true
    assert (device.jobs(), device.refresh_token("kim")) == (["sent"], "Acquired")


async def test_until_ends_at_the_first_moment_at_which_the_condition_holds(
    device: Device, clock: DeviceClock, provider: ProviderServer
) -> None:
    await device.sign_in()
    await clock.travel(hours=2)
    until = clock.now()
    provider.down(days=1)
    await device.scan()
    assert device.jobs() == ["waiting"]
    arrived = await clock.until(lambda: device.jobs() == ["sent"])
    assert 1 <= (arrived - until).total_seconds() / 86_400 < 1.1
    assert arrived == clock.now()
