"""Metrics for Prometheus. What is now is read off when asked for; what was is counted where it happens, in
plain numbers. docs/metrics.md tells each; no label has values that a peer could make up."""

from .access import AccessCollector as AccessCollector
from .centre import CentreCollector as CentreCollector
from .hooks import WebhookCollector as WebhookCollector
from .inside import HttpCollector as HttpCollector
from .inside import JournalCollector as JournalCollector
from .inside import ProcessFigures as ProcessFigures
from .wire import MediaCollector as MediaCollector
from .wire import SipCollector as SipCollector
