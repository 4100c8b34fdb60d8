"""The dashboard: ``streamlit run app.py [-- TRACE…]``."""

from timeline.ui.app import main

main()
