"""The dashboard: ``streamlit run app.py [-- TRACE…]``."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

import timeline.ui
from timeline.ui.canvas import routes
from timeline.ui.hosts import middleware
from timeline.ui.styled import Styled

app = st.App(
    Path(timeline.ui.__file__).with_name("script.py"),
    routes=routes(),
    middleware=[*middleware(), Middleware(Styled)],
)
