"""The interactive timeline: a canvas in the page, fed with tiles by a route beside Streamlit's."""

from timeline.ui.canvas.component import timeline_view
from timeline.ui.canvas.routes import routes

__all__ = ["routes", "timeline_view"]
