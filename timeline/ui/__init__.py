"""The dashboard: Streamlit pages over :mod:`timeline.figures` and :mod:`timeline.report`."""

from timeline.ui.launch import launch

__all__ = ["launch"]
