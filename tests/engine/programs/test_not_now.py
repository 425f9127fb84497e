"""Mail that would go once the settings are put right: whoever brings it keeps it, and nothing is told twice
(B13, S12).
"""

import errno
import logging
import os
from pathlib import Path

import pytest

from franking.engine.control.dropped import Drop, made
from franking.engine.control.messages import Messages
from franking.engine.engine import Engine
from franking.engine.happenings import journal
from franking.engine.programs import handing
from franking.events.job import JobSubmitted
from franking.tests.engine.control.asking import KIM as KIM_AT_THE_SOCKET
from franking.tests.engine.control.asking import at_socket
from franking.tests.engine.device import KIM, OFFICE

from .sending import sendmail, surroundings
from .test_drop import in_it, message, refused

PEOPLE = {"users": {"kim": KIM}}
MAIL = f"From: {KIM}\nSubject: news\n\nIt is done.\n".encode()
NEW_ALONE = {"minimum": "TLSv1.3", "maximum": "TLSv1.3"}
"With which OAuth authentication is not available with Microsoft."


def submitted(engine: Engine) -> int:
    return sum(isinstance(each.event, JobSubmitted) for each in journal(engine.store))


@pytest.mark.manual("B13", "S12")
async def test_b13_a_persons_mail_waits_in_the_folder_and_goes_when_the_settings_are_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "drop"
    made(folder, None)
    async with at_socket(tmp_path, monkeypatch, **PEOPLE) as at:
        before = at.engine.settings.tls
        await at.engine.apply(at.engine.settings.changed(tls=NEW_ALONE))
        with at.peer(KIM_AT_THE_SOCKET):
            done = await sendmail(surroundings(at.path, folder), "-v", OFFICE, octets=MAIL)
        assert (done.code, "kept" in done.err, len(in_it(folder))) == (0, True, 1), done
        drop = Drop(Messages(at.engine), folder)
        monkeypatch.setattr("franking.engine.control.dropped.name_of", lambda uid: "kim")
        caplog.set_level(logging.INFO, "franking")
        for _ in range(8):
            await drop.look()
            await at.here.passes(at.engine, minutes=15)
        assert (submitted(at.engine), refused(drop)) == (0, {}), "the history does not tell of each time"
        told = [each for each in caplog.records if "dropped message waits" in each.message]
        assert [each.levelno for each in told] == [logging.WARNING, *[logging.INFO] * 7]
        assert "TLSv1.3" in told[0].message
        await at.engine.apply(at.engine.settings.changed(tls=before.model_dump()))
        await drop.look()
        (job,) = at.engine.jobs()
        assert (job.owner, in_it(folder)) == ("kim", [])


@pytest.mark.manual("B13")
@pytest.mark.parametrize("taken", [False, True], ids=["it lies there", "it is taken up already"])
def test_b13_what_could_not_be_made_durable_behind_its_name_lies_nowhere_or_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, taken: bool
) -> None:
    """Whoever tries again must not send it twice."""
    made(tmp_path / "drop", None)
    fsync, calls = os.fsync, []

    def failing(file: int) -> None:
        calls.append(file)
        if len(calls) == 2:  # the first makes its octets durable
            if taken:
                (tmp_path / "drop" / "0123").unlink()
            raise OSError(errno.EIO, "Input/output error")
        fsync(file)

    monkeypatch.setattr(os, "fsync", failing)
    if taken:
        handing.drop(str(tmp_path / "drop"), "0123", "to=office", message())
    else:
        with pytest.raises(OSError, match="Input/output"):
            handing.drop(str(tmp_path / "drop"), "0123", "to=office", message())
    assert in_it(tmp_path / "drop") == []
