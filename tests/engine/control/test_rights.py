"""Every request of every role, as the table says (S33a)."""

from pathlib import Path
from typing import Any

import pytest

from franking.engine.control.operations import OPERATIONS
from franking.engine.control.peers import Peer
from franking.engine.control.requests import Operation
from franking.machines.roles import RIGHTS, Act, Reach, Role

from .asking import ADMINISTRATOR, CONTROLLER, KIM, LEE, Socket, at_socket, scan

PEERS: dict[Role, Peer] = {
    Role.CONTROLLER: CONTROLLER,
    Role.ADMINISTRATOR: ADMINISTRATOR,
    Role.USER: LEE,
}
"The user is another one than kim, whose all of it is."
BODIES: dict[str, Any] = {
    "submit": {"request": scan("kim", "upload:1")},
    "log_in": {"user": "kim"},
    "sign_in": {"user": "kim"},
    "paste": {"address": "http://localhost/?code=1&state=2"},
    "change": {"settings": {"smtp": {"window": 5}}},
    "acknowledge": {"code": "I201", "subject": "7"},
    "keep": {"files": ["upload:1"]},
    "keep_secret": {"secret": "x"},
}
QUERIES = {"upload": {"name": "a"}, "bring": {"to": "office@example.com"}}
PLACES = {"user": "kim", "place": "panel", "job": "1", "document": "1", "name": "client"}
EVERYBODYS = {"acknowledge"}
"Nothing stands that could be acknowledged, and nobody is told more."
LISTS = {"jobs", "queues", "tokens", "progress"}
"What the caller may not see is not in it."
REFUSED = {403, 404}


def may(operation: Operation, role: Role, own: bool) -> bool:
    if operation.act is None or operation.run.__name__ in LISTS | EVERYBODYS:
        return True
    reach = RIGHTS[operation.act].of(role)
    own = own or operation.octets  # a file is whoever's who brings it
    return reach is Reach.ALL or (reach is Reach.OWN and own and not operation.everybodys)


async def prepared(at: Socket) -> None:
    """kim stands at the panel, has a job, a document and an open screen."""
    file = await at.upload(CONTROLLER)
    await at.ask("POST", "/users/kim/documents", {"files": [file]})
    assert (await at.submit(CONTROLLER)).status_code == 201
    await at.ask("POST", "/places/panel/log-in", {"user": "kim"})
    await at.ask("POST", "/places/panel/sign-in", {"user": "kim"})
    await at.engine.settle()


async def status_of(at: Socket, operation: Operation, peer: Peer) -> int:
    path = operation.path.format(**PLACES)
    if operation.lines:
        with at.peer(peer):
            return await at.first_status(path)
    body = BODIES.get(operation.run.__name__)
    if operation.octets:
        query = QUERIES[operation.run.__name__]
        return (await at.ask("POST", path, peer=peer, content=b"x", params=query)).status_code
    if body is not None and "upload:1" in str(body):
        file = await at.upload(CONTROLLER if peer == ADMINISTRATOR else peer)
        body = {"files": [file]} if "files" in body else {"request": scan("kim", file)}
    return (await at.ask(operation.method, path, body, peer)).status_code


ALLOWED = [(operation, role) for operation in OPERATIONS for role in Role if may(operation, role, own=False)]
HARMLESS = [(each, role) for each, role in ALLOWED if each.method == "GET"]


@pytest.mark.manual("S33a", "B8")
@pytest.mark.parametrize("role", Role)
async def test_s33a_what_a_role_may_not_it_cannot_and_what_it_may_see_it_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        await prepared(at)
        for operation in OPERATIONS:
            if (operation, role) not in ALLOWED:
                assert await status_of(at, operation, PEERS[role]) in REFUSED, operation.run.__name__
            elif (operation, role) in HARMLESS:
                assert await status_of(at, operation, PEERS[role]) == 200, operation.run.__name__


@pytest.mark.manual("S33a", "B8")
@pytest.mark.parametrize(
    ("operation", "role"),
    [each for each in ALLOWED if each not in HARMLESS],
    ids=lambda each: each.value if isinstance(each, Role) else each.run.__name__,
)
async def test_s33a_what_a_role_may_do_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: Operation, role: Role
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        await prepared(at)
        status = await status_of(at, operation, PEERS[role])
        nothing_there = operation.run.__name__ in {"acknowledge", "try_mailbox", "paste", "erase_secret"}
        assert 200 <= status < 300 or (nothing_there and status in {404, 422})


@pytest.mark.manual("S33a", "B8")
@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if each.act and RIGHTS[each.act].user is Reach.OWN],
    ids=lambda each: each.run.__name__,
)
async def test_s33a_a_user_may_do_to_what_is_his_own_what_the_table_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: Operation
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        await prepared(at)
        status = await status_of(at, operation, KIM)
        assert (status == 403) is not may(operation, Role.USER, own=True)


@pytest.mark.manual("S33a")
async def test_s33a_the_administrator_sees_no_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        await prepared(at)
        told = (await at.ask("GET", "/jobs/1", peer=ADMINISTRATOR)).text
        assert '"content":null' in told
        assert "scan.pdf" not in told
        assert "office@" not in told


@pytest.mark.manual("S33a")
@pytest.mark.parametrize(
    "settings",
    [
        {"control": {"controllers": ["olga"]}},
        {"hooks": {"on_information": {"command": ["/bin/true"]}}},
        {"metrics": {"file": "/var/lib/node/franking.prom"}},
        {"browser": {"command": ["/bin/true", "{start}"]}},
    ],
)
async def test_s33a_the_administrator_does_not_become_the_controller_by_a_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        before = at.engine.settings
        answer = await at.ask("PATCH", "/settings", {"settings": settings}, ADMINISTRATOR)
        assert answer.status_code == 403, answer.text
        assert at.engine.settings == before
        assert (await at.ask("PATCH", "/settings", {"settings": settings}, CONTROLLER)).status_code == 200


def test_every_act_but_those_that_several_requests_share_has_a_request() -> None:
    """The others are checked within one: whose content, whose warning, whose name."""
    inside = {
        Act.SUBMIT_FOR_DEVICE, Act.SEE_CONTENT, Act.NAME_ADDRESS, Act.DELETE_ADMINISTRATORS_TOKEN,
        Act.SEE_INFORMATION, Act.SEE_TO_ACT, Act.ACKNOWLEDGE_TO_ACT, Act.ACKNOWLEDGE_DEVICE,
        Act.CHANGE_PROGRAMS,
    }  # fmt: skip
    assert {each.act for each in OPERATIONS if each.act} == set(Act) - inside
