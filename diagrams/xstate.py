"""A machine as the JSON of XState 5, which its tools draw, simulate and run.

A guard is named as the function that decides it, and the rows of a fact stand in their order, so that XState
takes the first whose guard holds. What a row tells and asks are its actions, what runs during a state is
invoked, a limit is a delay: of milliseconds, or named as the field that holds the moment. A row that is
ignored is a transition without target and actions that says why.

Rule: each transition has the place of its row in `meta`; whoever runs the file knows which row he took.
"""

import json
from collections.abc import Mapping, Sequence

from .chart import Chart, Limit, Line, State

Json = Mapping[str, object]
SEVERAL = "all"
"The guard of a row that names more than one; its `params` say which must hold and which must not."


def xstate(drawn: Chart, mark: str = "") -> str:
    """`mark`: what is said of the file itself."""
    states = {key: state(drawn, each) for key, each in drawn.states.items()}
    said = {"meta": {"file": mark}} if mark else {}
    whole = {"id": drawn.name, **said, "description": drawn.title, "initial": drawn.first, "states": states}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def state(drawn: Chart, at: State) -> Json:
    """A final state has no transitions in XState: none of its rows acts."""
    chains = drawn.table[at.key]
    found: dict[str, object] = {"description": at.means, "meta": {"title": at.title}}
    if at.final:
        return found | {"type": "final"}
    if at.during:
        found["invoke"] = [{"src": deed, "id": f"{at.key}.{deed}"} for deed in at.during]
    if at.limits:
        found["after"] = after(at.limits)
    found["on"] = {
        fact: [transition(chains[fact], number) for number in range(len(chains[fact]))]
        for fact in sorted(chains)
    }
    return found


def after(limits: Sequence[Limit]) -> Json:
    delays: dict[str, list[object]] = {}
    for limit in limits:
        delay = limit.until if limit.seconds is None else str(limit.seconds * 1000)
        delays.setdefault(delay, []).append({"actions": [{"type": "say", "params": {"fact": limit.fact}}]})
    return delays


def transition(chain: Sequence[Line], number: int) -> Json:
    line, found = chain[number], dict[str, object]()
    if line.to:
        found |= {"target": line.to, "reenter": True}
    if guard := guarded(line, chain[:number]):
        found["guard"] = guard
    actions: list[object] = [line.data] if line.data else []
    actions += [
        {"type": effects.verb, "params": {"what": name}} for effects in line.effects for name in effects.names
    ]
    if actions:
        found["actions"] = actions
    if line.why:
        found["description"] = line.why
    return found | {"meta": {"row": number, **({"unless": list(line.unless)} if line.unless else {})}}


def guarded(line: Line, above: Sequence[Line]) -> object:
    """Without what XState has tried when it comes here: the guards of the rows above."""
    unless = () if line.unless == tuple(guard for each in above for guard in each.when) else line.unless
    if unless or len(line.when) > 1:
        return {"type": SEVERAL, "params": {"when": list(line.when), "unless": list(unless)}}
    return line.when[0] if line.when else None
