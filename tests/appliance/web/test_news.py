"""Whoever waits for news is woken by it, at once or at the latest when the patience is over, and leaves nothing behind."""

from __future__ import annotations

import asyncio

from appliance.web.news import News

LONG = 600.0


def test_news_wakes_everybody_who_waits() -> None:
    async def story() -> None:
        news = News()
        waiting = [asyncio.create_task(news.wait(LONG)) for _ in range(50)]
        await asyncio.sleep(0)
        news.tell()
        await asyncio.wait_for(asyncio.gather(*waiting), 10)

    asyncio.run(story())


def test_without_news_the_wait_ends_by_itself() -> None:
    asyncio.run(asyncio.wait_for(News().wait(0.01), 10))


def test_old_news_is_no_news() -> None:
    async def story() -> None:
        news = News()
        news.tell()
        waiting = asyncio.create_task(news.wait(LONG))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        news.tell()
        await asyncio.wait_for(waiting, 10)

    asyncio.run(story())


def test_closing_wakes_everybody_and_says_so() -> None:
    async def story() -> None:
        news = News()
        waiting = asyncio.create_task(news.wait(LONG))
        await asyncio.sleep(0)
        before = news.closing
        news.close()
        await asyncio.wait_for(waiting, 10)
        assert (before, news.closing) == (False, True)

    asyncio.run(story())


def test_a_listener_that_goes_away_does_not_keep_the_others_waiting() -> None:
    async def story() -> None:
        news = News()
        leaving, staying = asyncio.create_task(news.wait(LONG)), asyncio.create_task(news.wait(LONG))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        news.tell()
        await asyncio.wait_for(staying, 10)

    asyncio.run(story())
