"""Real processes for tests of what survives them: one that is killed at a chosen SQL statement, and several at once."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Container
from types import FrameType
from typing import Any

SQL = frozenset({"execute", "executemany"})


def killed_before(count: int, work: Callable[[], object], *, calls: Container[str] = SQL) -> bool:
    """Let a child process do this work, killed with SIGKILL before the call after this many of these C functions (SQL statements).

    Returns False where the work was over sooner. The parent must hold no connection to the same database (a fork shares its locks).
    """

    def child() -> None:
        left = count

        def counting(frame: FrameType, event: str, argument: Any) -> None:
            nonlocal left
            if event == "c_call" and argument.__name__ in calls:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(counting)
        work()

    status = os.waitpid(_fork(child), 0)[1]
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed; its traceback is on standard error"
    return False


def at_once(count: int, work: Callable[[int], object]) -> None:
    """Let this many child processes do `work(number)` at the same time, all to their end."""
    reader, writer = os.pipe()

    def started(number: int) -> Callable[[], object]:
        def child() -> None:
            os.close(writer)
            os.read(reader, 1)  # returns when the parent lets all go
            work(number)

        return child

    children = [_fork(started(number)) for number in range(count)]
    os.close(writer)
    os.close(reader)
    codes = [os.WEXITSTATUS(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * count, "a child failed; its traceback is on standard error"


def _fork(child: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        child()
        code = 0
    except BaseException:  # noqa: BLE001 - the child ends here
        traceback.print_exc()
    finally:
        os._exit(code)
