"""One target under atheris (libFuzzer): `python -m tests.fuzz.guided NAME CORPUS [libFuzzer's options]`. Coverage of `capture` leads it,
and inputs that reach something new are kept in the folder CORPUS, where `python -m tests.fuzz` takes them up.

Needs the extra `fuzz` (129 MB installed): `make fuzz` installs it, `make test` does not need it.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Fuzz until libFuzzer's own options end it."""
    import atheris

    with atheris.instrument_imports(include=["capture"]):
        from tests.fuzz.targets import named
    name, folder, *options = sys.argv[1:]
    target, corpus = named(name), Path(folder)
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        for number, data in enumerate(target.seeds()):
            (corpus / f"seed-{number:05}").write_bytes(data)
    if target.words:
        words = corpus.with_name(f"{name}.words")
        words.write_text("".join(f'"{"".join(f"{chr(92)}x{byte:02x}" for byte in word)}"\n' for word in target.words), "ascii")
        options.append(f"-dict={words}")
    run = target.make()

    def one(data: bytes) -> None:
        run(data)

    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
