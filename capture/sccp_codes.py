"""The numbers of Skinny (Cisco's SCCP) and what they mean: messages, states of a call, codecs, suites of SRTP. Pure."""

from __future__ import annotations

from enum import IntEnum

from capture.payloads import Encoding


class Id(IntEnum):
    """Messages that are told apart here."""

    REGISTER = 0x0001
    KEYPAD = 0x0003
    OFF_HOOK = 0x0006
    ON_HOOK = 0x0007
    RECEIVE_ACK = 0x0022
    SOFT_KEY = 0x0026
    UNREGISTER = 0x0027
    START_SENDING = 0x008A
    STOP_SENDING = 0x008B
    CALL_INFO = 0x008F
    RECEIVE = 0x0105
    STOP_RECEIVING = 0x0106
    SELECT_SOFT_KEYS = 0x0110
    CALL_STATE = 0x0111
    DIALED = 0x011D
    CALL_INFO_V2 = 0x014A
    SENDING_ACK = 0x0154


FROM_PHONE = frozenset({
    Id.REGISTER, Id.KEYPAD, Id.OFF_HOOK, Id.ON_HOOK, Id.RECEIVE_ACK, Id.SOFT_KEY, Id.UNREGISTER, Id.SENDING_ACK,
})  # fmt: skip
"""Those that the phone sends; the others are the call manager's."""
HIGHEST = 0x0160
SPCP = range(0x8000, 0x8160)
"""Small phones' own numbers."""


class CallState(IntEnum):
    """What a phone is told of a call."""

    OFF_HOOK = 1
    ON_HOOK = 2
    RING_OUT = 3
    RING_IN = 4
    CONNECTED = 5
    BUSY = 6
    CONGESTION = 7
    HOLD = 8
    CALL_WAITING = 9
    TRANSFER = 10
    PARK = 11
    PROCEED = 12
    REMOTE_MULTILINE = 13
    """Another phone of the same line has it."""
    INVALID_NUMBER = 14


OUTBOUND = 2
"""callType of whoever calls; 1 is called, 3 is called because somebody forwarded it."""
HIDES_NAME, HIDES_NUMBER = 1, 2
END_CALL = 9
"""The soft key that hangs up."""
KEYS = {**{number: str(number) for number in range(10)}, 14: "*", 15: "#"}
"""Of KeypadButton."""

CODECS: dict[int, tuple[int | None, Encoding]] = {
    2: (8, Encoding("PCMA", 8000)),
    3: (8, Encoding("PCMA", 8000)),
    4: (0, Encoding("PCMU", 8000)),
    5: (0, Encoding("PCMU", 8000)),
    6: (9, Encoding("G722", 8000)),
    7: (9, Encoding("G722", 8000)),
    8: (9, Encoding("G722", 8000)),
    9: (4, Encoding("G723", 8000)),
    10: (15, Encoding("G728", 8000)),
    11: (18, Encoding("G729", 8000)),
    12: (18, Encoding("G729", 8000)),
    15: (18, Encoding("G729", 8000)),
    16: (18, Encoding("G729", 8000)),
    18: (3, Encoding("GSM", 8000)),
    80: (3, Encoding("GSM", 8000)),
    82: (2, Encoding("G726-32", 8000)),
    25: (None, Encoding("L16", 16000)),
    83: (None, Encoding("G726-24", 8000)),
    84: (None, Encoding("G726-16", 8000)),
    86: (None, Encoding("ILBC", 8000)),
    90: (None, Encoding("OPUS", 48000, 2)),
    97: (None, Encoding("AMR", 8000)),
    98: (None, Encoding("AMR-WB", 16000)),
}
"""Media_PayloadType → payload type on the wire (None: it is agreed on in the message), encoding."""
SUITES = {1: "AES_CM_128_HMAC_SHA1_32", 2: "AES_CM_128_HMAC_SHA1_80"}
"""Of SRTP, by algorithmID."""
