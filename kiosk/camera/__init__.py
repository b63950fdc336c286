"""Frames from a V4L2 camera, a network stream, a video file, a folder of images or a test picture.

:mod:`~kiosk.camera.source` turns the setting into a camera, :mod:`~kiosk.camera.capture` runs it in
a thread of its own, and :mod:`~kiosk.camera.imagefile` reads single photographs.
"""
