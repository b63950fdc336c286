"""door-kiosk without a screen: cameras, networks, recognition, door and store.

Nothing in this package imports Qt; the screens are in the package ``ui``.
"""

import os

# OpenCV reads its limit on image sizes once, when the library is loaded, so it is set here: before
# any module of the package can import cv2. It is the second line behind kiosk.camera.imagefile.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "50000000")

__version__ = "0.1.0"
