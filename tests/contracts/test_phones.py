"""What every make of telephone must do: ask by its own MAC, be told all it needs and its own password alone, and bear any name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import registry
from appliance.phone_settings import Extension
from provisioning.telephones import answer
from tests.bed.desk_sets import MACS, PATHS, sets

MAKES = registry.members("provisioning.phones")
SETS = sets()
KNOWN = {telephone.mac: telephone for telephone in SETS.values()}
MAKE = pytest.mark.parametrize("make", MAKES)


def test_every_make_of_the_settings_has_its_file_and_none_besides() -> None:
    assert set(MAKES) == {name for name in get_args(Extension.model_fields["model"].annotation) if name}
    assert set(MAKES) == set(MACS)


@MAKE
def test_it_is_known_by_the_mac_in_the_name_of_its_file(make: str) -> None:
    found = answer(PATHS[make], "10.0.0.9", KNOWN, MAKES)
    assert (found.status, found.content_type) == (200, MAKES[make].TYPE)
    assert found.body.decode() == MAKES[make].render(SETS[make])


@MAKE
def test_no_two_makes_ask_for_one_name(make: str) -> None:
    forms = [form for module in MAKES.values() for form in module.PATHS]
    assert sum(bool(re.fullmatch(form, PATHS[make])) for form in forms) == 1


@MAKE
def test_it_is_told_all_it_needs_to_call(make: str) -> None:
    text = MAKES[make].render(SETS[make])
    for wanted in (SETS[make].number, SETS[make].password, "192.168.20.2", "5060", "山田", "*97", "*28", "201"):
        assert wanted in text, wanted


@MAKE
def test_it_is_told_no_other_telephones_password(make: str) -> None:
    text = MAKES[make].render(SETS[make])
    assert not [other.password for other in SETS.values() if other.model != make and other.password in text]


@MAKE
@given(name=st.text(max_size=30))
def test_any_name_leaves_the_form_whole(make: str, name: str) -> None:
    evil, plain = MAKES[make].render(replace(SETS[make], name=name)), MAKES[make].render(replace(SETS[make], name="x"))
    assert len(evil.split("\n")) == len(plain.split("\n"))
    if plain.startswith("<?xml"):
        legal = not re.search("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", evil)
        assert legal
        tree = ElementTree.fromstring(evil)
        assert [one.tag for one in tree.iter()] == [one.tag for one in ElementTree.fromstring(plain).iter()]
    else:
        keys = [re.split(r" ?= ?", line)[0] for line in evil.split("\n")]
        assert keys == [re.split(r" ?= ?", line)[0] for line in plain.split("\n")]


@MAKE
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("keys", ["rfc4733", "info", "inband", "auto"])
def test_every_transport_and_way_of_keys_has_its_words(make: str, transport: str, keys: str) -> None:
    texts = {MAKES[make].render(replace(SETS[make], transport=one, keys=keys)) for one in ("udp", transport)}
    assert len(texts) == (1 if transport == "udp" else 2)


@MAKE
def test_codecs_that_it_does_not_know_are_left_out(make: str) -> None:
    assert "gsm" not in MAKES[make].render(replace(SETS[make], codecs=("ulaw",))).lower()
