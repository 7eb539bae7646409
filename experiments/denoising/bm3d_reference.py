#!/usr/bin/env python3
"""BM3D on the study's test patches: the classic to compare with.

    pip install bm3d
    denoising_report study.toml results.csv figures --export-patches patches.npy
    experiments/denoising/bm3d_reference.py patches.npy --noise 25

Prints the mean PSNR and MSE over the patches, clamped to [0, 1], with standard errors.
"""
import argparse

import bm3d
import numpy

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("patches")
arguments.add_argument("--noise", type=float, default=25.0)
arguments.add_argument("--limit", type=int, default=None, help="only so many patches")
options = arguments.parse_args()

clean, noisy = numpy.load(options.patches)
mse = numpy.array([numpy.mean((numpy.clip(bm3d.bm3d(y, options.noise / 255), 0, 1) - x) ** 2)
                   for x, y in zip(clean[:options.limit], noisy[:options.limit])])
psnr = -10 * numpy.log10(mse)
error = len(mse) ** -0.5
print(f"{len(mse)} patches: PSNR {psnr.mean():.2f} +- {psnr.std() * error:.2f} dB, "
      f"MSE {mse.mean():.4e} +- {mse.std() * error:.1e}")
