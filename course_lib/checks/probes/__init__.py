"""What each exercise asks: the half of its questions that may stand beside learner code."""
