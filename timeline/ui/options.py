"""Streamlit's options: what ``.streamlit/config.toml`` says in a checkout, for everyone else."""

from __future__ import annotations

from collections.abc import Mapping

from timeline.figures.palette import DARK, LIGHT, Theme

__all__ = ["OPTIONS", "flags"]

Value = str | int | bool

_ACCENT = "#0072B2"
_ACCENT_DARK = "#56B4E9"


def _theme(theme: Theme, accent: str) -> dict[str, Value]:
    return {
        "primaryColor": accent,
        "backgroundColor": theme.paper,
        "secondaryBackgroundColor": theme.band,
        "textColor": theme.ink,
        "borderColor": theme.grid,
    }


def _sections() -> dict[str, dict[str, Value]]:
    return {
        "browser": {"gatherUsageStats": False},
        "client": {"toolbarMode": "minimal", "showErrorDetails": "none"},
        "server": {
            "address": "127.0.0.1",
            "enableXsrfProtection": True,
            "enableCORS": True,
            "enableStaticServing": False,
            "enableAgentApi": False,
            "showEmailPrompt": False,
            "fileWatcherType": "none",
            "maxUploadSize": 2048,
        },
        "theme": {
            "baseRadius": "small",
            "showWidgetBorder": True,
            "headingFontWeights": 600,
        },
        "theme.light": _theme(LIGHT, _ACCENT),
        "theme.dark": _theme(DARK, _ACCENT_DARK),
        "theme.light.sidebar": {"backgroundColor": LIGHT.band},
        "theme.dark.sidebar": {"backgroundColor": DARK.band},
    }


OPTIONS: Mapping[str, Mapping[str, Value]] = _sections()
"""Streamlit's options, section by section: local only, no telemetry, our theme."""


def flags() -> list[str]:
    """:data:`OPTIONS` as flags of ``streamlit run``; uploads as large as the environment allows."""
    from timeline.ui.importing import UPLOAD_LIMITS

    most = f"--server.maxUploadSize={max(UPLOAD_LIMITS.raised().file_bytes >> 20, 1)}"
    return [
        *(
            f"--{section}.{name}={str(value).lower() if isinstance(value, bool) else value}"
            for section, values in OPTIONS.items()
            for name, value in values.items()
        ),
        most,  # the last of two counts
    ]
