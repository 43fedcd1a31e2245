"""The Grafana dashboard and the alerts: well-formed, and of metrics and labels that there are."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import promql_parser
import pytest
import yaml
from tests.metrics import ALERTS, DASHBOARD, documented, metrics_in

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
EVERYWHERE = {"instance", "le"}
COLUMNS = 24
OWN_LABELS = {"instance", "le", "version"}

_BY = re.compile(r"\bby \(([^)]*)\)")
_MATCHERS = re.compile(r"(\w+)\{([^}]*)\}")
_DURATION = re.compile(r"[1-9][0-9]*[smhd]")

dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
panels: list[dict[str, Any]] = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
rules: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
asked: list[str] = [target["expr"] for panel in panels for target in panel["targets"]]
expressions = [*asked, *(rule["expr"] for rule in rules)]


def plain(expression: str) -> str:
    """With Grafana's variables filled in."""
    return expression.replace("$__rate_interval", "1m").replace("$instance", ".*")


def labels_of(name: str) -> frozenset[str]:
    told = documented()
    base = re.sub(r"_(bucket|count|sum)$", "", name)
    return told[name].labels if name in told else told[base].labels


@pytest.mark.parametrize("expression", expressions)
def test_an_expression_is_promql_of_documented_metrics_and_labels(expression: str) -> None:
    promql_parser.parse(plain(expression))
    names = metrics_in(expression)
    assert names
    ours = [name for name in names if name.startswith("ntpd112_")]
    for name in ours:
        labels_of(name)  # KeyError: it is in no row of the document
    for name, matchers in _MATCHERS.findall(expression):
        used = set(re.findall(r"(\w+)(?==|!)", matchers))
        assert used <= (labels_of(name) if name in ours else set()) | EVERYWHERE
    there = set().union(*(labels_of(name) for name in ours)) | EVERYWHERE
    assert {label for by in _BY.findall(expression) for label in by.split(", ")} <= there


def test_the_dashboard_can_be_imported_by_grafana() -> None:
    assert dashboard["uid"] == "ntpd112"
    assert dashboard["schemaVersion"] >= 36
    assert "id" not in dashboard  # Grafana's own number, which would belong to another dashboard
    kinds = {variable["name"]: variable["type"] for variable in dashboard["templating"]["list"]}
    assert kinds == {"datasource": "datasource", "instance": "query"}
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("panel", panels, ids=lambda panel: panel["title"])
def test_a_panel_reads_from_the_chosen_source_and_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["datasource"] == DATASOURCE
    assert all(target["datasource"] == DATASOURCE for target in panel["targets"])
    assert panel["title"]
    assert panel["description"].endswith(".")
    refs = [target["refId"] for target in panel["targets"]]
    assert len(refs) == len(set(refs))


def test_panels_lie_side_by_side() -> None:
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    for a, b in itertools.combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, (a, b)


@pytest.mark.parametrize("rule", rules, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_urgent_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert _DURATION.fullmatch(rule.get("for", "1m"))
    said = rule["annotations"]
    assert said.keys() == {"summary", "description"}
    shown = set(re.findall(r"\$labels\.(\w+)", said["summary"] + said["description"]))
    kept = _BY.findall(rule["expr"])
    there = set(", ".join(kept).split(", ")) if kept else labels_of(metrics_in(rule["expr"])[0])
    assert shown <= there | EVERYWHERE


def test_alerts_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in rules]
    assert len(names) == len(set(names))
