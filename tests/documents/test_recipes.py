"""Every recipe of docs/recipes.md is followed as it stands there, and its mail arrives (B13).

One engine with its listener serves them all; what a program is given are the blocks of the page.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image

from franking.tests.documents.blocks import Block, Command
from franking.tests.documents.go_mail import Refused, as_alertmanager_does, as_grafana_does
from franking.tests.documents.recipes import (
    SETTINGS,
    Recipes,
    at_work,
    clients,
    command_of,
    password_of,
    programs,
    sections,
)
from franking.tests.documents.stage import Stage
from franking.tests.engine.cli.conftest import ADMINISTRATOR, KIM, Servers

SUBJECT = "[FIRING:1] Temperatur über 70 °C"
HTML = (
    "<html><body>\n.\n<p>Grüße vom Überwacher: 71 °C" + " und es wird wärmer" * 9 + "</p>\n</body></html>\n"
)
FOLLOWED = {
    "Before", "Try it: swaks", "curl", "Python", "msmtp", "git send-email", "Alertmanager", "Grafana",
    "scanservjs",
}  # fmt: skip
NOBODYS, OFFICE = "odd@example.org", "office@example.com"


@pytest.fixture(scope="module")
def recipes(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recipes]:
    folder = tmp_path_factory.mktemp("recipes")
    with servers.during(at_work(folder, servers)) as working:
        yield working


def of(section: str, language: str) -> list[Block]:
    """What a program is given there, without what franking is."""
    return [each for each in sections()[section] if each.language == language and each.title != SETTINGS]


def installed(program: str, package: str) -> str:
    """Skips the test where it is missing."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is missing: apt-get install {package}")
    return found


def done(ended: "subprocess.CompletedProcess[str]") -> str:
    assert ended.returncode == 0, f"{ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def body(octets: bytes) -> bytes:
    return octets.partition(b"\r\n\r\n")[2]


def test_no_section_with_a_block_is_followed_by_nobody() -> None:
    assert {name for name, found in sections().items() if found} == FOLLOWED


@pytest.mark.manual("B13")
def test_b13_the_page_says_of_each_password_where_its_command_keeps_it(stage: Stage) -> None:
    (block,) = of("Before", "console")
    stage.run(block)
    text = stage.device.config.read_text(encoding="utf-8")
    found = tomllib.loads(text)["programs"]["clients"]
    assert {name: client["password"] for name, client in found.items()} == clients()
    assert "correct horse" not in text
    assert set(programs()) == {"certificate", "clients", "senders"}


# Commands


@pytest.mark.manual("B13")
@pytest.mark.parametrize("number", [0, 1], ids=["in clear", "with TLS and a password"])
def test_b13_swaks(recipes: Recipes, number: int) -> None:
    installed("swaks", "swaks")
    command = command_of(of("Try it: swaks", "console")[number])
    with recipes.arrives() as arrives:
        said = done(recipes.run(command, f"{password_of('grafana')}\n"))
    assert ("TLS started" in said) is bool(number)
    arrives.came_from(ADMINISTRATOR)
    assert arrives.one.message()["X-Mailer"].startswith("swaks")


@pytest.mark.manual("B13")
def test_b13_swaks_shows_a_refusal_with_its_remedy(recipes: Recipes) -> None:
    installed("swaks", "swaks")
    line = command_of(of("Try it: swaks", "console")[0]).line.replace(ADMINISTRATOR, NOBODYS)
    ended = recipes.run(Command(line, ()))
    assert ended.returncode != 0
    (refusal,) = [line for line in ended.stdout.splitlines() if line.startswith("<** 550 5.7.1")]
    assert NOBODYS in refusal
    assert "[programs.senders]" in refusal


@pytest.mark.manual("B13")
def test_b13_curl(recipes: Recipes) -> None:
    installed("curl", "curl")
    (recipes.root / "root").mkdir(parents=True, exist_ok=True)
    written = f"From: {ADMINISTRATOR}\nTo: office@example.com\nSubject: From curl\n\nGrüße\n.\n..\nend\n"
    (recipes.root / "root" / "message.eml").write_text(written)
    command = command_of(of("curl", "console")[0])
    with recipes.arrives() as arrives:
        done(recipes.run(command, folder=recipes.root / "root"))
    arrives.came_from(ADMINISTRATOR)
    assert body(arrives.one.raw()) == "Grüße\r\n.\r\n..\r\nend\r\n".encode()
    line = command.line.replace(OFFICE, "no-such-name")
    refused = recipes.run(Command(f"{line} --verbose", ()), folder=recipes.root / "root")
    assert refused.returncode != 0
    assert "550 5.1.1" in refused.stderr


@pytest.mark.manual("B13")
def test_b13_python(recipes: Recipes) -> None:
    (block,) = of("Python", "python")
    with recipes.arrives() as arrives:
        subprocess.run([sys.executable, "-c", recipes.here(block.text)], check=True, timeout=60)  # noqa: S603
    arrives.came_from(ADMINISTRATOR)
    mail = arrives.one.message()
    assert (str(mail["From"]), mail["Subject"]) == (f"Backup <{ADMINISTRATOR}>", "The backup is done")
    assert arrives.text() == "412 files in 3 minutes.\r\n"


@pytest.mark.manual("B13")
def test_b13_msmtp(recipes: Recipes) -> None:
    installed("msmtp", "msmtp")
    (block,), (shown,) = of("msmtp", "ini"), of("msmtp", "console")
    file = recipes.file(block)
    line = command_of(shown).line.replace("| msmtp", f"| msmtp --file={file}")
    with recipes.arrives() as arrives:
        done(recipes.run(Command(line, ())))
    arrives.came_from(ADMINISTRATOR)
    assert arrives.one.message()["Subject"] == "Disk"
    assert arrives.text() == "The disk is full.\r\n"
    refused = recipes.run(Command(line.replace(OFFICE, "no-such-name"), ()))
    assert (refused.returncode, "550 5.1.1" in refused.stderr) == (65, True), refused.stderr
    file.write_text(file.read_text().replace("files@example.com", NOBODYS))
    refused = recipes.run(Command(line, ()))
    assert (refused.returncode, "550 5.7.1" in refused.stderr) == (69, True), refused.stderr


@pytest.mark.manual("B13")
def test_b13_git_send_email(recipes: Recipes, tmp_path: Path) -> None:
    git = installed("git", "git")
    if not (Path(recipes.shell(f"{git} --exec-path").stdout.strip()) / "git-send-email").exists():
        pytest.skip(
            "git send-email is missing: apt-get install git-email libauthen-sasl-perl libmailtools-perl"
        )
    (block,), (shown,) = of("git send-email", "ini"), of("git send-email", "console")
    recipes.file(block)
    asks = tmp_path / "asks"
    asks.write_text(f"#!/bin/sh\necho '{password_of('kim-git')}'\n")
    asks.chmod(0o700)
    people = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER")
              for field, value in (("NAME", "Kim"), ("EMAIL", KIM))}  # fmt: skip
    first, second = "one\n", "one\n.\n..two Grüße\n"
    for text in first, second:
        (tmp_path / "file").write_text(text)
        words = f"git init -q . && git add file && git commit -q -m 'A line {len(text)}'"
        done(recipes.shell(words, folder=tmp_path, **people))
    with recipes.arrives() as arrives:
        said = done(recipes.run(command_of(shown), folder=tmp_path, GIT_ASKPASS=str(asks), **people))
    assert "Result: 250" in said
    arrives.came_from(KIM, OFFICE, KIM)
    assert arrives.one.message()["Subject"] == f"[PATCH] A line {len(second)}"
    assert "+..two Grüße\n" in arrives.text().replace("\r\n", "\n")
    asks.write_text("#!/bin/sh\necho wrong\n")
    refused = recipes.run(command_of(shown), folder=tmp_path, GIT_ASKPASS=str(asks), **people)
    assert refused.returncode != 0


# Programs that are played


@pytest.mark.manual("B13")
@pytest.mark.parametrize("number", [0, 1], ids=["in clear", "with TLS and a password"])
def test_b13_alertmanager_sends(recipes: Recipes, number: int) -> None:
    recipes.secret("alertmanager")
    block = of("Alertmanager", "yaml")[number]
    with recipes.arrives() as arrives:
        sent = as_alertmanager_does(recipes.rooted(block.text), recipes.network, SUBJECT, HTML)
    arrives.came_from(ADMINISTRATOR)
    mail = arrives.one.message()
    assert (mail["Subject"], mail.get_content_type()) == (SUBJECT, "multipart/alternative")
    assert arrives.text().replace("\r\n", "\n").rstrip() == HTML.rstrip()
    assert body(arrives.one.raw()) == body(sent)


@pytest.mark.manual("B13")
def test_b13_alertmanager_is_told_why_not(recipes: Recipes) -> None:
    recipes.secret("alertmanager")
    clear, encrypted = (recipes.rooted(each.text) for each in of("Alertmanager", "yaml"))
    with pytest.raises(Refused, match=r"^550 5\.7\.1 .*\[programs\.senders\]"):
        as_alertmanager_does(clear.replace("alerts@example.com", NOBODYS), recipes.network, SUBJECT, HTML)
    (recipes.root / "etc/alertmanager/franking-password").write_text("wrong")
    with pytest.raises(Refused, match=r"^535 5\.7\.8 "):
        as_alertmanager_does(encrypted, recipes.network, SUBJECT, HTML)


@pytest.mark.manual("B13")
@pytest.mark.parametrize("number", [0, 1], ids=["in clear", "with STARTTLS"])
def test_b13_grafana(recipes: Recipes, number: int) -> None:
    recipes.secret("grafana")
    block = of("Grafana", "ini")[number]
    with recipes.arrives() as arrives:
        sent = as_grafana_does(recipes.rooted(block.text), recipes.network, OFFICE, SUBJECT, HTML)
    arrives.came_from(ADMINISTRATOR)
    mail = arrives.one.message()
    assert (str(mail["From"]), mail["Subject"]) == (f"Grafana <{ADMINISTRATOR}>", SUBJECT)
    assert arrives.text().replace("\r\n", "\n").rstrip() == HTML.rstrip()
    assert body(arrives.one.raw()) == body(sent)


@pytest.mark.manual("B13")
def test_b13_grafana_is_told_why_not(recipes: Recipes) -> None:
    recipes.secret("grafana")
    block = recipes.rooted(of("Grafana", "ini")[0].text)
    with pytest.raises(Refused, match=r"^550 5\.7\.1 "):
        as_grafana_does(block.replace("grafana@", "odd@"), recipes.network, OFFICE, SUBJECT, HTML)
    with pytest.raises(Refused, match=r"^550 5\.1\.1 "):
        as_grafana_does(block, recipes.network, "no-such-name", SUBJECT, HTML)


# scanservjs


@pytest.mark.manual("B13")
def test_b13_scanservjs(recipes: Recipes, tmp_path: Path) -> None:
    """As its `app-server/src/classes/process.js` and `scan-controller.js` do: each command by the shell in
    the folder of the pages, with what the one before has printed; the first gets the names of the pages, a
    line each, and the last prints those that are kept. Any status but 0 fails the scan.
    """
    installed("curl", "curl")
    installed("tiffcp", "libtiff-tools")
    pipeline = pipeline_of(recipes, tmp_path)
    pages = [f"~tmp-scan-0-{number:04}.tif" for number in (2, 1)]
    for height, name in zip((120, 90), pages, strict=True):
        Image.effect_noise((80, height), 60).save(tmp_path / name, dpi=(150, 150))
    with recipes.arrives() as arrives:
        kept = piped(recipes, pipeline["commands"], pages, tmp_path)
    assert kept == ["scan-0000.pdf"]
    scan = (tmp_path / "scan-0000.pdf").read_bytes()
    assert (scan[:5], scan.count(b"/MediaBox")) == (b"%PDF-", len(pages))
    arrives.came_from(ADMINISTRATOR)
    assert arrives.one.attachments() == [("scan-0000.pdf", scan)]
    assert arrives.text().strip() == "A scan is attached."
    refused = [each.replace(ADMINISTRATOR, NOBODYS) for each in pipeline["commands"]]
    with pytest.raises(AssertionError, match="curl"):
        piped(recipes, refused, pages, tmp_path)


def pipeline_of(recipes: Recipes, folder: Path) -> Mapping[str, list[str]]:
    """What the file of the page adds to those that there are."""
    if (node := shutil.which("node")) is None:
        pytest.skip("there is no Node here, which reads the settings of scanservjs")
    (block,) = of("scanservjs", "js")
    (folder / "config.local.js").write_text(recipes.here(block.text))
    script = "const c = {pipelines: []}; require('./config.local.js').afterConfig(c);"
    told = recipes.shell(f'{node} -e "{script} console.log(JSON.stringify(c.pipelines))"', folder=folder)
    (pipeline,) = json.loads(done(told))
    assert pipeline["extension"] == "pdf"
    found: Mapping[str, list[str]] = pipeline
    return found


def piped(recipes: Recipes, lines: list[str], pages: list[str], folder: Path) -> list[str]:
    said = "".join(f"{page}\n" for page in pages)
    for line in lines:
        said = done(recipes.shell(line, said, folder))
    return said.split()
