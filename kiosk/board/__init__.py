"""The computer itself: which chip it is, how hot and how busy, and what to do about it."""
