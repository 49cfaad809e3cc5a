"""What every group of settings shares: strict, frozen, nothing unknown. Pure."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """The base of every group of settings: strict, frozen, nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
