/// The build without oneDNN.

#include "im2col.hpp"
#include "instructions.hpp"
#include "widened.hpp"

namespace reconlaw::gpu {

template <class T>
std::unique_ptr<Convolution<T>> make_convolution(const ConvolutionShape& shape, const ConvolutionUse&,
                                                 Arithmetic) {
    return std::make_unique<Im2colConvolution<T>>(shape);
}
template std::unique_ptr<Convolution<float>> make_convolution(const ConvolutionShape&, const ConvolutionUse&,
                                                              Arithmetic);
template std::unique_ptr<Convolution<double>> make_convolution(const ConvolutionShape&, const ConvolutionUse&,
                                                               Arithmetic);

template <>
std::unique_ptr<Convolution<BFloat16>> make_convolution(const ConvolutionShape& shape, const ConvolutionUse&,
                                                        Arithmetic) {
    return std::make_unique<WidenedConvolution>(shape, std::make_unique<Im2colConvolution<float>>(shape));
}

double most_values() {
    return 0x1p36;
}
bool multiplies_bf16() {
    return false;
}

std::string convolution_library() {
    return "Eigen " + std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
           std::to_string(EIGEN_MINOR_VERSION);
}

std::string convolution_instructions() {
    return Eigen::SimdInstructionSetsInUse();
}

}  // namespace reconlaw::gpu
