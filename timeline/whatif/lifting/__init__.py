"""From a recording to the causes of its schedule, one kind of cause a file."""
