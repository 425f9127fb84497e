"""`franking secret`: what settings name as `vault:NAME` never stands on a command line or a screen."""

import asyncio
import io
import sys

import pytest
import trustme

from franking.engine.cli.opening import loaded, opened

from ..device import anywhere
from .conftest import Device

MARKED = "hunter2-of-the-vault"


def give(patch: pytest.MonkeyPatch, text: str) -> None:
    patch.setattr(sys, "stdin", io.StringIO(text))


def test_a_secret_is_kept_named_and_removed(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, f"{MARKED}\n")
    ended = device.franking("secret", "set", "client")
    assert (ended.code, ended.err) == (0, "")
    assert "`vault:client`" in ended.out
    assert MARKED not in ended.out
    assert anywhere(device.store, MARKED.encode()) == []
    assert device.franking("secret", "list").out == "vault:client\n"
    assert device.franking("secret", "remove", "client").code == 0
    assert device.franking("secret", "list").out == ""
    ended = device.franking("secret", "remove", "client")
    assert (ended.code, "no secret client" in ended.err) == (78, True)


def test_a_certificate_with_its_key_is_kept_whole(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    found = trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.bytes().decode()
    give(monkeypatch, found)
    assert device.franking("secret", "set", "shown").code == 0

    async def kept() -> str:
        async with opened(loaded(device.config)[1]) as engine:
            return engine.kept_secrets.read("vault:shown").reveal()

    assert asyncio.run(kept()) == found.rstrip("\n")


def test_what_is_no_text_or_too_long_is_told_so(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    for octets, why in ((b"\x30\x82\xff", "give a certificate as PEM"), (b"x" * 65_537, "longer than 65536")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets), "utf-8"))
        ended = device.franking("secret", "set", "shown")
        assert (ended.code, why in ended.err) == (65, True)
        assert "xx" not in ended.err


def test_a_secret_is_typed_without_being_shown(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal = io.StringIO()
    at_a_terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", at_a_terminal)
    asked: list[str] = []

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return MARKED

    monkeypatch.setattr("typer._click.termui.hidden_prompt_func", typed)
    ended = device.franking("secret", "set", "client")
    assert (ended.code, len(asked)) == (0, 1)
    assert MARKED not in ended.out + ended.err


@pytest.mark.parametrize(
    ("text", "name", "code"), [("", "client", 64), ("\n", "client", 64), ("x", "a b", 64)]
)
def test_what_cannot_be_kept_is_said(
    device: Device, monkeypatch: pytest.MonkeyPatch, text: str, name: str, code: int
) -> None:
    give(monkeypatch, text)
    ended = device.franking("secret", "set", name)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err
