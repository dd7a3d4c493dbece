"""Questions, cases, verdicts, misconceptions.

A question has two halves. `asking.Asked` (in `probes/`) draws cases and runs the learner's code; `judging.Judged`
(in `judges/`) holds the reference and the misconceptions and decides. The same object serves the learner's
notebook, the batch grader, nbgrader and the test suite.
"""
