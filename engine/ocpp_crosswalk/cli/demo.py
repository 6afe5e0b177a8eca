"""Show a charging session of a simulated station on a simulated CSMS, through the real proxy.

On the left is what the station says and hears, on the right what the CSMS does. Exit code 1 when the session broke off
or a frame was not valid.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from typing import Any

from rich.console import Console
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ..demo.answers import Answers, fill, script
from ..demo.csms import DemoCsms
from ..demo.peer import DemoError, Peer
from ..runner import Config, serving
from ..runner.config import Listener, StoreConfig, Target
from ..versions import Version
from . import words
from .drawing import Drawing, Terminal

IDENTITY = "DEMO-1"
_PACE = 0.15
"""Seconds between two steps, for people who watch."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add(
        "--station",
        type=words.version,
        default=Version.V16,
        metavar="V",
        help="what the station speaks (default: ocpp1.6)",
    )
    add("--csms", type=words.version, default=Version.V21, metavar="V", help="what the CSMS speaks (default: ocpp2.1)")


def run(args: argparse.Namespace) -> int:
    """Run the demonstration; gives the exit code."""
    logging.getLogger("ocpp_crosswalk").setLevel(logging.ERROR)
    return 0 if asyncio.run(show(args.station, args.csms, Terminal(highlight=False))) else 1


async def show(station: Version, csms: Version, console: Console) -> bool:
    """Play the session and draw it; whether every frame was valid and the script ran to its end."""
    drawing = Drawing(console, station, csms)
    async with DemoCsms(csms, asks=True, heard=drawing.at_csms) as server:
        config = Config(
            listeners=(Listener("127.0.0.1", 0),),
            targets={"demo": Target("demo", server.url, (csms,))},
            store=StoreConfig("memory"),
            watch=False,
        )
        async with serving(config) as service:
            host, port = service.addresses[0]
            url = f"ws://{host}:{port}/{IDENTITY}"
            async with connect(url, subprotocols=[Subprotocol(str(station))]) as socket:
                lines = script("station.yaml")[station]
                peer = Peer(socket, station, Answers(station, lines["answers"]), drawing.at_station)
                running = asyncio.create_task(peer.run())
                try:
                    fault = await _play(peer, lines["steps"])
                finally:
                    running.cancel()
                    await asyncio.gather(running, return_exceptions=True)
        invalid = [*peer.invalid, *server.invalid]
    drawing.end(invalid, fault)
    return not invalid and not fault


async def _play(peer: Peer, steps: list[dict[str, Any]]) -> str:
    """Play the station's script; gives what went wrong."""
    reply: dict[str, Any] = {}
    try:
        for step in steps:
            await asyncio.sleep(_PACE)
            if "await" in step:
                async with asyncio.timeout(5):
                    while (await peer.called.get())[0] != step["await"]:
                        pass
                continue
            action, template = step["call"]
            answer = await peer.call(action, fill(template, {}, reply=reply))
            reply = answer if step.get("keep") else reply
    except DemoError as error:
        return str(error)
    except TimeoutError:
        return f"the CSMS did not call {step['await']}"
    return ""
