"""A calendar node goes by the wall clock of the site, and holidays may have a way of their own."""

from tests.ivr_flows.made import made, walk

NODE = "  a: {type: calendar, calendar: office, open: there, closed: end}"


def test_it_goes_one_way_in_office_hours_and_another_outside_them() -> None:
    assert walk(made(NODE), at="2027-01-06 10:00").path == ["a", "there"]
    assert walk(made(NODE), at="2027-01-06 20:00").path == ["a", "end"]


def test_a_holiday_goes_its_own_way_where_it_has_one() -> None:
    flow = made(NODE.replace("closed: end", "closed: end, holiday: there"))
    assert walk(flow, at="2027-01-11 10:00").path == ["a", "there"]
    assert walk(flow, at="2027-01-10 10:00").path == ["a", "end"]
    assert walk(made(NODE), at="2027-01-11 10:00").path == ["a", "end"]
