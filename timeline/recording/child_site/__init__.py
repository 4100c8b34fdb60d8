"""A folder on the path of processes that a recorded script starts: Python imports what is here."""
