"""People who do not exist, walking up to the door, with the truth about every picture of them.

``looks`` invents a person from a number, ``head`` models and paints the head, ``render`` makes the
picture of a ``scene``; ``background``, ``sensor`` and ``attacks`` are the rest of the world,
``visits`` what happens over time, ``sampling`` scenes drawn at random.
"""
