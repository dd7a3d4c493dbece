"""Building the notebooks: from `source/` to `notebooks/`, `solutions/` and `exercises/`.

`source` reads a percent script, `rules` says what it lacks, `transform` takes the answers out, `notebook` lays the
cells out, `execute` runs them, `outputs` keeps what may be stored, `numbers` proves the numbers in the prose, `drift`
compares what is stored with what the source says, `readme` keeps the list of lessons, and `command` is `course build`.
"""
