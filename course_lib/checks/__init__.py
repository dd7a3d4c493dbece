"""Questions, cases, verdicts, misconceptions.

A question has two halves, each in a file of its name. `asking.Asked` (in `probes/<exercise>/`) draws cases and runs
the learner's code; `judging.Judged` (in `judges/<exercise>/`) holds the reference and the misconceptions and decides.
The same object serves the learner's notebook, the batch grader, nbgrader and the test suite.
"""
