"""[Acquire] at the terminal of a machine without a browser: a code, a pasted address, or nobody at all."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from franking.engine.cli.acquire import PLACE, PrintedAddress
from franking.engine.oauth import device_code
from franking.engine.oauth.answers import Refusal
from franking.engine.oauth.wire import DeviceAnswer, device_answer
from franking.engine.shown import SignInCode
from franking.testing.refusals import Cause
from franking.tests.engine.device import credential

from .conftest import ADMINISTRATOR, PASSWORD, Device

MOVED = "[Refresh Tokens (Administrator)] - [Status]: Required -> Acquired"


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Where the person's keys go."""
    reads, writes = os.pipe()
    with os.fdopen(reads) as keyboard:
        monkeypatch.setattr("sys.stdin", keyboard)
        yield writes
    os.close(writes)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's interval of five seconds is none: only the pace differs."""

    def at_once(*told: object) -> DeviceAnswer | Refusal:
        answer = device_answer(*told)  # type: ignore[arg-type]
        return answer.model_copy(update={"interval": 0}) if isinstance(answer, DeviceAnswer) else answer

    monkeypatch.setattr("franking.engine.oauth.calls.device_answer", at_once)
    monkeypatch.setattr(device_code, "INTERVAL_MIN", timedelta(milliseconds=20))


def entered(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody enters the code that is printed, and accepts."""
    shows = PrintedAddress.show_code

    async def show_code(screen: PrintedAddress, place: str, code: SignInCode) -> None:
        await shows(screen, place, code)
        entering = device.kit.person().enter_code(code.address, code.user_code, ADMINISTRATOR, PASSWORD)
        device.visits.append(device.servers.begin(entering))

    monkeypatch.setattr(PrintedAddress, "show_code", show_code)


@pytest.mark.usefixtures("hurried")
@pytest.mark.manual("B3", "S23")
def test_b3_a_code_is_entered_on_a_telephone(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    entered(device, monkeypatch)
    ended = device.franking("acquire", "--code")
    assert (ended.code, ended.err) == (0, "")
    assert MOVED in ended.out
    assert device.kit.microsoft.verification_url in ended.out.replace("\n", "")
    assert "Enter no code that somebody sent you" in ended.out
    assert ADMINISTRATOR in ended.out


@pytest.mark.usefixtures("hurried")
@pytest.mark.manual("B3", "B9")
def test_b3_where_codes_are_blocked_the_address_is_shown_and_why(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = PrintedAddress.open

    async def open_(screen: PrintedAddress, place: str, address: str, closes_at: datetime) -> None:
        await opens(screen, place, address, closes_at)
        device.browse(address)

    async def refused(screen: PrintedAddress, place: str, code: SignInCode) -> None:
        """The person's visit ends on a page of the provider's."""
        policy.refuses_device_code = Cause.SECURITY_DEFAULTS
        entering = device.kit.person().enter_code(code.address, code.user_code, ADMINISTRATOR, PASSWORD)
        assert device.servers.begin(entering).exception() is not None

    policy = device.kit.microsoft.policy
    monkeypatch.setattr(PrintedAddress, "open", open_)
    monkeypatch.setattr(PrintedAddress, "show_code", refused)
    try:
        ended = device.franking("acquire", "--code")
    finally:
        policy.refuses_device_code = None
    assert ended.code == 0
    assert "AADSTS530035" in ended.out
    assert MOVED in ended.out


@pytest.mark.manual("B3", "S19a")
def test_b3_the_address_of_another_machines_browser_is_pasted(
    device: Device, typing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = PrintedAddress.open

    async def pastes(address: str) -> str:
        os.write(typing, b"what do you want?\n\n")
        ended = await device.kit.person().sign_in_elsewhere(address, ADMINISTRATOR, PASSWORD)
        os.write(typing, f"  {ended}\n".encode())
        return ended

    async def open_(screen: PrintedAddress, place: str, address: str, closes_at: datetime) -> None:
        await opens(screen, place, address, closes_at)
        device.visits.append(device.servers.begin(pastes(address)))

    monkeypatch.setattr(PrintedAddress, "open", open_)
    ended = device.franking("acquire", "--paste")
    assert ended.code == 0
    assert MOVED in ended.out
    assert "in a browser on any machine" in ended.out
    assert ended.err.count("not the address at which the sign-in ends") == 1
    code = device.visits[-1].result().partition("code=")[2].partition("&")[0]
    assert code
    assert code not in ended.out + ended.err


@pytest.mark.manual("B3")
def test_b3_a_file_with_the_address_is_pasted_too(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines are there before the sign-in is: each is refused in words."""
    path = device.folder / "pasted"
    path.write_text("http://localhost/?code=a&state=b")
    opens = PrintedAddress.open

    async def open_(screen: PrintedAddress, place: str, address: str, closes_at: datetime) -> None:
        await opens(screen, place, address, closes_at)
        device.browse(address)

    monkeypatch.setattr(PrintedAddress, "open", open_)
    with path.open() as keyboard:
        monkeypatch.setattr("sys.stdin", keyboard)
        ended = device.franking("acquire", "--paste")
    assert ended.code == 0
    assert "no sign-in waits for a browser here" in ended.err


@pytest.mark.parametrize("both", [("--code", "--paste"), ("--browser", "--code"), ("--browser", "--paste")])
def test_two_ways_at_once_are_refused(both: tuple[str, str], device: Device) -> None:
    ended = device.franking("acquire", *both)
    assert ended.code == 64
    assert "only one of" in ended.err
    assert device.visits == []


@pytest.mark.manual("B3", "B9")
def test_b3_google_allows_no_mail_by_a_code(device: Device) -> None:
    device.set("oauth", provider="Google")
    device.set("http", version="HTTP/2,HTTP/1.1")
    ended = device.franking("acquire", "--code")
    assert ended.code == 78
    assert "Google allows no e-mail to a sign-in with a code" in " ".join(ended.err.split())


@pytest.mark.manual("B3", "S23")
def test_b3_the_applications_own_credential_needs_nobody(device: Device) -> None:
    registration = device.kit.microsoft.registration
    registration.add_secret("of the application")
    registration.open_mailbox(ADMINISTRATOR)
    credential(device.store, "application", "of the application")
    device.set("oauth", administrator_flow="client credentials", client_credential="credential:application")
    ended = device.franking("acquire")
    assert (ended.code, ended.err, device.visits) == (0, "", [])
    assert MOVED in ended.out
    assert "Open this address" not in ended.out


@pytest.mark.manual("B3")
async def test_b3_a_terminal_shows_the_code_for_scanning_too() -> None:
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    ends = datetime(2026, 11, 2, 8, 10, tzinfo=UTC)
    code = SignInCode("ABCD-EFGH", "https://example.com/d", "https://example.com/d", ends, ("[Do] this.",))
    screen = PrintedAddress(console, None)
    await screen.show_code(PLACE, code)
    assert "[Do] this." in out.getvalue()
    assert "ABCD-EFGH" in out.getvalue()
    assert "█" in out.getvalue()
    plain = StringIO()
    await PrintedAddress(Console(file=plain), None).show_code(PLACE, code)
    assert "█" not in plain.getvalue()
