"""Who may administer the kiosk: the PIN, how it is kept and how guessing it is slowed down. Only
this package uses argon2; where the text is stored is passed in.
"""
