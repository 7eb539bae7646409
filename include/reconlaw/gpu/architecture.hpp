#pragma once
/// Networks by their options, and the names and shapes of their parameters.

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace reconlaw::gpu {

/// The U-Net of fastMRI (Zbontar et al. 2018, arXiv 1811.08839; Ronneberger et al. 2015 without its crops).
///
/// A block is twice [3 x 3 convolution without bias, instance norm, LeakyReLU 0.2]. `poolings` times: a
/// block, then 2 x 2 average pooling; the blocks have channels, 2 channels, 4 channels, ... Then a block, and
/// as many times: 2 x 2 transposed convolution of stride 2 without bias, instance norm, LeakyReLU, the
/// channels of the same resolution on the way down appended, a block. At last a 1 x 1 convolution with bias.
/// Odd sizes: pooling leaves the last row or column out, and on the way up it is filled by reflection.
struct UNet {
    int in_channels = 1, out_channels = 1;
    int channels = 32;  ///< of the first block
    int poolings = 4;
    bool residual =
        false;  ///< the estimate is the input minus the U-Net's output; needs in_channels = out_channels
};

/// A residual network at one resolution: EDSR (Lim et al. 2017, arXiv 1707.02921), and for upscale = 1 a
/// denoiser of the kind of DnCNN.
///
/// A 3 x 3 convolution; `blocks` times x + scale (3 x 3 convolution, ReLU, 3 x 3 convolution); another
/// convolution and the first one's output added; for upscale > 1 a convolution to upscale^2 times the
/// channels and pixel shuffle (4 as 2 twice); a convolution to the output. All convolutions have biases,
/// there is no normalisation.
struct ResidualCnn {
    int in_channels = 1, out_channels = 1;
    int channels = 64;
    int blocks = 8;
    int upscale = 1;           ///< 1, 2, 3 or 4
    double block_scale = 1.0;  ///< of every block's output
    bool residual = false;     ///< as UNet::residual; needs upscale = 1
};

/// One matrix W, outputs x inputs: the linear estimator of the theory, x = W y. An image is one pixel of
/// `inputs` channels.
struct LinearNetwork {
    int inputs = 1, outputs = 1;
};

using Architecture = std::variant<UNet, ResidualCnn, LinearNetwork>;

/// @throws std::invalid_argument  an option outside its range
void check(const Architecture& architecture);

/// "U-Net, 16 channels, 2 poolings, residual"
std::string describe(const Architecture& architecture);

/// A parameter tensor as PyTorch has it.
struct Parameter {
    std::string name;  ///< in the state_dict of the PyTorch module: "down_sample_layers.0.layers.0.weight"
    std::vector<int> shape;  ///< (out, in, height, width); (in, out, 2, 2) for a transposed convolution
    double bound = 0;  ///< initial values are uniform in [-bound, bound], PyTorch's default: 1/sqrt(fan in)
    std::ptrdiff_t offset = 0;    ///< of its first value in the flat array of all parameters
    std::ptrdiff_t size() const;  ///< number of values
};

/// In the order of PyTorch's state_dict: the order of the flat array.
/// @throws as check
std::vector<Parameter> parameters(const Architecture& architecture);

std::ptrdiff_t parameter_count(const Architecture& architecture);

/// Images of this size can be processed. @throws std::invalid_argument  too small, or too small for the
/// poolings
void check_image_size(const Architecture& architecture, int height, int width);

}  // namespace reconlaw::gpu
