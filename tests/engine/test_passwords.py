"""Passwords as hashes: what holds, what does not, and that a hash cannot harm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franking.engine import passwords
from franking.engine.passwords import derived, hashed, is_hash, matches
from franking.engine.secret import Secret

from .panel.browsing import quick

PARTS = ("scrypt", "16384", "8", "5", "A" * 22 + "==", "A" * 43 + "=")


def test_a_password_matches_its_own_hash_alone_and_each_hash_has_its_own_salt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "COST", 1 << 8)
    first, second = hashed(Secret("a right word")), hashed(Secret("a right word"))
    assert first.reveal() != second.reveal()
    assert "word" not in first.reveal()
    assert is_hash(first)
    assert matches(Secret("a right word"), first)
    assert not matches(Secret("a right word "), first)
    assert not matches(Secret(""), first)
    assert not matches(Secret("a right word"), None)


@settings(max_examples=30)
@given(word=st.text(max_size=40), other=st.text(max_size=40))
def test_any_text_is_a_password(word: str, other: str) -> None:
    kept = quick(word)
    assert matches(Secret(word), kept)
    assert matches(Secret(other), kept) is (word == other)


@pytest.mark.parametrize(("cost", "block", "parallel"), [(2, 8, 1), (1 << 10, 4, 2), (1 << 15, 8, 1)])
def test_an_older_hash_holds_when_parameters_have_grown(
    monkeypatch: pytest.MonkeyPatch, cost: int, block: int, parallel: int
) -> None:
    with monkeypatch.context() as former:
        for name, value in (("COST", cost), ("BLOCK", block), ("PARALLEL", parallel)):
            former.setattr(passwords, name, value)
        kept = hashed(Secret("a right word"))
    assert kept.reveal().startswith(f"scrypt${cost}${block}${parallel}$")
    assert matches(Secret("a right word"), kept)


MALFORMED = (
    *("", "a right word", "scrypt", "scrypt$$$$$", "$".join(PARTS[:-1]), "$".join((*PARTS, ""))),
    *("\n".join(("$".join(PARTS), "")), " " + "$".join(PARTS), "$".join(("bcrypt", *PARTS[1:]))),
    *(
        "$".join((*PARTS[:1], each, *PARTS[2:]))
        for each in ("0", "1", "3", "16385", "262144", "9999999", "-2", "\u0662")
    ),
    *("$".join((*PARTS[:2], each, *PARTS[3:])) for each in ("0", "9", "99", "")),
    *("$".join((*PARTS[:3], each, *PARTS[4:])) for each in ("0", "17", "99", "")),
    *(
        "$".join((*PARTS[:4], each, *PARTS[5:]))
        for each in ("", "A" * 9, "=" * 8, "A=AAAAAA", "A" * 89, "*" * 24)
    ),
    *(
        "$".join((*PARTS[:5], each))
        for each in ("", "A" * 44, "A" * 45, "=" * 44, "A" * 41 + "===", "\xe4" * 44)
    ),
)


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_hash_matches_nothing_and_costs_as_much(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    costs: list[tuple[int, int, int]] = []

    def noted(password: Secret, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
        costs.append((cost, block, parallel))
        return derived(password, salt, 2, 8, 1)

    monkeypatch.setattr(passwords, "derived", noted)
    assert not matches(Secret("a right word"), Secret(text))
    assert costs == [(passwords.COST, passwords.BLOCK, passwords.PARALLEL)]


def test_parameters_that_pass_are_computed() -> None:
    """The largest of each kind that a small device bears in a test."""
    for cost, block, parallel in ((2, 1, 1), (1 << 15, 1, 1), (2, 8, 16)):
        assert passwords.fits(cost, block, parallel)
        assert len(derived(Secret("x"), b"salt", cost, block, parallel)) == 32
    assert not passwords.fits(1 << 16, 1, 1)


def test_a_hash_is_shown_nowhere() -> None:
    assert "scrypt" not in repr(quick()) + str(quick())
