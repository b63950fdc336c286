"""The recipe for the RK1808 (and RK1806, RK3399Pro), whose toolkit is another and older one.

python3.6 rk1808.py NETWORK.onnx ROLE OUT.rknn CALIBRATION.txt

Runs where rknn-toolkit 1.7.5 does: CPython 3.6 or 3.8 on x86-64, in an environment of its own (it
pins TensorFlow 1.14 and torch 1.10). NETWORK.onnx and CALIBRATION.txt come from
`python -m convert.prepare`. This recipe is recorded from the toolkit's documentation and has not
been run: no machine of this project has that environment. Nothing is imported from the program,
whose Python is newer.

What differs from the newer toolkit, and why:
- reorder_channel turns the channels before mean and std are applied, also at run time; mean and std
  are in the order of the network. The program hands over the network's own order already, so
  nothing is turned ('0 1 2'): calibration pictures are read as RGB and are therefore written as
  .npy, in the network's order.
- 8-bit scales are per layer. The embedder loses a tenth of its cosine that way (0.898 measured on
  the newer toolkit's simulator with per-layer scales): it takes 16-bit fixed point instead.
- build(pre_compile) is deprecated: a file is precompiled on the device, if at all.
"""

import sys

QUANTISED = {
    # role: (mean, std, quantized_dtype, quantized_algorithm)
    "detector": ((104, 117, 123), (1, 1, 1), "asymmetric_quantized-u8", "mmse"),
    "embedder": (
        (123.675, 116.28, 103.53),
        (58.395, 57.12, 57.375),
        "dynamic_fixed_point-i16",
        "normal",
    ),
    "liveness": ((0, 0, 0), (1, 1, 1), "asymmetric_quantized-u8", "mmse"),
    "head_pose": ((127.5,) * 3, (128,) * 3, "asymmetric_quantized-u8", "mmse"),
}


def convert(network, role, out, calibration):
    """Convert one prepared network; raises RuntimeError when the toolkit refuses."""
    from rknn.api import RKNN

    mean, std, dtype, algorithm = QUANTISED[role]
    toolkit = RKNN(verbose=True)
    toolkit.config(
        reorder_channel="0 1 2",
        mean_values=[list(mean)],
        std_values=[list(std)],
        quantized_dtype=dtype,
        quantized_algorithm=algorithm,
        mmse_epoch=3,
        optimization_level=3,
        target_platform=["rk1808"],
    )
    steps = (
        lambda: toolkit.load_onnx(model=network),
        lambda: toolkit.build(do_quantization=True, dataset=calibration),
        lambda: toolkit.export_rknn(out),
    )
    try:
        for step in steps:
            if step() != 0:
                raise RuntimeError("rknn-toolkit refused: see its messages above.")
    finally:
        toolkit.release()


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[2] not in QUANTISED:
        sys.exit(__doc__)
    convert(*sys.argv[1:])
