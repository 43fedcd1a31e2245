"""The REST interface. `create_app` makes it, `serve` runs it in the agent's event loop."""

from ntpd112.api.app import create_app
from ntpd112.api.metrics import CentreCollector
from ntpd112.api.server import ApiServer, serve

__all__ = ["ApiServer", "CentreCollector", "create_app", "serve"]
