"""One call in its flow: what happens to it goes through the engine, and the engine's effects are performed, one after the other.

Its clock is the wall clock of its beginning plus what a clock that never steps says since, so that a jump of the time holds nobody up.
An effect that Asterisk refuses because the channel is gone ends the call; one that is lost with the connection is performed again when
there is a new one. A caller is answered when there is something to hear: one who is only put through hears the phones ring.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from appliance import dialplan
from appliance.moments import SECOND
from appliance.records import AnswersKept, NodeEntered, Record
from ivr_flows import asking_hosts
from ivr_flows.ari import GoneError, LostError, RefusedError
from ivr_flows.ari_models.applications import Applications
from ivr_flows.ari_models.channels import Channel
from ivr_flows.ari_models.playbacks import Playback
from ivr_flows.ari_models.recordings import LiveRecording
from ivr_flows.ari_models.values import Asker
from ivr_flows.book import Book, Snapshot
from ivr_flows.effects import (
    Connect,
    Effect,
    Ended,
    Entered,
    HangUp,
    Left,
    LookUp,
    Noted,
    Play,
    RequestCallback,
    StopPlay,
    StopRecord,
    Wait,
)
from ivr_flows.effects import Record as RecordIt
from ivr_flows.engine import step
from ivr_flows.inputs import Digit, HungUp, Input, PlayFailed, PlayFinished, Recorded, RecordFailed, Started, Timer
from ivr_flows.reconciling import recording_of
from ivr_flows.state import State

CONTEXTS = {str(kind): context for kind, context in dialplan.CONTEXTS.items()} | {"fallback": dialplan.GO_FALLBACK}
FORMAT = "wav"
_NO_LIMIT = "0"
_DONE = 409
"""What Asterisk answers to a playback or recording that is there already: it was begun before the connection was lost."""

log = logging.getLogger(__name__)


class Around(Protocol):
    """What a call needs of who keeps it: the flows, the ledger, both clocks, and a connection to wait for."""

    book: Book

    def tell(self, *records: Record) -> None:
        """Facts for the ledger."""

    def wall(self) -> int:
        """Nanoseconds since the epoch."""

    def monotonic(self) -> int:
        """Nanoseconds of a clock that never steps."""

    async def connected(self) -> None:
        """Until there is a connection that is reconciled."""

    async def call_back(self, wanted: RequestCallback) -> None:
        """Somebody shall call this number back."""

    async def keep_recording(self, call: str, flow: str, name: str, what: RecordIt) -> None:
        """A recording of the caller's is complete, under this name at Asterisk's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, as the dialplan found out."""

    channel: str
    name: str
    call: str
    """The id under which the ledger knows it."""
    number: str = ""
    called: str = ""
    reason: str = ""
    route: str = ""
    switches: Mapping[str, str] = field(default_factory=dict)
    """What the day/night switches say, by name."""


class LiveCall:
    """A call from its beginning to its end; `run` is its whole life."""

    def __init__(
        self, around: Around, asker: Asker, caller: Caller, flow: str, snapshot: Snapshot, *, answered: bool = False
    ) -> None:
        self.caller, self.flow, self.snapshot = caller, flow, snapshot
        self.inputs: asyncio.Queue[Input] = asyncio.Queue()
        self.inside, self.leaving = True, False
        """Whether the application has the channel, and whether it is just being sent on."""
        self.lease = asyncio.Lock()
        """Held while its lease is renewed, so that none is renewed once it is let go: a conversation has no end."""
        self.state = State(flow=flow)
        self.resumed = asyncio.Event()
        self._around, self._channel = around, Channel(asker, caller.channel)
        self._flows = replace(snapshot.around, switches=caller.switches)
        self._begun = around.wall() - around.monotonic()
        self._until: int | None = None
        self._playing: dict[str, int] = {}
        self._recording: RecordIt | None = None
        self._answered = answered
        self._callbacks: list[RequestCallback] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """From the first input to the end."""
        given: Input = Started(self.caller.number, self.caller.called, self.caller.reason)
        while True:
            self.state, effects = step(self._flows, self.state, given, self.now())
            for effect in effects:
                await self._perform_surely(effect)
            if self.state.ended:
                break
            given = await self._next()
        for task in self._tasks:
            task.cancel()
        for wanted in self._callbacks:  # once the caller is gone
            await self._around.call_back(wanted)

    def now(self) -> int:
        """The wall clock as it would be had nobody set it since the call began."""
        return self._begun + self._around.monotonic()

    def playback_ended(self, playback: str, state: str) -> None:
        """A playback of this call's came to its end by itself."""
        token = self._playing.pop(playback, None)
        if token is not None:
            self.inputs.put_nowait(PlayFailed(token) if state == "failed" else PlayFinished(token))

    def recording_ended(self, seconds: float | None, why: str = "") -> None:
        """Its recording is complete, or could not be made."""
        wanted, self._recording = self._recording, None
        if wanted is None:
            return
        if seconds is None:
            self.inputs.put_nowait(RecordFailed(wanted.token, why))
            return
        self._begin(self._keep(wanted, seconds))

    def left(self) -> None:
        """The channel has left the application: hung up, taken by the dialplan's own clock, or sent on by us."""
        self.inside = False
        if not self.leaving:
            self.inputs.put_nowait(HungUp())

    async def catch_up(self) -> None:
        """After a lost connection: what may have ended unheard is asked for."""
        for playback, token in list(self._playing.items()):
            try:
                await Playback(self._channel.asker, playback).get()
            except GoneError:
                if self._playing.pop(playback, None) is not None:
                    self.inputs.put_nowait(PlayFinished(token))
        if self._recording is not None:
            try:
                await LiveRecording(self._channel.asker, recording_of(self.caller.channel)).get_live()
            except GoneError:
                self.recording_ended(0.0)

    async def _next(self) -> Input:
        if self._until is None:
            return await self.inputs.get()
        try:
            async with asyncio.timeout(max(0, self._until - self.now()) / SECOND):
                return await self.inputs.get()
        except TimeoutError:
            return Timer()

    async def _perform_surely(self, effect: Effect) -> None:
        while True:
            try:
                await self._perform(effect)
                return
            except GoneError:
                self.inputs.put_nowait(HungUp())
                return
            except LostError:
                if not self.inside:
                    return
                await self._around.connected()
            except RefusedError as error:
                log.warning("call %s: %s", self.caller.channel, error)
                self._refused(effect)
                return

    def _refused(self, effect: Effect) -> None:
        if isinstance(effect, Play):
            self._playing.pop(self._playback(effect.token), None)
            self.inputs.put_nowait(PlayFailed(effect.token))
        elif isinstance(effect, RecordIt):
            self.recording_ended(None, "refused")

    async def _perform(self, effect: Effect) -> None:
        match effect:
            case Entered():
                self._enter(effect)
            case Left():
                log.debug("call %s leaves %s by %s", self.caller.channel, effect.node, effect.outcome)
            case Wait():
                self._until = effect.until
            case Play():
                await self._play(effect)
            case StopPlay():
                await self._stop_play(effect.token)
            case Connect():
                await self._connect(effect)
            case LookUp():
                self._begin(self._look_up(effect))
            case RecordIt():
                await self._record(effect)
            case StopRecord():
                await LiveRecording(self._channel.asker, recording_of(self.caller.channel)).stop()
            case RequestCallback():
                self._callbacks.append(effect)
            case HangUp():
                await self._hang_up(effect)
            case Noted():
                self._note(effect)
            case Ended():
                log.debug("call %s ends: %s", self.caller.channel, effect.end)

    def _enter(self, effect: Entered) -> None:
        self.flow = effect.flow
        revision = self.snapshot.revisions.get(effect.flow, "")
        at = self._around.wall()
        self._around.tell(NodeEntered(at=at, call=self.caller.call, flow=effect.flow, revision=revision, node=effect.node))

    def _note(self, effect: Noted) -> None:
        revision = self.snapshot.revisions.get(self.flow, "")
        values = dict(effect.values)
        self._around.tell(
            AnswersKept(at=self._around.wall(), call=self.caller.call, flow=self.flow, revision=revision, values=values)
        )

    async def _play(self, effect: Play) -> None:
        sounds = [self._around.book.sound(self.snapshot, self.flow, heard) for heard in effect.heard]
        for heard, sound in zip(effect.heard, sounds, strict=True):
            if sound is None:
                log.error("flow %s: the sound of “%.60s” is missing; publish the flow again", self.flow, heard)
        media = [f"sound:{sound}" for sound in sounds if sound is not None]
        if not media:
            self.inputs.put_nowait(PlayFailed(effect.token) if effect.heard else PlayFinished(effect.token))
            return
        await self._answer()
        playback = self._playback(effect.token)
        self._playing[playback] = effect.token
        try:
            await self._channel.play_with_id(playback, media=media)
        except RefusedError as error:
            if isinstance(error, GoneError) or error.status != _DONE:
                raise

    async def _stop_play(self, token: int) -> None:
        playback = self._playback(token)
        if self._playing.pop(playback, None) is not None:
            try:
                await Playback(self._channel.asker, playback).stop()
            except GoneError:
                log.debug("playback %s has ended by itself", playback)

    async def _connect(self, effect: Connect) -> None:
        """Decide in ARI, talk in dialplan: set the variables, and let go."""
        for token in list(self._playing.values()):
            await self._stop_play(token)
        async with self.lease:
            self.leaving = True
        if effect.back:
            await Applications(self._channel.asker).subscribe(dialplan.APP, event_source=[f"channel:{self.caller.channel}"])
        ring = "" if effect.ring is None else str(max(1, effect.ring // SECOND))
        variables = {
            dialplan.RING: ring, dialplan.COMES_BACK: "1" if effect.back else "", dialplan.FLOW: self.flow,
            "TIMEOUT(absolute)": _NO_LIMIT,
        }  # fmt: skip
        await self._channel.set_channel_vars(variables=variables)
        await self._channel.continue_in_dialplan(context=CONTEXTS[effect.kind], extension=effect.name or "s", priority=1)

    async def _hang_up(self, effect: HangUp) -> None:
        """End the call, if it is ours still: one that the dialplan took back in this moment may be in a conversation by now."""
        self.leaving = True
        if effect.cause != "normal":
            await self._channel.set_channel_vars(variables={dialplan.COMES_BACK: ""})  # refused where it is not ours
            await self._channel.hangup(reason=effect.cause)
            return
        await self._channel.continue_in_dialplan(context=dialplan.GO_HANGUP, extension="s", priority=1)

    async def _record(self, effect: RecordIt) -> None:
        await self._answer()
        self._recording = effect
        try:
            await self._channel.record(
                name=recording_of(self.caller.channel), format=FORMAT, max_duration_seconds=max(1, effect.most // SECOND),
                max_silence_seconds=effect.silence // SECOND, if_exists="overwrite", beep=effect.beep, terminate_on="none",
            )  # fmt: skip
        except RefusedError as error:
            if isinstance(error, GoneError) or error.status != _DONE:
                raise

    async def _answer(self) -> None:
        if not self._answered:
            await self._channel.answer()
            self._answered = True

    async def _look_up(self, effect: LookUp) -> None:
        flow = self._flows.book.get(self.flow)
        self.inputs.put_nowait(await asking_hosts.look_up(effect, flow.hosts if flow else ()))

    async def _keep(self, wanted: RecordIt, seconds: float) -> None:
        await self._around.keep_recording(self.caller.call, self.flow, recording_of(self.caller.channel), wanted)
        self.inputs.put_nowait(Recorded(wanted.token, seconds))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("call %s: work on the side has failed", self.caller.channel, exc_info=error)

    def _playback(self, token: int) -> str:
        return f"{self.caller.channel}-{token}"


def pressed(digit: str, duration_ms: int) -> Digit:
    """A key as the engine is told of it."""
    return Digit(digit, duration_ms)
