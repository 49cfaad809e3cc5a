"""A data look-up of a flow: one request to a host that the flow lists, within its time-out; no redirect is followed, little is read."""

from __future__ import annotations

import asyncio

import httpx

from appliance.moments import SECOND
from ivr_flows import lookups
from ivr_flows.effects import LookUp
from ivr_flows.inputs import Answer, LookUpFailed


async def look_up(asked: LookUp, hosts: tuple[str, ...]) -> Answer | LookUpFailed:
    """What came of it. A host that is not listed is never asked."""
    try:
        url = httpx.URL(asked.url)
        if url.host.lower() not in hosts:
            return LookUpFailed(asked.token, "host")
        async with asyncio.timeout(asked.timeout / SECOND):
            status, body = await _ask(asked, url)
    except TimeoutError:
        return LookUpFailed(asked.token, "timeout")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return LookUpFailed(asked.token, type(error).__name__)
    values = lookups.taken(body, asked.save)
    if values is None and 200 <= status < 300:
        return LookUpFailed(asked.token, "form")
    return Answer(asked.token, status, values or {})


async def _ask(asked: LookUp, url: httpx.URL) -> tuple[int, bytes]:
    body = dict(asked.body) if asked.method == "POST" else None
    async with (
        httpx.AsyncClient(timeout=None, follow_redirects=False, trust_env=False) as client,  # noqa: S113 - all of it has its time-out
        client.stream(asked.method, url, json=body, headers={"Accept": "application/json"}) as answer,
    ):
        received = b""
        async for piece in answer.aiter_bytes():
            received += piece
            if len(received) > lookups.LARGEST:
                break
        return answer.status_code, received
