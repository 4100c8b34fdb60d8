"""Which names of this machine the server answers to.

A page of another site may let its own name point to 127.0.0.1 and then read what is served there
(DNS rebinding). Its requests still say that name, so they are refused, beside the origin that
Streamlit itself checks where a session begins.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from streamlit import config

__all__ = ["allowed_hosts", "middleware"]

_HERE = ("localhost", "127.0.0.1")
_ANYWHERE = ("", "0.0.0.0", "::")


def allowed_hosts() -> list[str]:
    """Names of this machine, and those that Streamlit's options add; all of a public server."""
    address = str(config.get_option("server.address") or "")
    if address in _ANYWHERE or not config.get_option("server.enableCORS"):
        return ["*"]
    origins: Any = config.get_option("server.corsAllowedOrigins") or ()
    named = [urlsplit(str(origin)).hostname for origin in origins]
    browser = config.get_option("browser.serverAddress")
    return list(dict.fromkeys([*_HERE, address, *filter(None, [*named, browser])]))


def middleware() -> list[Middleware]:
    """For ``st.App``."""
    return [Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(), www_redirect=False)]
