"""From ONNX to Rockchip's .rknn and to 8-bit ONNX, with a report that proves each file."""
