"""What ``streamlit run`` serves: the pages, and the timeline's tiles beside them."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from timeline.ui.canvas import routes
from timeline.ui.hosts import middleware
from timeline.ui.preload import Preload
from timeline.ui.styled import Styled

app = st.App(
    Path(__file__).with_name("script.py"),
    routes=routes(),
    middleware=[*middleware(), Middleware(Styled), Middleware(Preload)],
)
