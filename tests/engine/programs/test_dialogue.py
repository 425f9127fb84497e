"""What the listener answers to each command (RFC 5321, 2034, 1870, 3461, 6531)."""

import logging
from pathlib import Path

import pytest

from franking.engine.parsed import REQUEST
from franking.engine.programs.commands import NotUnderstood, Rcpt, asked_for, mail_of, rcpt_of, united
from franking.engine.programs.replies import LINE_MOST, Reply, rendered
from franking.events.request import ByProgram, FromProgram, Notify
from franking.tests.engine.device import KIM, LEE, OFFICE, PRINTER

from .guest import MESSAGE, client, listening, taken

DIALOGUE: tuple[tuple[str | bytes, str], ...] = (
    ("MAIL FROM:<root>", "503 5.5.1 Say EHLO first"),
    ("DATA", "503 5.5.1 Say MAIL first"),
    ("EHLO", "501 5.5.4 "),
    ("NOOP", "250 2.0.0 Ok"),
    ("noop anything", "250 2.0.0 Ok"),
    ("HELP", "214 2.0.0 "),
    ("VRFY root", "252 2.5.2 "),
    ("EXPN list", "500 5.5.1 "),
    ("ETRN example.com", "500 5.5.1 "),
    ("", "500 5.5.1 "),
    (b"NO\xffOP\r\n", "500 5.5.1 "),
    (b"NOOP \xff\r\n", "500 5.5.1 "),
    (b"NOOP a\0b\r\n", "500 5.5.1 "),
    (b"NOOP\n", "500 5.5.2 A command ends with CR and LF"),
    (b"NO\rOP\r\n", "500 5.5.2 A command ends with CR and LF"),
    ("EHLO client.example", "250-"),
    ("RCPT TO:<root>", "503 5.5.1 Say MAIL first"),
    ("MAIL root", "501 5.5.4 Say MAIL FROM:<address>"),
    ("MAIL FROM:<root> SIZE=x", "501 5.5.4 SIZE"),
    ("MAIL FROM:<root> BODY=BINARYMIME", "501 5.5.4 BODY"),
    ("MAIL FROM:<root> X=1", "555 5.5.4 MAIL takes no parameter X"),
    ("MAIL FROM:<root> SIZE=50000001", "552 5.3.4 The message has more than 50000000 octets"),
    ("RSET", "250 2.0.0 Ok"),
    ("MAIL FROM:<>", "250 2.1.0 Ok"),
    ("MAIL FROM:<root>", "503 5.5.1 A message is begun"),
    ("DATA", "503 5.5.1 No recipient was taken"),
    ("RCPT TO:<nobody here>", "550 5.1.1 "),
    ("RCPT TO:<nobody-at-all>", "550 5.1.1 nobody-at-all is no name that is known here"),
    ("RCPT TO:<a@b@example.com>", "550 5.1.3 a@b@example.com is no e-mail address. Correct it"),
    ("RCPT TO:<>", "501 5.5.4 Say a recipient"),
    ("RCPT TO:<root> NOTIFY=NEVER,DELAY", "501 5.5.4 NOTIFY=NEVER stands alone"),
    ("RCPT TO:<root> X", "555 5.5.4 RCPT takes no parameter X"),
    ("RCPT TO:<@a.example,@b.example:office@example.com>", "250 2.1.5 Ok"),
    ("RCPT TO:root NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;root+40nas", "250 2.1.5 Ok"),
    ("DATA now", "501 5.5.4 DATA takes nothing"),
    ("STARTTLS", "502 5.5.1 There is no TLS here"),
    ("AUTH PLAIN", "502 5.5.1 No client in [programs.clients] has a password"),
    ("DATA", "354 "),
    (MESSAGE + b".\r\n", "250 2.0.0 Ok: job 1"),
    ("RCPT TO:<root>", "503 5.5.1 Say MAIL first"),
    ("QUIT", "221 2.0.0 Bye"),
)  # fmt: skip


@pytest.mark.manual("B13")
async def test_b13_each_command_has_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("franking.engine.programs.connection.ERRORS_MOST", 100)
    async with listening(tmp_path) as (_, engine, address), client(address) as one:
        for command, wanted in DIALOGUE:
            assert (await one.says(command)).startswith(wanted), command
        assert await one.closed()
        (job,) = engine.jobs()
        assert job.job == 1


@pytest.mark.manual("B13")
async def test_b13_what_is_offered_is_said_and_helo_does_without(tmp_path: Path) -> None:
    async with listening(tmp_path, octets=12_345) as (_, _, address), client(address) as one:
        lines = [line[4:] for line in (await one.says("EHLO client.example")).splitlines()]
        assert lines[1:] == [
            *("PIPELINING", "SIZE 12345", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "HELP"),
        ]
        assert "\n" not in await one.says("HELO client.example")
        assert (await one.says("MAIL FROM:<root> SIZE=10")).startswith("555 5.5.4 ")
        assert (await one.says("MAIL FROM:<root>", "RCPT TO:<root>", "DATA")).startswith("354 ")
        assert await one.says(MESSAGE + b".\r\n") == "250 2.0.0 Ok: job 1"


@pytest.mark.manual("B13")
async def test_b13_everything_may_be_said_at_once(tmp_path: Path) -> None:
    """RFC 2920, and two messages where it asks for one."""
    body = MESSAGE.replace(b"full", b"..full\r\n.. two") + b".\r\n"
    async with listening(tmp_path) as (here, engine, address), client(address) as one:
        mail = ("MAIL FROM:<root>", "RCPT TO:<root>", "RCPT TO:<office@example.com>", "DATA", body)
        assert await one.says("EHLO client.example", *mail, *mail, "NOOP", "QUIT") == "221 2.0.0 Bye"
        assert taken(engine) == 2
        (content,) = here.kept(engine, 2)
        assert content == MESSAGE.replace(b"full", b".full\r\n. two")


@pytest.mark.manual("B13")
async def test_b13_what_is_to_be_told_is_kept_for_each_recipient(tmp_path: Path) -> None:
    async with listening(tmp_path) as (_, engine, address), client(address) as one:
        await one.says("EHLO client.example")
        parameters = "RET=HDRS ENVID=a+2Bb BODY=8BITMIME SMTPUTF8 AUTH=<> SIZE=100"
        assert (await one.says(f"MAIL FROM:<root> {parameters}")).startswith("250")
        original = "ORCPT=rfc822;disk+2Bnas@nas.example"
        assert (await one.says(f"RCPT TO:<root> NOTIFY=FAILURE {original}")).startswith("250")
        assert (await one.says("RCPT TO:<lee@example.com> NOTIFY=SUCCESS")).startswith("250")
        await one.says("DATA")
        assert (await one.says(MESSAGE + b".\r\n")).startswith("250")
        row = engine.store.job(1)
        assert row is not None
        request = REQUEST.validate_json(row.request)
        assert isinstance(request, ByProgram | FromProgram)
        assert request.envelope_id == "a+b"
        assert set(request.notify) == {Notify.SUCCESS, Notify.FAILURE}
        assert request.notify_each == {PRINTER: (Notify.FAILURE,), LEE: (Notify.SUCCESS,)}
        assert request.originals == {PRINTER: "rfc822;disk+2Bnas@nas.example"}


S, F, NEVER = Notify.SUCCESS, Notify.FAILURE, Notify.NEVER


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ([{S}, {F}], {S, F}),
        ([{NEVER}, {NEVER}], {NEVER}),
        ([{NEVER}, {F}], {F}),
        ([{NEVER}, set()], set()),
        ([set(), set()], set()),
    ],
)
def test_never_stays_where_every_recipient_has_it(asked: list[set[Notify]], wanted: set[Notify]) -> None:
    assert set(united([frozenset(each) for each in asked])) == wanted


def test_what_all_recipients_have_is_said_once_and_the_first_original_stays() -> None:
    alike = [Rcpt(each, frozenset({S})) for each in (KIM, LEE)]
    assert asked_for(alike) == ((S,), {}, {})
    twice = [
        Rcpt(KIM, frozenset({S}), "x;1"),
        Rcpt(LEE, frozenset({NEVER})),
        Rcpt(KIM, frozenset({F}), "x;2"),
    ]
    assert asked_for(twice) == ((S, F), {LEE: (NEVER,)}, {KIM: "x;1"})
    assert asked_for([Rcpt(KIM), Rcpt(LEE, frozenset({NEVER}))]) == ((), {LEE: (NEVER,)}, {})


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("rfc822;kim+2Bx@example.com", "rfc822;kim+2Bx@example.com"),
        ("utf-8;j\u00fcrgen@example.com", "utf-8;j\\x{FC}rgen@example.com"),
        ("x400;/C=de", None),
        ("rfc822;kim@example.com\u00fc", None),
        ("rfc822", None),
        (";kim@example.com", None),
        ("rfc822;", None),
        ("rfc822;a+b", None),
        (f"rfc822;{'a' * 493}", f"rfc822;{'a' * 493}"),
        (f"rfc822;{'a' * 494}", None),
    ],
)
def test_what_a_recipient_was_called_is_kept_in_ascii(said: str, kept: str | None) -> None:
    if kept is not None:
        assert rcpt_of(f"TO:<root> ORCPT={said}", extended=True, utf8=True).original == kept
        return
    with pytest.raises(NotUnderstood) as caught:
        rcpt_of(f"TO:<root> ORCPT={said}", extended=True, utf8=True)
    assert caught.value.reply[:2] == (501, "5.5.4")


@pytest.mark.parametrize(
    ("argument", "sender"),
    [
        ("FROM:<kim@example.com>", "kim@example.com"),
        ("from: <kim@example.com>", "kim@example.com"),
        ("FROM:kim@example.com", "kim@example.com"),
        ('FROM:<"a > b"@example.com>', '"a > b"@example.com'),
        ("FROM:<>", ""),
        ("FROM:<@a.example:kim@example.com>", "kim@example.com"),
        ("FROM:<k\u00edm@example.com> SMTPUTF8", "k\u00edm@example.com"),
    ],
)
def test_paths_are_read(argument: str, sender: str) -> None:
    assert mail_of(argument, extended=True).sender == sender


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ("FROM:<kim@example.com", 501),
        ("FROM:", 501),
        ("TO:<kim@example.com>", 501),
        ("FROM:<kim@example.com>SIZE=1", 501),
        ("FROM:<k\u00edm@example.com>", 553),
        (f"FROM:<{'k' * 65}@example.com>", 501),
        (f"FROM:<kim@{'k' * 255}>", 501),
        ("FROM:<kim@example.com> SIZE=1 SIZE=2", 501),
        ("FROM:<kim@example.com> SIZE=-1", 501),
        ("FROM:<kim@example.com> SIZE", 501),
        ("FROM:<kim@example.com> SMTPUTF8=1", 501),
        ("FROM:<kim@example.com> ENVID=a+0D+0Ab", 501),
        (f"FROM:<kim@example.com> ENVID={'a' * 101}", 501),
        ("FROM:<kim@example.com> RET=ALL", 501),
        ("FROM:<kim@example.com> AUTH", 501),
        ("FROM:<kim@example.com> FROM=1", 555),
    ],
)
def test_what_is_no_path_or_no_parameter_is_refused(argument: str, code: int) -> None:
    with pytest.raises(NotUnderstood) as caught:
        mail_of(argument, extended=True)
    assert caught.value.reply.code == code
    assert not caught.value.reply.text.endswith(" ")


def test_an_address_that_is_not_ascii_is_taken_where_it_was_announced() -> None:
    assert rcpt_of("TO:<\u00ed@example.com>", extended=True, utf8=True).recipient == "\u00ed@example.com"
    with pytest.raises(NotUnderstood) as caught:
        rcpt_of("TO:<\u00ed@example.com>", extended=True, utf8=False)
    assert caught.value.reply[:2] == (553, "5.6.7")


@pytest.mark.parametrize("text", ["word " * 500, "w" * 3_000, "\u00fc" * 700, "one\ntwo\x07three", ""])
@pytest.mark.parametrize("utf8", [True, False])
def test_replies_are_broken_into_lines_that_may_be(text: str, utf8: bool) -> None:
    lines = rendered(Reply(550, "5.7.1", text), utf8=utf8).split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) + 2 <= LINE_MOST for line in lines)
    assert [line[:10] for line in lines] == [b"550-5.7.1 "] * (len(lines) - 1) + [b"550 5.7.1 "]
    whole = b"".join(line[10:] for line in lines)
    assert utf8 or whole.isascii()
    assert b"\x07" not in whole
    kept = (
        "".join(text.split()) if utf8 else "".join(text.encode("ascii", "backslashreplace").decode().split())
    )
    assert whole.decode().replace(" ", "") == kept.replace("\x07", "")


REFUSED = {
    "a stranger's From": (b"From: somebody@example.net\r\n\r\nx\r\n", "550-5.7.1 No mailbox of this device"),
    "a person's From": (b"From: kim@example.com\r\n\r\nx\r\n", "550-5.7.1 Mail from kim@example.com"),
    "nothing": (b"", "554 5.6.0 The message is empty."),
    "NUL": (b"From: root\r\n\r\na\0b\r\n", "554 5.6.0 Line 3 of the message holds a NUL octet"),
    "a long line": (b"From: root\r\n\r\n" + b"x" * 999 + b"\r\n", "554 5.6.0 Line 3 of the message has more"),
    "a megabyte in a line": (b"From: root\r\n\r\n" + b"x" * 900_000 + b"\r\n", "554 5.6.0 Line 3 of"),
    "an endless header": (b"X: y\r\n" * 60_000 + b"\r\nx\r\n", "554 5.6.0 The header of the message has"),
    "too much": (
        b"From: root\r\n\r\n" + b"line\r\n" * 100_000,
        "552 5.3.4 The message has more than 500000",
    ),
}


@pytest.mark.manual("B13")
@pytest.mark.parametrize("name", REFUSED)
async def test_b13_a_refusal_says_why_and_the_connection_goes_on(tmp_path: Path, name: str) -> None:
    message, wanted = REFUSED[name]
    async with listening(tmp_path, octets=500_000) as (here, engine, address), client(address) as one:
        reply = await one.sends(message)
        assert reply.startswith((wanted, wanted.replace("-", " ", 1))), reply
        assert reply.isascii()
        assert reply.endswith(".")
        assert (taken(engine), here.spooled(), engine.scans.room.promised) == (0, [], 0)
        assert (await one.sends()).startswith("250 2.0.0 ")


@pytest.mark.manual("B13")
@pytest.mark.parametrize("verbose", [False, True])
async def test_b13_the_log_says_what_was_refused_and_whom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, verbose: bool
) -> None:
    """An address stands there only where everything is logged."""
    caplog.set_level(logging.DEBUG if verbose else logging.INFO, "franking")
    async with listening(tmp_path) as (_, _, address), client(address) as one:
        await one.says("EHLO x", "MAIL FROM:<root>", "RCPT TO:<\x1bstranger>", "RCPT TO:<a@b@example.com>")
        await one.sends(MESSAGE.replace(b"root", b"somebody@example.net"))
    found = [each for each in caplog.records if "was not taken" in each.message]
    whose, lines = zip(*(each.message.split(" was not taken: ") for each in found), strict=True)
    assert {each.levelname for each in found} == {"WARNING"}
    assert whose == (*["a recipient of a program at 127.0.0.1"] * 2, "mail of a program at 127.0.0.1")
    unknown, none, nobody = lines
    assert unknown.startswith("?stranger is no name that is known here. Correct it")
    assert none.startswith(f"{'a@b@example.com' if verbose else '(an address)'} is no e-mail address.")
    writer = "somebody@example.net" if verbose else "(an address)"
    assert nobody.startswith(f"No mailbox of this device sends from {writer}. Let the program")


@pytest.mark.manual("B13")
async def test_b13_a_from_that_is_no_address_is_no_fault_of_ours(tmp_path: Path) -> None:
    clients = {"nas": {"user": "kim", "networks": ["127.0.0.0/8"]}}
    async with listening(tmp_path, clients=clients) as (_, engine, address), client(address) as one:
        for writer in (b'"a b"@example.com', b"a@b@c", b"x" * 300 + b"@example.com", b"@example.com"):
            reply = await one.sends(MESSAGE.replace(b"root", writer))
            assert reply.startswith(("550 5.1.7 ", "550-5.1.7 ")), writer
            assert reply.endswith("Let the program write another From; whoever runs it must act.")
        assert taken(engine) == 0


@pytest.mark.manual("B13", "S15")
async def test_b13_a_rule_that_refuses_is_told_with_remedy_and_who_must_act(tmp_path: Path) -> None:
    async with listening(tmp_path, senders={"root": "kim"}) as (_, engine, address):
        off = engine.settings.changed(functions={"off": ["E-mail sending from a program"]})
        await engine.apply(off.changed(device={"language": "de"}))
        async with client(address) as one:
            reply = await one.sends()
            assert reply.startswith(("550-5.7.1 This function is turned off", "550 5.7.1 This function"))
            assert "S20-off" in reply
            assert reply.isascii()
            await one.begin("office@example.com", parameters=" SMTPUTF8")
            assert "Diese Funktion" in await one.says(MESSAGE + b".\r\n")
        assert taken(engine) == 0


@pytest.mark.manual("B13")
async def test_b13_what_waits_for_a_setting_may_come_again(tmp_path: Path) -> None:
    """A person's mail while OAuth is not available (S12); the device's own waits in the spool."""
    async with (
        listening(tmp_path, senders={"kim-cron": "kim"}) as (_, engine, address),
        client(address) as one,
    ):
        await engine.apply(engine.settings.changed(tls={"minimum": "TLSv1.3", "maximum": "TLSv1.3"}))
        reply = await one.sends(MESSAGE.replace(b"root", b"kim-cron"))
        assert reply.startswith(("450-4.7.0 ", "450 4.7.0 "))
        assert "S12-tls" in reply
        assert await one.sends() == "250 2.0.0 Ok: job 2"


@pytest.mark.manual("B13", "S33b")
async def test_b13_while_the_spool_is_full_it_may_come_again(tmp_path: Path) -> None:
    async with listening(tmp_path) as (here, engine, address), client(address) as one:
        await engine.apply(engine.settings.changed(spool={"quota": 1_000_000}))
        await one.says("EHLO client.example")
        reply = await one.says("MAIL FROM:<root> SIZE=2000000")
        assert reply.startswith(("452 4.3.1 2.0 MB more do not fit", "452-4.3.1 2.0 MB more do not fit"))
        reply = await one.sends(MESSAGE + b"line\r\n" * 300_000)
        assert reply[:9] in ("452 4.3.1", "452-4.3.1")
        assert (taken(engine), here.spooled(), engine.scans.room.promised) == (0, [], 0)
        assert (await one.sends()).startswith("250 ")


@pytest.mark.manual("B13")
async def test_b13_a_fault_of_ours_is_told_without_its_text_and_the_connection_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(tmp_path) as (_, _, address), client(address) as one:
        with monkeypatch.context() as broken:

            async def fails(*_: object) -> None:
                raise RuntimeError("a secret")

            broken.setattr("franking.engine.programs.conversation.take", fails)
            assert (await one.sends()).startswith("451 4.3.0 The engine met a fault")
        assert "RuntimeError at fails" in caplog.text
        assert "a secret" not in caplog.text
        assert (await one.sends()).startswith("250 ")


@pytest.mark.manual("B13")
async def test_b13_ten_thousand_recipients_are_taken_by_the_thousand(tmp_path: Path) -> None:
    async with listening(tmp_path) as (_, _, address), client(address) as one:
        await one.says("EHLO client.example", "MAIL FROM:<root>")
        one.send(b"".join(b"RCPT TO:<r%d@example.com>\r\n" % each for each in range(10_000)))
        replies = [(await one.reply())[:9] for _ in range(10_000)]
        assert replies == ["250 2.1.5"] * 1_000 + ["452 4.5.3"] * 9_000
        await one.says("DATA")
        reply = await one.says(MESSAGE + b".\r\n")
        assert reply[:9] in ("250 2.0.0", "550 5.5.3", "550-5.5.3"), "the provider's own limit is a rule"


@pytest.mark.manual("B13")
async def test_b13_no_web_page_can_send(tmp_path: Path) -> None:
    """What a browser lets a page post to this machine has commands in its body."""
    async with listening(tmp_path) as (_, engine, address), client(address) as one:
        form = f"EHLO x\r\nMAIL FROM:<root>\r\nRCPT TO:<{OFFICE}>\r\nDATA\r\n".encode() + MESSAGE + b".\r\n"
        one.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n" + form)
        assert (await one.reply()).startswith("421 4.7.0 This is no web server")
        assert await one.closed()
        assert taken(engine) == 0
