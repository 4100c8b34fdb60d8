"""Pictures of traces: Gantt figures in Plotly, and as SVG without anything else."""

from timeline.figures.gantt import compare, gantt
from timeline.figures.svg import gantt_svg

__all__ = ["compare", "gantt", "gantt_svg"]
