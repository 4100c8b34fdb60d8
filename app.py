"""The dashboard: ``streamlit run app.py [-- TRACE…]``."""

from pathlib import Path

import streamlit as st

import timeline.ui
from timeline.ui.canvas import routes

app = st.App(Path(timeline.ui.__file__).with_name("script.py"), routes=routes())
