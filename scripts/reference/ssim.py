#!/usr/bin/env python3
"""Reference values of SSIM and PSNR for tests/data/ssim.cpp, by scikit-image.

    pip install scikit-image
    scripts/reference/ssim.py > tests/data/reference/ssim.csv

Images are integers 0..255 times range/255, in double precision: "texture" by a formula, "fashion K" number K of the
Fashion-MNIST test images (Debian package dataset-fashion-mnist; --fashion FOLDER where it lies elsewhere). The second
image of a pair is the first plus integer noise from a multiplicative hash, clipped to 0..255.
"""

import argparse
import gzip
import pathlib
import sys

import numpy
import scipy
import skimage
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

# image, rows, cols, noise amplitude, range, window, side, sigma, sample covariance
CASES = [
    ("texture", 24, 31, 0, 1, "uniform", 7, 0, 1),
    ("texture", 24, 31, 20, 1, "uniform", 7, 0, 1),
    ("texture", 24, 31, 100, 1, "uniform", 7, 0, 1),
    ("texture", 24, 31, 511, 1, "uniform", 7, 0, 1),
    ("texture", 7, 7, 50, 1, "uniform", 7, 0, 1),
    ("texture", 7, 40, 50, 1, "uniform", 7, 0, 1),
    ("texture", 40, 33, 50, 255, "uniform", 7, 0, 1),
    ("texture", 40, 33, 50, 1, "uniform", 7, 0, 0),
    ("texture", 40, 33, 50, 1, "uniform", 3, 0, 1),
    ("texture", 40, 33, 50, 1, "uniform", 11, 0, 1),
    ("texture", 40, 33, 50, 1, "gaussian", 0, 1.5, 0),
    ("texture", 40, 33, 50, 255, "gaussian", 0, 1.5, 0),
    ("texture", 40, 33, 50, 1, "gaussian", 0, 1.5, 1),
    ("texture", 40, 33, 50, 1, "gaussian", 0, 0.8, 0),
    ("texture", 11, 11, 50, 1, "gaussian", 0, 1.5, 0),
    ("fashion 0", 28, 28, 60, 1, "uniform", 7, 0, 1),
    ("fashion 0", 28, 28, 60, 1, "gaussian", 0, 1.5, 0),
    ("fashion 17", 28, 28, 150, 1, "uniform", 7, 0, 1),
]


def texture(rows, cols):
    i, j = numpy.mgrid[:rows, :cols]
    return (3 * i + 2 * j + 40 * ((i // 4 + j // 4) % 2) + 13 * ((i ^ j) & 3)) % 256


def noise(rows, cols, amplitude):
    i, j = numpy.mgrid[:rows, :cols].astype(numpy.uint64)
    bits = (numpy.uint64(7919) * i + numpy.uint64(104729) * j + numpy.uint64(12345)) * numpy.uint64(2654435761)
    byte = (bits % numpy.uint64(2**32) // numpy.uint64(2**24)).astype(numpy.int64)
    return (byte - 128) * amplitude // 256


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fashion", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist")
    folder = parser.parse_args().fashion
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        fashion = numpy.frombuffer(file.read()[16:], numpy.uint8).reshape(-1, 28, 28)

    print("# Made by scripts/reference/ssim.py with scikit-image %s, SciPy %s, NumPy %s."
          % (skimage.__version__, scipy.__version__, numpy.__version__))
    print("image,rows,cols,noise,range,window,side,sigma,sample,ssim,psnr")
    for image, rows, cols, amplitude, data_range, window, side, sigma, sample in CASES:
        clean = texture(rows, cols) if image == "texture" else fashion[int(image.split()[1])].astype(numpy.int64)
        noisy = numpy.clip(clean + noise(rows, cols, amplitude), 0, 255)
        a, b = clean * (data_range / 255), noisy * (data_range / 255)
        options = {"gaussian_weights": True, "sigma": sigma} if window == "gaussian" else {"win_size": side}
        ssim = structural_similarity(a, b, data_range=data_range, use_sample_covariance=bool(sample), **options)
        psnr = peak_signal_noise_ratio(a, b, data_range=data_range) if amplitude > 0 else 0
        print(image, rows, cols, amplitude, data_range, window, side, sigma, sample, "%.15g" % ssim, "%.15g" % psnr,
              sep=",")


if __name__ == "__main__":
    sys.exit(main())
