"""What a report says of one recipient (RFC 3461, RFC 3463, RFC 3464)."""

import re

import pytest

from franking.engine.own_reasons import OURS as REASONS
from franking.events.request import Notify
from franking.machines.delivery_status import Action, Known, action, of_server, status
from franking.machines.job import GIVEN_UP, NOT_SIGNED_IN, UNKNOWN_TOO_OFTEN

pytestmark = pytest.mark.manual("B13")
SUCCESS, FAILURE, DELAY, NEVER = Notify
FAILED, DELAYED, RELAYED = Action
TAKEN, ELSEWHERE, REFUSED, WAITS = Known


@pytest.mark.parametrize(
    ("occasion", "notify", "known", "wanted"),
    [
        (FAILURE, (), REFUSED, FAILED),
        (FAILURE, (), WAITS, FAILED),
        (FAILURE, (), TAKEN, None),
        (FAILURE, (FAILURE,), REFUSED, FAILED),
        (FAILURE, (SUCCESS,), REFUSED, None),
        (FAILURE, (SUCCESS,), TAKEN, RELAYED),
        (FAILURE, (SUCCESS, FAILURE), TAKEN, RELAYED),
        (FAILURE, (DELAY,), WAITS, None),
        (FAILURE, (SUCCESS, FAILURE), ELSEWHERE, None),
        (SUCCESS, (SUCCESS,), TAKEN, RELAYED),
        (SUCCESS, (SUCCESS,), ELSEWHERE, None),
        (SUCCESS, (FAILURE,), TAKEN, None),
        (DELAY, (DELAY,), WAITS, DELAYED),
        (DELAY, (DELAY,), TAKEN, None),
        (DELAY, (DELAY,), REFUSED, None),
        (DELAY, (FAILURE,), WAITS, None),
    ],
)
def test_b13_of_each_recipient_that_is_told_which_was_asked_for(
    occasion: Notify, notify: tuple[Notify, ...], known: Known, wanted: Action | None
) -> None:
    assert action(occasion, notify, known) is wanted


@pytest.mark.parametrize(
    ("done", "reason", "reply", "wanted"),
    [
        (FAILED, "550 5.1.1", "550 5.1.1 User unknown", "5.1.1"),
        (FAILED, "550", "550 no", "5.0.0"),
        (FAILED, "550", "550", "5.0.0"),
        (FAILED, "550", "550 5.1.12345 odd", "5.0.0"),
        (FAILED, GIVEN_UP, "451 4.7.500 busy", "4.4.7"),
        (FAILED, NOT_SIGNED_IN, "", "5.4.7"),
        (FAILED, UNKNOWN_TOO_OFTEN, "lost", "4.4.2"),
        (FAILED, "size", "size the message has 9 octets", "5.3.4"),
        (FAILED, "S17-refused", "", "5.7.1"),
        (FAILED, "its row is missing", "", "5.0.0"),
        (DELAYED, "451 4.3.2", "451 4.3.2 later", "4.3.2"),
        (DELAYED, "451", "451 later", "4.0.0"),
        (DELAYED, "no access token", "", "4.0.0"),
        (RELAYED, "", "250 2.1.5 OK", "2.1.5"),
        (RELAYED, "", "250 OK", "2.0.0"),
        (RELAYED, "", "", "2.0.0"),
    ],
)
def test_b13_the_status_is_the_servers_or_derived(done: Action, reason: str, reply: str, wanted: str) -> None:
    assert status(done, reason, reply) == wanted


@pytest.mark.parametrize("reason", sorted(REASONS))
@pytest.mark.parametrize("done", Action)
def test_b13_every_reason_has_a_status_of_the_form_of_rfc_3463(done: Action, reason: str) -> None:
    assert re.fullmatch(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", status(done, reason, ""))


@pytest.mark.parametrize(
    ("said", "by_server"),
    [("550 5.1.1 no", True), ("250", True), ("timeout", False), ("5500 x", False), ("", False)],
)
def test_b13_what_a_server_said_is_known_from_what_the_device_says(said: str, by_server: bool) -> None:
    assert of_server(said) is by_server
