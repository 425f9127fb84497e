"""Who may ask for what, and who sees what of a job (S33a): the table, and the engine through a view."""

import inspect
from pathlib import Path

import pytest

from franking.engine.refusal import NotAllowed
from franking.engine.signing_in import PasteRefused
from franking.engine.submitting import UnknownJob
from franking.engine.view import View
from franking.events.information import Actor, Info
from franking.events.request import EmailNotification, ScanToEmail
from franking.machines.roles import RIGHTS, SEEN, Act, Reach, Role, Viewer, may
from franking.tests.engine.device import KIM, LEE, OFFICE, PAGES, PRINTER, office, refresh_token

CONTROLLER, ADMINISTRATOR = Viewer(Role.CONTROLLER), Viewer(Role.ADMINISTRATOR)
AS_KIM, AS_LEE = Viewer(Role.USER, "kim"), Viewer(Role.USER, "lee")

pytestmark = pytest.mark.manual("S33a")


def scan(folder: Path, user: str = "kim") -> ScanToEmail:
    path = folder / "salary of lee.pdf"
    path.write_bytes(PAGES)
    return ScanToEmail(user=user, to=(OFFICE,), subject="Salary", text="As agreed", files=(path,))


def test_every_act_has_a_right_for_every_role() -> None:
    assert set(RIGHTS) == set(Act)
    for act in Act:
        assert {RIGHTS[act].of(role) for role in Role} <= set(Reach)
        assert RIGHTS[act].controller is Reach.ALL, "it speaks for anybody"


def test_names_recipients_and_content_are_the_owners() -> None:
    assert RIGHTS[Act.SEE_CONTENT].administrator is Reach.NOTHING
    assert may(AS_KIM, Act.SEE_CONTENT, "kim")
    assert not may(AS_LEE, Act.SEE_CONTENT, "kim")
    assert not may(Viewer(Role.USER), Act.SEE_CONTENT, ""), "nobody's name is no name"
    assert {seen.by for seen in SEEN} == {Act.SEE_JOBS, Act.SEE_CONTENT}


CHECKS = (
    "self.check(",
    "self._check_delete(",
    "self._check_free(",
    "self.mine(",
    "self.may(",
    "self.sees(",
    "self.sees_screen(",
)


def test_a_view_has_nothing_that_checks_no_right() -> None:
    for name, method in inspect.getmembers(View, inspect.isfunction):
        if name.startswith("_") or name in {"may", "may_bring", "check"}:
            continue
        source = inspect.getsource(method)
        assert any(word in source for word in CHECKS), name


def test_every_act_of_the_table_is_asked_for_somewhere() -> None:
    source = inspect.getsource(View)
    assert [act for act in Act if f"Act.{act.name}" not in source] == []


async def test_what_is_done_at_a_place_is_for_who_stands_there(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.view(AS_KIM).log_in("panel", "kim")
        await engine.view(AS_KIM).submit(scan(tmp_path), "panel")
        lee, kim = engine.view(AS_LEE), engine.view(AS_KIM)
        for act in (lee.log_out, lee.cancel_sign_in, lee.discard_waiting):
            with pytest.raises(NotAllowed):
                await act("panel")
        with pytest.raises(NotAllowed):
            lee.paste("panel", "http://localhost/?code=a&state=b")
        with pytest.raises(PasteRefused):
            kim.paste("panel", "http://localhost/?code=a&state=b")
        with pytest.raises(NotAllowed):
            lee.waits_at("panel")
        with pytest.raises(NotAllowed):
            lee.events()
        await kim.cancel_sign_in("panel")
        assert [each.owner for each in kim.waits_at("panel")] == ["kim"]
        assert await kim.discard_waiting("panel") == 1
        await kim.log_out("panel")


@pytest.mark.manual("S28", "S33a")
async def test_s28_nobody_logs_somebody_else_out_by_coming_to_his_place(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(oauth={"auto_delete": True}) as engine:
        await here.sign_in(engine, "lee")
        kim = engine.view(AS_KIM)
        for act in (
            lambda: kim.log_in("panel", "kim"),
            lambda: kim.sign_in("panel", "kim"),
            lambda: kim.submit(scan(tmp_path), "panel"),
        ):
            with pytest.raises(NotAllowed):
                await act()
        assert engine.who_stands_at("panel") == "lee"
        assert refresh_token(engine, "lee") == "Acquired"
        assert here.visits == ["panel"]
        await engine.view(CONTROLLER).log_in("panel", "kim")
        await kim.log_in("panel", "kim")
        await kim.submit(scan(tmp_path), "panel")
        await engine.settle()
        assert here.visits == ["panel", "panel"]


@pytest.mark.manual("S17", "S33a")
async def test_s17_a_user_does_not_say_himself_which_address_he_has(tmp_path: Path) -> None:
    async with office(tmp_path, users={}) as here, here.engine() as engine:
        with pytest.raises(NotAllowed, match="which address a user has"):
            await engine.view(AS_KIM).log_in("panel", "kim", LEE)
        assert engine.people.find("kim") is None
        await engine.view(CONTROLLER).log_in("panel", "kim", KIM)
        assert engine.people.address_of("kim") == KIM


async def test_the_administrators_screen_is_closed_by_the_administrator_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        kim = engine.view(AS_KIM)
        await kim.log_in("panel", "kim")
        await engine.acquire("panel")
        assert engine.who_signs_in_at("panel") == "administrator"
        with pytest.raises(NotAllowed):
            await kim.cancel_sign_in("panel")
        with pytest.raises(NotAllowed):
            kim.paste("panel", "http://localhost/?code=a&state=b")
        assert engine.who_signs_in_at("panel") == "administrator"
        await engine.view(ADMINISTRATOR).cancel_sign_in("panel")
        assert engine.who_signs_in_at("panel") == ""


@pytest.mark.manual("B9", "S24", "S33a")
async def test_b9_the_administrator_sees_whatever_is_not_the_users_to_mend(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        await here.sign_in(engine)
        (here.store / "credentials" / "client").unlink()
        await here.passes(engine, hours=2)
        await here.scan(engine)
        await engine.settle()
        (warning,) = engine.view(ADMINISTRATOR).information()
        assert (warning.code, warning.actor) == (Info.PROVIDER_REFUSES, Actor.ADMIN)
        assert engine.view(AS_KIM).information() == (warning,)
        assert engine.view(AS_LEE).information() == ()
        assert not await engine.view(AS_LEE).acknowledge(warning.code, warning.subject)
        assert await engine.view(ADMINISTRATOR).acknowledge(warning.code, warning.subject)
        assert [each.acknowledged for each in engine.view(ADMINISTRATOR).information()] == [True]


@pytest.mark.manual("B9", "S24")
async def test_b9_the_administrator_leaves_what_the_user_must_do_to_the_user(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.account = LEE
        await engine.sign_in("panel", "kim")
        await engine.settle()
        (warning,) = engine.view(AS_KIM).information()
        assert not await engine.view(ADMINISTRATOR).acknowledge(warning.code, warning.subject)
        assert engine.view(AS_KIM).information() == (warning,)


@pytest.mark.manual("B14", "S26")
@pytest.mark.parametrize("viewer", [CONTROLLER, ADMINISTRATOR, AS_KIM], ids=lambda viewer: viewer.role)
async def test_who_keeps_the_device_forgets_people_exchanges_the_key_and_resets_it(
    tmp_path: Path, viewer: Viewer
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            view = engine.view(viewer)
            if viewer is AS_KIM:
                for act in (view.rotate_key(), view.forget("kim"), view.factory_reset()):
                    with pytest.raises(NotAllowed):
                        await act
                assert refresh_token(engine, "kim") == "Acquired"
            else:
                assert await view.rotate_key() == 1
                assert (await view.forget("kim")).sign_in
                assert (await view.factory_reset()).grants == 0
        assert (here.store / "store.db").exists() == (viewer is AS_KIM)


@pytest.mark.manual("S19", "S33a")
async def test_s33a_what_is_the_users_own_matter_is_not_told_to_the_administrator(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.account = LEE
        await engine.sign_in("panel", "kim")
        await engine.settle()
        (warning,) = engine.view(AS_KIM).information()
        assert warning.code is Info.OTHER_ACCOUNT
        assert engine.view(ADMINISTRATOR).information() == ()


async def test_the_owner_sees_the_content_and_the_administrator_what_he_needs(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        job = (await engine.view(AS_KIM).submit(scan(tmp_path))).job
        own = engine.view(AS_KIM).job(job)
        assert own.content is not None
        assert own.content.subject == "Salary"
        assert own.advice is not None
        assert own.advice.cause == f"kim has not signed in as {KIM}."
        assert own.content.from_address == KIM
        assert [each.address for each in own.content.recipients] == [OFFICE]
        assert [(each.name, each.size) for each in own.content.files] == [("salary of lee.pdf", len(PAGES))]
        kept = engine.view(ADMINISTRATOR).job(job)
        assert (kept.content, kept.advice) == (None, None)
        assert (kept.status.owner, kept.status.function, kept.status.size) == (
            "kim", "Scan to E-mail", len(PAGES),
        )  # fmt: skip
        assert kept.status.state == "waiting"
        told = repr(kept)
        assert "salary" not in told.casefold()
        assert OFFICE not in told


async def test_the_outcome_of_each_recipient_is_the_owners_to_see(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        job = (await engine.view(AS_KIM).submit(scan(tmp_path))).job
        await engine.settle()
        content = engine.view(AS_KIM).job(job).content
        assert content is not None
        assert [(each.address, each.accepted) for each in content.recipients] == [(OFFICE, True)]


async def test_somebody_elses_job_is_unknown(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        job = (await engine.view(AS_KIM).submit(scan(tmp_path))).job
        assert engine.view(AS_LEE).jobs() == ()
        assert [each.job for each in engine.view(AS_KIM).jobs()] == [job]
        assert [each.job for each in engine.view(ADMINISTRATOR).jobs()] == [job]
        view = engine.view(AS_LEE)
        with pytest.raises(UnknownJob):
            view.job(job)
        for act in (view.hold, view.release, view.cancel, view.retry):
            with pytest.raises(UnknownJob):
                await act(job)
        assert engine.job(job).state == "waiting"
        await engine.view(ADMINISTRATOR).cancel(job)
        assert engine.job(job).state == "ended"


async def test_a_user_submits_in_his_own_name_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        for viewer in (AS_LEE, ADMINISTRATOR):
            with pytest.raises(NotAllowed, match="submit a job in a user's name"):
                await engine.view(viewer).submit(scan(tmp_path))
        notice = EmailNotification(to=(OFFICE,), event="Toner is low")
        for viewer in (AS_KIM, ADMINISTRATOR):
            with pytest.raises(NotAllowed, match="in the device's name"):
                await engine.view(viewer).submit(notice)
        await engine.view(CONTROLLER).submit(scan(tmp_path))
        await engine.view(CONTROLLER).submit(notice)
        assert [job.owner for job in engine.status().jobs] == ["kim", "administrator"]


async def test_settings_and_the_administrators_sign_in_are_not_a_users(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        kim = engine.view(AS_KIM)
        with pytest.raises(NotAllowed):
            kim.settings()
        with pytest.raises(NotAllowed):
            await kim.apply(engine.settings.changed(oauth={"enabled": False}))
        with pytest.raises(NotAllowed):
            await kim.acquire("panel")
        with pytest.raises(NotAllowed):
            await kim.delete_tokens()
        with pytest.raises(NotAllowed):
            await kim.delete_token("administrator")
        with pytest.raises(NotAllowed):
            await kim.delete_token("lee")
        assert engine.settings.oauth.enabled
        assert here.visits == []
        administrator = engine.view(ADMINISTRATOR)
        await administrator.acquire("page")
        await engine.settle()
        assert await administrator.delete_tokens() == 0
        await administrator.delete_token("administrator")
        assert administrator.settings().administrator.address == PRINTER


async def test_a_user_ends_his_own_sign_in_and_sees_no_other(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine, "kim")
        await here.sign_in(engine, "lee", "page")
        assert [each.login for each in engine.view(AS_KIM).sign_ins()] == ["kim"]
        assert [each.login for each in engine.view(ADMINISTRATOR).sign_ins()] == [
            "administrator",
            "kim",
            "lee",
        ]
        await engine.view(AS_KIM).delete_token("kim")
        await engine.settle()
        assert [each.refresh_token for each in engine.view(ADMINISTRATOR).sign_ins()[1:]] == [
            "Required",
            "Acquired",
        ]


@pytest.mark.manual("S24", "S33a")
async def test_s24_a_users_lost_sign_in_is_told_to_that_user(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.sign_in(engine, "kim")
        here.provider.revoke_grants(KIM)
        here.provider.revoke_grants(PRINTER)
        await here.passes(engine, hours=2)
        await here.scan(engine, "kim")
        await here.notice(engine)
        await engine.settle()

        def seen(viewer: Viewer) -> list[str]:
            return [each.subject for each in engine.view(viewer).information()]

        kim = engine.people.find("kim")
        assert kim is not None
        assert seen(AS_KIM) == ["administrator", kim.identity], "the device's warning stands on every screen"
        assert seen(AS_LEE) == seen(ADMINISTRATOR) == ["administrator"]
        assert seen(CONTROLLER) == ["administrator", kim.identity]
        again = Info.SIGN_IN_AGAIN
        assert not await engine.view(AS_LEE).acknowledge(again, kim.identity), "it is not told to be there"
        with pytest.raises(NotAllowed):
            await engine.view(AS_LEE).acknowledge(again, "administrator")
        assert await engine.view(AS_KIM).acknowledge(again, kim.identity)
        assert await engine.view(ADMINISTRATOR).acknowledge(again, "administrator")


async def test_a_box_is_its_persons(tmp_path: Path) -> None:
    path = tmp_path / "plan.pdf"
    path.write_bytes(PAGES)
    async with office(tmp_path) as here, here.engine() as engine:
        (kept,) = await engine.view(AS_KIM).keep_documents("kim", (path,))
        assert engine.view(AS_KIM).documents("kim") == (kept,)
        for viewer in (AS_LEE, ADMINISTRATOR):
            with pytest.raises(NotAllowed):
                engine.view(viewer).documents("kim")
            with pytest.raises(NotAllowed):
                await engine.view(viewer).keep_documents("kim", (path,))
            with pytest.raises(NotAllowed):
                await engine.view(viewer).delete_document("kim", kept.number)
        await engine.view(AS_KIM).delete_document("kim", kept.number)
        assert engine.view(CONTROLLER).documents("kim") == ()


async def test_the_status_is_as_much_as_the_viewer_may_see(tmp_path: Path) -> None:
    async with office(tmp_path, smtp={"server": "localhost"}) as here, here.engine() as engine:
        await here.sign_in(engine, "kim", "panel")
        await engine.view(AS_LEE).submit(scan(tmp_path, "lee"))
        here.kit.mailbox.refuse_next("auth", "535 5.7.139 SmtpClientAuthentication is disabled")
        await engine.view(AS_KIM).submit(scan(tmp_path))
        await engine.settle()
        whole = engine.status()
        assert (len(whole.identities), len(whole.jobs), len(whole.mailboxes)) == (3, 2, 1)
        assert engine.view(CONTROLLER).status() == whole
        kim, lee = engine.view(AS_KIM).status(), engine.view(AS_LEE).status()
        for status, login in ((kim, "kim"), (lee, "lee")):
            assert [each.login for each in status.identities] == [login]
            assert [each.owner for each in status.jobs] == [login]
            assert status.warns == ()
        assert (kim.mailboxes, kim.information) == (whole.mailboxes, whole.information)
        assert (lee.mailboxes, lee.information) == ((), ())
        administrator = engine.view(ADMINISTRATOR).status()
        assert (administrator.jobs, administrator.mailboxes) == (whole.jobs, whole.mailboxes)
        assert administrator.warns == whole.warns != ()


@pytest.mark.manual("S11", "S33a")
async def test_s11_who_stands_there_keeps_the_panel_awake_and_nobody_else(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.view(AS_KIM).log_in("panel", "kim")
        await here.passes(engine, seconds=50)
        with pytest.raises(NotAllowed):
            await engine.view(AS_LEE).touch("panel")
        await engine.view(AS_KIM).touch("panel")
        await here.passes(engine, seconds=50)
        assert engine.who_stands_at("panel") == "kim"
        await here.passes(engine, seconds=10)
        assert engine.who_stands_at("panel") == ""


@pytest.mark.manual("S33a")
async def test_s33a_a_box_is_emptied_by_its_person_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(PAGES)
    async with office(tmp_path) as here, here.engine() as engine:
        kim = engine.view(AS_KIM)
        await kim.keep_documents("kim", (path, path))
        for viewer in (AS_LEE, ADMINISTRATOR):
            with pytest.raises(NotAllowed):
                await engine.view(viewer).delete_documents("kim")
        assert await kim.delete_documents("kim") == 2
        assert kim.documents("kim") == ()
