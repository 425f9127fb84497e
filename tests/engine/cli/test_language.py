"""The command line says rules, warnings and reasons in the language of the device; its labels are English."""

import json

import pytest

from .conftest import KIM, Device


@pytest.mark.manual("S15", "B9")
def test_s15_a_refused_job_names_its_rule_in_german(device: Device) -> None:
    device.set("device", language="de")
    device.set("tls", minimum="TLSv1.3")
    ended = device.send()
    assert ended.code == 65
    assert "The mail was refused, nothing is in the spool." in ended.err
    assert "ist nicht verfügbar, solange TLSv1.3 sowohl Minimum als auch Maximum ist." in ended.err
    assert "Stellen Sie TLSv1.2 ein: [Minimum] unter [Utility] - [Administrator]" in ended.err
    assert "Who       der Administrator des Geräts" in ended.err


@pytest.mark.manual("S15")
def test_s15_settings_that_cannot_be_are_told_in_their_own_language(device: Device) -> None:
    device.set("device", language="de")
    device.set("from_address", setting="Bulk setting", bulk=KIM)
    ended = device.franking("status")
    assert ended.code == 78
    assert (
        "Mit [Bulk setting] muss die Absenderadresse die E-Mail-Adresse des Administrators sein" in ended.err
    )


@pytest.mark.manual("S33", "B9")
def test_s33_reasons_and_states_of_jobs_are_told_in_german_and_stay_as_they_are_for_programs(
    device: Device,
) -> None:
    device.set("device", language="de")
    waiting = device.send()
    assert waiting.code == 75
    assert "Der Administrator hat sich nicht als scanner@example.com angemeldet." in waiting.err
    assert "Führen Sie `franking acquire` aus." in waiting.err
    shown = device.franking("status").out
    assert "1 wartet" in shown
    assert "wartet auf eine Anmeldung" in shown
    (job,) = json.loads(device.franking("status", "--json").out)["jobs"]
    assert (job["state"], job["code"], job["reason"]) == ("waiting", None, "wartet auf eine Anmeldung")


@pytest.mark.manual("S19")
def test_s19_another_account_is_refused_in_german_with_both_addresses(device: Device) -> None:
    device.set("device", language="de")
    device.account = KIM
    ended = device.acquire()
    assert ended.code == 77
    assert f"({KIM} statt scanner@example.com); es wurde nichts behalten." in ended.err
    assert "Melden Sie sich noch einmal mit dem Konto der Absenderadresse an." in ended.err
