"""QR codes (ISO/IEC 18004) of the address at which a person signs in on another device.

Rule: the library is loaded when the first code is drawn, so that a device that shows none stays small. What
is drawn is text: SVG for pages and displays, half blocks for terminals.
"""

from io import StringIO

BORDER = 4
"Modules of quiet zone, which the standard wants."


def svg(address: str, scale: int = 8) -> str:
    """An `<svg>` element; `scale` is the width of a module in pixels."""
    import segno

    drawn: str = segno.make_qr(address).svg_inline(scale=scale, border=BORDER, dark="#000", light="#fff")
    return drawn


def scalable(address: str) -> str:
    """The same, as large as what is around it lets it be."""
    import segno

    drawn: str = segno.make_qr(address).svg_inline(omitsize=True, border=BORDER, dark="#000", light="#fff")
    return drawn


def text(address: str) -> str:
    """Lines for a terminal, two modules a character, to be written in white on black."""
    import segno

    lines = StringIO()
    segno.make_qr(address).terminal(lines, border=BORDER, compact=True)
    return lines.getvalue()
