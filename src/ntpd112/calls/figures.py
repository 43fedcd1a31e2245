"""What the metrics tell of the live centre. Made at each scrape, on the loop that calls wait for: no view is
made, no call is looked at."""

from __future__ import annotations

from ntpd112.config import QueueConfig

from .context import Context
from .views import Figures, QueueFigures


def figures(context: Context, now: float) -> Figures:
    """`now`: monotonic seconds."""
    bindings = context.registrar.all_bindings()
    return Figures(
        calls=+context.census,
        lanes=context.acd.lanes(),
        queues={queue.name: _of_queue(context, queue, now) for queue in context.config.queue},
        operators=context.acd.states(),
        phones=len(bindings),
        phones_unreachable=sum(not binding.reachable for binding in bindings),
        callbacks=context.memory.callbacks.count(context.clock.wall(now)),
        flood=context.memory.flood.state.on,
        tally=context.tally,
    )


def _of_queue(context: Context, queue: QueueConfig, now: float) -> QueueFigures:
    load = context.acd.load(queue.name, now)
    return QueueFigures(load.waiting + load.ringing, load.longest_wait_s, context.acd.ready(queue.skills))
