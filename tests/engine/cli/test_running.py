"""Commands while an engine runs: they ask it by its socket, and tell the same as without one (B8)."""

import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from franking.engine.control.place import socket_of

from .conftest import KIM, LEE, Device
from .service import PATIENCE_S, service


@pytest.fixture
def running(device: Device) -> Iterator[Device]:
    """Whoever sends signs in himself."""
    device.set("from_address", setting="Login User Address")
    with service(device):
        yield device


def told(device: Device, *arguments: object) -> Any:
    ended = device.franking(*arguments, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


@pytest.mark.manual("B8", "S23")
def test_b8_a_person_signs_in_at_the_engine_that_runs_and_mail_goes(running: Device) -> None:
    assert told(running, "status")["validation"]["state"] == "Available"
    waits = running.send("--json")
    assert (waits.code, json.loads(waits.out)["state"]) == (75, "waiting")
    acquired = running.acquire("--user", "kim")
    assert (acquired.code, acquired.err) == (0, "")
    assert "Required -> Acquired" in acquired.out
    assert [each["refresh_token"] for each in told(running, "tokens")] == ["Required", "Acquired"]
    assert "was sent" in running.send().out
    assert [each["state"] for each in told(running, "status")["jobs"]] == ["sent", "sent"]


@pytest.mark.manual("B8", "S33c")
def test_b8_jobs_of_the_engine_that_runs_are_held_and_cancelled(running: Device) -> None:
    for _ in range(2):
        running.send()
    assert running.franking("jobs", "hold", 1).code == 0
    assert [job["job"] for job in told(running, "jobs", "list")] == [2, 1]
    assert [job["job"] for job in told(running, "jobs", "list", "--user", "kim")] == [2, 1]
    assert running.franking("jobs", "release", 1).code == 75
    assert running.franking("jobs", "cancel", 1, "--user", "kim").code == 0
    assert running.franking("jobs", "cancel", 1).code == 65
    assert told(running, "jobs", "show", 2)["recipients"][0]["address"] == LEE
    assert told(running, "history", 1)["steps"][-1]["state"] == "ended"


@pytest.mark.manual("B8", "B9")
def test_b8_what_goes_wrong_there_ends_as_it_does_here(running: Device) -> None:
    unknown = running.franking("jobs", "show", 7)
    assert (unknown.code, unknown.out) == (64, "")
    assert "There is no job 7 here." in unknown.err
    assert running.franking("jobs", "list", "--user", "bo").code == 78
    assert running.franking("send", "--user", "kim", "--to", LEE, running.folder / "none.pdf").code == 66
    refused = running.franking("send", "--user", "kim", "--to", LEE, running.scan("empty.pdf", b""))
    assert refused.code == 66


@pytest.mark.manual("B8", "S27")
def test_b8_tokens_of_the_engine_that_runs_are_deleted_after_a_question(running: Device) -> None:
    running.send()
    running.acquire("--user", "kim")
    assert running.franking("delete", "kim").code == 64
    assert told(running, "delete", "kim", "--yes") == {"deleted": 1}
    assert [each["refresh_token"] for each in told(running, "tokens")] == ["Required", "Required"]


@pytest.mark.manual("B8", "B14")
def test_b8_a_person_is_forgotten_and_the_key_exchanged_while_it_runs(running: Device) -> None:
    running.send()
    assert "1, of which 1 were not sent" in running.franking("forget", "kim", "--yes").out
    assert told(running, "jobs", "list") == []
    assert running.franking("keys", "rotate").code == 0


def asked(device: Device, path: str) -> Any:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket_of(device.store, {})))) as client:
        return client.get(f"http://franking{path}").json()


@pytest.mark.manual("B8", "S23a")
def test_b8_a_setting_is_changed_in_the_engine_that_runs_and_in_the_file(running: Device) -> None:
    assert running.franking("settings", "set", "smtp.window", "8").code == 0
    assert (asked(running, "/settings")["smtp"]["window"], "window = 8" in running.config.read_text()) == (
        8,
        True,
    )
    assert running.franking("settings", "set", "users.pat", "pat@example.com").code == 0
    assert asked(running, "/settings")["users"] == {"kim": KIM, "pat": "pat@example.com"}
    assert running.franking("settings", "unset", "smtp.window").code == 0
    assert asked(running, "/settings")["smtp"]["window"] == 4


@pytest.mark.manual("B8")
def test_b8_a_secret_is_kept_by_the_engine_that_runs(
    running: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    kept = running.franking("secret", "set", "client")
    assert (kept.code, "correct horse" in kept.out + kept.err) == (0, False)
    assert running.franking("secret", "list").out == "vault:client\n"
    assert running.franking("secret", "remove", "client").code == 0
    assert running.franking("secret", "remove", "client").code == 78
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    assert running.franking("secret", "set", "a b").code == 64


@pytest.mark.manual("B8", "S26a")
def test_s26a_a_change_that_ends_a_sign_in_there_is_asked_for(running: Device) -> None:
    running.acquire()
    before, change = running.config.read_bytes(), ("settings", "set", "administrator.address", LEE)
    assert (running.franking(*change).code, running.config.read_bytes()) == (64, before)
    assert asked(running, "/settings")["administrator"]["address"] != LEE
    assert running.franking(*change, "--yes").code == 0
    assert told(running, "tokens")[0]["refresh_token"] == "Required"


@pytest.mark.manual("B8", "B14")
def test_b14_a_factory_reset_ends_the_engine_that_runs(device: Device) -> None:
    with service(device) as here:
        device.acquire()
        ended = device.franking("reset", "--factory", "--yes")
        assert (ended.code, "1 erased; the provider was told of" in ended.out) == (0, True)
        assert here.process.wait(PATIENCE_S) == 0
    assert not (device.store / "store.db").exists()


@pytest.mark.manual("B8")
def test_b8_a_socket_elsewhere_is_found_by_its_store(device: Device, tmp_path: Path) -> None:
    elsewhere = tmp_path / "run" / "s"
    with service(device, "--socket", elsewhere):
        assert told(device, "status")["jobs"] == []
    assert told(device, "status")["jobs"] == []  # it has ended, and the store is free


def test_a_socket_that_is_named_and_where_nobody_answers(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRANKING_SOCKET", str(device.folder / "none"))
    ended = device.franking("status")
    assert (ended.code, ended.out) == (69, "")
    assert "No engine answers at" in " ".join(ended.err.split())


@pytest.mark.manual("B8", "S23")
def test_b8_who_interrupts_a_sign_in_there_closes_its_screen(running: Device) -> None:
    with running.start("acquire") as process:
        assert process.stdout is not None
        assert any("https://" in line for line in process.stdout)
        assert asked(running, "/places/command%20line/screen")["address"].startswith("https://")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
        assert process.stderr is not None
        assert "The sign-in was cancelled; nothing changed." in process.stderr.read()
    assert asked(running, "/places/command%20line/screen")["status"] == 404


@pytest.mark.manual("B8")
def test_b8_a_code_that_the_engine_that_runs_will_not_show_is_said(running: Device) -> None:
    running.account = LEE
    running.declines = True
    ended = running.acquire("--user", "kim")
    assert "signs in as it is set" not in ended.err
    with running.start("acquire", "--code", "--user", "kim") as process:
        assert process.stderr is not None
        assert "franking settings set oauth.flow code" in process.stderr.readline()
