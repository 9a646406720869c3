#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Takes what a C++ program needs out of a CPU PyTorch wheel: headers and four libraries.

usage: unpack_libtorch.py WHEEL_DIR TARGET_DIR   (writes TARGET_DIR/torch)
Exit status 3: the wheel is a CUDA build and must be installed with pip instead.
"""
import glob
import sys
import zipfile

LIBRARIES = {"torch/lib/" + name for name in ("libc10.so", "libtorch.so", "libtorch_cpu.so", "libgomp.so.1")}


def main() -> int:
    wheel_dir, target_dir = sys.argv[1:3]
    (wheel,) = glob.glob(wheel_dir + "/torch-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        if "torch/lib/libtorch_cuda.so" in names:
            return 3
        archive.extractall(target_dir, [n for n in names if n in LIBRARIES or n.startswith("torch/include/")])
    return 0


if __name__ == "__main__":
    sys.exit(main())
