"""The look of the drawings: colours for light pages and for dark ones, letters, icons.

Rule: everything is a class or a variable beneath `.fk`, so that a page which takes a drawing into itself may
set each colour to its own, and nothing of a drawing reaches the page.
"""

LIGHT = {
    "page": "#ffffff",
    "card": "#f5f8fc",
    "edge": "#9fb4cf",
    "busy": "#fff6e2",
    "busy-edge": "#d9a441",
    "final": "#f3f4f5",
    "final-edge": "#8f9aa5",
    "chip": "#ffffff",
    "chip-edge": "#dbe2ea",
    "title": "#14375e",
    "ink": "#1d2733",
    "soft": "#56626f",
    "guard": "#7a4a9c",
    "limit": "#b3261e",
    "effect": "#1f6f50",
    "way": "#6f8197",
    "lit": "#0b66d8",
    "lit-card": "#dcebff",
    "came": "#1a7f45",
    "never": "#c62828",
}
DARK = {
    "page": "#0f1620",
    "card": "#18222f",
    "edge": "#3f5878",
    "busy": "#2b2413",
    "busy-edge": "#a87a25",
    "final": "#1c2127",
    "final-edge": "#6d7884",
    "chip": "#131c28",
    "chip-edge": "#2b394a",
    "title": "#a9cdf7",
    "ink": "#e3e9f0",
    "soft": "#9aa8b8",
    "guard": "#cfa6f0",
    "limit": "#ff8f85",
    "effect": "#7fd1ad",
    "way": "#7f93ab",
    "lit": "#5aa7ff",
    "lit-card": "#16365c",
    "came": "#57c785",
    "never": "#ff7b72",
}


def variables(colours: dict[str, str]) -> str:
    return "".join(f"--fk-{name}:{colour};" for name, colour in colours.items())


def fill(hand: str, colour: str, more: str = "") -> str:
    return f".fk .fk-{hand}{{fill:var(--fk-{colour});{more}}}"


STYLE = "\n".join([
    "",
    f".fk{{{variables(LIGHT)}color-scheme:light dark}}",
    f"@media (prefers-color-scheme:dark){{.fk{{{variables(DARK)}}}}}",
    ".fk text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}",
    fill("page", "page"),
    fill("head", "title", "font-size:17px;font-weight:600"),
    fill("title", "title", "font-size:15px;font-weight:600"),
    fill("means", "soft"),
    fill("fact", "ink", "font-weight:600"),
    fill("limit", "limit", "font-weight:600"),
    fill("guard", "guard", "font-style:italic"),
    fill("verb", "soft", "font-size:11px"),
    fill("name", "effect", "font-size:11px"),
    fill("note", "soft", "font-size:11px"),
    fill("brief", "ink"),
    fill("came", "came", "font-size:11px;font-weight:600"),
    fill("never", "never", "font-size:11px;font-weight:600"),
    ".fk .fk-card{fill:var(--fk-card);stroke:var(--fk-edge);stroke-width:1.3}",
    ".fk .fk-busy .fk-card{fill:var(--fk-busy);stroke:var(--fk-busy-edge)}",
    ".fk .fk-final .fk-card,.fk .fk-edge{fill:var(--fk-final);stroke:var(--fk-final-edge)}",
    ".fk .fk-every .fk-card{fill:var(--fk-page);stroke:var(--fk-way);stroke-dasharray:5 4}",
    ".fk .fk-arrow .fk-card{fill:var(--fk-chip);stroke:var(--fk-chip-edge);stroke-width:1}",
    ".fk.fk-brief .fk-arrow .fk-card{fill:var(--fk-page);stroke:none}",
    ".fk .fk-rule{fill:none;stroke:var(--fk-chip-edge)}",
    ".fk .fk-way{fill:none;stroke:var(--fk-way);stroke-width:1.5}",
    ".fk .fk-start,.fk .fk-tip{fill:var(--fk-way)}",
    ".fk use{fill:none;stroke:var(--fk-soft);stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}",
    ".fk .fk-with-limit{stroke:var(--fk-limit)}",
    ".fk .lit>.fk-card,.fk .fk-state:target>.fk-card{fill:var(--fk-lit-card);stroke:var(--fk-lit)}",
    ".fk .lit>.fk-card,.fk .fk-state:target>.fk-card{stroke-width:3}",
    "",
])  # fmt: skip
THEMES = "".join(
    f":root[data-theme={name}] .fk{{{variables(colours)}}}\n"
    for name, colours in (("light", LIGHT), ("dark", DARK))
)
HEAD = (
    '<marker id="{name}-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    'orient="auto"><path class="fk-tip" d="M0 0.8L10 5L0 9.2L2.6 5Z"/></marker>'
)
ICONS = (
    '<g id="{name}-limit"><circle cx="6" cy="6" r="5"/><path d="M6 3.2V6L8 7.4"/></g>'
    '<g id="{name}-again"><path d="M10.6 6A4.6 4.6 0 1 1 8.6 2.2M8.9 0.2V2.6H6.4"/></g>'
    '<g id="{name}-during"><path d="M3 1.6L10 6L3 10.4Z"/></g>'
)
"Each of twelve pixels."


def icons(name: str) -> str:
    """With ids of one drawing, so that a page may show several."""
    return (HEAD + ICONS).format(name=name)
