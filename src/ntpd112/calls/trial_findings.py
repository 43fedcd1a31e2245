"""What the facts of a test call mean, line by line, with the likely cause of what is not fine. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ntpd112.sip.reply import phrase_of

from .trial_causes import NO_CALL, refusal_means
from .trial_views import Finding, TrialFacts, Verdict

SLOW_RING_MS = 8_000.0
"A post-dial delay above is felt: callers hang up. ITU-T E.721 has 8 s for international calls."
SLOW_SOUND_MS = 1_000.0
"Sound that begins later than this after the answer cuts off the first word."
LOSS_SHARE = 0.01
"Of the packets: G.711 without concealment suffers from 1 % (ITU-T G.113)."
FEW_LOST = 5
"Packets that may get lost of a short call, the first while the other side gets ready among them."
JITTER_MS = 30.0
"More than phones' buffers usually take."


def findings(facts: TrialFacts) -> list[Finding]:
    """Of a test call that is over."""
    return [Finding(about, verdict, says) for about, verdict, says in _all(facts)]


def _all(facts: TrialFacts) -> Iterator[tuple[str, Verdict, str]]:
    yield _answer(facts)
    yield "our number", "fine", _number(facts)
    if facts.codec:
        yield from _agreed(facts)
    if facts.answered_ms is None:
        return
    yield _session(facts)
    if facts.packets is not None and facts.given_up != "sound":
        yield from _heard(facts)
        yield _hears_us(facts)
    yield _end(facts)


def _answer(facts: TrialFacts) -> tuple[str, Verdict, str]:
    if facts.answered_ms is not None:
        who = f" by {facts.agent}" if facts.agent else ""
        said = f"{facts.code} {facts.phrase or phrase_of(facts.code)}{who} after {_s(facts.answered_ms)}"
        if facts.ringing_ms is None:
            return "answer", "fine", f"{said}, without ringing before"
        slow = facts.ringing_ms > SLOW_RING_MS
        said += f"; it rang after {_s(facts.ringing_ms)} (post-dial delay)"
        return "answer", "note" if slow else "fine", said + (": callers take that for a dead line" * slow)
    if facts.code and not facts.given_up:
        return "answer", "bad", _refused(facts)
    why = NO_CALL.get(facts.given_up) or facts.failed or "no answer"
    if facts.given_up == "no_answer" and facts.ringing_ms is None:
        why = "it took the call (100) and nothing came after: its route ends nowhere, ask its operators"
    rang = "" if facts.ringing_ms is None else f"; it rang after {_s(facts.ringing_ms)} (post-dial delay)"
    return "answer", "bad", why + rang


def _refused(facts: TrialFacts) -> str:
    cause = facts.failed or refusal_means(facts.code)
    said = f"{facts.code} {facts.phrase or phrase_of(facts.code)}: {cause}"
    extra = [f'{name} "{text}"' for name, text in _own_words(facts) if text]
    return f"{said}. It says {' and '.join(extra)}" if extra else said


def _own_words(facts: TrialFacts) -> list[tuple[str, str]]:
    return [("Reason", facts.reason), ("Warning", facts.warning)]


def _number(facts: TrialFacts) -> str:
    asserted = f", asserted as {facts.asserted}" if facts.asserted else ""
    return f"sent as {facts.shown}{asserted}; what the called see, the telco decides"


def _agreed(facts: TrialFacts) -> Iterator[tuple[str, Verdict, str]]:
    yield "codec", "fine", f"{facts.codec}, of {', '.join(facts.offered)} offered"
    if facts.dtmf:
        yield "keys", "fine", "telephone-event: key presses pass"
    else:
        yield "keys", "note", "no telephone-event: key presses pass as tones only, or not at all"
    if facts.secured:
        yield "SRTP", "fine", facts.secured
    elif facts.srtp == "off":
        yield "SRTP", "fine", 'plain RTP, as `srtp = "off"` says'
    else:
        yield "SRTP", "note", f'plain RTP, though `srtp = "{facts.srtp}"`: it does not take SDES keys'
    reliable = "reliable provisional answers (100rel)" if facts.reliable else "no 100rel used"
    early = "sound came before the answer" if facts.early_media else "no sound before the answer"
    yield "early media", "fine", f"{early}; {reliable}"


def _session(facts: TrialFacts) -> tuple[str, Verdict, str]:
    if facts.session_s:
        return "session timer", "fine", f"{facts.session_s} s, {facts.refresher} refresh"
    if not facts.session_asked_s:
        return "session timer", "fine", "none, as the trunk is configured"
    return "session timer", "note", "none agreed on: a call that it forgot is found by its silence only"


def _heard(facts: TrialFacts) -> Iterator[tuple[str, Verdict, str]]:
    about = "sound from there"
    if not facts.packets:
        wrong_key = f"; {facts.unauthentic} packets were not secured by the key it gave" * bool(
            facts.unauthentic
        )
        yield (
            about,
            "bad",
            f"not one RTP packet came{wrong_key}: a firewall before `[media] ports`, `[media] advertise` "
            "names an address it cannot reach, or the number has no voice",
        )
        return
    of_all = facts.packets + facts.lost
    said = f"{facts.packets} packets, {facts.lost} lost, jitter {facts.jitter_ms:g} ms"
    if facts.first_sound_ms is not None and facts.answered_ms is not None:
        late = facts.first_sound_ms - facts.answered_ms
        said += f", the first {_s(late)} after the answer" if late > 0 else ", the first before the answer"
        if late > SLOW_SOUND_MS:
            yield about, "note", f"{said}: the first word of a call is cut off"
            said = ""
    if said and facts.lost > LOSS_SHARE * of_all:
        yield about, "bad", f"{said}: a line that is too full, or a bad link"
    elif said and facts.jitter_ms > JITTER_MS:
        yield about, "note", f"{said}: voice may be choppy"
    elif said:
        yield about, "fine", said
    if facts.speech:
        yield "heard", "fine", "speech"
    else:
        yield (
            "heard",
            "note",
            "no speech: a tone, music without voice, or silence; which of them, only an ear can say",
        )
    yield _source(facts)


def _source(facts: TrialFacts) -> tuple[str, Verdict, str]:
    about, told, came = "its address", facts.sound_to, facts.sound_from
    if not came or told == came:
        return about, "fine", f"sound comes from where its SDP says, {told}"
    if _host(told) == _host(came):
        return (
            about,
            "note",
            f"its SDP says {told}, sound comes from {came}: a NAT changes its port; we follow",
        )
    return (
        about,
        "note",
        f"its SDP says {told}, sound comes from {came}: a NAT is before it, or its SBC names an inner "
        "address; we follow, and lose the first tenth of a second",
    )


def _hears_us(facts: TrialFacts) -> tuple[str, Verdict, str]:
    about = "sound to there"
    if facts.their_lost is None:
        return (
            about,
            "note",
            "it sent no RTCP about ours: ask at that phone whether the announcement is heard",
        )
    jitter = "" if facts.their_jitter_ms is None else f", jitter {facts.their_jitter_ms:g} ms"
    said = f"arrives: {facts.their_lost} packets lost{jitter}, by its RTCP"
    few = max(FEW_LOST, LOSS_SHARE * (facts.packets or 0))
    return about, "fine" if facts.their_lost <= few else "bad", said


def _end(facts: TrialFacts) -> tuple[str, Verdict, str]:
    about = "hanging up"
    if facts.given_up:
        return about, "bad", NO_CALL[facts.given_up]
    if facts.ended_by == "they":
        why = f' (Reason "{facts.reason}")' if facts.reason else ""
        return (
            about,
            "note",
            f"it hung up first{why}: what the number does, or no sound of ours arrived there",
        )
    if facts.ended_by == "lost":
        return about, "bad", f"the call was lost: {facts.failed}"
    if facts.bye_code is not None and 200 <= facts.bye_code < 300:
        return about, "fine", f"our BYE was answered {facts.bye_code}"
    if facts.bye_code:
        return about, "bad", f"our BYE was answered {facts.bye_code}: lines may stay in use"
    return (
        about,
        "bad",
        "our BYE was not answered: the address in its Contact cannot be reached; lines stay in use",
    )


def _host(address: str) -> str:
    return address.rpartition(":")[0]


def _s(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1_000 else f"{ms / 1000:.1f} s"
