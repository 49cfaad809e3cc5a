"""Talks of several calls, as the mirror port carries them, and what a box made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.ledger import Ledger
from appliance.lookup import get_recording, read_call, select_calls
from appliance.records import CallRinging, WeirdSeen
from capture.frames import Address
from tests.bed.recorded import recorded
from tests.bed.talks import Ear, Person, Scene, host

A, B, C, D = Person("09011112222", 1, 440), Person("201", 2, 1000), Person("202", 3, 1600), Person("09033334444", 4, 2300)
PBX = Person("pbx", 5)
LINE = "0312345678"
FROM_A, FROM_D = f"<sip:{A.user}@10.0.0.5>", f"<sip:{D.user}@10.0.0.5>"
WITHHELD = '"Anonymous" <sip:anonymous@anonymous.invalid>'
SESSION = "Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000"
Told = dict[str, tuple[Call, Recording | None]]


def relay(port: int) -> Address:
    """An audio port of the exchange."""
    return Address(host(5), 10000 + 2 * port)


def outcome(box: Box) -> Told:
    """Every call with its recording, by Call-ID."""
    with Ledger.open(box.folders.ledger) as ledger:
        names = {
            row.record.call: row.record.sip_call_id for row in ledger.since(0, [CallRinging]) if isinstance(row.record, CallRinging)
        }
        found = {}
        for row in ledger.connection.execute(*select_calls("ORDER BY started_at")):
            call = read_call(row)
            found[names[call.id]] = (call, get_recording(ledger.connection, call.id))
        return found


def ties(told: Told) -> dict[str, tuple[str, str]]:
    """Which call is a leg of which, and by what."""
    names = {call.id: name for name, (call, _) in told.items()}
    return {name: (names[call.main], str(call.tied_by)) for name, (call, _) in told.items() if call.main}


def recordings(told: Told) -> list[str]:
    return [name for name, (_, recording) in told.items() if recording]


def sound(told: Told) -> Any:
    """What came out, without what differs between two sealings."""
    return {
        name: (call, recording and (recording.facts.plain_sha256, recording.facts.packets, recording.facts.cut))
        for name, (call, recording) in told.items()
    }


def weirds(box: Box) -> set[str]:
    with Ledger.open(box.folders.ledger) as ledger:
        return {row.record.name for row in ledger.since(0, [WeirdSeen]) if isinstance(row.record, WeirdSeen)}


def heard(box: Box, told: Told, name: str) -> Ear:
    recording = told[name][1]
    assert recording is not None
    return Ear(box, recording)


def settled(box: Box, told: Told) -> None:
    """Every INVITE ends as a recording or with a reason, each leg as tied, and no spool is left."""
    for call, recording in told.values():
        assert call.settled
        assert (call.not_recorded == "tied") == (call.main is not None)
        if call.main:
            assert (recording, call.detail) == (None, f"call {call.main}")
    assert [path for path in box.folders.spool.rglob("*") if path.is_file()] == []


def through(folder: Path, scene: Scene, config: str = "") -> tuple[Box, Told]:
    """The scene recorded into a box."""
    folder = folder / "var"
    if config:
        folder.mkdir()
        (folder / "appliance.toml").write_text(config)
    box = recorded(folder, frames=scene.frames)
    told = outcome(box)
    settled(box, told)
    return box, told


def proxied() -> Scene:
    """A proxy on the mirror: one dialog on two hops."""
    scene = Scene()
    scene.dial("m", A, B, hops=(5,)).invite(0).ring(0.1).answered(0.5).talk(0.6, 1.6).bye(1.8)
    return scene


def sent_on(*, shown: str = FROM_A, first: str = "", extra: tuple[str, ...] = ()) -> Scene:
    """An exchange sends the call on and relays the audio."""
    scene = Scene()
    m = scene.dial("m", A, PBX, user=LINE, shown=first, answer=relay(0)).invite(0, *extra)
    leg = scene.dial("leg", PBX, B, shown=shown, offer=relay(1)).invite(0.05, *extra).ring(0.1).answered(0.5)
    m.ring(0.11).answered(0.51).talk(0.6, 1.6, called=B).bye(1.8)
    leg.talk(0.61, 1.61, caller=A).bye(1.81)
    return scene


def direct() -> Scene:
    """An exchange passes descriptions on: one pair of streams, two dialogs."""
    scene = Scene()
    m = scene.dial("m", A, PBX, user=LINE, shown=WITHHELD, answer=B.media).invite(0)
    leg = scene.dial("leg", PBX, B, shown=WITHHELD, offer=A.media).invite(0.05).ring(0.1).answered(0.5)
    m.ring(0.11).answered(0.51).talk(0.6, 1.6, called=B).bye(1.8)
    leg.bye(1.81)
    return scene


def direct_later() -> Scene:
    """The exchange relays first, and takes itself out of the way once both have answered."""
    scene = Scene()
    m = scene.dial("m", A, PBX, user=LINE, shown=WITHHELD, answer=relay(0)).invite(0)
    leg = scene.dial("leg", PBX, B, shown=WITHHELD, offer=relay(1)).invite(0.05).answered(0.5)
    m.answered(0.51).talk(0.6, 1.2, called=B)
    leg.talk(0.61, 1.21, caller=A).again(1.3, offer=A.media, answer=B.media)
    m.again(1.32, offer=B.media, answer=A.media, by_caller=False)
    scene.speak(1.4, 2.4, A.hz, A.media, B.media)
    scene.speak(1.4, 2.4, B.hz, B.media, A.media)
    m.bye(2.5)
    leg.bye(2.51)
    return scene


def blind_by_called() -> Scene:
    """A calls B, B refers A to C and hangs up at once."""
    scene = Scene()
    scene.dial("m", A, B).invite(0).answered(0.3).talk(0.4, 1.4).refer(1.5, f"<sip:{C.user}@10.0.0.3>").bye(1.52, by_caller=False)
    later = Person(A.user, A.number, A.hz, 20010)
    scene.dial("t", later, C).invite(1.6).ring(1.7).answered(2.0).talk(2.1, 3.1).bye(3.2)
    return scene


def blind_by_caller() -> Scene:
    """A calls B, A refers B to C: B stays where it is heard."""
    scene = Scene()
    m = scene.dial("m", A, B).invite(0).answered(0.3).talk(0.4, 1.4)
    m.refer(1.5, f"<sip:{C.user}@10.0.0.3>", f"Referred-By: <sip:{A.user}@10.0.0.1>", by_caller=True)
    scene.dial("t", B, C).invite(1.6, f"Referred-By: <sip:{A.user}@10.0.0.1>").answered(2.0).talk(2.1, 3.1).bye(3.2)
    m.bye(2.05)
    return scene


def attended() -> Scene:
    """A calls B; B asks C in private; then A takes B's place in that call. B's telephone keeps the line to A until it has worked."""
    scene = Scene()
    m = scene.dial("m", A, B).invite(0).answered(0.3).talk(0.4, 1.2)
    m.again(1.25, offer=B.media, answer=A.media, by_caller=False, direction="sendonly")
    private = Person(B.user, B.number, B.hz, 20020)
    consult = scene.dial("c", private, C).invite(1.3).answered(1.5).talk(1.6, 2.4)
    replaced = consult.replaces(of_called=True)
    within = replaced.replace(";", "%3B").replace("=", "%3D")
    m.refer(2.5, f"<sip:{C.user}@10.0.0.3?Replaces={within}>", f"Referred-By: <sip:{B.user}@10.0.0.2>")
    later = Person(A.user, A.number, A.hz, 20010)
    at_c = Person(C.user, C.number, C.hz, 20012)
    scene.dial("t", later, at_c).invite(2.6, f"Replaces: {replaced}").answered(2.65).talk(2.7, 3.5).bye(3.6)
    consult.bye(2.66, by_caller=False)
    m.bye(2.8, by_caller=False)
    return scene


def ring_group() -> Scene:
    """Five telephones ring; the third answers, four are cancelled."""
    scene = Scene()
    m = scene.dial("m", A, PBX, user=LINE, answer=relay(0)).invite(0)
    people = [Person(str(200 + number), 20 + number, 1000 if number == 3 else 2000) for number in range(1, 6)]
    legs = [scene.dial(f"leg{p.user}", PBX, p, shown=FROM_A, offer=relay(n + 1)) for n, p in enumerate(people)]
    for number, leg in enumerate(legs):
        leg.invite(0.05 + number / 100).ring(0.2 + number / 100)
    m.ring(0.3)
    legs[2].answered(1.0)
    m.answered(1.01).talk(1.1, 1.9, called=people[2]).bye(2.0)
    legs[2].talk(1.11, 1.91, caller=A).bye(2.01)
    for number in (0, 1, 3, 4):
        legs[number].cancel(1.02 + number / 100)
    return scene


def gone_out() -> Scene:
    """An extension calls outside, and the exchange shows the office's number there: only the answers say that it is one talk."""
    scene = Scene()
    m = scene.dial("m", B, PBX, user=f"0{D.user}", answer=relay(0)).invite(0).ring(0.2)
    leg = scene.dial("leg", PBX, D, shown=f"<sip:{LINE}@10.0.0.5>", offer=relay(1)).invite(0.05).ring(0.1).answered(1.0)
    m.answered(1.01).talk(1.1, 1.9, called=D).bye(2.0)
    leg.talk(1.11, 1.91, caller=B).bye(2.01)
    return scene


def picked_up() -> Scene:
    """A calls B; C takes B's place by Replaces, and A's telephone ends the call to B."""
    scene = Scene()
    m = scene.dial("m", A, B).invite(0).answered(0.3).talk(0.4, 1.4)
    scene.dial("t", C, Person(A.user, A.number, A.hz, 20010)).invite(1.5, f"Replaces: {m.replaces(of_called=False)}").answered(
        1.55
    ).talk(1.6, 2.4).bye(2.5)
    m.bye(1.56)
    return scene
