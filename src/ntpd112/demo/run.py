"""Starts the demo's parts, shows the live table, and ends everything cleanly on Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvloop
from rich.console import Console
from rich.live import Live

from .phones import Callers, Operators
from .site import HOST, REALM, Site
from .speech import speak
from .table import View

CALLERS_HOST = "127.0.0.2"
OPERATORS_HOST = "127.0.0.3"
OWN = "saya"
"The operator id left for the user's own softphone."
REFRESH_S = 0.5
LINE_EVERY_S = 5.0
"Without a terminal: seconds between two lines."
BACK_AFTER_S = 15.0
"Seconds after which the demo's supervisor makes an operator ready again who let a call ring."
NAMES: tuple[tuple[str, str, dict[str, int]], ...] = (
    ("budi", "Budi Santoso", {"medical": 2}),
    ("sari", "Sari Dewi", {"medical": 3}),
    ("agus", "Agus Wijaya", {}),
    ("dewi", "Dewi Lestari", {"english": 2}),
    ("putu", "Putu Ayu", {}),
    ("yanti", "Yanti Kusuma", {"medical": 1}),
    ("joko", "Joko Prasetyo", {}),
    ("rina", "Rina Marlina", {"english": 1}),
)


@dataclass(frozen=True)
class Options:
    operators: int = 5
    calls_per_minute: float = 12.0
    seconds: float | None = None
    "End by itself after this; None: on Ctrl-C."


def run(operators: int = 5, calls_per_minute: float = 12.0, seconds: float | None = None) -> None:
    """Run until Ctrl-C (or for `seconds`). Raises DemoError with what to do when it cannot start."""
    uvloop.run(_demo(Options(min(operators, len(NAMES)), calls_per_minute, seconds), Console(soft_wrap=True)))


async def _demo(options: Options, console: Console) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options.seconds is not None:
        loop.call_later(options.seconds, stop.set)
    with tempfile.TemporaryDirectory(prefix="ntpd112-demo-") as folder:
        site = Site(Path(folder))
        try:
            await _start_site(site, options, console)
            await _traffic(site, options, console, stop)
        finally:
            console.print("ending the agent ...")
            await site.stop_agent()
    console.print("demo ended")


async def _start_site(site: Site, options: Options, console: Console) -> None:
    site.write_config()
    console.print("starting the agent and its media worker ...")
    people = {user: (name, dict(skills)) for user, name, skills in NAMES[: options.operators]}
    await site.add_operators(people | {OWN: ("Anda (softphone sendiri)", {})})
    await site.start_agent()
    console.print(
        f"\n[bold]Your own softphone[/]: user [cyan]{OWN}[/]  password [cyan]{site.passwords[OWN]}[/]"
        f"  server [cyan]{HOST}:{site.sip}[/] (UDP or TCP, G.711)"
        f"\n  Registered, it is an operator and rings; or dial [cyan]sip:112@{HOST}:{site.sip}[/] from it."
        f"\n[bold]REST[/]: {site.url}/api/v1/calls   key [cyan]{site.key}[/]"
        f"\n[bold]Log[/]: {site.log}   [bold]realm[/]: {REALM}   Ctrl-C ends everything\n"
    )


async def _traffic(site: Site, options: Options, console: Console, stop: asyncio.Event) -> None:
    agent = (HOST, site.sip)
    phones, callers = Operators(OPERATORS_HOST, agent), Callers(CALLERS_HOST, agent)
    neighbour = Operators(HOST, agent, site.neighbour)
    banks = phones, callers, neighbour
    for bank in banks:
        await bank.open()
    for user, _, _ in NAMES[: options.operators]:
        await phones.register(user, site.passwords[user], HOST)
    view = View(site.url, site.key)
    tasks = [
        *(asyncio.create_task(speak(bank.voices)) for bank in banks),
        asyncio.create_task(callers.keep_dialling(options.calls_per_minute)),
        asyncio.create_task(_supervise(site, stop)),
    ]
    try:
        await _show(view, console, stop)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        callers.hang_up_all()
        await asyncio.sleep(REFRESH_S)
        with contextlib.suppress(httpx.HTTPError):
            await view.refresh()
            console.print(view.line())
        await view.close()
        for bank in banks:
            await bank.close()


async def _show(view: View, console: Console, stop: asyncio.Event) -> None:
    """Redraw twice a second in a terminal; elsewhere a line every few seconds."""
    if not console.is_terminal:
        await _until(stop, LINE_EVERY_S, view, lambda: console.print(view.line()))
        return
    with Live(console=console, auto_refresh=False) as live:
        await _until(stop, REFRESH_S, view, lambda: live.update(view.render(), refresh=True))


async def _until(stop: asyncio.Event, period: float, view: View, show: Callable[[], None]) -> None:
    while not stop.is_set():
        await view.refresh()
        show()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), period)


async def _supervise(site: Site, stop: asyncio.Event) -> None:
    """Makes operators ready again who let a call ring, as a supervisor would over REST."""
    headers = {"Authorization": f"Bearer {site.key}"}
    async with httpx.AsyncClient(base_url=f"{site.url}/api/v1", headers=headers) as http:
        while not stop.is_set():
            await asyncio.sleep(BACK_AFTER_S)
            for operator in (await http.get("/operators")).json():
                if operator["reason"] == "rona":
                    await http.put(f"/operators/{operator['id']}/state", json={"state": "ready"})
