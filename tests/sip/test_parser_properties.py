"""The parser on arbitrary bytes, against what we write, and against another parser."""

from __future__ import annotations

import contextlib

import sipmessage
from hypothesis import given, settings
from hypothesis import strategies as st

from ntpd112.sip.message import BadMessage, Request
from ntpd112.sip.parser import Ping, StreamParser, parse

from .samples import INVITE

tokens = st.text("abcXYZ019-._~", min_size=1, max_size=12)
hosts = st.sampled_from(["198.51.100.7", "pbx.example.id", "[2001:db8::7]"])
texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Well-formed requests as we would write them."""
    method = draw(st.sampled_from(["INVITE", "BYE", "OPTIONS", "REGISTER", "X-ODD"]))
    user, host, tag = draw(tokens), draw(hosts), draw(tokens)
    fields = {
        "via": [f"SIP/2.0/UDP {host};branch=z9hG4bK{draw(tokens)}" for _ in range(draw(st.integers(1, 3)))],
        "from": [f'"{draw(tokens)}" <sip:{user}@{host}>;tag={tag}'],
        "to": [f"<sip:{draw(tokens)}@{host}>"],
        "call-id": [draw(tokens)],
        "cseq": [f"{draw(st.integers(0, 2**31 - 1))} {method}"],
        "subject": draw(st.lists(texts, min_size=1, max_size=3)),
    }
    uri = f"sip:{draw(tokens)}@{host}"
    return Request(method=method, uri=uri, fields=fields, body=draw(st.binary(max_size=80)))


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """The INVITE with some spans overwritten, taken out or repeated."""
    data = bytearray(INVITE)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        data[start:end] = draw(st.one_of(st.binary(max_size=12), st.just(bytes(data[start:end]) * 2)))
    return bytes(data)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=400), mutations()))
def test_whatever_comes_only_bad_message_comes_out_and_what_passes_can_be_read(data: bytes) -> None:
    message, answerable = None, None
    try:
        message = parse(data)
    except BadMessage as error:
        answerable = error.request
    if message is not None:
        _ = message.via, message.from_, message.to, message.cseq, message.call_id, bytes(message)
    if answerable is not None:
        _ = answerable.via, answerable.cseq, answerable.call_id, bytes(answerable)
        assert answerable.get("from")
        assert answerable.get("to")


@settings(max_examples=150, deadline=None)
@given(requests())
def test_what_we_write_we_read_back(request: Request) -> None:
    assert parse(bytes(request)) == request


@settings(max_examples=100, deadline=None)
@given(requests())
def test_another_parser_reads_the_same(request: Request) -> None:
    ours, theirs = parse(bytes(request)), sipmessage.Message.parse(bytes(request))
    assert isinstance(ours, Request)
    assert isinstance(theirs, sipmessage.Request)
    assert (ours.method, ours.body) == (theirs.method, theirs.body)
    assert ours.cseq == (theirs.cseq.sequence, theirs.cseq.method)
    assert ours.call_id == theirs.call_id
    assert [ours.via.host.strip("[]"), ours.via.branch] == [
        theirs.via[0].host.strip("[]"),
        theirs.via[0].parameters.get("branch"),
    ]
    assert ours.from_.tag == theirs.from_address.parameters.get("tag")
    assert (ours.from_.uri.user, ours.from_.name) == (theirs.from_address.uri.user, theirs.from_address.name)


@settings(max_examples=150, deadline=None)
@given(st.lists(requests(), max_size=4), st.lists(st.integers(1, 200), max_size=40))
def test_a_stream_gives_the_same_messages_however_it_is_cut(messages: list[Request], cuts: list[int]) -> None:
    data = b"".join(bytes(message) for message in messages)
    stream, found, position = StreamParser(), [], 0
    for cut in [*cuts, len(data)]:
        found += stream.feed(data[position : position + cut])
        position += cut
    assert found == messages
    assert stream.broken is None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), mutations(), st.just(INVITE)), max_size=6))
def test_a_stream_of_junk_raises_nothing_and_is_over_once_broken(chunks: list[bytes]) -> None:
    stream = StreamParser()
    for chunk in chunks:
        was_broken = stream.broken
        items = stream.feed(chunk)
        assert not (was_broken and items)
        for item in items:
            with contextlib.suppress(BadMessage):
                if isinstance(item, BadMessage):
                    raise item
                assert isinstance(item, Ping) or item.call_id
