"""An entry is called by the best thing that is known of it."""

from __future__ import annotations

from appliance.customers.entry import Customer


def test_a_title_is_the_name_else_the_company_else_a_number() -> None:
    assert Customer(name="佐藤", company="さくら商事").title == "佐藤"
    assert Customer(company="さくら商事", kana="サクラ").title == "さくら商事"
    assert Customer(numbers=("0312345678",)).title == "0312345678"
    assert Customer().title == ""
