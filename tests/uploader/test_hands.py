"""A worker always may; what is left of the limit is lent, and comes back."""

from __future__ import annotations

from uploader.hands import QUICK_S, Hands


def test_what_is_left_of_the_limit_is_lent_and_no_more() -> None:
    hands = Hands(3)
    with hands.own():
        assert [hands.lend() for _ in range(3)] == [True, True, False]
        hands.back()
        assert hands.lend()


def test_a_worker_waits_for_nobody_who_was_lent_a_hand() -> None:
    hands = Hands(2)
    with hands.own():
        assert hands.lend()
        with hands.own():
            assert not hands.lend()
        assert not hands.lend(), "both are busy still"
        hands.back()
        assert hands.lend()


def test_what_failed_gives_its_hand_back() -> None:
    hands = Hands(1)
    for _ in range(3):
        try:
            with hands.own():
                raise ValueError
        except ValueError:
            assert hands.lend()
            hands.back()


def test_where_parts_go_quickly_more_are_lent_until_one_does_not() -> None:
    hands = Hands(2)
    with hands.own():
        hands.took(0.1)
        assert [hands.lend() for _ in range(8)] == [True] * 7 + [False]
        hands.back()
        hands.took(QUICK_S)
        assert not hands.lend()
