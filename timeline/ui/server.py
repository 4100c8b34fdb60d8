"""What ``streamlit run`` serves: the pages, and the timeline's tiles beside them."""

from pathlib import Path

import streamlit as st

from timeline.ui.canvas import routes

app = st.App(Path(__file__).with_name("script.py"), routes=routes())
