"""The numbers of Skinny are those that tshark knows, and every codec named is one that exists."""

from __future__ import annotations

import re
import subprocess

import pytest

from capture.payloads import STATIC
from capture.sccp_codes import CODECS, FROM_PHONE, KEYS, SUITES, CallState, Id
from capture.srtp import SUITES as OPENED
from tests import needs


@needs.program("tshark")
def test_tshark_knows_the_same_messages_and_states() -> None:
    said = subprocess.run(["tshark", "-G", "values"], capture_output=True, text=True, check=True).stdout
    found = {
        (field, int(number)): name
        for field, number, name in re.findall(
            r"^V\tskinny\.(messageId|callState|compressionType)\t(\d+)\t(.*)$", said, re.MULTILINE
        )
    }
    names = {
        Id.REGISTER: "RegisterReq", Id.KEYPAD: "KeypadButton", Id.OFF_HOOK: "OffHook", Id.ON_HOOK: "OnHook",
        Id.RECEIVE_ACK: "OpenReceiveChannelAck", Id.SOFT_KEY: "SoftKeyEvent", Id.UNREGISTER: "UnregisterReq",
        Id.START_SENDING: "StartMediaTransmission", Id.STOP_SENDING: "StopMediaTransmission", Id.CALL_INFO: "CallInfo",
        Id.RECEIVE: "OpenReceiveChannel", Id.STOP_RECEIVING: "CloseReceiveChannel", Id.SELECT_SOFT_KEYS: "SelectSoftKeys",
        Id.CALL_STATE: "CallState", Id.DIALED: "DialedNumber", Id.CALL_INFO_V2: "CallInfoV2",
        Id.SENDING_ACK: "StartMediaTransmissionAck",
    }  # fmt: skip
    assert {number: found["messageId", number] for number in Id} == names
    for number, word in ((CallState.RING_IN, "RingIn"), (CallState.CONNECTED, "Connected"), (CallState.ON_HOOK, "OnHook")):
        assert found["callState", number] == word


@pytest.mark.parametrize("number", CODECS)
def test_a_codec_with_a_fixed_payload_type_has_that_of_rfc_3551(number: int) -> None:
    payload_type, encoding = CODECS[number]
    assert payload_type is None or STATIC[payload_type].name == encoding.name


def test_what_else_is_listed_is_known_elsewhere() -> None:
    assert set(SUITES.values()) <= set(OPENED)
    assert set(Id) >= FROM_PHONE
    assert set(KEYS.values()) == set("0123456789*#")
