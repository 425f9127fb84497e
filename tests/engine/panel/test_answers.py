"""What stands in an answer, whichever it is: fields that bind the browser, and never a secret (S25, S26)."""

import os
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
import trustme

from franking.engine.applying import SignInsEnd
from franking.engine.certificates import CertificateUnusable, NeedsTls
from franking.engine.panel import look, served
from franking.engine.panel.face import Face
from franking.engine.panel.serving import serve
from franking.engine.panel.table import SCREENS
from franking.engine.settings import Settings
from franking.engine.view import View
from franking.testing.leaks import overhearing, pieces
from franking.tests.engine.device import KIM, PASSWORDS, PRINTER, issued_tokens, office, secrets_in_memory

from .browsing import ADMINISTRATOR, PAGE, WORD, Browser, Screens, opened, said, screens
from .test_rights import ALL, address, everybody, job_of_kim

BINDS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
TYPED = "MARKEDWORD0123456789"
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def binds(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    where = f"{answer.request.method} {answer.request.url} {answer.status_code}"
    for name, value in BINDS.items():
        assert answer.headers[name] == value, where
    rules = dict(each.strip().partition(" ")[::2] for each in policy.split(";"))
    assert rules["default-src"] == "'none'", where
    if answer.request.url.path == "/logo" and answer.status_code == 200:
        assert "sandbox" in rules, where
        assert "script-src" not in rules, where
    else:
        assert rules["frame-ancestors"] == rules["base-uri"] == "'none'", where
        assert rules["form-action"] == rules["script-src"] == rules["style-src"] == "'self'", where
        assert "unsafe" not in policy, where
    kept = answer.headers["cache-control"]
    ours = answer.request.url.path in served.FILES and answer.status_code == 200
    assert kept in (("no-cache", "max-age=31536000, immutable") if ours else ("no-store",)), where
    assert "server" not in answer.headers, where


async def test_every_answer_binds_the_browser_also_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(PICTURE)
    async with screens(tmp_path, page={**PAGE, "logo": str(tmp_path / "logo.svg")}) as at:
        job, people, nobody = await job_of_kim(at), await everybody(at), await at.browser()
        paths = [
            *served.FILES,
            *(address(each, job) for each in ALL),
            "/log-in",
            "/x",
            "/jobs/99",
        ]
        for person in (people["kim"], people[ADMINISTRATOR], nobody):
            for path in paths:
                binds(await person.client.get(path))
            for path in ("/log-in", "/touch", "/x", "/", "/jobs/x/hold", "/send/x", "/oauth"):
                binds(await person.post(path))
                binds(await person.post(path, {"guard": "0"}))
            for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
                binds(await person.client.request(method, "/jobs"))
            binds(await person.get("/", Host="evil.example"))
        binds(await nobody.client.get("/live"))
        for path in paths:
            binds(await people["kim"].client.head(path))
        for _ in range(7):
            binds(await nobody.logs_in("kim", "wrong"))
        async with people["kim"].client.stream("GET", "/live") as stream:
            assert stream.headers["content-type"] == "text/event-stream"
            binds(stream)


@pytest.mark.parametrize(
    ("name", "octets", "kind"),
    [
        ("logo.svg", PICTURE, "image/svg+xml"),
        ("logo.PNG", b"\x89PNG", "image/png"),
        ("logo.html", PICTURE, None),
        ("logo", PICTURE, None),
        ("logo.svg.html", PICTURE, None),
        ("big.png", b"x" * (look.LOGO_OCTETS_MOST + 1), None),
        ("gone.png", None, None),
    ],
)
async def test_a_logo_is_a_picture_of_its_size_and_never_runs(
    tmp_path: Path, name: str, octets: bytes | None, kind: str | None
) -> None:
    if octets is not None:
        (tmp_path / name).write_bytes(octets)
    async with screens(tmp_path, page={**PAGE, "logo": str(tmp_path / name)}) as at:
        answer = await (await at.browser()).get("/logo")
        assert answer.headers.get("content-type") == kind
        assert answer.status_code == (200 if kind else 404)
        if kind:
            assert answer.content == octets
            assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("kind", ["a folder", "a pipe"])
async def test_a_logo_that_is_no_file_is_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "logo.png"
    path.mkdir() if kind == "a folder" else os.mkfifo(path)
    async with screens(tmp_path, page={**PAGE, "logo": str(path)}) as at:
        assert (await (await at.browser()).get("/logo")).status_code == 404


# Over a network


@asynccontextmanager
async def over_tls(folder: Path) -> AsyncIterator[Screens]:
    authority = trustme.CA()
    pem = authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.bytes().decode()
    trusts = ssl.create_default_context()
    authority.configure_trust(trusts)
    page = {**PAGE, "certificate": "vault:certificate"}
    async with office(folder) as here:
        # the certificate is kept once, and there at the next start
        async with opened(here, secrets={"certificate": pem}):
            pass
        async with opened(here, page=page, verify=trusts) as at:
            yield at


async def test_with_a_certificate_the_screens_speak_tls_alone_and_cookies_go_nowhere_else(
    tmp_path: Path,
) -> None:
    async with over_tls(tmp_path) as at:
        assert at.address.startswith("https://")
        kim = await at.browser()
        answer = await kim.logs_in("kim")
        assert answer.status_code == 303
        (line,) = answer.headers.get_list("set-cookie")
        assert {"httponly", "samesite=strict", "secure", "path=/"} <= set(line.lower().split("; "))
        assert await kim.lets_in()
        async with httpx.AsyncClient() as plain:
            with pytest.raises(httpx.TransportError):
                await plain.get(at.address.replace("https", "http"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "scanner.example"])  # noqa: S104
async def test_without_a_certificate_nothing_is_served_over_a_network(tmp_path: Path, host: str) -> None:
    async with screens(tmp_path) as at:
        with pytest.raises(NeedsTls):
            async with serve(at.engine, at.screen, Face.PAGE, host):
                raise AssertionError("it is served")


@pytest.mark.parametrize("text", ["", "MARKEDKEY0123456789", "-----BEGIN PRIVATE KEY-----\nMARKEDKEY\n"])
async def test_a_certificate_that_is_none_is_said_without_what_it_is(tmp_path: Path, text: str) -> None:
    async with office(tmp_path) as here:
        async with opened(here, secrets={"certificate": text} if text else {}):
            pass
        with pytest.raises(CertificateUnusable) as raised:
            async with opened(here, page={**PAGE, "certificate": "vault:certificate"}):
                raise AssertionError("it is served")
        assert "MARKED" not in str(raised.value)


@pytest.mark.manual("S33a")
async def test_s33a_a_cookie_of_the_panel_is_none_of_the_page(tmp_path: Path) -> None:
    async with screens(tmp_path, Face.PAGE) as at, serve(at.engine, at.screen, Face.PANEL) as panel:
        kim = await at.logged_in("kim")
        for name in ("franking-panel", "franking-page"):
            async with httpx.AsyncClient(base_url=panel, cookies={name: kim.cookie}) as client:
                assert (await client.get("/jobs")).status_code == 303


# Secrets


async def seen_by(at: Screens, person: Browser, job: int) -> str:
    """Every screen, and what an open page gets."""
    texts = [(await person.get(address(each, job))).text for each in SCREENS]
    texts += [(await person.get(f"/oauth/delete?user={name}")).text for name in ("kim", ADMINISTRATOR)]
    for session in list(at.panel.sessions.by_cookie.values()):
        if session.cookie == person.cookie:
            texts += [at.panel.screen_of(session, address(each, job)) or "" for each in SCREENS]
    return "\n".join(texts)


@pytest.mark.manual("S19a", "S25", "S26")
async def test_s25_no_page_holds_a_token_a_password_a_hash_or_what_a_sign_in_is_proved_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = issued_tokens(monkeypatch)
    async with screens(tmp_path) as at:
        job, people, texts = await job_of_kim(at), await everybody(at), list[str]()
        secrets, addressed = set[str](), set[str]()
        person = at.here.kit.person()
        for name, path, account in (("kim", "/sign-in", KIM), (ADMINISTRATOR, "/acquire", PRINTER)):
            with overhearing() as heard:
                await people[name].post(path)
                await at.engine.settle()
                secrets |= secrets_in_memory()
                texts += [await seen_by(at, people[name], job)]
                (shown,) = at.screen.places.values()
                addressed |= {
                    one for each in parse_qs(urlsplit(shown.address).query).values() for one in each
                }
                wrong = await people[name].post("/sign-in/paste", {"address": shown.address})
                texts += [wrong.text]
            texts += [text for place, text in heard.texts if place == "log of franking"]
            await person.sign_in(shown.address, account, PASSWORDS[account])
            await at.engine.settle()
            secrets |= secrets_in_memory()
            texts += [await seen_by(at, people[name], job)]
        assert len(issued) == 4, "both have signed in"
        secrets |= {WORD, *issued, *PASSWORDS.values(), *(each.cookie for each in people.values())}
        assert any(each.startswith("scrypt$") for each in secrets)
        wanted = {each for each in secrets - addressed if len(each) >= 16}
        assert wanted >= {WORD, *issued}
        whole = "\n".join(texts)
        assert [each for each in PASSWORDS.values() if each in whole] == []
        looked_for = {piece.decode() for each in wanted - set(PASSWORDS.values()) for piece in pieces(each)}
        assert [piece for piece in looked_for if piece in whole] == []


@pytest.mark.manual("S26a")
async def test_s26a_what_was_typed_secretly_does_not_come_back_with_the_question_whose_sign_ins_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Settings] = []
    applies = View.apply

    async def asks(view: View, settings: Settings, ends: tuple[str, ...] = ()) -> object:
        taken.append(settings)
        if not ends:
            raise SignInsEnd(("kim",))
        return await applies(view, settings, ends)

    async with screens(tmp_path) as at:
        boss = await at.logged_in(ADMINISTRATOR)
        monkeypatch.setattr(View, "apply", asks)
        path = "/settings/security-certificate-verification-settings-proxy-settings"
        answer = await boss.post(
            path, {"proxy.host": "proxy.example", "proxy.credential": "MARKEDWORD0123456789"}
        )
        assert answer.status_code == 200
        assert "kim" in said(answer)
        assert "MARKED" not in answer.text
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text))
        answer = await boss.post(path, fields)
        assert answer.status_code == 303
        assert at.engine.settings.proxy.credential == "vault:proxy.credential"
        assert at.engine.kept_secrets.read("vault:proxy.credential").reveal() == TYPED
        assert "MARKED" not in (await boss.get(path)).text
        assert taken[0] == taken[1]
