"""Everyone who is in a flow: takes calls that enter the application, tells each what happens to it, and keeps Asterisk able to fail open.

Three things say that we live, each for another failure. A global (`APPLIANCE_BEAT`, each second) lets the dialplan pass us by when we
hang; it is written only while we keep up with the events. Every call inside has a lease (`TIMEOUT(absolute)`, a few seconds, renewed each
second over AMI, which waits for no channel): when we die or are stopped, Asterisk itself takes the caller back to the fallback. And the
websocket: where it is gone, `Stasis` fails at once. After each reconnect everything is reconciled (`reconciling.py`) before the first beat.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from appliance import dialplan
from appliance.box import Box
from appliance.clock import Clock
from appliance.logs import Trouble
from appliance.moments import SECOND
from appliance.records import Record
from ivr_flows.ari import AriError, Connection, GoneError, LostError, RefusedError, open_connection
from ivr_flows.ari_models.applications import Applications
from ivr_flows.ari_models.asterisk import Asterisk
from ivr_flows.ari_models.bridges import Bridge, Bridges
from ivr_flows.ari_models.channels import Channel, Channels
from ivr_flows.ari_models.events import Events
from ivr_flows.ari_models.events_channel import ChannelDestroyed, ChannelDtmfReceived
from ivr_flows.ari_models.events_other import (
    CallBroadcast,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
    StasisStart,
)
from ivr_flows.ari_models.models_channels import Channel as ChannelFacts
from ivr_flows.ari_models.models_events import Event
from ivr_flows.ari_models.recordings import LiveRecording
from ivr_flows.ari_models.values import Request
from ivr_flows.book import Book
from ivr_flows.canary import Canary
from ivr_flows.effects import Record as RecordIt
from ivr_flows.effects import RequestCallback
from ivr_flows.inputs import CameBack, HungUp
from ivr_flows.keepsakes import Keepsakes
from ivr_flows.live_call import Caller, LiveCall, pressed
from ivr_flows.pbx_calls import call_of
from ivr_flows.reconciling import Stranger, plan, recording_of
from ivr_flows.teller import Teller

BEAT_S, LEASE_S = 1.0, 4
HANDS = 16
"""Further connections, for requests that take their time."""
SETTLE_S = 0.2
"""What entered just before we looked is told of by then."""
BEHIND = 2_000
"""Events that wait; from then on new calls are left to the dialplan."""
_BROADCASTS = "app_stasis_broadcast.so"
_SLOW = re.compile(r"channels/[^/]+/(variables?|answer)")
_LEASE = "TIMEOUT(absolute)"
_TALKED = (dialplan.Outcome.ANSWERED, dialplan.Outcome.DONE)
VARIABLES = (dialplan.CALLER, dialplan.CALLED, dialplan.REASON, dialplan.ROUTE)

Lease = Callable[[str, int], Awaitable[None]]
"""Lets Asterisk take a channel (by its name) from the application after so many seconds; it raises nothing."""

log = logging.getLogger(__name__)


class Reception:
    """The calls in flows, over all connections."""

    def __init__(self, box: Box, clock: Clock, teller: Teller, keepsakes: Keepsakes, lease: Lease) -> None:
        self.book = Book(box)
        self.canary = Canary(self, clock)
        self.calls: dict[str, LiveCall] = {}
        self.taken = 0
        self._clock, self._teller, self._keepsakes = clock, teller, keepsakes
        self._connection: Connection | None = None
        self._reconciled = asyncio.Event()
        self._lease = lease
        self._hands: list[Connection] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._lives: set[asyncio.Task[None]] = set()
        self._trouble = Trouble(log, clock.monotonic)

    @property
    def working(self) -> bool:
        """Whether calls are taken now."""
        return self._reconciled.is_set()

    async def ask(self, request: Request) -> Any:
        """A request to Asterisk, over the connection of the moment. Raises AriError."""
        if self._connection is None:
            raise LostError(f"{request.method} {request.path}: there is no connection with Asterisk")
        main = self._connection
        try:
            return await self._hand(request, main).ask(request)
        except LostError:  # nobody waits on a connection that does not answer
            if main is self._connection:
                self._reconciled.clear()
            main.abort()
            raise

    def _hand(self, request: Request, main: Connection) -> Connection:
        """Which connection carries it. Asterisk lets the channel's own thread answer and set variables, and the websocket waits for that
        (up to 20 ms with speech, 200 ms without, a whole prompt while one is played): such requests go elsewhere."""
        if self._hands and request.method == "POST" and _SLOW.fullmatch(request.path):
            return self._hands[hash(request.path.split("/")[1]) % len(self._hands)]
        return main

    def tell(self, *records: Record) -> None:
        """Facts for the ledger."""
        self._teller.tell(*records)

    def wall(self) -> int:
        """Nanoseconds since the epoch."""
        return self._clock.now()

    def monotonic(self) -> int:
        """Nanoseconds of a clock that never steps."""
        return self._clock.monotonic()

    async def connected(self) -> None:
        """Until there is a connection that is reconciled."""
        await self._reconciled.wait()

    async def call_back(self, wanted: RequestCallback) -> None:
        """Somebody of the target shall call this number back: both are rung once the caller is gone."""
        kind, _, name = wanted.target.partition(":")
        context = dialplan.CONTEXTS.get(dialplan.Kind(kind)) if kind in set(dialplan.Kind) else None
        number = "".join(letter for letter in wanted.number if letter.isdigit())
        if context is None or not number:
            log.warning("a callback of %s by %s cannot be made", wanted.number, wanted.target)
            return
        await Channels(self).originate(
            endpoint=f"Local/{name}@{context}/n",
            context=dialplan.GO_OUTSIDE,
            extension=number,
            priority=1,
            caller_id=number,
            timeout=60,
        )

    async def keep_recording(self, call: str, flow: str, name: str, what: RecordIt) -> None:
        """A recording of the caller's is complete, under this name at Asterisk's."""
        if self._connection is not None:
            await self._keepsakes.keep(self._connection, call, flow, name, what)

    async def serve(self, connection: Connection) -> None:
        """One connection, from its reconciliation to its loss."""
        self._connection = connection
        try:
            places = [replace(connection.access, app=f"{dialplan.APP}-hand-{number}") for number in range(HANDS)]
            self._hands = list(await asyncio.gather(*(open_connection(place) for place in places)))
        except LostError as error:
            log.debug("%s", error)
            connection.abort()
        work = asyncio.create_task(self._work(connection))
        work.add_done_callback(lambda task: connection.abort())  # without a beat there is no use in it
        try:
            async for event in connection.events():
                self._happened(event)
        finally:
            self._reconciled.clear()
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError, AriError):
                await work
            self._connection = None
            hands, self._hands = self._hands, []
            await asyncio.gather(*(hand.close() for hand in hands))

    async def hand_over(self) -> None:
        """We go: everybody inside is sent to the fallback now."""
        self._reconciled.clear()
        inside = [call for call in self.calls.values() if call.inside and not call.leaving]
        for life in self._lives:  # what ends by our letting go must move no call on in its flow
            life.cancel()
        await asyncio.gather(*(self._fall_back(call.caller.channel, call.flow) for call in inside))

    async def _work(self, connection: Connection) -> None:
        """Reconcile, then beat and renew the leases until the connection is lost."""
        try:
            await self._reconcile()
            await self._set_global(dialplan.CLAIMS, await self._claims())
            self._reconciled.set()
            while True:
                if connection.waiting < BEHIND:
                    await self._set_global(dialplan.BEAT, str(self._clock.now() // SECOND))
                    self._trouble.over("calls are taken again")
                else:
                    self._trouble.happened(f"{connection.waiting} events of Asterisk's wait: new calls are left to the dialplan")
                await self._renew_all()
                await asyncio.sleep(BEAT_S)
        except AriError as error:
            log.info("the connection with Asterisk is begun anew: %s", error)
            connection.abort()

    async def _claims(self) -> str:
        """Whether this Asterisk offers calls to be claimed, the third guard."""
        try:
            await Asterisk(self).get_module(_BROADCASTS)
        except AriError:
            return "0"
        return "1"

    async def _set_global(self, name: str, value: str) -> None:
        await Asterisk(self).set_global_var(variable=name, value=value)

    async def _renew_all(self) -> None:
        await asyncio.gather(*(self._renew(call) for call in list(self.calls.values())))

    async def _renew(self, call: LiveCall) -> None:
        async with call.lease:
            if call.inside and not call.leaving:
                await self._lease(call.caller.name, LEASE_S)

    async def _reconcile(self) -> None:
        await self._renew_all()
        apps = await Applications(self).list()
        inside = {channel for app in apps if app.name == dialplan.APP for channel in app.channel_ids}
        await asyncio.sleep(SETTLE_S)
        channels = [channel.facts for channel in await Channels(self).list() if channel.facts]
        bridges = [bridge.facts for bridge in await Bridges(self).list() if bridge.facts]
        inside -= self.canary.channels
        wanted = plan(inside, channels, bridges, {name: not call.inside for name, call in self.calls.items()})
        for name in wanted.gone:
            self.calls[name].inputs.put_nowait(HungUp())
        for name in wanted.adopted:
            await self.calls[name].catch_up()
        await asyncio.gather(*(self._turn_away(stranger) for stranger in wanted.strangers))
        for bridge in wanted.bridges:
            with contextlib.suppress(GoneError):
                await Bridge(self, bridge).destroy()
        for recording in wanted.recordings:
            with contextlib.suppress(GoneError):
                await LiveRecording(self, recording).stop()
        if wanted.adopted or wanted.strangers or wanted.bridges:
            log.info(
                "reconciled: %d calls go on, %d go to their fallback, %d bridges are removed",
                len(wanted.adopted), len(wanted.strangers), len(wanted.bridges),
            )  # fmt: skip

    async def _turn_away(self, stranger: Stranger) -> None:
        if stranger.over:
            with contextlib.suppress(GoneError):
                await Channel(self, stranger.channel).continue_in_dialplan(context=dialplan.GO_HANGUP, extension="s", priority=1)
            return
        await self._fall_back(stranger.channel, stranger.flow)

    async def _fall_back(self, channel: str, flow: str) -> None:
        """Somebody's phone rings for this caller."""
        thing = Channel(self, channel)
        try:
            flow = flow or (await self._variables(channel, (dialplan.FLOW,))).get(dialplan.FLOW, "")
            await thing.set_channel_vars(variables={_LEASE: "0", dialplan.COMES_BACK: "", dialplan.RING: ""})
            await thing.continue_in_dialplan(context=dialplan.GO_FALLBACK, extension=flow or "s", priority=1)
        except GoneError:
            log.debug("%s is gone already", channel)
        except AriError as error:
            log.error("%s could not be sent to its fallback (%s); its lease ends in %d s", channel, error, LEASE_S)

    def _happened(self, event: Event) -> None:
        match event:
            case StasisStart():
                self._entered(event.channel, event.args)
            case CallBroadcast():
                self._begin(self._claim(event.channel.id))
            case ChannelDtmfReceived():
                self.canary.heard(event.channel.id, event.digit)
                if (call := self.calls.get(event.channel.id)) is not None:
                    call.inputs.put_nowait(pressed(event.digit, event.duration_ms))
            case PlaybackFinished():
                channel = event.playback.target_uri.removeprefix("channel:")
                if (call := self.calls.get(channel)) is not None:
                    call.playback_ended(event.playback.id, event.playback.state)
            case RecordingFinished() | RecordingFailed():
                self._recorded(event)
            case StasisEnd():
                if (call := self.calls.get(event.channel.id)) is not None:
                    call.left()
            case ChannelDestroyed():
                if (call := self.calls.get(event.channel.id)) is not None:
                    call.inside = False
                    call.inputs.put_nowait(HungUp())
            case _:
                return

    def _recorded(self, event: RecordingFinished | RecordingFailed) -> None:
        channel = event.recording.target_uri.removeprefix("channel:")
        call = self.calls.get(channel)
        if call is None or event.recording.name != recording_of(channel):
            return
        if isinstance(event, RecordingFailed):
            call.recording_ended(None, event.recording.cause or "failed")
        else:
            call.recording_ended(float(event.recording.duration or 0))

    def _entered(self, channel: ChannelFacts, args: tuple[str, ...]) -> None:
        if self.canary.entered(channel.id, args):
            return
        call = self.calls.get(channel.id)
        if args[:1] == (dialplan.ENTER,) and len(args) > 2:
            self._begin(self._welcome(channel, route=args[1], flow=args[2]))
        elif args[:1] == (dialplan.BACK,) and call is not None and len(args) > 1:
            call.inside, call.leaving = True, False
            call.inputs.put_nowait(CameBack(args[1]))
        else:
            talked = args[:1] == (dialplan.BACK,) and len(args) > 1 and args[1] in _TALKED
            self._begin(self._turn_away(Stranger(channel.id, "", over=talked)))

    async def _claim(self, channel: str) -> None:
        with contextlib.suppress(AriError):  # somebody else had it, or the time was over
            await Events(self).claim_channel(channel_id=channel, application=dialplan.APP)

    async def _variables(self, channel: str, names: Sequence[str]) -> dict[str, str]:
        """What the dialplan set. Asterisk refuses all of a list for one that is not there: then each is asked for alone."""
        try:
            return {**(await Channel(self, channel).get_channel_vars(variables=names)).variables}
        except (RefusedError, LostError):
            if len(names) == 1:
                return {}
        each = await asyncio.gather(*(self._variables(channel, (name,)) for name in names))
        return {name: value for one in each for name, value in one.items()}

    async def _welcome(self, channel: ChannelFacts, route: str, flow: str) -> None:
        """A new call: who it is, then its whole life."""
        snapshot = self.book.now()
        switches = {name: f"DB({dialplan.NIGHT_FAMILY}/{name})" for name in snapshot.switches}
        told = await self._variables(channel.id, VARIABLES)
        told |= {name: value for one in switches.values() for name, value in (await self._variables(channel.id, (one,))).items()}
        caller = Caller(
            channel=channel.id, name=channel.name, call=call_of(channel.id), number=told.get(dialplan.CALLER) or channel.caller.number,
            called=told.get(dialplan.CALLED) or channel.dialplan.exten, reason=told.get(dialplan.REASON) or "", route=route,
            switches={name: str(told.get(variable) or "") for name, variable in switches.items()},
        )  # fmt: skip
        call = LiveCall(self, self, caller, flow, snapshot, answered=channel.state == "Up")
        self.calls[channel.id] = call
        self.taken += 1
        life = asyncio.create_task(call.run())
        self._lives.add(life)
        life.add_done_callback(lambda task: self._ended(call, task))
        await self._renew(call)

    def _ended(self, call: LiveCall, task: asyncio.Task[None]) -> None:
        """A call's life is over; where it ended in an error of ours, somebody's phone rings."""
        self._lives.discard(task)
        self.calls.pop(call.caller.channel, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("call %s failed and goes to its fallback", call.caller.channel, exc_info=error)
            self._begin(self._fall_back(call.caller.channel, call.flow))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work for a call failed", exc_info=error)
