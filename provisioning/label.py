"""The label of a box: where the console is, the code for the first sign-in, the serial number; as text, and as one SVG to be printed.

The square code (QR, ISO/IEC 18004) leads to the console's address and holds no secret: who photographs a rack gets nobody's code from it.
"""

from __future__ import annotations

from html import escape

import segno

from appliance.box import Box

WIDTH, HEIGHT = 620, 240
"""Of the SVG, for a label of 62 × 24 mm."""


def address(box: Box) -> str:
    """Where the console is found in the office."""
    port = box.config.web.port
    return f"https://{box.config.network.name}.local" + ("" if port == 443 else f":{port}")


def text(box: Box, code: str) -> str:
    """The label as it is printed in a terminal."""
    return f"serial   {box.config.site.serial}\nconsole  {address(box)}\ncode     {code}\n"


def svg(box: Box, code: str) -> str:
    """The label as a picture that needs nothing else."""
    square = segno.make(address(box), error="m").svg_inline(scale=6, border=2, dark="#000", light="#fff")
    lines = [
        (40, 22, "通話録音装置 / call recorder"), (80, 30, f"{box.config.network.name}.local"), (112, 20, address(box)),
        (152, 20, "初回コード / first code"), (188, 34, code), (222, 18, f"S/N {box.config.site.serial}"),
    ]  # fmt: skip
    words = "".join(f'<text x="20" y="{y}" font-size="{size}">{escape(line)}</text>' for y, size, line in lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="62mm" height="24mm" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/><g font-family="sans-serif" fill="#000">{words}</g>'
        f'<g transform="translate(410 20)">{square}</g></svg>\n'
    )
