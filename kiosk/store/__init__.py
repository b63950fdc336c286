"""The disk: people, templates, the access log and settings in one SQLite file, and the log's way
out on a USB stick. Only this package uses peewee; one thread, the store lane, owns the connection.
"""
