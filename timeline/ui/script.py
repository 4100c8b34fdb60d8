"""What ``streamlit run`` runs; the arguments are traces to offer."""

from timeline.ui.app import main

main()
