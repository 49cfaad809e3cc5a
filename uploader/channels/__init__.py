"""Ways to tell people. One file a kind; the file's name is the word in `notify.channels.kind`.

A channel's module has `Options` (its settings) and `send(options, secret, notice)`, which returns once the other side has taken the
notice, and raises ChannelAgainError (later) or ChannelRefusedError (a person is needed) otherwise. No error repeats a secret.
"""

from __future__ import annotations

from uploader.store import StoreAgainError, StoreError, StoreRefusedError


class ChannelError(StoreError):
    """The notice was not taken."""


class ChannelAgainError(ChannelError, StoreAgainError):
    """It may be taken later."""


class ChannelRefusedError(ChannelError, StoreRefusedError):
    """It will not be taken until a person mends something."""
