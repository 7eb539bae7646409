#!/usr/bin/env python3
"""Reference values of networks, gradients and optimisers for tests/gpu/pytorch.cpp, by PyTorch.

    pip install torch numpy
    scripts/reference/training.py tests/gpu/reference

Writes unet.safetensors and residual_cnn.safetensors. Everything is computed in double precision from parameters and
images that are rounded to single precision first, and stored in single precision. Names in the files:

    parameters/NAME             the module's state_dict, in its order
    input, target, output       images x channels x height x width; output is the network's for input
    LOSS/loss, LOSS/gradient/NAME   for LOSS in mse, l1, ssim
    LOSS/autocast/output, LOSS/autocast/gradient
                                how far PyTorch's mixed precision (autocast to BF16, on a processor) is off: norm of the
                                error over the norm
    OPTIMISER/LOSS/losses       before each of ten steps on the one batch
    OPTIMISER/LOSS/norm         of all parameters after the ten steps
"""

import argparse
import copy
import json
import pathlib

import numpy
import torch
from torch import nn
from torch.nn import functional

LOSSES = ("mse", "l1", "ssim")
# options as in OptimiserOptions; clip 0 is no clipping
OPTIMISERS = {
    "adam": (torch.optim.Adam, {"lr": 1e-3}, 0, LOSSES),
    "rmsprop": (torch.optim.RMSprop, {"lr": 1e-3}, 0, LOSSES),
    "sgd": (torch.optim.SGD, {"lr": 1e-2, "momentum": 0.9}, 0, ("mse",)),
    "adam_clipped": (torch.optim.Adam, {"lr": 1e-3}, 0.1, ("mse",)),
    "sgd_clipped": (torch.optim.SGD, {"lr": 1e-2}, 0.5, ("l1",)),
}


def normalised(convolution):
    """A convolution, instance norm, LeakyReLU: one stage of the U-Net's modules."""
    return [convolution, nn.InstanceNorm2d(convolution.out_channels), nn.LeakyReLU(0.2)]


class Block(nn.Module):
    """Twice a 3 x 3 stage and dropout of nothing, so that the second convolution is layers.4."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.layers = nn.Sequential(*normalised(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)), nn.Dropout2d(0),
                                    *normalised(nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)), nn.Dropout2d(0))

    def forward(self, x):
        return self.layers(x)


class Up(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.layers = nn.Sequential(*normalised(nn.ConvTranspose2d(inputs, outputs, 2, stride=2, bias=False)))

    def forward(self, x):
        return self.layers(x)


class UNet(nn.Module):
    """The form and the names of fastMRI's U-Net."""

    def __init__(self, channels, poolings):
        super().__init__()
        widths = [channels << level for level in range(poolings + 1)]
        pairs = list(zip(widths, widths[1:]))
        self.down_sample_layers = nn.ModuleList(Block(a, b) for a, b in zip([1] + widths, widths[:-1]))
        self.conv = Block(*pairs[-1])
        self.up_conv = nn.ModuleList(Block(2 * low, low) for low, _ in reversed(pairs[1:]))
        self.up_conv.append(nn.Sequential(Block(2 * channels, channels), nn.Conv2d(channels, 1, 1)))
        self.up_transpose_conv = nn.ModuleList(Up(high, low) for low, high in reversed(pairs))

    def forward(self, x):
        skips = []
        for block in self.down_sample_layers:
            x = block(x)
            skips.append(x)
            x = functional.avg_pool2d(x, 2)
        x = self.conv(x)
        for up, block in zip(self.up_transpose_conv, self.up_conv):
            skip = skips.pop()
            x = up(x)
            missing = [skip.shape[-1] - x.shape[-1], skip.shape[-2] - x.shape[-2]]
            if any(missing):
                x = functional.pad(x, [0, missing[0], 0, missing[1]], "reflect")
            x = block(torch.cat([x, skip], 1))
        return x


class ResidualBlock(nn.Module):
    def __init__(self, channels, scale):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(),
                                  nn.Conv2d(channels, channels, 3, padding=1))
        self.scale = scale

    def forward(self, x):
        return x + self.scale * self.body(x)


class ResidualCnn(nn.Module):
    """The form and the names of EDSR."""

    def __init__(self, channels, blocks, upscale, scale):
        super().__init__()
        self.head = nn.Sequential(nn.Conv2d(1, channels, 3, padding=1))
        self.body = nn.Sequential(*(ResidualBlock(channels, scale) for _ in range(blocks)),
                                  nn.Conv2d(channels, channels, 3, padding=1))
        stages = []
        for factor in {1: [], 2: [2], 3: [3], 4: [2, 2]}[upscale]:
            stages += [nn.Conv2d(channels, factor**2 * channels, 3, padding=1), nn.PixelShuffle(factor)]
        last = nn.Conv2d(channels, 1, 3, padding=1)
        self.tail = nn.Sequential(nn.Sequential(*stages), last) if stages else nn.Sequential(last)

    def forward(self, x):
        x = self.head(x)
        return self.tail(x + self.body(x))


def ssim(x, y, data_range=1.0):
    """Mean over the windows inside the images: 7 x 7 pixels, uniform, sample covariance."""
    window = torch.full((1, 1, 7, 7), 1 / 49, dtype=x.dtype)

    def mean(z):
        return functional.conv2d(z, window)

    mx, my = mean(x), mean(y)
    vx, vy, cov = (49 / 48 * (mean(a * b) - ma * mb) for a, b, ma, mb in ((x, x, mx, mx), (y, y, my, my), (x, y, mx, my)))
    c1, c2 = (0.01 * data_range)**2, (0.03 * data_range)**2
    return ((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean()


def loss_of(name, output, target):
    if name == "ssim":
        return 1 - ssim(output, target)
    return {"mse": functional.mse_loss, "l1": functional.l1_loss}[name](output, target)


def to_single(tensor):
    return tensor.to(torch.float32).to(torch.float64)


def images(generator, count, height, width):
    """Waves with noise, in about [0, 1]."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    phase = torch.arange(count).reshape(-1, 1, 1, 1)
    clean = 0.5 + 0.25 * torch.sin(0.9 * rows + phase) + 0.2 * torch.cos(0.7 * columns - 0.3 * rows)
    return to_single(clean + 0.1 * torch.randn(clean.shape, generator=generator))


def prepare(network):
    network.double()
    with torch.no_grad():
        for p in network.parameters():
            p.copy_(to_single(p))
    return {name: value.clone() for name, value in network.state_dict().items()}


def gradients(network, x, y, losses, tensors):
    for loss in losses:
        network.zero_grad()
        value = loss_of(loss, network(x), y)
        value.backward()
        tensors[f"{loss}/loss"] = value.detach()
        for name, p in network.named_parameters():
            tensors[f"{loss}/gradient/{name}"] = p.grad.clone()


def autocast_errors(network, x, y, losses, tensors):
    single = copy.deepcopy(network).float()
    for loss in losses:
        single.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = single(x.float())
        loss_of(loss, output.float(), y.float()).backward()
        exact = torch.cat([tensors[f"{loss}/gradient/{name}"].flatten() for name, _ in network.named_parameters()])
        rounded = torch.cat([p.grad.double().flatten() for p in single.parameters()])
        tensors[f"{loss}/autocast/output"] = (output.double() - tensors["output"]).norm() / tensors["output"].norm()
        tensors[f"{loss}/autocast/gradient"] = (rounded - exact).norm() / exact.norm()


def norm(network):
    return torch.sqrt(sum((p.detach()**2).sum() for p in network.parameters()))


def optimise(network, start, x, y, name, tensors):
    kind, options, clip, losses = OPTIMISERS[name]
    for loss in losses:
        network.load_state_dict(start)
        optimiser = kind(network.parameters(), **options)
        values, clipped = [], 0
        for _ in range(10):
            optimiser.zero_grad()
            value = loss_of(loss, network(x), y)
            value.backward()
            values.append(value.item())
            if clip:
                clipped += float(nn.utils.clip_grad_norm_(network.parameters(), clip)) > clip
            optimiser.step()
        if clip and clipped < 5:
            raise SystemExit(f"{name}: clipped in {clipped} of ten steps only")
        tensors[f"{name}/{loss}/losses"] = torch.tensor(values)
        tensors[f"{name}/{loss}/norm"] = norm(network)
    network.load_state_dict(start)


def write_safetensors(path, tensors, metadata):
    """A length, a JSON header with the place of every tensor, the values: little-endian."""
    header, parts, end = {"__metadata__": metadata}, [], 0
    for name, tensor in tensors.items():
        values = tensor.detach().numpy().astype("<f4")
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + values.nbytes]}
        parts.append(values.tobytes())
        end += values.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(numpy.uint64(len(text)).astype("<u8").tobytes() + text + b"".join(parts))


def unet(path, metadata):
    generator = torch.Generator().manual_seed(1)
    torch.manual_seed(2)
    network = UNet(channels=3, poolings=2)
    start = prepare(network)
    x, y = images(generator, 2, 13, 11), images(generator, 2, 13, 11)
    tensors = {f"parameters/{name}": value for name, value in start.items()}
    tensors.update({"input": x, "target": y, "output": network(x)})
    gradients(network, x, y, LOSSES, tensors)
    autocast_errors(network, x, y, LOSSES, tensors)
    for name in OPTIMISERS:
        optimise(network, start, x, y, name, tensors)
    write_safetensors(path / "unet.safetensors", tensors, metadata)


def residual_cnn(path, metadata):
    generator = torch.Generator().manual_seed(3)
    torch.manual_seed(4)
    tensors = {}
    for upscale in (1, 3, 4):
        network = ResidualCnn(channels=3, blocks=1, upscale=upscale, scale=0.5)
        start = prepare(network)
        x, y = images(generator, 2, 5, 4), images(generator, 2, 5 * upscale, 4 * upscale)
        own = {f"parameters/{name}": value for name, value in start.items()}
        own.update({"input": x, "target": y, "output": network(x)})
        gradients(network, x, y, ("mse",), own)
        tensors.update({f"{upscale}/{name}": value for name, value in own.items()})
    write_safetensors(path / "residual_cnn.safetensors", tensors, metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {"made by": "scripts/reference/training.py", "torch": torch.__version__.split("+")[0]}
    unet(folder, metadata)
    residual_cnn(folder, metadata)
    counted = sum(p.numel() for p in UNet(channels=32, poolings=4).parameters())
    print(f"fastMRI's U-Net of 32 channels and 4 poolings has {counted} parameters")


if __name__ == "__main__":
    main()
