#pragma once
/// A trained network at work on images of any size, whole or in overlapping tiles.

#include <memory>
#include <span>
#include <vector>

#include "reconlaw/data/image.hpp"
#include "reconlaw/gpu/architecture.hpp"
#include "reconlaw/gpu/network.hpp"
#include "reconlaw/gpu/weights.hpp"

namespace reconlaw::gpu {

/// @throws std::invalid_argument  a network that is not from one channel to one of equal size, naming it
void check_denoiser(const Architecture& architecture);

/// The side of tiles at which a network is at home. Instance norm averages over its input, so a U-Net wants
/// images as large as its training patches: metadata "patch", or 0 (whole images) where the file does not
/// say. A residual CNN has no normalisation: 0.
/// @throws std::invalid_argument  metadata "patch" is not a whole number from 1 to 32768
int natural_tile(const Weights& weights);

/// Where tiles of `side` begin along `length` pixels: evenly, at most side/2 apart, from 0 to length - side;
/// {0} where length <= side. @throws std::invalid_argument  length < 1, side < 1
std::vector<int> tile_starts(int length, int side);

/// Estimates of a trained network, for images of one size.
///
/// In tiles, the estimate of a pixel is the weighted mean of those of the tiles that hold it, two or more in
/// each direction; a tile's weights are sin^2(pi (k + 1/2) / side) in each direction, which fall to almost 0
/// at its border, where the network sees least around a pixel. The image is continued by half a tile beyond
/// its borders by reflection, so that its own border is not a tile's. An image that is exactly one tile is
/// processed as it is: what the network was trained on.
class Denoiser {
  public:
    /// @param images  in one call of estimate
    /// @param tile    side of the tiles; 0: the whole image at once
    /// @throws std::invalid_argument  a size the network cannot take (in tiles: of the tiles); tile < 0 or
    /// > 32768; as
    /// check_denoiser
    /// @throws DeviceError            no usable device, not enough memory
    Denoiser(const Weights& weights, int images, int height, int width, int tile = 0);
    ~Denoiser();
    Denoiser(Denoiser&&) noexcept;
    Denoiser& operator=(Denoiser&&) noexcept;

    /// Estimates, images x height x width values like the noisy images, not clamped.
    /// @throws std::invalid_argument  another size
    std::vector<float> estimate(std::span<const float> noisy);

  private:
    struct Tile {
        int image, row, col;
    };
    int images_, height_, width_;
    int border_ = 0;           ///< pixels by which an image is continued on every side
    std::vector<Tile> tiles_;  ///< of all images; rows and columns of the continued image
    std::unique_ptr<Network<float>> network_;
};

/// The estimate of one image of any size, not clamped. @throws as Denoiser
data::Image denoise(const Weights& weights, const data::Image& noisy, int tile = 0);

}  // namespace reconlaw::gpu
