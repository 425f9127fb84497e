"""One document in a user box (S20, S22)."""

from datetime import timedelta

import pytest

from franking.events.base import Event
from franking.events.box import (
    DocumentDeleted,
    DocumentExpired,
    DocumentFetched,
    DocumentKept,
    LinkAnnounced,
    LinkWithdrawn,
)
from franking.machines.document import DOCUMENT, GONE, KEPT, NEW, Stay
from franking.tests.machines.life import NOW, USER, Life

ENDS = NOW + timedelta(days=7)
IN_A_BOX = DocumentKept(document=1, identity=USER)
ANNOUNCED = LinkAnnounced(document=1, expires_at=ENDS)
FETCHED, EXPIRED, DELETED = (
    DocumentFetched(document=1),
    DocumentExpired(document=1),
    DocumentDeleted(document=1),
)
ENDINGS = (EXPIRED, DELETED)


def named(fact: Event) -> str:
    return type(fact).__name__


@pytest.mark.manual("S22")
def test_s22_a_link_lasts_until_the_moment_that_its_document_remembers() -> None:
    life = Life(DOCUMENT).hears(IN_A_BOX, ANNOUNCED)
    assert (life.state, life.data) == (KEPT, Stay(ENDS))
    (limit,) = DOCUMENT.blocks[KEPT].limits
    assert (limit.until, limit.then) == ("expires_at", DocumentExpired)


@pytest.mark.manual("S20")
def test_s20_a_document_without_an_end_stays() -> None:
    life = Life(DOCUMENT).hears(IN_A_BOX)
    assert (life.state, life.data.expires_at) == (KEPT, None)


@pytest.mark.manual("S22")
def test_s22_what_a_mail_said_that_may_have_arrived_holds() -> None:
    later = LinkAnnounced(document=1, expires_at=ENDS + timedelta(hours=1))
    assert Life(DOCUMENT).hears(IN_A_BOX, ANNOUNCED).changes_nothing(later)


@pytest.mark.manual("S22")
def test_s22_what_a_mail_said_that_reached_nobody_counts_no_longer() -> None:
    later = LinkAnnounced(document=1, expires_at=ENDS + timedelta(hours=1))
    life = Life(DOCUMENT).hears(IN_A_BOX, ANNOUNCED, LinkWithdrawn(document=1))
    assert life.data == Stay()
    assert life.hears(later).data == Stay(later.expires_at)


@pytest.mark.manual("S22")
def test_s22_each_whole_download_is_counted() -> None:
    life = Life(DOCUMENT).hears(IN_A_BOX, ANNOUNCED, FETCHED, FETCHED)
    assert (life.data.downloads, life.did.entered) == (2, False), "its time goes on"


@pytest.mark.manual("S22")
@pytest.mark.parametrize("ending", ENDINGS, ids=named)
def test_s22_at_its_end_the_names_go_with_the_commit_and_the_file_after_it(ending: Event) -> None:
    life = Life(DOCUMENT).hears(IN_A_BOX, ANNOUNCED, FETCHED, ending)
    assert (life.state, life.asked) == (GONE, ["ForgetDocument", "EraseDocument"])
    assert life.data.downloads == 1, "it is known how often it was fetched"


@pytest.mark.parametrize("late", [IN_A_BOX, ANNOUNCED, FETCHED, *ENDINGS], ids=named)
def test_what_comes_after_its_end_changes_nothing(late: Event) -> None:
    assert Life(DOCUMENT).hears(IN_A_BOX, DELETED).changes_nothing(late)


@pytest.mark.parametrize("late", [ANNOUNCED, FETCHED, *ENDINGS], ids=named)
def test_what_concerns_no_document_makes_none(late: Event) -> None:
    life = Life(DOCUMENT)
    assert life.changes_nothing(late)
    assert life.state is NEW


def test_a_document_is_kept_once() -> None:
    assert Life(DOCUMENT).hears(IN_A_BOX, ANNOUNCED).changes_nothing(IN_A_BOX)
