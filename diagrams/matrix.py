"""A machine's every (state, fact) pair as a Markdown table: what it does, or why it is ignored.

Rule: no pair is left out; what the picture spares the reader stands here.
"""

from collections.abc import Collection

from .chart import Chart, Line, Pair, State, condition, words

CAME, NEVER = "✓ ", "✗ "


def matrix(drawn: Chart, fired: Collection[Pair] | None = None) -> str:
    """A line for each fact, a column for each state. `fired`: rows that did, each of which is marked."""
    heads = ["fact", *(state.title for state in drawn.states.values())]
    lines = [line(heads), line(["---"] * len(heads))]
    for fact in drawn.facts:
        cells = [cell(drawn, state, fact, fired) for state in drawn.states.values()]
        lines.append(line([f"`{fact}`", *cells]))
    return "\n".join(lines) + "\n"


def states(drawn: Chart) -> str:
    """A line for each state: what it means, how long it may last, what is done meanwhile."""
    lines = [line(["state", "means", "lasts", "meanwhile"]), line(["---"] * 4)]
    for state in drawn.states.values():
        lasts = "<br>".join(f"⏱ {limit.until} → `{limit.fact}`" for limit in state.limits)
        meanwhile = "<br>".join(f"`{deed}`" for deed in state.during)
        end = "for ever" if state.final else lasts
        lines.append(line([f"**{state.title}**", state.means, end, meanwhile]))
    return "\n".join(lines) + "\n"


def cell(drawn: Chart, state: State, fact: str, fired: Collection[Pair] | None) -> str:
    found = [
        marked(Pair(state.key, fact, number), fired) + does(drawn, row)
        for number, row in enumerate(drawn.table[state.key].get(fact, ()))
    ]
    return "<br>".join(found) or f"*{state.undecided}*"


def marked(pair: Pair, fired: Collection[Pair] | None) -> str:
    if fired is None:
        return ""
    return CAME if pair in fired else NEVER


def does(drawn: Chart, row: Line) -> str:
    guard = f"[{condition(row)}] " if condition(row) else ""
    if not row.acts:
        return f"{guard}*{row.why or 'nothing'}*"
    done = [
        *([f"→ **{drawn.states[row.to].title}**"] if row.to else []),
        *([words(row.data)] if row.data else []),
        *map(str, row.effects),
    ]
    return guard + ", ".join(done)


def line(cells: list[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in cells) + " |"
