"""Programs that call `sendmail`, as they do it: cron, git send-email, a unit that systemd starts, a script
(B13).
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from email import message_from_bytes, policy
from pathlib import Path
from types import MappingProxyType

import pytest

from franking.engine.control.peers import Peer
from franking.tests.engine.control.asking import Socket, at_socket
from franking.tests.engine.device import KIM, OFFICE, PRINTER
from franking.tests.engine.programs.sending import LOADED, surroundings

ROOT_OF_PROJECT = Path(__file__).resolve().parents[2]
CONTRIB, PAGE = ROOT_OF_PROJECT / "contrib", ROOT_OF_PROJECT / "docs" / "sendmail.md"
UNIT = CONTRIB / "franking-failed@.service"
ROOT = Peer(0, "root")
PEOPLE = {"users": {"kim": KIM}}
CRON = (
    "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@nas> test -x /sbin/backup && backup\n"
    "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
    "X-Cron-Env: <SHELL=/bin/sh>\nX-Cron-Env: <HOME=/root>\nX-Cron-Env: <LOGNAME=root>\n"
    "\nFertig: 3 Ordner für Müller\n"
)
"As Debian's cron writes it (do_command.c), which starts `/usr/sbin/sendmail` through a shell."
PATCH = """\
From 1234567890123456789012345678901234567890 Mon Sep 17 00:00:00 2001
From: Kim <kim@example.com>
Date: Mon, 2 Nov 2026 08:00:00 +0000
Subject: [PATCH] It works

---
 a | 2 +-
"""


def linked(folder: Path) -> Path:
    """`sendmail` as a system has it."""
    path = folder / "sendmail"
    path.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{LOADED}; sys.exit(main())' \"$@\"\n")
    path.chmod(0o755)
    return path


async def run(
    at: Socket, *command: str, octets: bytes = b"", more: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, str]:
    here = {**surroundings(at.path, at.here.folder / "drop"), **more}
    with at.peer(ROOT):
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=here
        )
        out, _ = await process.communicate(octets)
    assert process.returncode is not None
    return process.returncode, out.decode()


def git_sends() -> bool:
    git = shutil.which("git")
    if git is None:
        return False
    done = subprocess.run([git, "--exec-path"], capture_output=True, text=True, check=True)  # noqa: S603 - found
    return (Path(done.stdout.strip()) / "git-send-email").exists()


def kept(at: Socket) -> tuple[bytes, tuple[str, ...]]:
    """The message of the only job, and where it goes."""
    (job,) = at.engine.jobs()
    content = at.engine.content(job.job)
    assert content is not None
    (octets,) = at.here.kept(at.engine, job.job)
    return octets, tuple(each.address for each in content.recipients)


@pytest.mark.manual("B13")
async def test_b13_mail_of_cron_comes_to_the_administrator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        line = f"{linked(tmp_path)} -FCronDaemon -i -B8BITMIME -oem root"
        assert await run(at, "/bin/sh", "-c", line, octets=CRON.encode()) == (0, "")
        octets, recipients = kept(at)
        assert octets == CRON.replace("\n", "\r\n").encode()
        assert recipients == (PRINTER,)


@pytest.mark.manual("B13")
async def test_b13_git_send_email_sends_for_the_person_who_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not git_sends():
        pytest.skip("git send-email is not installed: apt-get install git-email")
    async with at_socket(tmp_path, monkeypatch, **PEOPLE) as at:
        (tmp_path / "0001.patch").write_text(PATCH)
        options = ["--confirm=never", "--from", "Kim <kim@example.com>", "--to", OFFICE, "--suppress-cc=all"]
        command = ["git", "send-email", f"--sendmail-cmd={linked(tmp_path)}", *options]
        quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": str(tmp_path)}
        for who in ("AUTHOR", "COMMITTER"):
            quiet |= {f"GIT_{who}_NAME": "Kim", f"GIT_{who}_EMAIL": "kim@example.com"}
        code, said = await run(at, *command, str(tmp_path / "0001.patch"), more=quiet)
        assert code == 0, said
        assert [job.owner for job in at.engine.jobs()] == ["kim"]
        octets, recipients = kept(at)
        mail = message_from_bytes(octets, policy=policy.default)
        assert (mail["From"], mail["Subject"]) == ("Kim <kim@example.com>", "[PATCH] It works")
        assert recipients == (OFFICE,)


@pytest.mark.manual("B13")
async def test_b13_a_unit_that_failed_is_told_by_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(
        '#!/bin/sh\necho "x backup.service - Backup: failed"; printf "%2000s\\n" end; exit 3\n'
    )
    systemctl.chmod(0o755)
    (line,) = re.findall(r"^ExecStart=(.*)$", UNIT.read_text(), re.MULTILINE)
    command = line.replace("%i", "backup.service").split()
    assert Path(command[0]).name == "mail-failed-unit"
    command[0] = str(CONTRIB / "mail-failed-unit")
    path = f"{tmp_path}:{os.environ['PATH']}"
    async with at_socket(tmp_path, monkeypatch) as at:
        assert await run(at, *command, more={"PATH": path, "SENDMAIL": str(linked(tmp_path))}) == (0, "")
        octets, recipients = kept(at)
        mail = message_from_bytes(octets, policy=policy.default)
        assert mail["Subject"].startswith("backup.service failed on ")
        assert "x backup.service - Backup: failed" in octets.decode()
        assert recipients == (PRINTER,)


def test_the_unit_is_one_that_systemd_reads(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    here = tmp_path / "franking-failed@backup.service"
    text = UNIT.read_text().replace("/usr/local/libexec/mail-failed-unit", str(CONTRIB / "mail-failed-unit"))
    here.write_text(text)
    command = [analyze, "verify", "--man=no", "--recursive-errors=no", str(here)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - found above
    assert (done.returncode, "franking-failed" in done.stderr) == (0, False), done.stderr


def test_the_drop_folder_is_one_that_systemd_makes(tmp_path: Path) -> None:
    tmpfiles = shutil.which("systemd-tmpfiles")
    if tmpfiles is None:
        pytest.skip("systemd-tmpfiles is not installed: apt-get install systemd")
    text = (CONTRIB / "franking.tmpfiles").read_text().replace(" franking ", " root ")
    command = [tmpfiles, "--create", f"--root={tmp_path}", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)  # noqa: S603 - found above
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "var/spool/franking").is_dir()


def lines_of_page(program: str) -> list[str]:
    """Commands that the document names, in their order."""
    found = re.findall(rf"^{program} .*$", PAGE.read_text(), re.MULTILINE)
    assert found
    return found


def set_up(root: Path) -> int:
    """As the document says it, for a system that lies in this folder. The exit code."""
    script = "\n".join(lines_of_page("ln -s")).replace(" /usr/", f" {root}/usr/")
    here = {**os.environ, "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"}
    return subprocess.run(["/bin/sh", "-ec", script], env=here, check=False, capture_output=True).returncode  # noqa: S603 - the document's


@pytest.mark.manual("B13")
async def test_b13_the_links_of_the_document_are_sendmail_and_mailq(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("sbin", "bin"):
        (tmp_path / "usr" / folder).mkdir(parents=True)
    assert set_up(tmp_path) == 0
    async with at_socket(tmp_path, monkeypatch) as at:
        mail, queue = str(tmp_path / "usr/sbin/sendmail"), str(tmp_path / "usr/bin/mailq")
        assert await run(at, queue) == (0, "Mail queue is empty\n")
        assert await run(at, mail, "-t", octets=f"To: {OFFICE}\n\nx\n".encode()) == (0, "")
        assert [job.owner for job in at.engine.jobs()] == ["administrator"]
        assert (await run(at, queue))[1].startswith("1\t")


def test_another_sendmail_is_not_overwritten_and_is_put_aside_as_the_document_says(tmp_path: Path) -> None:
    if shutil.which("dpkg-divert") is None:
        pytest.skip("dpkg-divert is Debian's: apt-get install dpkg")
    theirs = [tmp_path / "usr/sbin/sendmail", tmp_path / "usr/bin/mailq"]
    for path in theirs:
        path.parent.mkdir(parents=True)
        path.write_text("another program's")
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    assert set_up(tmp_path) != 0
    assert [path.read_text() for path in theirs] == ["another program's"] * 2
    for line in lines_of_page("dpkg-divert"):
        program, *more = line.split()
        subprocess.run([program, f"--root={tmp_path}", *more], check=True, capture_output=True)  # noqa: S603 - the document's
    assert set_up(tmp_path) == 0
    assert [path.resolve().name for path in theirs] == ["franking-sendmail"] * 2
    assert all(path.with_name(f"{path.name}.distrib").exists() for path in theirs)


@pytest.mark.manual("B13")
async def test_b13_a_script_pipes_into_sendmail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        script = f"printf 'Subject: disk\\nTo: {OFFICE}\\n\\n/ is full\\n' | {linked(tmp_path)} -t"
        assert await run(at, "/bin/sh", "-c", script) == (0, "")
        octets, recipients = kept(at)
        assert octets.endswith(b"Subject: disk\r\nTo: office@example.com\r\n\r\n/ is full\r\n")
        assert octets.startswith(b"From: ")
        assert recipients == (OFFICE,)
