"""What people read follows the language of the device: refusals, warnings, reasons, mail and pages."""

from pathlib import Path

import pytest

from franking.engine.at_the_panel import UnknownUser
from franking.engine.engine import Engine
from franking.engine.information import of_reason
from franking.engine.own_reasons import OURS
from franking.engine.refusal import Refused
from franking.engine.settings import Settings
from franking.engine.spool import ScanUnreadable
from franking.engine.words import words
from franking.events.information import Actor, Info
from franking.events.request import ScanToEmail
from franking.events.settings import Language
from franking.machines.message import Situation
from franking.machines.rules import RULES, Look, Rule, Verdict, broken

from .device import KIM, LEE, OFFICE, Office, office
from .words import used

GERMAN = words(Language.GERMAN)
BLOCKED = b'{"error": "invalid_grant", "error_description": "AADSTS53003: blocked by policy"}'
IN_GERMAN: dict[str, object] = {"language": "de"}


async def speaks(engine: Engine, language: str) -> None:
    await engine.apply(engine.settings.changed(device={"language": language}))


@pytest.mark.manual("S15", "B9")
async def test_s15_every_broken_rule_is_told_in_the_language_of_the_device(tmp_path: Path) -> None:
    async with office(tmp_path, device=IN_GERMAN) as here, here.engine() as engine:
        wrong = {"from_address": {"setting": "Bulk setting", "bulk": LEE}, "tls": {"minimum": "TLSv1.3"}}
        settings = engine.settings.changed(**wrong, oauth={"client_id": ""}).changed(
            tls={"maximum": "TLSv1.2"}
        )
        with pytest.raises(Refused) as refused:
            await engine.apply(settings)
    text = str(refused.value)
    assert text.startswith("das lässt sich nicht einstellen:\n")
    assert set(refused.value.codes) == {"S7-bulk", "S2-client", "S8-order"}
    assert "Mit [Bulk setting] muss die Absenderadresse die E-Mail-Adresse des Administrators sein" in text
    assert "Stellen Sie [Minimum] in" not in text, "a place is named in German"
    assert "Stellen Sie [Minimum] unter [Utility] - [Administrator] - [Security] - [PKI Settings]" in text
    assert "(der Administrator des Geräts; S8-order)" in text


def template_of(rule: Rule, language: Language) -> str:
    english = language is Language.ENGLISH
    return rule.remedy if english else words(language).template(f"rule.{rule.code}.remedy")


@pytest.mark.manual("S15", "S0")
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.code))
def test_s15_a_remedy_is_shown_with_its_menu_path_in_each_language(rule: Rule, language: Language) -> None:
    told = words(language).told(rule)
    assert "`" not in template_of(rule, language), "a setting is named by its placeholder"
    assert "{" not in told.sentence + told.remedy
    assert told._replace(sentence="", remedy="") == rule._replace(sentence="", remedy="")
    english = (told.sentence, told.remedy) == (rule.sentence, rule.act)
    assert english == (language is Language.ENGLISH)
    assert words(language).told(told) == told, "shown twice, it says the same"


@pytest.mark.manual("S16", "S15")
def test_s16_a_rule_of_the_embedding_program_has_its_own_words_in_each_language() -> None:
    own = Rule(
        "X1-own", (), always, ((Look.SUBMIT, Verdict.REFUSE),), "{Not} today.", "Wait {a}.", Actor.NOBODY
    )
    assert GERMAN.rule(own) == ("{Not} today.", "Wait {a}.")


def always(now: Situation) -> bool:
    return True


@pytest.mark.manual("B9", "S15", "S16")
async def test_b9_a_job_that_a_rule_holds_up_or_ends_says_so_in_its_sentence(tmp_path: Path) -> None:
    armed: list[str] = []
    looks = ((Look.SEND, Verdict.REFUSE),)
    night = Rule("X1", (), lambda now: bool(armed), looks, "It is night.", "Come back.", Actor.PERSON)
    async with office(tmp_path, device=IN_GERMAN) as here, here.engine(rules=(night,)) as engine:
        await here.acquire(engine)
        alone = {"minimum": "TLSv1.3", "maximum": "TLSv1.3"}
        await engine.apply(engine.settings.changed(tls=alone))
        receipt = await here.notice(engine)
        told = "Die OAuth-Authentifizierung mit Microsoft ist nicht verfügbar"
        assert receipt.waits_for.startswith(told)
        assert engine.job(receipt.job).reason == engine.advice(receipt.job).cause == receipt.waits_for
        assert "[Minimum]" in engine.advice(receipt.job).remedy
        armed.append("from now on")
        await engine.apply(engine.settings.changed(tls={"minimum": "TLSv1.2"}))
        await engine.settle()
        ended = engine.job(receipt.job)
        assert (ended.state, ended.code, ended.reason) == ("ended", "X1", "It is night.")
        for info in engine.information():
            await engine.acknowledge(info.code, info.subject)
        assert engine.advice(receipt.job) == ("It is night.", "Come back.", Actor.PERSON), "read or not"


@pytest.mark.manual("B9", "S15")
async def test_b9_a_warning_that_stands_is_told_in_the_language_of_the_moment(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await refused_by_the_provider(here, engine)
            (english,) = engine.information()
            await speaks(engine, "de")
            (german,) = engine.information()
        async with here.provider.outage(), here.engine(device=IN_GERMAN) as engine:
            (later,) = engine.information()
            await speaks(engine, "en")
            assert engine.information() == (english,)
    assert "Conditional Access blocks the token." in english.cause
    assert english.who == "the tenant's administrator"
    assert "(AADSTS53003); eine neue Anmeldung würde nicht helfen." in german.cause
    assert german.cause.endswith("Der bedingte Zugriff (Conditional Access) sperrt das Token.")
    assert german.remedy.startswith("Der Administrator der Organisation muss die Richtlinie")
    assert german.who == "der Administrator der Organisation beim Anbieter"
    assert (german.code, german.actor, german.since) == (english.code, english.actor, english.since)
    assert later == german


async def refused_by_the_provider(here: Office, engine: Engine) -> None:
    await here.sign_in(engine)
    await here.passes(engine, hours=2)
    here.provider.answer_next(400, {"Content-Type": "application/json"}, BLOCKED)
    await here.scan(engine)
    await engine.settle()


@pytest.mark.manual("S19", "B9")
async def test_s19_both_addresses_are_named_in_each_language(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.account = LEE
        await engine.sign_in("panel", "kim")
        await engine.settle()
        assert f"({LEE} instead of {KIM})" in told(engine, Info.OTHER_ACCOUNT)
        await speaks(engine, "de")
        assert f"({LEE} statt {KIM})" in told(engine, Info.OTHER_ACCOUNT)


@pytest.mark.manual("S12", "S15")
async def test_s12_rules_that_broke_are_told_in_the_language_of_the_moment(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.apply(engine.settings.changed(tls={"minimum": "TLSv1.3"}))
        await speaks(engine, "de")
        (warning,) = engine.information()
        rule = next(rule for rule in RULES if rule.code == "S12-tls")
        assert (warning.cause, warning.remedy) == GERMAN.rule(rule)
        assert "TLSv1.3" in warning.cause


def told(engine: Engine, code: Info) -> str:
    return next(each.cause for each in engine.information() if each.code is code)


@pytest.mark.manual("S33", "B9")
async def test_s33_why_a_job_ended_is_told_in_german_with_the_servers_code(tmp_path: Path) -> None:
    async with office(tmp_path, device=IN_GERMAN) as here, here.engine() as engine:
        await here.sign_in(engine)
        here.kit.mailbox.refuse_next("rcpt", "550 5.1.1 no such mailbox")
        await here.scan(engine)
        await engine.settle()
        (warning,) = engine.information()
        assert warning.cause == "Auftrag 1 endete ohne Erfolg (550 5.1.1). Diesen Empfänger gibt es nicht."
        assert (warning.remedy, warning.who) == ("Berichtigen Sie die Adresse.", "die Person am Bedienfeld")
        assert engine.job(1).reason == engine.job(1).code == "550 5.1.1"


@pytest.mark.manual("S18", "B10")
async def test_s18_what_a_job_waits_for_is_told_in_the_language_of_the_device(tmp_path: Path) -> None:
    async with office(tmp_path, device=IN_GERMAN) as here, here.engine() as engine:
        receipt = await here.scan(engine)
        assert receipt.waits_for == engine.job(receipt.job).reason == "wartet auf eine Anmeldung"
        await engine.cancel(receipt.job)
        cancelled = engine.job(receipt.job)
        assert (cancelled.reason, cancelled.code) == ("abgebrochen", "cancelled")


@pytest.mark.manual("S22", "S21")
async def test_s22_the_devices_own_mail_is_in_the_language_of_its_settings(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        for language in Language:
            await engine.apply(engine.settings.changed(device={"name": "MFP", "language": language}))
            await here.notice(engine)
            await engine.settle()
    sent = [each.message().get_payload(decode=True) for each in here.kit.mailbox.messages]
    english, german = (octets.decode() for octets in sent if isinstance(octets, bytes))
    assert "Device: MFP" in english
    assert "Gerät: MFP" in german


@pytest.mark.manual("S19a", "S23")
async def test_s23_the_page_at_the_end_of_a_sign_in_is_in_the_language_of_the_device(tmp_path: Path) -> None:
    async with office(tmp_path, device=IN_GERMAN) as here, here.engine() as engine:
        await here.acquire(engine)
        assert "Angemeldet. Sie können diese Seite schließen." in plain(here.screen.pages[-1])
        assert 'lang="de"' in here.screen.pages[-1]
        await speaks(engine, "en")
        here.provider.answer_next(400, {"Content-Type": "application/json"}, BLOCKED)
        await engine.acquire("page")
        await engine.settle()
        assert "Not signed in. Conditional Access blocks the token." in plain(here.screen.pages[-1])
        assert 'lang="en"' in here.screen.pages[-1]


def plain(page: str) -> str:
    return page.partition("<h1>")[2].replace("</h1><p>", " ")


async def test_an_error_that_a_person_reads_is_said_in_the_language_of_the_screen(tmp_path: Path) -> None:
    async with office(tmp_path, device=IN_GERMAN) as here, here.engine() as engine:
        with pytest.raises(UnknownUser, match="nobody called bo is known here") as unknown:
            await engine.sign_in("panel", "bo")
        said = "niemand namens bo ist hier bekannt; registrieren Sie die E-Mail-Adresse des Benutzers"
        assert engine.words.error(unknown.value) == said
        gone = tmp_path / "gone.pdf"
        with pytest.raises(ScanUnreadable) as unreadable:
            await engine.submit(ScanToEmail(user="kim", to=(OFFICE,), files=(gone,)))
        assert engine.words.error(unreadable.value).startswith(f"{gone}: der Scan lässt sich nicht lesen")
        assert engine.words.error(LookupError("for programmers")) == "for programmers"


@pytest.mark.manual("S5")
async def test_s5_a_rule_that_only_warns_is_told_in_german_too(tmp_path: Path) -> None:
    async with office(tmp_path, device=IN_GERMAN) as here, here.engine() as engine:
        applied = await engine.apply(engine.settings.changed(smtp={"server": "smtp.example.org"}))
        (rule,) = applied.warns
        assert rule.sentence.startswith("Der SMTP-Server gehört nicht zu [OAuth 2.0 Provider]")
        assert engine.status().warns == applied.warns


def test_settings_that_cannot_be_are_refused_in_their_own_language() -> None:
    settings = Settings().changed(device=IN_GERMAN, tls={"minimum": "TLSv1.3", "maximum": "TLSv1.2"})
    refuses = broken(settings, Look.SET)
    assert str(Refused("refused.open", refuses, words(settings.device.language))).startswith(
        "diese Einstellungen sind nicht möglich:\n"
    )


def test_what_a_field_holds_is_never_looked_through() -> None:
    assert (
        words().table("nobody.says-this", "{a} and {b}", a="{b}", b="{tls.minimum}")
        == "{b} and {tls.minimum}"
    )


def test_a_language_that_lacks_a_sentence_says_it_in_english() -> None:
    assert GERMAN.table("nobody.says-this", "Job {job}.", job=1) == "Job 1."


@pytest.mark.manual("B9", "S33")
@pytest.mark.parametrize("language", Language)
def test_b9_every_reason_that_the_engine_gives_says_cause_remedy_and_who(language: Language) -> None:
    reasons = sorted(used.reasons())
    assert reasons
    for reason in reasons:
        said = of_reason(reason, words(language))
        assert said is not None, reason
        assert (said.cause.endswith("."), said.remedy.endswith(".")) == (True, True), reason
        assert words(language).actor(said.actor), reason


def test_no_reason_is_explained_that_nobody_gives() -> None:
    assert sorted(OURS.keys() - used.reasons()) == []
