"""Tells the building over MQTT what the door does, and takes signed commands where allowed.

One thread, ``mqtt``, owns the connection. The access log is the queue: an event that the broker
has not acknowledged is read from the log again, so an outage of any length loses nothing. Nothing
of the door ever waits for this package.
"""
