"""The capture cases of tests/captures, made anew: `python -m tests.bed.make_captures [NAME…] [--expected]`.

Each case is a function here: its docstring is what the README says. Without `--expected` only capture.pcap and README.md are written; with
it, expected.jsonl too, and then its diff is to be judged by a reader. What is sent is built by scapy and by `tests.bed.scene`; speech is
encoded by FFmpeg, bcg729 and vo-amrwbenc.
"""

from __future__ import annotations

import struct
import sys
import tempfile
from pathlib import Path

from appliance.moments import SECOND
from tests.bed import case_talks, mirrors
from tests.bed.case_list import CASE
from tests.bed.cases import CASES, lines, told

MEMBERS = (mirrors, case_talks)
"""They fill CASE."""


def write(name: str, *, expected: bool) -> Path:
    """Make one case."""
    about, make = CASE[name]
    folder = CASES / name
    folder.mkdir(parents=True, exist_ok=True)
    frames = make()
    link = {captured.link for captured in frames}.pop()
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, link)]
    for captured in frames:
        second, rest = divmod(captured.at, SECOND)
        size = len(captured.frame)
        parts += [struct.pack("<IIII", second, rest, size, size), captured.frame]
    capture = folder / "capture.pcap"
    capture.write_bytes(b"".join(parts))
    readme = folder / "README.md"
    kept = readme.read_text("utf-8").partition("\n## ")[2] if readme.exists() else ""
    text = f"# {name}\n\n{about}\n\nMade by `python -m tests.bed.make_captures {name}`. Numbers and names are invented.\n"
    readme.write_text(text + (f"\n## {kept}" if kept else ""), "utf-8")
    if expected:
        with tempfile.TemporaryDirectory() as place:
            found = "".join(line + "\n" for line in lines(told(capture, Path(place) / "var")))
        (folder / "expected.jsonl").write_text(found, "utf-8")
    return capture


def main(words: list[str]) -> int:
    """Make these cases, or all."""
    names = [word for word in words if not word.startswith("-")]
    for name in names or list(CASE):
        capture = write(name, expected="--expected" in words)
        print(f"{name}: {capture.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
