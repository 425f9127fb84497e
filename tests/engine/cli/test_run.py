"""`franking run`: the engine as a service, used by other programs, ended and killed."""

import json
import signal
import subprocess

import pytest

from .conftest import Device
from .service import PATIENCE_S, service


def accepted(submitters: "list[subprocess.Popen[str]]") -> list[int]:
    found = []
    for each in submitters:
        said, _ = each.communicate(timeout=PATIENCE_S)
        found += [int(line) for line in said.split()]
    return found


def jobs(device: Device) -> dict[int, str]:
    """The engine is run for it, so that what waits goes."""
    told = json.loads(device.franking("status", "--json").out)
    return {each["job"]: each["state"] for each in told["jobs"]}


@pytest.mark.manual("B3", "B8")
def test_b8_four_programs_at_once_with_no_token_make_one_refresh(device: Device) -> None:
    device.acquire()
    scan = device.folder / "scan.pdf"
    scan.write_bytes(b"%PDF")
    before = device.kit.microsoft.count("token:refresh_token")
    with service(device) as here:
        found = accepted(here.submitters(scan, 4, 5))
        assert here.ended(signal.SIGTERM) == 0
        assert not here.socket.exists()
    assert sorted(found) == list(range(1, 21))
    assert device.kit.microsoft.count("token:refresh_token") == before + 1
    assert set(jobs(device).values()) == {"sent"}


@pytest.mark.manual("B8", "S33")
def test_b8_a_service_that_is_killed_under_them_loses_nothing_that_was_answered(device: Device) -> None:
    device.acquire()
    scan = device.folder / "scan.pdf"
    scan.write_bytes(b"%PDF")
    with service(device) as here:
        submitters = here.submitters(scan, 4, 200)
        first = [next(iter(each.stdout or ())) for each in submitters]
        assert here.ended(signal.SIGKILL) == -signal.SIGKILL
        found = [*map(int, first), *accepted(submitters)]
    with service(device) as here:  # what the killed one left is in nobody's way
        assert here.ended(signal.SIGTERM) == 0
    states = jobs(device)
    assert found
    assert {job: states.get(job) for job in found} == dict.fromkeys(found, "sent")


def test_settings_are_taken_anew_and_wrong_ones_are_not(device: Device) -> None:
    with service(device) as here:
        assert here.process.stderr is not None
        device.set("smtp", window=8)
        here.process.send_signal(signal.SIGHUP)
        assert "taken from the settings file: smtp.window" in next(here.process.stderr)
        device.set("smtp", window=0)
        here.process.send_signal(signal.SIGHUP)
        assert "the settings are not taken" in next(here.process.stderr)
        assert here.ended(signal.SIGINT) == 0


def test_a_second_one_is_told_that_the_store_is_in_use(device: Device) -> None:
    with service(device):
        assert device.franking("run").code == 75


@pytest.mark.parametrize("option", ["--links", "--panel", "--page"])
def test_what_is_no_address_is_refused(device: Device, option: str) -> None:
    assert device.franking("run", option, "host:99999").code == 64


@pytest.mark.manual("B8")
def test_b8_the_commands_use_the_engine_that_runs(device: Device) -> None:
    device.acquire()
    with service(device) as here:
        sent = device.send("--json")
        assert (sent.code, json.loads(sent.out)["state"]) == (0, "sent"), sent.err
        told = json.loads(device.franking("status", "--json").out)
        assert (told["jobs"][0]["state"], told["identities"][0]["refresh_token"]) == ("sent", "Acquired")
        checked = device.franking("check")
        assert (checked.code, "says the engine that runs here" in checked.out) == (0, True)
        shown = json.loads(device.franking("jobs", "show", "1", "--json").out)
        assert [each["accepted"] for each in shown["recipients"]] == [True]
        assert "250 2.0.0" in device.franking("history", "1").out
        assert json.loads(device.franking("jobs", "list", "--json").out) == []
        assert device.franking("jobs", "hold", "1").code == 65
        assert device.franking("jobs", "show", "9").code == 64
        refused = device.send("--from", "another@example.com")
        assert (refused.code, "S17" in refused.err) == (65, True)
        assert device.franking("delete", "administrator", "--yes").code == 0
        assert json.loads(device.franking("tokens", "--json").out)[0]["refresh_token"] == "Required"
        waits = device.send("--json")
        assert (waits.code, json.loads(waits.out)["why"] != "") == (75, True)
        job = json.loads(waits.out)["job"]
        assert json.loads(device.franking("jobs", "cancel", job, "--json").out)["state"] == "ended"
        assert here.ended(signal.SIGTERM) == 0


@pytest.mark.manual("B8")
def test_b8_another_stores_engine_is_not_asked(device: Device) -> None:
    device.acquire()
    with service(device):
        device.set("store", path=device.folder / "another")
        assert json.loads(device.franking("status", "--json").out)["jobs"] == []
        assert (device.folder / "another" / "store.db").exists()
