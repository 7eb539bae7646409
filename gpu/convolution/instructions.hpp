#pragma once
#include <string>

namespace reconlaw::gpu {

/// The largest instruction set of the processor that the library of convolutions uses, "AVX2"; empty on a
/// GPU.
std::string convolution_instructions();

}  // namespace reconlaw::gpu
