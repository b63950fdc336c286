"""The demonstration: a small town of people who do not exist, and a story about its door.

``town`` enrols the residents through the kiosk's own gate, ``story`` is what happens, ``narrator``
says it and checks that the engine did what was told, ``sitter`` follows the instructions of an
enrolment, ``demonstration`` puts them together. Nothing here decides who is let in.
"""
