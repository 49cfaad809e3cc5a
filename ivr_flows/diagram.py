"""A flow as a picture, in Graphviz's DOT: one box a node, one arrow an outcome, what rings in green, the end in grey. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ivr_flows.model import BACK, HANGUP, REPEAT, Exit, Flow, Node, Way

_COLOURS = {
    "calendar": "#fdf3d0", "if": "#fdf3d0", "menu": "#dbe9fb", "collect": "#dbe9fb", "extension": "#d9f2df", "ring_group": "#d9f2df",
    "queue": "#d9f2df", "conference": "#d9f2df", "voicemail": "#e9e1f7", "record": "#e9e1f7", "callback": "#e9e1f7",
    "http": "#fbe3d6", "hangup": "#e6e6e6",
}  # fmt: skip
_STYLES = {Way.PASSES: "solid", Way.SILENCE: "dashed", Way.PRESSED: "bold", Way.PEOPLE: "dotted"}
_WIDEST = 24


def dot(flow: Flow) -> str:
    """The flow as DOT text."""
    return "\n".join(_lines(flow)) + "\n"


def _lines(flow: Flow) -> Iterator[str]:
    yield f"digraph {_quoted(flow.name)} {{"
    yield f"  graph [rankdir=TB, label={_quoted(flow.title or flow.name)}, labelloc=t, fontname={_FONT}];"
    yield f'  node [shape=box, style="rounded,filled", fillcolor=white, fontname={_FONT}];'
    yield f"  edge [fontname={_FONT}, fontsize=10];"
    yield '  "(in)" [shape=circle, label="☎"];'
    if flow.start in flow.nodes:
        yield f'  "(in)" -> {_quoted(flow.start)};'
    for node in flow.nodes.values():
        colour = _COLOURS.get(node.type, "white")
        yield f"  {_quoted(node.name)} [label={_quoted(_label(node))}, fillcolor={_quoted(colour)}];"
    for node in flow.nodes.values():
        for exit_ in node.exits.values():
            yield from _arrow(flow, node, exit_)
    if any(exit_.target == HANGUP and HANGUP not in flow.nodes for node in flow.nodes.values() for exit_ in node.exits.values()):
        yield '  "(hangup)" [shape=circle, label="×", fillcolor="#e6e6e6"];'
    yield "}"


_FONT = '"Noto Sans CJK JP,sans-serif"'


def _label(node: Node) -> str:
    lines = [node.name, node.type]
    lines += [f"{use.kind}: {use.name}" for use in node.uses if use.kind != "calendar"]
    if node.prompts:
        words = "".join(str(part) for part in node.prompts[0][0].parts if not hasattr(part, "name"))
        lines += [words[:_WIDEST] + ("…" if len(words) > _WIDEST else "")] if words else []
    return "\n".join(lines)


def _arrow(flow: Flow, node: Node, exit_: Exit) -> Iterator[str]:
    target = exit_.target
    if target is None:
        return
    if target not in flow.nodes:
        if target == HANGUP:
            target = "(hangup)"
        elif target in (REPEAT, BACK):
            target = node.name
        else:
            return
    label = " ".join(word for word in (exit_.outcome, exit_.label) if word)
    yield f"  {_quoted(node.name)} -> {_quoted(target)} [label={_quoted(label)}, style={_STYLES[exit_.way]}];"


def _quoted(text: str) -> str:
    """A DOT string (the language's `ID` in double quotes)."""
    clean = "".join(letter for letter in text if letter == "\n" or letter.isprintable())
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
