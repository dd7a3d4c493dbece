"""What a class hands in: folders as teachers keep them, and zips as Canvas, Moodle and nbgrader hand them out.

`names` makes names clean text where they enter, `handed` lists files, `archive` reads zips, `layouts` decides for a
whole batch whose file is whose, `work` picks each learner's notebooks, `found` puts it together.
"""

from course_lib.grading.submissions.found import Submissions
from course_lib.grading.submissions.work import Submission, SubmissionsError

__all__ = ["Submission", "Submissions", "SubmissionsError"]
