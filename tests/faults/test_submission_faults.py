"""The submission server misbehaves, at each point of the dialogue and in each way: `docs/faults.md`."""

import asyncio
import os
from pathlib import Path

import pytest

from franking.engine.ports import Verdict
from franking.testing.authority import Authority
from franking.testing.misbehaviour import Fault
from franking.testing.scripted_submission import CLEAR_EHLO, HANDSHAKE, TRANSFER
from franking.tests.engine.smtp.device import Device
from franking.tests.faults.faults_document import PATH, document, printed
from franking.tests.faults.submission_faults import (
    ACTS,
    EHLO_IN_TLS,
    LIMIT_S,
    POINTS,
    SCENES,
    Act,
    answers,
    before_tls,
    cases,
    cell,
    check,
    meeting,
    numbered,
    play,
    scripted,
)

REWRITE = os.environ.get("FRANKING_STORIES") == "rewrite"
PRINTED = ("alone", "first", "behind")
played_now: dict[tuple[str, str, str], str] = {}
"What this run found, where the document is written anew."


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def every(*scenes: str) -> list[object]:
    return [
        pytest.param(scene, act, point, id=f"{scene}, {POINTS[point]}: {act.name}")
        for scene in scenes
        for act, point in cases(scene)
    ]


@pytest.mark.manual("S33", "S33c", "B2")
@pytest.mark.parametrize(("scene", "act", "point"), every(*PRINTED))
async def test_s33_whatever_the_server_does_nothing_is_lost_and_nothing_goes_twice(
    authority: Authority, tmp_path: Path, scene: str, act: Act, point: str
) -> None:
    case = SCENES[scene](act, point)
    assert case is not None
    played = await play(authority, case, tmp_path)
    check(played)
    assert played.passed_s <= LIMIT_S
    found = cell(played, point)
    if REWRITE:
        played_now[scene, act.name, point] = found
    else:
        assert found == printed()[scene, act.name, point]


def test_the_document_holds_every_case_and_no_other() -> None:
    """Behind those that play them: written anew, it is what they found."""
    wanted = {(scene, act.name, point) for scene in PRINTED for act, point in cases(scene)}
    if REWRITE and wanted == played_now.keys():
        PATH.write_text(document(played_now), encoding="utf-8")
    cells = printed()
    assert cells.keys() == wanted
    assert PATH.read_text(encoding="utf-8") == document(cells)


@pytest.mark.manual("S33c")
@pytest.mark.parametrize(("scene", "act", "point"), every("step by step", "implicit"))
async def test_s33c_without_pipelining_and_with_implicit_tls_the_same_holds(
    authority: Authority, tmp_path: Path, scene: str, act: Act, point: str
) -> None:
    case = SCENES[scene](act, point)
    assert case is not None
    check(await play(authority, case, tmp_path))


@pytest.mark.manual("S30")
async def test_s30_what_is_offered_in_clear_does_not_count_in_tls(authority: Authority) -> None:
    """STARTTLS injection: an EHLO reply with SIZE 1 behind the 220; the true one has no such limit."""
    script = scripted({"STARTTLS": [f"220 2.0.0 Go ahead\n{EHLO_IN_TLS}"]})
    async with meeting(authority, script) as (server, submission, _):
        outcome = await Device(submission).send(numbered(0))
    assert outcome.verdict is Verdict.SENT
    assert submission.octets_max == 157_286_400
    assert [line.partition(" ")[0] for line in before_tls(server.only)] == ["EHLO", "STARTTLS"]


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("messages", [1, 2])
@pytest.mark.parametrize("point", [each for each in POINTS if each != "QUIT"])
async def test_s33c_a_cancel_at_any_point_ends_the_connection_and_harms_nobody_later(
    authority: Authority, tmp_path: Path, point: str, messages: int
) -> None:
    async with meeting(authority, scripted({point: [Fault.STALL]})) as (server, submission, patience):
        large = tmp_path if point == TRANSFER else None
        device = Device(submission)
        sending = [asyncio.create_task(device.send(numbered(at, large))) for at in range(messages)]
        await server.stalled.wait()
        for task in sending:
            task.cancel()
        found = await asyncio.gather(*sending, return_exceptions=True)
        server.let_go.set()
        assert {type(each) for each in found} == {asyncio.CancelledError}
        assert patience.passed_s < 60, "no limit is waited for"
        for connection in server.connections:
            await connection.over.wait()
        assert [answers(server, at) for at in range(messages)] == [
            [Fault.STALL] if point == "BODY" and not at else [] for at in range(messages)
        ]
        outcome = await Device(submission).send(numbered(9))
        assert outcome.verdict is Verdict.SENT
        assert answers(server, 9) == ["250 2.0.0 Queued"]


def test_every_point_has_its_acts() -> None:
    assert {point for _, point in cases("alone")} == set(POINTS)
    assert len(ACTS) == len({act.name for act in ACTS})
    assert {HANDSHAKE, CLEAR_EHLO} < set(POINTS)
