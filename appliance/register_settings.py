"""The settings of hearing and copying: whether somebody else has to allow it. Part of `config.py`'s tree. Pure."""

from __future__ import annotations

from pydantic import Field

from appliance.options import Options


class Register(Options):
    """What the site demands before a recording is heard or copied."""

    approve_listening: bool = Field(
        default=False, title="Approve listening", description="true: whoever wants to hear a recording asks first, with a reason."
    )
    approve_copies: bool = Field(
        default=False, title="Approve copies", description="true: whoever wants to take a recording away asks first, with a reason."
    )
    granted_hours: int = Field(default=24, ge=1, le=720, title="Granted for", description="Hours for which what was allowed holds.")
