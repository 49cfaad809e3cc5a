"""The talks that are held in the office, all at once, and what became of them. The tests look at it when everything has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.appliance.furnished import session_now
from tests.bed import speech
from tests.bed.asterisk import Endpoint
from tests.bed.ear import Ear
from tests.bed.house import wait_for
from tests.bed.office import Leg, Office, Set, say
from tests.bed.phone import Phone
from tests.bed.script import Script
from tests.bed.speech import RATE, Samples

CODECS = {"ulaw": "PCMU", "alaw": "PCMA", "g722": "G722", "gsm": "GSM", "opus": "OPUS", "g726": "G726-32"}
"""Asterisk's name → ours."""
ON_HOLD_S = 15.0
APART_S = 0.1
"""Nobody's calls begin all in one instant."""
ALIKE = 0.9
"""So well words are heard through a lossy codec and the phones' own resampling (0.97 and better on a machine that is not busy)."""
FOREIGN = 0.5
"""Other words in the same voice are below this (0.3)."""
_HERTZ = (440, 494, 554, 587, 659, 740, 831, 880, 831, 740, 659, 587)
TUNE: Samples = (6000 * np.sin(2 * np.pi * np.cumsum(np.repeat(_HERTZ, RATE // 4)) / RATE)).astype(np.int16)
"""Three seconds of music on hold."""
OUTSIDE = "0612345678"
WITHHELD = '"Anonymous" <sip:anonymous@anonymous.invalid>'
PAUSE, RESUME = "*7", "*8"
SETTINGS = f"""
[capture]
pause_digits = "{PAUSE}"
resume_digits = "{RESUME}"
"""
ANNOUNCEMENT = "ただいま、おつなぎします。しばらく、おまちください。"
DIALPLAN = (
    "exten => 8252,1,Progress()", "same => n,Playback(/mnt/sounds/early,noanswer)", "same => n,Dial(PJSIP/252)",
    "exten => 8260,1,Progress()", "same => n,Playback(/mnt/sounds/early,noanswer)", "same => n,Hangup(17)",
    "exten => 8600,1,Dial(PJSIP/302&PJSIP/303,30)",
    "exten => 0612345678,1,Set(CALLERID(num)=0312345678)", "same => n,Dial(PJSIP/outside/sip:${EXTEN}@${OUTSIDE},30)",
    "exten => _X.,1,Dial(PJSIP/${EXTEN},30)",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """When something happened (ns), as the telephones or the script say it."""

    answered: int = 0
    ended: int = 0
    marks: tuple[int, ...] = ()
    """Of what happened in between: hold, resume, transfer, pause."""
    live: Ear | None = None
    """Who listened to it."""
    kept: tuple[tuple[str, int], ...] = ()
    """(call, when it was captured) of the packets that lay on the spool shortly before the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A talk that was held."""

    caller: str
    moments: Moments
    legs: tuple[Leg, ...]
    """The calls of the wire that are it, oldest first."""
    phone_log: str
    """What the caller's telephone said, with its SIP messages."""

    @property
    def leg(self) -> Leg:
        """The caller's own call."""
        return self.legs[0]

    @property
    def recorded(self) -> tuple[Leg, ...]:
        """The legs that have a recording."""
        return tuple(leg for leg in self.legs if leg.recording is not None)

    def place(self, moment: int) -> float:
        """Where a moment lies in the recording of the caller's own call (s)."""
        return self.leg.place(moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Everything that was held. `talk` raises what went wrong in a talk."""

    talks: Mapping[str, Callable[[], Talk]]
    errors: list[str]
    """What Asterisk complained of."""
    channels: list[str]
    """What Asterisk had left when everybody had hung up."""
    capture: Path
    """What tcpdump saw at the mirror."""
    pbx: str
    telephones: tuple[str, ...]
    """The addresses of Asterisk and of the telephones that it knows."""

    def talk(self, name: str) -> Talk:
        """The talk of this name."""
        return self.talks[name]()


@cache
def announcement() -> Samples:
    """What is said before anybody answers."""
    return speech.say(ANNOUNCEMENT, high=True)


def sets() -> list[Set]:
    """Every telephone. The hundreds and tens say which talk it is for."""
    found = [Set(number=f"1{place}{end}", codecs=(codec,)) for place, codec in enumerate(CODECS) for end in "12"]
    found += [Set(number="201"), Set(number="202")]
    found += [Set(number=f"2{place}{end}") for place in "12" for end in "123"]
    found += [Set(number=f"23{end}", registers=False) for end in "123"]
    found += [Set(number=f"23{end}", registers=False) for end in "67"]
    found += [Set(number="242", codecs=("ulaw", "alaw"))]
    found += [Set(number="251"), Set(number="252", answers="manual"), Set(number="261")]
    found += [Set(number=f"27{end}", direct_media=True) for end in "12"]
    found += [Set(number="281"), Set(number="282", dtmf="info"), Set(number="284")]
    found += [Set(number=f"29{end}", srtp=True) for end in "12"]
    found += [Set(number="301"), Set(number="302", answers="manual"), Set(number="303", answers="manual")]
    found += [Set(number="311"), Set(number=OUTSIDE, registers=False)]
    found += [Set(number=number) for number in ("321", "322", "331", "332", "333", "341", "342")]
    return found


def first_answer(*phones: Phone) -> int:
    """When the first of them knew of the answer: speech flows from then on."""
    return min(phone.wait("CALL_ESTABLISHED").at for phone in phones)


def listener(office: Office, caller: str) -> Ear:
    """Somebody begins to listen to the newest talk of this number in the console."""

    def look() -> str | None:
        return next((call.id for call in office.house.calls() if call.caller == caller and call.answered_at), None)

    call = wait_for(f"the answered call of {caller}", look)
    return Ear(office.house.address, session_now(office.house.box, f"ear of {caller}"), call).start()


def plain(office: Office, a: str, b: str, keys: str = "", heard: bool = False) -> Moments:
    """A calls B; both talk; A hangs up."""
    caller = office.phones[a]
    caller.dial(b)
    answered = first_answer(caller, office.phones[b])
    ear = listener(office, a) if heard else None
    time.sleep(12.0 if heard else 6.0)
    if keys:
        caller.press(keys)
        time.sleep(0.5)
    caller.hang_up()
    office.phones[b].wait("CALL_CLOSED")
    return Moments(answered=answered, ended=caller.wait("CALL_CLOSED").at, live=ear)


def held(office: Office, a: str, b: str) -> Moments:
    """B puts A on hold for a while."""
    caller, called = office.phones[a], office.phones[b]
    caller.dial(b)
    answered = first_answer(caller, called)
    time.sleep(5.0)
    hold = time.time_ns()
    called.hold()
    time.sleep(ON_HOLD_S)
    resume = time.time_ns()
    called.resume()
    time.sleep(6.0)
    caller.hang_up()
    return Moments(answered=answered, ended=caller.wait("CALL_CLOSED").at, marks=(hold, resume))


def blind(office: Office, a: str, b: str, c: str) -> Moments:
    """B sends A on to C (REFER), who ends it."""
    caller, called, third = (office.phones[number] for number in (a, b, c))
    caller.dial(b if called.registers else called.address_of_record)
    answered = first_answer(caller, called)
    time.sleep(5.0)
    called.transfer(c if third.registers else third.address_of_record)
    third.wait("CALL_ESTABLISHED")
    transferred = time.time_ns()
    time.sleep(6.0)
    third.hang_up()
    third.wait("CALL_CLOSED")
    ended = time.time_ns()
    caller.wait("CALL_CLOSED")
    return Moments(answered=answered, ended=ended, marks=(transferred,))


def attended(office: Office, a: str, b: str, c: str) -> Moments:
    """B puts A on hold, talks to C, and gives A to C (REFER with Replaces)."""
    caller, called, third = (office.phones[number] for number in (a, b, c))
    caller.dial(b)
    answered = first_answer(caller, called)
    time.sleep(5.0)
    hold = time.time_ns()
    called.hold()
    called.dial(c)
    consultation = called.wait("CALL_ESTABLISHED", 2)
    time.sleep(6.0)
    target = called.replacing(consultation.call)
    called.line(1)
    called.transfer(target)
    called.wait("CALL_CLOSED", 2)
    transferred = time.time_ns()
    time.sleep(6.0)
    caller.hang_up()
    third.wait("CALL_CLOSED")
    return Moments(answered=answered, ended=caller.wait("CALL_CLOSED").at, marks=(hold, transferred))


def early(office: Office) -> Moments:
    """An announcement before the answer, then a person, who hangs up."""
    caller, called = office.phones["251"], office.phones["252"]
    caller.dial("8252")
    called.wait("CALL_INCOMING", seconds=30.0)
    time.sleep(1.0)
    called.answer()
    answered = first_answer(caller, called)
    time.sleep(6.0)
    called.hang_up()
    return Moments(answered=answered, ended=caller.wait("CALL_CLOSED").at)


def refused(office: Office) -> Moments:
    """An announcement, and nobody ever answers."""
    caller = office.phones["261"]
    caller.dial("8260")
    return Moments(ended=caller.wait("CALL_CLOSED", seconds=30.0).at)


def group(office: Office) -> Moments:
    """Two telephones ring for a number that is nobody's; one of them answers."""
    caller, called, other = (office.phones[number] for number in ("301", "302", "303"))
    caller.dial("8600")
    called.wait("CALL_INCOMING")
    other.wait("CALL_INCOMING")
    time.sleep(1.0)
    called.answer()
    answered = first_answer(caller, called)
    time.sleep(6.0)
    caller.hang_up()
    return Moments(answered=answered, ended=caller.wait("CALL_CLOSED").at)


def outward(office: Office) -> Moments:
    """An extension calls outside, and Asterisk shows the office's number."""
    office.pbx.cli(f"dialplan set global OUTSIDE {office.phones[OUTSIDE].address}")
    return plain(office, "311", OUTSIDE)


def paused(office: Office, a: str, b: str) -> Moments:
    """The one who was called pauses the recording by keys, and lets it go on."""
    caller, called = office.phones[a], office.phones[b]
    caller.dial(b)
    answered = first_answer(caller, called)
    ear = listener(office, a)
    time.sleep(8.0)
    called.press(PAUSE)
    pause = time.time_ns()
    time.sleep(8.0)
    resume = time.time_ns()
    called.press(RESUME)
    time.sleep(6.0)
    kept = tuple(office.on_spool(a))
    caller.hang_up()
    return Moments(answered=answered, ended=caller.wait("CALL_CLOSED").at, marks=(pause, resume), kept=kept, live=ear)


def scripts(office: Office) -> dict[str, tuple[str, Callable[[Office], Moments]]]:
    """Talks of a telephone that is a script, and its number."""

    def script(number: str, whom: str, host: str = "", shows: str = "") -> Script:
        return Script(office.lan, number, say(number), office.folder / number, f"{whom}@{host or office.pbx_address}", shows)

    changing = script("241", "242").invite("PCMU").say("PCMU", 6).invite("PCMA").say("PCMA", 6).bye()
    telling = script("283", "284").invite("PCMU").say("PCMU", 4)
    for key in "26*":
        telling.press(key).pause(0.5)
    telling.pause(1).bye()
    hidden = [script(f"32{end + 4}", f"32{end}", shows=WITHHELD).invite("PCMU").say("PCMU", 6).bye() for end in (1, 2)]
    second, third = office.phones["236"].address, office.phones["237"].address
    replacing = script("235", "236", second).invite("PCMU").say("PCMU", 1).transferred(third).say("PCMU", 6).bye()

    def replaced(office: Office) -> Moments:
        """The one who is called gives the script to a third, phone to phone (REFER with Replaces)."""
        called = office.phones["236"]
        done = office.hold(_run, replacing)
        called.wait("CALL_ESTABLISHED")
        time.sleep(6.0)
        called.hold()
        called.dial(office.phones["237"].address_of_record)
        consultation = called.wait("CALL_ESTABLISHED", 2)
        time.sleep(5.0)
        target = called.replacing(consultation.call)
        called.line(1)
        called.transfer(target)
        called.wait("CALL_CLOSED")
        called.hang_up()
        moments: Moments = done.result()
        return moments

    return {
        "changing": ("241", lambda office: _run(office, changing)),
        "telling": ("283", lambda office: _run(office, telling)),
        "replaced": ("235", replaced),
        **{f"hidden-{end}": ("", partial(_run, script=one)) for end, one in enumerate(hidden, 1)},
    }


def _run(_: Office, script: Script) -> Moments:
    script.run()
    return Moments()


def hold_all(folder: Path) -> Live:
    """Hold all talks at once, and open what was recorded. Raises asterisk.UnavailableError."""
    endpoints = [Endpoint(number=number, codecs=("ulaw", "alaw"), anybody=True) for number in ("241", "283", "outside")]
    endpoints.append(Endpoint(number="anonymous", anybody=True, more="callerid_privacy = prohib"))
    with (
        Office(folder, sets(), DIALPLAN, endpoints, SETTINGS, sounds={"early": announcement()}, music=TUNE) as office,
        office.captured() as capture,
    ):
        begun: dict[str, tuple[str, int, Future[Moments]]] = {}

        def hold(name: str, caller: str, count: int, talk: Callable[..., Moments], *more: Any) -> None:
            begun[name] = caller, count, office.hold(talk, *more)
            time.sleep(APART_S)

        for place, codec in enumerate(CODECS):
            hold(codec, f"1{place}1", 2, plain, f"1{place}1", f"1{place}2")
        hold("hold", "201", 2, held, "201", "202")
        hold("blind", "211", 3, blind, "211", "212", "213")
        hold("attended", "221", 2, attended, "221", "222", "223")
        hold("blind-direct", "231", 2, blind, "231", "232", "233")
        hold("early", "251", 2, early)
        hold("refused", "261", 1, refused)
        hold("direct", "271", 2, plain, "271", "272", "", True)
        hold("keys", "281", 2, plain, "281", "282", "159#")
        hold("srtp", "291", 2, plain, "291", "292")
        hold("group", "301", 3, group)
        hold("outward", "311", 2, outward)
        hold("same-1", "331", 2, plain, "331", "333")
        hold("same-2", "332", 2, plain, "332", "333")
        hold("paused", "341", 2, paused, "341", "342")
        begun["consultation"] = "222", 2, begun["attended"][2]
        for name, (caller, script) in scripts(office).items():
            hold(name, caller, 2 if caller else 4, script)
        for _, _, future in begun.values():
            if future.exception() is None and (ear := future.result().live) is not None:
                ear.wait()
        channels = office.pbx.channels()
        talks = {name: _outcome(office, *rest) for name, rest in begun.items()}
    telephones = tuple(phone.address for phone in office.phones.values() if phone.registers)
    return Live(
        talks=talks, errors=office.pbx.errors(), channels=channels, capture=capture, pbx=office.pbx_address, telephones=telephones
    )  # fmt: skip


def _outcome(office: Office, caller: str, count: int, future: Future[Moments]) -> Callable[[], Talk]:
    try:
        moments = future.result()
        legs = tuple(office.legs(caller, count))
    except AssertionError as error:
        failed = error

        def fail() -> Talk:
            raise failed

        return fail
    phone = office.phones.get(caller)
    talk = Talk(caller=caller, moments=moments, legs=legs, phone_log=phone.log() if phone else "")
    return lambda: talk
