"""Reports: the measures of a trace as text and as JSON, of one trace or of several side by side."""

from timeline.report.build import report
from timeline.report.comparison import Comparison, compare_table
from timeline.report.model import DeviceReport, Report
from timeline.report.whole import whole

__all__ = ["Comparison", "DeviceReport", "Report", "compare_table", "report", "whole"]
