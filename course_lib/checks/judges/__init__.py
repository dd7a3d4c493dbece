"""How each exercise is judged: references and misconceptions, kept out of reach of learner code."""
