"""`franking secret`: what settings name as `vault:NAME` never stands on a command line or a screen."""

import io
import sys

import pytest

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
