"""A maker's colour on the screens, legible whatever it is (WCAG 2.2, 1.4.3 and 1.4.11).

Rule: the colour itself stands only where nobody has to read it; letters and lines are made darker or lighter
until they stand out from what is behind them.
"""

LETTERS = 4.5
"Contrast of letters and of what is beneath them."
PAPER = {"light": "#ffffff", "dark": "#1e2429"}
INKS = ("#ffffff", "#0d1a26")
STEPS = 50


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(colour: str) -> str:
    """Of letters on this colour."""
    return max(INKS, key=lambda ink: contrast(ink, colour))


def legible(colour: str, on: str) -> str:
    """The nearest to this colour that letters may have there."""
    towards = max(("#000000", "#ffffff"), key=lambda end: contrast(end, on))
    for step in range(STEPS + 1):
        found = mixed(colour, towards, step / STEPS)
        if contrast(found, on) >= LETTERS:
            return found
    return towards


def mixed(one: str, other: str, share: float) -> str:
    parts = zip(*([int(each[at : at + 2], 16) for at in (1, 3, 5)] for each in (one, other)), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def theme(accent: str) -> str:
    """The variables of both themes that depend on the maker's colour, as CSS."""
    sheets = []
    for name, paper in PAPER.items():
        found = legible(accent, paper)
        values = f"--accent:{found};--accent-ink:{ink_on(found)}"
        sheets.append((name, values))
    (_, light), (_, dark) = sheets
    return (
        f":root{{{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f":root[data-theme=dark]{{{dark}}}\n"
    )
