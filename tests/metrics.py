"""A scrape as Prometheus reads it, what docs/metrics.md says of it, and what `promtool` would."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

_ROOT = Path(__file__).parent.parent
DOCUMENT = _ROOT / "docs" / "metrics.md"
DASHBOARD = _ROOT / "monitoring" / "grafana-ntpd112.json"
ALERTS = _ROOT / "monitoring" / "alerts.yml"
_IN_PROMQL = re.compile(r"\b(?:ntpd112|process|python)_[a-z_]+[a-z](?=[{\[\s)]|$)")
_ROW = re.compile(r"^\| `(ntpd112_\w+)` \|([^|]+)\|([^|]+)\|([^|]*)\|[^|]*\|$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NOT_BASE = ("ms", "millis", "milliseconds", "microseconds", "us", "minutes", "hours", "days", "percent", "kb")
"Ends of names whose unit is no base unit of Prometheus."
OF_HISTOGRAMS = ("bucket", "count", "sum")


@dataclass(frozen=True)
class Shown:
    kind: str
    labels: frozenset[str] | None
    "None: it has no sample."


@dataclass(frozen=True)
class Told:
    kind: str
    unit: str
    labels: frozenset[str]


def documented() -> dict[str, Told]:
    """What the document says, by the metric's name."""
    rows = _ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    told = {
        name: Told(kind.strip(), unit.strip(), frozenset(re.findall(r"`(\w+)`", labels)))
        for name, kind, unit, labels in rows
    }
    assert len(told) == len(rows), "a metric is told of twice"
    return told


def scraped(text: str) -> dict[str, Shown]:
    """Our own metrics of a scrape, by name as the document has them."""
    found = {}
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        if name.startswith("ntpd112_"):
            labels = [frozenset(sample.labels) - {"le"} for sample in family.samples]
            assert len(set(labels)) <= 1, f"{name}: its samples have different labels"
            found[name] = Shown(family.type, labels[0] if labels else None)
    return found


def series(text: str) -> int:
    """Lines of samples."""
    return sum(1 for line in text.splitlines() if line and not line.startswith("#"))


def faults(text: str) -> list[str]:
    """What is against the naming rules of Prometheus in our own metrics."""
    found = []
    for family in text_string_to_metric_families(text):
        name = family.name
        if not name.startswith("ntpd112_"):
            continue
        last = name.rpartition("_")[2]
        if not _NAME.fullmatch(name):
            found.append(f"{name} is not in snake case")
        if not family.documentation.endswith("."):
            found.append(f"{name} has no help that is a sentence")
        if last == "total" or (last in OF_HISTOGRAMS):
            found.append(f"{name} ends as a sample of another type")
        if last in NOT_BASE:
            found.append(f"{name} is in no base unit")
        if family.type == "histogram" and last not in ("seconds", "bytes", "ratio"):
            found.append(f"{name} says no unit")
        if family.type not in ("counter", "gauge", "histogram"):
            found.append(f"{name} is of the type {family.type}")
    return found


def metrics_in(text: str) -> list[str]:
    """The samples that PromQL in `text` asks for, each once."""
    return sorted(set(_IN_PROMQL.findall(text)))


def samples(text: str) -> set[str]:
    """The names of all samples of a scrape."""
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
