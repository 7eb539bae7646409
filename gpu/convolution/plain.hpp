#pragma once
/// Convolutions by plain loops on the device: for double precision on a GPU, where cuDNN offers none with the
/// channels last. Slow; double is for checks of gradients.

#include "convolution.hpp"

namespace reconlaw::gpu {

template <class T>
std::unique_ptr<Convolution<T>> make_plain_convolution(const ConvolutionShape& shape);

}  // namespace reconlaw::gpu
