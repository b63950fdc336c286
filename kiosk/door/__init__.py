"""The door: relay drivers (bytes), and the controller that gives them meaning (locked, unlocked).

Only :mod:`kiosk.door.port` touches the serial port. One thread, owned by
:class:`kiosk.door.controller.DoorController`, uses a relay from connecting to closing it. In every
driver "off" means locked, so whatever goes wrong, the answer is to switch off.
"""
