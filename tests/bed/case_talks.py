"""Capture cases of what happens in a call: NAT, early media, hold, changes, loss, SRTP, keys, names, ends, codecs."""

from __future__ import annotations

import base64
from dataclasses import replace

from appliance.moments import SECOND
from appliance.records import Side
from capture.frames import Address
from capture.payloads import Encoding
from tests.bed.case_list import ANSWER, CASE, ENDS, OFFER, Made, case
from tests.bed.coders import CODERS
from tests.bed.made import protector
from tests.bed.mirrors import plain_with
from tests.bed.scene import DESK, MUSIC_HZ, TALK, Scene, plain
from tests.capture.playbook import CALL, CALLED, CALLER, frame, sdp


@case("nat")
def _nat() -> Made:
    """The caller's phone is behind NAT: it announces a private address, and sends and receives at another one."""
    scene = Scene()
    public = Address(b"\xcb\x00\x71\x07", 31000)
    scene.begin(offer=sdp("192.168.1.5", 4000))
    scene.speak(Side.CALLER, source=public, to=DESK)
    scene.speak(Side.CALLED, source=DESK, to=public)
    scene.end()
    return scene.frames()


@case("early-media")
def _early() -> Made:
    """An announcement is heard before the answer, from another port than the one that is answered with."""
    scene = Scene()
    scene.tell(0.0, scene.call.invite(OFFER))
    scene.tell(0.1, scene.call.response(183, sdp("192.0.2.10", 6100)), by=Side.CALLED)
    scene.speak(Side.CALLED, 0.12, 0.6, hz=MUSIC_HZ, source=Address(CALLED.host, 6100), ssrc=9)
    scene.tell(0.8, scene.call.response(200, ANSWER), by=Side.CALLED)
    scene.tell(0.81, scene.call.request("ACK"))
    for side in Side:
        scene.speak(side, 0.83)
    scene.end(0.85 + TALK)
    return scene.frames()


@case("ssrc-change")
def _ssrc() -> Made:
    """The called side begins a new SSRC, with sequence numbers and timestamps of its own, in the middle of the talk."""
    scene = Scene()
    scene.begin()
    scene.speak(Side.CALLER)
    scene.speak(Side.CALLED, 0.53, 0.6)
    scene.speak(Side.CALLED, 1.13, 0.6, ssrc=77, first=40000)
    scene.end()
    return scene.frames()


@case("port-change")
def _port() -> Made:
    """A re-INVITE moves the called side to another port."""
    scene = Scene()
    scene.begin()
    scene.speak(Side.CALLER, 0.53, 0.6)
    scene.speak(Side.CALLED, 0.53, 0.6)
    moved = Address(CALLED.host, 6200)
    scene.tell(1.13, scene.call.request("INVITE", sdp("192.0.2.10", 6200), by=Side.CALLED, sequence=10), by=Side.CALLED)
    scene.tell(1.15, scene.call.response(200, OFFER, sequence=10, by=Side.CALLER), by=Side.CALLER)
    scene.tell(1.16, scene.call.request("ACK", by=Side.CALLED, sequence=10), by=Side.CALLED)
    scene.speak(Side.CALLER, 1.17, 0.6, first=31, to=moved)
    scene.speak(Side.CALLED, 1.17, 0.6, source=moved, ssrc=12, first=100)
    scene.end()
    return scene.frames()


def held(music: bool) -> Made:
    """The called side holds for a second."""
    scene = Scene()
    scene.begin()
    for side in Side:
        scene.speak(side, 0.53, 0.4)
    hold = sdp("192.0.2.10", 6000, "a=sendonly" if music else "a=inactive")
    scene.tell(0.95, scene.call.request("INVITE", hold, by=Side.CALLED, sequence=10), by=Side.CALLED)
    scene.tell(0.96, scene.call.response(200, sdp("198.51.100.10", 4000, "a=recvonly" if music else "a=inactive"), sequence=10,
                                         by=Side.CALLER))  # fmt: skip
    scene.tell(0.97, scene.call.request("ACK", by=Side.CALLED, sequence=10), by=Side.CALLED)
    if music:
        scene.speak(Side.CALLED, 0.98, 1.0, hz=MUSIC_HZ, ssrc=33, first=500)
    scene.tell(2.0, scene.call.request("INVITE", ANSWER, by=Side.CALLED, sequence=11), by=Side.CALLED)
    scene.tell(2.01, scene.call.response(200, OFFER, sequence=11, by=Side.CALLER))
    scene.tell(2.02, scene.call.request("ACK", by=Side.CALLED, sequence=11), by=Side.CALLED)
    for side in Side:
        scene.speak(side, 2.03, 0.4, first=21, later=55)
    scene.end(2.5)
    return scene.frames()


@case("hold-music")
def _hold_music() -> Made:
    """The called side holds (sendonly), music comes from its port with an SSRC of its own, and the talk goes on."""
    return held(music=True)


@case("hold-silent")
def _hold_silent() -> Made:
    """The called side holds (inactive): nobody sends for a second, and the talk goes on."""
    return held(music=False)


@case("silence-suppression")
def _suppressed() -> Made:
    """The caller's phone sends nothing while nobody speaks: the sequence numbers go on, the timestamps jump."""
    scene = Scene()
    scene.begin()
    scene.speak(Side.CALLED, seconds=1.6)
    scene.speak(Side.CALLER, 0.53, 0.5)
    scene.speak(Side.CALLER, 1.63, 0.4, first=26, later=30)
    scene.end(2.2)
    return scene.frames()


@case("loss")
def _loss() -> Made:
    """Every tenth packet of the caller is lost, and five of the called in a row."""
    scene = Scene()
    scene.begin()
    scene.speak(Side.CALLER, skip=range(5, 60, 10))
    scene.speak(Side.CALLED, skip=range(20, 25))
    scene.end()
    return scene.frames()


@case("jitter")
def _jitter() -> Made:
    """The caller's packets come up to 15 ms late, two of them out of order."""
    scene = plain()
    late = [0, 9, 3, 15, 1, 25, 0, 7]
    count = 0
    for place, one in enumerate(scene.made):
        if len(one.frame) == 214 and one.frame[26:30] == CALLER.host:
            scene.made[place] = one._replace(at=one.at + late[count % len(late)] * SECOND // 1000)
            count += 1
    return scene.frames()


def secured(known: bool, rollover: int = 0) -> Made:
    """A call in SRTP; the sequence numbers have wrapped so often before it is seen."""
    suite, keys = "AES_CM_128_HMAC_SHA1_80", {side: bytes(range(place, place + 30)) for place, side in enumerate(Side)}
    told_keys = keys if known else {side: bytes(30) for side in Side}
    lines_of = {side: f"a=crypto:1 {suite} inline:{base64.b64encode(key).decode()}" for side, key in told_keys.items()}
    scene = Scene()
    scene.begin(
        sdp("198.51.100.10", 4000, lines_of[Side.CALLER], protocol="RTP/SAVP"),
        sdp("192.0.2.10", 6000, lines_of[Side.CALLED], protocol="RTP/SAVP"),
    )
    for ssrc, side in enumerate(Side, 1):
        scene.speak(side, protect=protector(suite, keys[side], (rollover << 16) + 1, ssrc))
    scene.end()
    return scene.frames()


@case("srtp")
def _srtp() -> Made:
    """SRTP with the keys in the signalling (SDES)."""
    return secured(known=True)


@case("srtp-after-a-wrap")
def _srtp_wrapped() -> Made:
    """SRTP whose sequence numbers wrapped three times before it is seen: the rollover counter is found by the tag."""
    return secured(known=True, rollover=3)


@case("srtp-without-keys")
def _srtp_dark() -> Made:
    """SRTP whose keys are others than those in the signalling: no noise is recorded, and the reason is said."""
    return secured(known=False)


@case("dtls-srtp")
def _dtls() -> Made:
    """SRTP with keys agreed on in the media path (DTLS): a fingerprint in the signalling, and nothing that a listener could open."""
    scene = Scene()
    print_line = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)
    scene.begin(*(sdp(host, port, print_line, protocol="UDP/TLS/RTP/SAVP") for host, port in ENDS))
    for side in Side:
        scene.speak(side, protect=protector("AES_CM_128_HMAC_SHA1_80", bytes(range(30))))
    scene.end()
    return scene.frames()


@case("digits-rfc4733")
def _digits() -> Made:
    """The caller presses 1, # and 0 as telephone events (RFC 4733), each told four times."""
    scene = Scene()
    events = "a=rtpmap:101 telephone-event/8000"
    scene.begin(sdp("198.51.100.10", 4000, events), sdp("192.0.2.10", 6000, events))
    scene.speak(Side.CALLED)
    scene.speak(Side.CALLER, 0.53, 0.3)
    for place, key in enumerate((1, 11, 0)):
        scene.press(0.85 + 0.26 * place, key, first=16 + 4 * place, later=1 + 9 * place)
    scene.end()
    return scene.frames()


@case("digits-info")
def _info() -> Made:
    """The caller presses 5 and * in SIP INFO, both kinds of body."""
    scene = plain()
    for place, (kind, body) in enumerate((("dtmf-relay", "Signal=5\r\nDuration=160\r\n"), ("dtmf", "*"))):
        info = scene.call.request("INFO", body, sequence=2 + place, content=f"application/{kind}")
        scene.tell(0.9 + 0.3 * place, info)
        scene.tell(0.92 + 0.3 * place, scene.call.response(200, to="INFO", sequence=2 + place), by=Side.CALLED)
    scene.made = [one for one in scene.made if b"BYE" not in one.frame]
    scene.end(sequence=4)
    return scene.frames()


def named(raw: bytes) -> Made:
    """A call whose caller has this display name; the playbook writes UTF-8, so it is put in afterwards."""
    scene = plain_with(Scene(call=replace(CALL, caller='"NAME" <sip:09012345678@ntt.example>')))
    found = []
    for one in scene.frames():
        if b"NAME" in one.frame:
            _, udp = one.frame[:34], one.frame[42:].replace(b"NAME", raw)
            ends = (CALLER, CALLED) if one.frame[26:30] == CALLER.host else (CALLED, CALLER)
            found.append(one._replace(frame=frame(*ends, udp)))
        else:
            found.append(one)
    return found


@case("name-utf8")
def _utf8() -> Made:
    """The caller's name in UTF-8, as RFC 3261 has it."""
    return named("山田 太郎".encode())


@case("name-shift-jis")
def _shift_jis() -> Made:
    """The caller's name in Shift_JIS, as old exchanges send it; its second bytes hold a backslash (表)."""
    return named("山田表具店".encode("cp932"))


@case("name-euc-jp")
def _euc_jp() -> Made:
    """The caller's name in EUC-JP: every pair of its bytes is also two half-width katakana of Shift_JIS, in which old exchanges do send
    names, so it is read as those."""
    return named("山田 太郎".encode("euc_jp"))


@case("name-iso-2022-jp")
def _jis() -> Made:
    """The caller's name in ISO-2022-JP."""
    return named("山田 太郎".encode("iso2022_jp"))


@case("not-answered")
def _busy() -> Made:
    """It rings, and the called side is busy."""
    scene = Scene()
    scene.tell(0.0, scene.call.invite(OFFER))
    scene.tell(0.1, scene.call.response(180), by=Side.CALLED)
    scene.tell(0.6, scene.call.response(486), by=Side.CALLED)
    scene.tell(0.61, scene.call.request("ACK"))
    return scene.frames()


@case("cancelled")
def _cancelled() -> Made:
    """The caller gives up while it rings."""
    scene = Scene()
    scene.tell(0.0, scene.call.invite(OFFER))
    scene.tell(0.1, scene.call.response(180), by=Side.CALLED)
    scene.tell(0.6, scene.call.request("CANCEL", within=False))
    scene.tell(0.61, scene.call.response(200, to="CANCEL"), by=Side.CALLED)
    scene.tell(0.62, scene.call.response(487), by=Side.CALLED)
    scene.tell(0.63, scene.call.request("ACK"))
    return scene.frames()


@case("one-sided")
def _one_sided() -> Made:
    """Only the caller is heard."""
    scene = Scene()
    scene.begin()
    scene.speak(Side.CALLER)
    scene.end()
    return scene.frames()


@case("no-media")
def _no_media() -> Made:
    """Answered, and no packet of speech is on the mirror."""
    scene = Scene()
    scene.begin()
    scene.end()
    return scene.frames()


@case("beginning-missed")
def _beginning() -> Made:
    """The capture begins in the talk: the call is known by a re-INVITE."""
    scene = Scene()
    scene.tell(0.0, scene.call.request("INVITE", OFFER, sequence=5))
    scene.tell(0.02, scene.call.response(200, ANSWER, sequence=5), by=Side.CALLED)
    scene.tell(0.03, scene.call.request("ACK", sequence=5))
    for side in Side:
        scene.speak(side)
    scene.end(sequence=6)
    return scene.frames()


@case("end-missed")
def _end() -> Made:
    """The capture ends in the talk."""
    scene = Scene()
    scene.begin()
    for side in Side:
        scene.speak(side)
    return scene.frames()


def spoken_in(encoding: Encoding, sent: Encoding | None = None, seconds: float = 0.96) -> Made:
    """A call in this codec; what is sent may be another than what is announced."""
    number = 97
    rtpmap = f"a=rtpmap:{number} {encoding.name}/{encoding.clock}" + (f"/{encoding.channels}" if encoding.channels > 1 else "")
    extra = (rtpmap, *([f"a=fmtp:{number} {encoding.parameters}"] if encoding.parameters else []))
    scene = Scene()
    scene.begin(*(sdp(host, port, *extra, formats=str(number)) for host, port in ENDS))
    for side in Side:
        scene.speak(side, seconds=seconds, encoding=sent or encoding, payload_type=number)
    scene.end(0.55 + max(TALK, seconds))
    return scene.frames()


def codec_name(encoding: Encoding) -> str:
    """The case's name."""
    what = f"{encoding.name}-{encoding.clock // 1000}k" if encoding.name in ("SPEEX", "L16") else encoding.name
    aligned = "octet-align=1" in encoding.parameters
    return f"codec-{what.lower()}" + ("-aligned" if aligned else "-annexb" if "annexb" in encoding.parameters else "")


for _encoding in CODERS:
    CASE[codec_name(_encoding)] = (
        f"A call in {_encoding.name} at {_encoding.clock} Hz{f' ({_encoding.parameters})' if _encoding.parameters else ''}.",
        lambda encoding=_encoding: spoken_in(encoding, seconds=0.36 if encoding.name == "L16" else 0.96),  # type: ignore[misc]
    )


@case("codec-g726-packed-otherwise")
def _mispacked() -> Made:
    """G.726 that is announced as packed by RFC 3551 and is packed for AAL2: some phones do so, and the sound tells."""
    return spoken_in(Encoding("G726-40", 8000), Encoding("AAL2-G726-40", 8000), 6)


@case("codec-unknown")
def _unknown() -> Made:
    """A codec that nobody here decodes: its name is said, its packets are kept."""
    scene = Scene()
    extra = "a=rtpmap:98 EVS/16000"
    scene.begin(sdp("198.51.100.10", 4000, extra, formats="98"), sdp("192.0.2.10", 6000, extra, formats="98"))
    for side in Side:
        scene.speak(side, payload_type=98)
    scene.end()
    return scene.frames()
