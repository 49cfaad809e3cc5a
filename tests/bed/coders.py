"""Speech as RTP payloads of every codec we decode, by encoders that are not ours: FFmpeg's library and program, bcg729, vo-amrwbenc.

FFmpeg also decodes for us; G.729 and AMR-WB are therefore encoded by somebody else, and what the public captures hold comes from yet
others. There is no encoder of iLBC in Debian 12: what one made elsewhere is kept in `ilbc/`.
"""

from __future__ import annotations

import ctypes
import io
import subprocess
from collections.abc import Callable
from functools import partial
from itertools import zip_longest
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from capture.payloads import Encoding

Samples = NDArray[np.int16]
AMR_BITS = {"AMR": (95, 103, 118, 134, 148, 159, 204, 244), "AMR-WB": (132, 177, 253, 285, 317, 365, 397, 461, 477)}


def _library(codec: str, rate: int, samples: Samples, **options: str) -> list[bytes]:
    """Packets of one of PyAV's encoders."""
    context = av.AudioCodecContext.create(codec, "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout = rate, "mono"
    context.format = "flt" if codec == "amr" else "s16"
    bit_rate = options.pop("bit_rate", "")
    if bit_rate:
        context.bit_rate = int(bit_rate)
    context.options = options
    context.open()
    size = context.frame_size or len(samples)
    samples, packets = np.pad(samples, (0, -len(samples) % size)), []
    for begin in range(0, len(samples), size):
        frame = av.AudioFrame.from_ndarray(samples[begin : begin + size].reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = rate, begin
        packets += [bytes(packet) for packet in context.encode(frame)]
    return packets + [bytes(packet) for packet in context.encode(None)]


def _program(codec: str, form: str, rate: int, samples: Samples) -> bytes:
    """A file that Debian's ffmpeg makes."""
    command = ["ffmpeg", "-v", "error", "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "-", "-c:a", codec, "-f", form, "-"]
    return subprocess.run(command, input=samples.tobytes(), capture_output=True, check=True).stdout


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[begin : begin + size] for begin in range(0, len(data) - size + 1, size)]


def _adpcm(codec: str, bits: int, samples: Samples) -> list[bytes]:
    return _cut(b"".join(_library(codec, 8000, samples, code_size=str(bits))), 20 * bits)


def _gsm(samples: Samples) -> list[bytes]:
    return _cut(_program("libgsm", "gsm", 8000, samples), 33)


def _speex(rate: int, samples: Samples) -> list[bytes]:
    with av.open(io.BytesIO(_program("libspeex", "ogg", rate, samples)), "r") as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def _g729(samples: Samples, *, silence: bool = False) -> list[bytes]:
    """20 ms a payload; with `silence` the encoder sends descriptions of it, and then nothing: such payloads are empty."""
    library = ctypes.CDLL("libbcg729.so.0")
    library.initBcg729EncoderChannel.restype = ctypes.c_void_p
    library.bcg729Encoder.argtypes = [ctypes.c_void_p] * 4
    channel = library.initBcg729EncoderChannel(ctypes.c_uint8(silence))
    frames = []
    for begin in range(0, len(samples) - 79, 80):
        out, size = (ctypes.c_uint8 * 10)(), ctypes.c_uint8(0)
        part = np.ascontiguousarray(samples[begin : begin + 80])
        library.bcg729Encoder(channel, part.ctypes.data, ctypes.addressof(out), ctypes.addressof(size))
        frames.append(bytes(out)[: size.value])
    return [first + second for first, second in zip(frames[::2], frames[1::2], strict=False)]


def amr_wideband(samples: Samples, mode: int = 8) -> list[bytes]:
    """Frames as files hold them."""
    library = ctypes.CDLL("libvo-amrwbenc.so.0")
    library.E_IF_init.restype = ctypes.c_void_p
    library.E_IF_encode.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    state, frames = library.E_IF_init(), []
    for begin in range(0, len(samples) - 319, 320):
        out, part = (ctypes.c_uint8 * 64)(), np.ascontiguousarray(samples[begin : begin + 320])
        size = library.E_IF_encode(state, mode, part.ctypes.data, ctypes.addressof(out), 0)
        frames.append(bytes(out)[:size])
    return frames


def amr_payload(
    name: str, frames: list[bytes], *, aligned: bool, head: str = "", checked: bool = False, by_octets: bool = False
) -> bytes:
    """Stored frames packed as RFC 4867 §4.3 or §4.4 says, written as text of zeros and ones; `head` stands behind the first octet."""
    kinds = [frame[0] >> 3 & 15 for frame in frames]
    entries = [f"{int(place < len(kinds) - 1)}{kind:04b}1" for place, kind in enumerate(kinds)]
    speech = [
        "".join(f"{octet:08b}" for octet in frame[1:])[: 0 if kind > 13 else AMR_BITS[name][kind]]
        for frame, kind in zip(frames, kinds, strict=True)
    ]
    if aligned:
        padded = [part + "0" * (-len(part) % 8) for part in speech]
        octets = [[part[place : place + 8] for place in range(0, len(part), 8)] for part in padded]
        ordered = [octet for row in zip_longest(*octets, fillvalue="") for octet in row] if by_octets else padded
        checksums = ["10100101" for part in speech if part] if checked else []
        bits = "11110000" + head + "".join(entry + "00" for entry in entries) + "".join(checksums) + "".join(ordered)
    else:
        bits = "1111" + "".join(entries) + "".join(speech)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[place : place + 8], 2) for place in range(0, len(bits), 8))


def amr_interleaved(name: str, frames: list[bytes], rounds: int, each: int, *, by_octets: bool = False) -> list[bytes]:
    """Payloads of `each` frames, of which `rounds` are an interleaved group (RFC 4867 §4.4.1); frames that fill none are left out."""
    group, found = rounds * each, []
    for begin in range(0, len(frames) - group + 1, group):
        for index in range(rounds):
            head, own = f"{rounds - 1:04b}{index:04b}", frames[begin + index : begin + group : rounds]
            found.append(amr_payload(name, own, aligned=True, head=head, by_octets=by_octets))
    return found


def _amr(aligned: bool, samples: Samples) -> list[bytes]:
    frames = _library("libopencore_amrnb", 8000, samples, bit_rate="12200")
    frames = [frame if len(frame) == 32 else bytes([7 << 3 | 4]) + frame for frame in frames]
    return [amr_payload("AMR", [frame], aligned=aligned) for frame in frames]


def _amr_wb(aligned: bool, samples: Samples) -> list[bytes]:
    return [amr_payload("AMR-WB", [frame], aligned=aligned) for frame in amr_wideband(samples)]


def _linear(width: int, samples: Samples) -> list[bytes]:
    return _cut(np.repeat(samples, width).astype(">i2").tobytes(), width * 320)


CODERS: dict[Encoding, tuple[int, Callable[[Samples], list[bytes]]]] = {
    Encoding("PCMU", 8000): (8000, lambda samples: _cut(b"".join(_library("pcm_mulaw", 8000, samples)), 160)),
    Encoding("PCMA", 8000): (8000, lambda samples: _cut(b"".join(_library("pcm_alaw", 8000, samples)), 160)),
    Encoding("G722", 8000): (16000, lambda samples: _cut(b"".join(_library("g722", 16000, samples)), 160)),
    **{Encoding(f"G726-{8 * bits}", 8000): (8000, partial(_adpcm, "g726le", bits)) for bits in (2, 3, 4, 5)},
    **{Encoding(f"AAL2-G726-{8 * bits}", 8000): (8000, partial(_adpcm, "g726", bits)) for bits in (2, 3, 4, 5)},
    Encoding("GSM", 8000): (8000, _gsm),
    Encoding("G729", 8000): (8000, _g729),
    Encoding("G729", 8000, 1, "annexb=yes"): (8000, partial(_g729, silence=True)),
    Encoding("G723", 8000): (8000, lambda samples: _library("g723_1", 8000, samples, bit_rate="6300")),
    Encoding("OPUS", 48000, 2): (48000, lambda samples: _library("libopus", 48000, samples, bit_rate="24000")),
    **{Encoding("SPEEX", rate): (rate, partial(_speex, rate)) for rate in (8000, 16000, 32000)},
    Encoding("AMR", 8000): (8000, partial(_amr, False)),
    Encoding("AMR", 8000, 1, "octet-align=1; mode-change-capability=2"): (8000, partial(_amr, True)),
    Encoding("AMR-WB", 16000): (16000, partial(_amr_wb, False)),
    Encoding("AMR-WB", 16000, 1, "mode-set=8;octet-align=1"): (16000, partial(_amr_wb, True)),
    Encoding("L16", 16000): (16000, partial(_linear, 1)),
    Encoding("L16", 44100, 2): (44100, partial(_linear, 2)),
}
"""Encoding → (sample rate, from samples to payloads)."""

GAPS = {Encoding("G729", 8000, 1, "annexb=yes")}
"""Whose coder sends nothing while there is silence."""


def kept() -> dict[Encoding, tuple[int, Samples, list[bytes]]]:
    """Encodings without a coder here → (Hz, speech, its payloads of one frame each)."""
    folder = Path(__file__).with_name("ilbc")
    said, rate = soundfile.read(folder / "said.flac", dtype="int16")
    found = {}
    for parameters, octets in (("mode=20", 38), ("", 50)):
        frames = (folder / f"mode{20 if parameters else 30}.bin").read_bytes()
        payloads = [frames[begin : begin + octets] for begin in range(0, len(frames), octets)]
        found[Encoding("ILBC", 8000, 1, parameters)] = rate, said, payloads
    return found
