"""The commands of ``door-kiosk``, one group a file.

Each module has ``register(groups)``, which describes its options, and the functions that carry the
commands out. What is heavy (OpenCV, the networks, the database) is imported inside those functions,
so that ``--help`` and ``--version`` answer at once.
"""
