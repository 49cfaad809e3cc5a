"""Makes the files of this folder from Asterisk's own JSON models: `python -m ivr_flows.ari_models.generator REST-API-FOLDER [OUT]`.

The models are Swagger 1.1 as Asterisk keeps it in `share/asterisk/rest-api/`, one file a resource: `models` become frozen dataclasses,
`apis` the operations. An operation below `channels/{channelId}` is a method of `Channel`, and so on for what has an object in ari-py;
all others are methods of the resource itself. The same models give the same files, byte for byte.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from appliance import shelf

WIDTH = 128
QUIET = "# ruff: noqa: ASYNC109\n"
"""A `timeout` of Asterisk's is none of ours."""
HEAD = '"""Generated from Asterisk\'s own models ({source}) by generator.py: {what}. Never edited by hand."""\n\n# fmt: off\n'
THINGS = {
    "channels/{channelId}": "Channel", "bridges/{bridgeId}": "Bridge", "playbacks/{playbackId}": "Playback",
    "recordings/live/{recordingName}": "LiveRecording", "recordings/stored/{recordingName}": "StoredRecording",
}  # fmt: skip
HOMES = {
    "Channel": "channels", "Bridge": "bridges", "Playback": "playbacks", "LiveRecording": "recordings",
    "StoredRecording": "recordings",
}  # fmt: skip
"""Where an object lives."""
_SIMPLE = {
    "string": "str", "Date": "str", "int": "int", "long": "int", "double": "float", "boolean": "bool", "object": "Mapping[str, Any]",
    "containers": "Mapping[str, Any]",
}  # fmt: skip
Json = Mapping[str, Any]


def main(words: list[str]) -> int:
    """Write every file into the folder that is named, or into this package's own."""
    here = Path(words[1]) if words[1:] else Path(__file__).parent
    for name, text in generate(read(Path(words[0]))).items():
        shelf.write(here / name, text.encode())
    return 0


def read(folder: Path) -> dict[str, Json]:
    """The models by resource: `channels`, `events` …"""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}
    return {name: tree for name, tree in found.items() if name != "resources"}


def generate(resources: Mapping[str, Json]) -> dict[str, str]:
    """Every file by its name."""
    files, homes = {}, {}
    for name, tree in resources.items():
        for file, models in _parted(name, tree.get("models", {})).items():
            homes.update(dict.fromkeys(models, file))
    for name, tree in resources.items():
        bases = {child: parent for parent, model in tree.get("models", {}).items() for child in model.get("subTypes", ())}
        for file, models in _parted(name, tree.get("models", {})).items():
            files[f"{file}.py"] = _model_file(name, file, models, bases, homes)
        files[f"{_snake(name)}.py"] = _operations_file(name, tree, homes)
    files["event_index.py"] = _index(sorted(resources["events"]["models"]["Event"]["subTypes"]), homes)
    return files


def _parted(name: str, models: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    """The models of a resource by the file that holds them: there are so many events that they lie in three."""
    if name != "events":
        return {f"models_{_snake(name)}": dict(models)} if models else {}
    events = set(models["Event"]["subTypes"])
    files: dict[str, dict[str, Json]] = {"models_events": {}, "events_channel": {}, "events_other": {}}
    for model, tree in models.items():
        about = "events_channel" if model.startswith("Channel") else "events_other"
        files[about if model in events else "models_events"][model] = tree
    return files


def _model_file(name: str, file: str, models: Mapping[str, Json], bases: Mapping[str, str], homes: Mapping[str, str]) -> str:
    text = "".join(_model(model, tree, bases.get(model, "Model")) for model, tree in models.items())
    used = sorted({word for word in re.findall(r"\b[A-Z]\w+", _code(text)) if word in homes and homes[word] != file})
    lines = ["from __future__ import annotations", ""]
    if "Mapping[" in text:
        lines.append("from collections.abc import Mapping")
    lines.append("from dataclasses import dataclass")
    if "Any]" in text:
        lines.append("from typing import Any")
    lines.append("")
    imports: dict[str, list[str]] = {}
    for word in used:
        imports.setdefault(f"ivr_flows.ari_models.{homes[word]}", []).append(word)
    if "(Model)" in text:
        imports["ivr_flows.ari_models.values"] = ["Model"]
    lines += _imports(imports)
    return HEAD.format(source=f"{name}.json", what="values") + "\n".join(lines) + "\n" + text


def _model(name: str, tree: Json, base: str) -> str:
    lines = ["", "", "@dataclass(frozen=True, slots=True, kw_only=True)", f"class {name}({base}):"]
    lines += _docstring(tree.get("description") or f"{name}, of which the models say nothing", 4)
    rows = [(field, about, bool(about.get("required"))) for field, about in tree["properties"].items()]
    fields = [
        f"    {_name(field)}: {_type(about['type'])}{'' if required else ' | None = None'}" for field, about, required in rows
    ]
    return "\n".join([*lines, *([""] if fields else []), *fields]) + "\n"


def _operations_file(name: str, tree: Json, homes: Mapping[str, str]) -> str:
    classes: dict[str, list[tuple[str, Json]]] = {}
    for api in tree["apis"]:
        path = api["path"].lstrip("/")
        for operation in api["operations"]:
            if operation.get("upgrade") != "websocket" and operation["responseClass"] != "binary":
                classes.setdefault(_owner(name, path), []).append((path, operation))
    order = sorted(classes, key=lambda owner: (owner not in THINGS.values(), owner))
    about = {owner: description for path, owner in THINGS.items() if (description := _about(tree, path))}
    text = "".join(_class(name, owner, classes[owner], about) for owner in order)
    text = re.sub(r"models\.(\w+)", lambda found: f"{homes[found[1]]}.{found[1]}", text)
    code = _code(text)
    lines = ["from __future__ import annotations", ""]
    abstract = [word for word in ("Mapping", "Sequence") if f"{word}[" in code]
    if abstract:
        lines.append(f"from collections.abc import {', '.join(abstract)}")
    if "Any]" in code:
        lines.append("from typing import Any")
    lines += [""] if lines[-1] else []
    imports: dict[str, list[str]] = {}
    for word in sorted(set(re.findall(r"\b[A-Z]\w+", code)) & set(HOMES)):
        if HOMES[word] != _snake(name):
            imports.setdefault(f"ivr_flows.ari_models.{HOMES[word]}", []).append(word)
    needed = [word for word in ("Asker", "Request", "Thing", "quoted") if re.search(rf"\b{word}\b", code)]
    imports["ivr_flows.ari_models.values"] = needed
    modules = sorted(set(re.findall(r"\b(models_\w+)\.", code)))
    if modules:
        lines.append(f"from ivr_flows.ari_models import {', '.join(modules)}")
    return (
        HEAD.format(source=f"{name}.json", what="operations")
        + (QUIET if " timeout: " in code else "")
        + "\n".join([*lines, *_imports(imports)])
        + "\n"
        + text
    )


def _owner(name: str, path: str) -> str:
    return next((owner for prefix, owner in THINGS.items() if f"{path}/".startswith(f"{prefix}/")), name[0].upper() + name[1:])


def _about(tree: Json, path: str) -> str:
    return next((str(api["description"]) for api in tree["apis"] if api["path"] == f"/{path}"), "")


def _class(name: str, owner: str, operations: Iterable[tuple[str, Json]], about: Mapping[str, str]) -> str:
    if owner in THINGS.values():
        lines = ["", "", f"class {owner}(Thing[models.{owner}]):", *_docstring(about[owner], 4), ""]
        lines += ["    __slots__ = ()", f"    model = models.{owner}"]
        lines += ['    key = "name"'] if owner.endswith("Recording") else []
    else:
        lines = ["", "", f"class {owner}:", *_docstring(f"The resource {name}", 4), ""]
        lines += ['    __slots__ = ("asker",)', "", "    def __init__(self, asker: Asker) -> None:", "        self.asker = asker"]
    for path, operation in operations:
        lines += ["", *_method(owner, path, operation)]
    return "\n".join(lines) + "\n"


def _method(owner: str, path: str, operation: Json) -> Iterator[str]:
    prefix = next((prefix for prefix, thing in THINGS.items() if thing == owner), "")
    own = prefix.rpartition("/")[2]
    parameters = operation.get("parameters", [])
    positional = [one["name"] for one in parameters if one["paramType"] == "path" and f"{{{one['name']}}}" != own]
    query = [one for one in parameters if one["paramType"] == "query"]
    body = next((one for one in parameters if one["paramType"] == "body"), None)
    named = sorted([*query, *([body] if body else [])], key=lambda one: not one.get("required"))
    words = ["self", *(f"{_name(one)}: str" for one in positional), *(["*"] if named else []), *map(_parameter, named)]
    returns = _returned(operation["responseClass"])
    yield from _wrapped(f"    async def {_snake(operation['nickname'])}(", words, f") -> {returns}:", 8)
    yield from _docstring(operation["summary"], 8)
    lies = re.sub(r"\{(\w+)\}", lambda found: _hole(found[0], own), path)
    parts = [f'method="{operation["httpMethod"]}"', f'path={"f" if "{" in lies else ""}"{lies}"']
    yield from _sent(returns, [*parts, *_query(query), *([_body(body)] if body else [])])


def _query(query: Iterable[Json]) -> list[str]:
    """The pieces of the query, so that a line may break between them."""
    pairs = [f'"{one["name"]}": {_name(one["name"])}' for one in query]
    if pairs:
        pairs[0] = "query={" + pairs[0]
        pairs[-1] += "}"
    return pairs


def _body(body: Json) -> str:
    name = _name(body["name"])
    if body["dataType"] == "object":
        return f"body={name}"
    given = f'{{"{body["name"]}": {name}}}'
    return f"body={given}" if body.get("required") else f"body=None if {name} is None else {given}"


def _sent(returns: str, parts: list[str]) -> Iterator[str]:
    call = "await self.asker.ask(Request("
    if returns == "None":
        yield from _wrapped(f"        {call}", parts, "))", 12)
        return
    yield from _wrapped(f"        sent = {call}", parts, "))", 12)
    if returns.startswith("tuple["):
        yield f"        return tuple({_made(returns[6:-6])} for one in sent)"
    else:
        yield f"        return {_made(returns).replace('one', 'sent')}"


def _made(kind: str) -> str:
    return f"{kind}.of(self.asker, one)" if kind in HOMES else f"{kind}.read(one)"


def _returned(kind: str) -> str:
    if kind == "void":
        return "None"
    inner = re.fullmatch(r"List\[(\w+)\]", kind)
    if inner:
        return f"tuple[{_returned(inner[1])}, ...]"
    return kind if kind in HOMES else f"models.{kind}"


def _hole(found: str, own: str) -> str:
    return "{quoted(self.id)}" if found == own else f"{{quoted({_name(found[1:-1])})}}"


def _parameter(one: Json) -> str:
    kind = "Sequence[str]" if one.get("allowMultiple") else _SIMPLE[one["dataType"]]
    if one["name"] == "fields" and one["paramType"] == "body":
        kind = "Sequence[Mapping[str, str]]"
    return f"{_name(one['name'])}: {kind}" if one.get("required") else f"{_name(one['name'])}: {kind} | None = None"


def _type(kind: str) -> str:
    inner = re.fullmatch(r"List\[(\w+)\]", kind)
    return f"tuple[{_type(inner[1])}, ...]" if inner else _SIMPLE.get(kind, kind)


def _name(field: str) -> str:
    name = _snake(field)
    return f"{name}_" if keyword.iskeyword(name) else name


def _snake(text: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower().replace("_d_t_m_f", "_dtmf")


def _docstring(text: str, indent: int) -> list[str]:
    """The first sentence of what Asterisk says of it."""
    sentence = re.split(r"(?<=[.!?])\s(?=[A-Z])", " ".join(text.replace("\\", "/").replace('"', "'").split()))[0].rstrip(".")
    if len(sentence) > WIDTH - indent - 8:
        sentence = sentence[: WIDTH - indent - 12].rpartition(" ")[0] + " …"
    return [f'{" " * indent}"""{sentence}."""']


def _wrapped(begin: str, items: list[str], end: str, indent: int) -> Iterator[str]:
    line = begin
    for place, item in enumerate(items):
        piece = item + (end if place == len(items) - 1 else ",")
        if line != begin and len(line) + len(piece) + 1 > WIDTH:
            yield line.rstrip()
            line = " " * indent
        line += piece + ("" if place == len(items) - 1 else " ")
    yield line


def _imports(imports: Mapping[str, list[str]]) -> list[str]:
    return [line for module in sorted(imports) for line in _wrapped(f"from {module} import ", _ranked(imports[module]), "", 4)]


def _ranked(names: Iterable[str]) -> list[str]:
    """As the linter sorts imports: classes, then functions."""
    return sorted(names, key=lambda name: (name[0].islower(), name.lower()))


def _code(text: str) -> str:
    return re.sub(r'"""[^"]*"""', "", text)


def _index(events: list[str], homes: Mapping[str, str]) -> str:
    files = sorted({homes[name] for name in events})
    lines = ["from __future__ import annotations", "", f"from ivr_flows.ari_models import {', '.join(files)}"]
    lines += ["from ivr_flows.ari_models.models_events import Event", "", "EVENTS: dict[str, type[Event]] = {"]
    lines += [f'    "{name}": {homes[name]}.{name},' for name in events]
    return HEAD.format(source="events.json", what="events by name") + "\n".join([*lines, "}"]) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
