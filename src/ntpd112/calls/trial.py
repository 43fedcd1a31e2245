"""Test calls over a trunk: a real number is rung, hears an announcement and is listened to, and what the
trunk made of it is written down. No call of the centre: no queue, no operator, no journal, no CDR."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from ntpd112.media import MediaLeg, NoPorts
from ntpd112.media.events import Closed, Learned, MediaEvent, Voice, WorkerLost
from ntpd112.queue.errors import StateConflict
from ntpd112.sip.events import Answered, Cause, Ended, Failed, MediaChanged, Progress, SipEvent
from ntpd112.sip.gateways import label
from ntpd112.sip.identity import clean
from ntpd112.sip.leg import Leg
from ntpd112.sip.locate import Place
from ntpd112.sip.message import Response
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.sdp import LocalMedia, RemoteMedia
from ntpd112.sip.target import Target
from ntpd112.sip.timers import Timer
from ntpd112.sip.trunks import Trunk
from ntpd112.sip.uri import Uri, format_host_port

from . import causes
from .connecting import unasked
from .context import Context, log
from .needs import queue_of
from .sound import LAWS, Sound, family_of
from .trial_findings import findings
from .trial_views import Finding, GivenUp, TrialFacts, TrialState, UnknownTrial
from .whom import Unreachable, target_of

SILENCE_S = 10.0
"Seconds for any answer at all: an INVITE was sent five times over UDP by then."
RING_S = 30.0
"Seconds for somebody to pick up."
BYE_S = 5.0
"Seconds for the answer to our BYE, and for the last figures of the sound."
LOOK_S = 1.0
"How often we look whether callers need the line."
MAX_IN_PERIOD, PERIOD_S = 10, 300.0
"Test calls begun in so many seconds: each rings a real number and takes a line."
MAX_KEPT = 50
"Test calls that can be asked about; the oldest are forgotten."
MESSAGE = ("beep", "test-call")
CALLER = "112"
DONE = Cause(200, 16, "Test call done")


@dataclass(slots=True, eq=False)
class Trial:
    """One test call. `over_at` None: it goes on."""

    id: str
    trunk: Trunk
    gateway: str
    way: str
    to: str
    by: str
    listen_s: float
    started_at: float
    facts: TrialFacts
    leg: Leg
    media: MediaLeg
    state: TrialState = "calling"
    limit: Timer | None = None
    "Of the present state."
    findings: Sequence[Finding] = ()

    @property
    def fine(self) -> bool | None:
        if self.state != "over":
            return None
        return all(one.verdict != "bad" for one in self.findings)

    @property
    def transport(self) -> str:
        return self.way.partition(" ")[0]

    def since(self, now: float) -> float:
        """Milliseconds since the INVITE."""
        return round(1000 * (now - self.started_at), 1)


class Trials:
    """One test call at a time. What the user agent and the media worker say about it comes by `on_leg` and
    `on_media`."""

    def __init__(self, context: Context, sound: Sound) -> None:
        self._context = context
        self._sound = sound
        self._running: Trial | None = None
        self._kept: OrderedDict[str, Trial] = OrderedDict()
        self._begun: deque[float] = deque(maxlen=MAX_IN_PERIOD)

    def find(self, trunk: str, trial_id: str) -> Trial:
        """Raises UnknownTrial."""
        trial = self._kept.get(trial_id)
        if trial is None or trial.trunk.name != trunk:
            raise UnknownTrial(f'trunk "{trunk}" has no test call {trial_id} (any more)')
        return trial

    # --- beginning

    def begin(self, trunk: str, to: str, gateway: str, listen_s: float, by: str, now: float) -> Trial:
        """Ring `to` by this gateway of the trunk, the first in order if empty, and listen for `listen_s`
        seconds. Raises StateConflict while another goes on or after too many, Unreachable."""
        self._check(to, now)
        target = _target(self._context, trunk, to, gateway)
        assert target.line is not None, "a number by a trunk has its line"
        _leave_lines_to_callers(target.line.trunk)
        host = target.flow.local.host
        try:
            media = self._context.media.open(codec=LAWS[0], family=family_of(host))
        except NoPorts as problem:
            raise Unreachable(str(problem)) from problem
        caller = NameAddr(Uri("sip", host, CALLER), self._context.config.site.name)
        shown, asserted, _ = target.line.identity(caller)
        trial_id = self._context.new_id()
        leg = self._context.ua.invite(
            target,
            caller=caller,
            local=LocalMedia(self._sound.address(host), media.port, LAWS),
            call_id=f"{trial_id}@{host}",
            now=now,
        )
        trial = Trial(
            trial_id,
            target.line.trunk,
            _gateway_of(target),
            f"{target.flow.transport} {format_host_port(*target.flow.remote)}",
            to,
            by,
            listen_s,
            now,
            TrialFacts(
                shown=str(shown.uri),
                asserted="" if asserted is None else str(asserted.uri),
                offered=list(leg.policy.codecs or LAWS),
                srtp=leg.policy.srtp,
                session_asked_s=leg.policy.session_s,
            ),
            leg,
            media,
        )
        leg.witness = partial(self._witness, trial)
        media.belongs_to(trial_id)
        self._take(trial, now)
        return trial

    def _check(self, to: str, now: float) -> None:
        if self._running is not None:
            one = self._running
            raise StateConflict(
                f'test call {one.id} on trunk "{one.trunk.name}" by {one.by} goes on: one at a time'
            )
        if len(self._begun) == MAX_IN_PERIOD and now - self._begun[0] < PERIOD_S:
            wait = PERIOD_S - (now - self._begun[0])
            raise StateConflict(
                f"{MAX_IN_PERIOD} test calls in {PERIOD_S / 60:.0f} minutes: the next in {wait:.0f} s"
            )
        own = queue_of(self._context.config, to)
        if own is not None:
            raise Unreachable(f'{to} is a number of queue "{own.name}": that would ring our own operators')

    def _take(self, trial: Trial, now: float) -> None:
        self._running = self._kept[trial.id] = trial
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        self._begun.append(now)
        self._limit(trial, now + SILENCE_S, "silence")
        self._look_after(trial, now)
        log.info(
            "test call begins", call_id=trial.id, trunk=trial.trunk.name, gateway=trial.gateway, by=trial.by
        )

    def _look_after(self, trial: Trial, now: float) -> None:
        """Callers come first: a test call never holds the line that the next of them needs."""
        if self._running is not trial:
            return
        if trial.trunk.full:
            self._give_up(trial, "lines", now)
        self._context.timers.start(now + LOOK_S, partial(self._look_after, trial))

    # --- what the trunk says

    def _witness(self, trial: Trial, method: str, response: Response, now: float) -> None:
        """Every answer to our INVITE and BYE, and 408 or 503 without headers if there is none."""
        facts, came = trial.facts, bool(response.fields)
        if method == "BYE":
            if response.code >= 200:
                facts.bye_code = response.code if came else 0
                self._finish_if_complete(trial, now)
            return
        if came and facts.first_answer_ms is None:
            facts.first_answer_ms = trial.since(now)
            if trial.state == "calling":
                self._limit(trial, now + RING_S, "no_answer")
        if 100 < response.code < 200:
            facts.reliable = facts.reliable or "100rel" in response.tokens("require")
        elif response.code >= 200 and came:
            facts.code, facts.phrase = response.code, clean(response.phrase)
            facts.reason = _text(response.all("reason"))
            facts.warning = _text(response.all("warning"))
            facts.agent = clean(response.get("server") or response.get("user-agent") or "")
        elif response.code == 503:
            facts.failed = unasked(trial.transport, response.phrase)

    def on_leg(self, event: SipEvent, now: float) -> None:
        """An event of a leg that belongs to no call; no harm if it is no test call's either."""
        trial = self._running
        if trial is None or event.leg is not trial.leg:  # type: ignore[union-attr]
            return
        match event:
            case Progress():
                if trial.facts.ringing_ms is None:
                    trial.facts.ringing_ms = trial.since(now)
                    trial.state = "ringing"
            case MediaChanged(_, remote):
                self._described(trial, remote)
            case Answered():
                self._answered(trial, now)
            case Failed(_, cause):
                self._failed(trial, cause, now)
            case Ended(_, by, cause):
                self._ended(trial, by, cause, now)
            case _:
                pass

    def _described(self, trial: Trial, remote: RemoteMedia) -> None:
        facts = trial.facts
        facts.codec = remote.codec.name
        facts.dtmf = remote.dtmf_payload_type is not None
        facts.secured = remote.secured.suite if remote.secured is not None else ""
        facts.sound_to = format_host_port(remote.address, remote.port)
        self._sound.point(trial.media, remote)

    def _answered(self, trial: Trial, now: float) -> None:
        facts, session = trial.facts, trial.leg.session
        facts.answered_ms = trial.since(now)
        facts.session_s = session.interval
        facts.refresher = "" if not session.interval else "we" if session.refresher else "they"
        trial.state = "talking"
        if trial.leg.remote is not None:
            self._described(trial, trial.leg.remote)
        trial.media.play(*MESSAGE, loop=True)
        trial.media.watch_voice(True)
        self._limit(trial, now + trial.listen_s, "")

    def _failed(self, trial: Trial, cause: Cause, now: float) -> None:
        facts = trial.facts
        if not (facts.given_up or facts.failed) and (not facts.code or cause.sip_code in (401, 407)):
            facts.failed = clean(cause.text) or "no final answer within the time that RFC 3261 gives it"
        self._wind_up(trial, now)

    def _ended(self, trial: Trial, by: str, cause: Cause, now: float) -> None:
        facts = trial.facts
        if by == "remote":
            facts.ended_by, facts.reason = "they", clean(cause.text)
        elif by == "lost":
            facts.ended_by, facts.failed = "lost", cause.text
        else:
            facts.ended_by = "we"
        self._wind_up(trial, now)

    def on_media(self, event: MediaEvent, now: float) -> None:
        trial = self._running
        if trial is None:
            return
        facts, media = trial.facts, trial.media
        match event:
            case Learned(media.id, host, port):
                facts.sound_from = format_host_port(host, port)
                if facts.first_sound_ms is None:
                    facts.first_sound_ms = trial.since(now)
                    facts.early_media = facts.answered_ms is None
            case Voice(media.id):
                facts.speech = True
            case Closed(media.id, q):
                facts.packets, facts.lost, facts.jitter_ms = q.packets, q.lost, q.jitter_ms
                facts.unauthentic = q.unauthentic
                facts.their_lost, facts.their_jitter_ms = q.remote_lost, q.remote_jitter_ms
                self._finish_if_complete(trial, now)
            case WorkerLost(_, legs) if media.id in legs:
                facts.packets = 0
                self._give_up(trial, "sound", now)
            case _:
                pass

    # --- ending

    def give_up(self, trial: Trial, now: float) -> None:
        """A person wants it to end. No harm if it is over."""
        self._give_up(trial, "asked", now)

    def stop(self, now: float) -> None:
        """The agent stops."""
        if self._running is not None:
            self._give_up(self._running, "stopping", now)

    def _give_up(self, trial: Trial, why: GivenUp, now: float) -> None:
        if trial.state in ("ending", "over"):
            return
        trial.facts.given_up = why
        self._hang_up(trial, causes.STOPPING if why == "stopping" else DONE, now)

    def _limit(self, trial: Trial, at: float, why: GivenUp) -> None:
        """When the present state has lasted long enough; `why` empty: as planned."""
        if trial.limit is not None:
            trial.limit.cancel()
        trial.limit = self._context.timers.start(at, partial(self._give_up, trial, why))

    def _hang_up(self, trial: Trial, cause: Cause, now: float) -> None:
        trial.leg.hang_up(now, cause)
        self._wind_up(trial, now)

    def _wind_up(self, trial: Trial, now: float) -> None:
        """The call is over or about to be: its figures are waited for."""
        if trial.state in ("ending", "over"):
            return
        trial.state = "ending"
        trial.media.close()
        if trial.limit is not None:
            trial.limit.cancel()
        trial.limit = self._context.timers.start(now + BYE_S, partial(self._finish, trial))

    def _finish_if_complete(self, trial: Trial, now: float) -> None:
        """A BYE of ours has its answer, and the sound has been counted."""
        facts = trial.facts
        owed = facts.answered_ms is not None and facts.ended_by != "they" and facts.bye_code is None
        if trial.state == "ending" and facts.packets is not None and not owed:
            self._finish(trial, now)

    def _finish(self, trial: Trial, now: float) -> None:
        if trial.state == "over":
            return
        trial.state = "over"
        if trial.limit is not None:
            trial.limit.cancel()
        trial.leg.witness = None
        trial.findings = findings(trial.facts)
        if self._running is trial:
            self._running = None
        bad = [one.says for one in trial.findings if one.verdict == "bad"]
        log.info("test call over", call_id=trial.id, trunk=trial.trunk.name, fine=trial.fine, problems=bad)


def _target(context: Context, trunk: str, to: str, gateway: str) -> Target:
    """The way by this gateway alone, or by the first in order: what another would have made of the call says
    nothing about it. Raises Unreachable."""
    first = target_of(context, f"trunk:{trunk}/{to}")
    if not gateway:
        return replace(first, others=())
    assert context.outbound is not None, "it has just told the first way"
    known = context.outbound.gateways(trunk)
    chosen = next((one for one in known if gateway in (str(one), str(one.uri))), None)
    if chosen is None:
        there_are = ", ".join(map(str, known))
        raise Unreachable(f'"{gateway}" is no gateway of trunk "{trunk}": there are {there_are}')
    way = context.ua.target_of(replace(chosen.uri, user=first.uri.user), chosen.place)
    if way is None:
        raise Unreachable(f'no socket of ours leads to gateway "{gateway}": see `[sip] listen`')
    return replace(way, line=first.line)


def _gateway_of(target: Target) -> str:
    """As `Outbound.gateways` names it: a host name may lead to several."""
    return label(replace(target.uri, user=None), Place(target.flow.transport, target.flow.remote))


def _leave_lines_to_callers(trunk: Trunk) -> None:
    """Raises Unreachable if the trunk has no line to spare."""
    if trunk.occupancy.nearly_full or trunk.calls + 1 >= trunk.max_calls:
        raise Unreachable(
            f'trunk "{trunk.name}" has {trunk.calls} of {trunk.max_calls} calls: '
            "its last lines are for callers"
        )


def _text(values: list[str]) -> str:
    return clean(", ".join(values))[:200]
