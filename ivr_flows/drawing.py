"""Lets Graphviz's `dot` draw a flow, where it is installed."""

from __future__ import annotations

import shutil
import subprocess

from appliance.errors import CouldNotError

FORMATS = ("svg", "png", "pdf")
_PATIENCE_S = 60


def draw(text: str, form: str) -> bytes:
    """The picture of this DOT text. Raises CouldNotError."""
    program = shutil.which("dot")
    if program is None:
        raise CouldNotError("diagram: Graphviz is not installed; install the package graphviz, or write X.dot, which needs none")
    try:
        done = subprocess.run([program, f"-T{form}"], input=text.encode(), capture_output=True, timeout=_PATIENCE_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise CouldNotError(f"diagram: dot took longer than {_PATIENCE_S} s; write X.dot instead") from error
    if done.returncode:
        raise CouldNotError(f"diagram: dot says {done.stderr.decode('utf-8', 'replace').strip()[:200]}; write X.dot instead")
    return done.stdout
