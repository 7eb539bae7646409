// A little of every library; other.cpp includes the whole core.
#include <iostream>
#include <reconlaw/problem/subspace.hpp>

double floor_of_other_file();

#ifdef CONSUMER_WITH_DATA
#include <reconlaw/data/bytes.hpp>
#include <reconlaw/data/image.hpp>
#include <reconlaw/data/spectrum_file.hpp>

// Reaches libpng, libjpeg, libwebp (decode_image) and OpenSSL, and frees Eigen memory that the library
// allocated.
void use_data() {
    namespace data = reconlaw::data;
    const data::Bytes png = data::encode_png(data::Image::Constant(2, 3, 1.0f));
    const data::Image image = data::decode_image(png, "white.png");
    std::cout << "white " << image.sum() << ", digits " << data::sha256_hex(png).size() << ", trace "
              << data::parse_spectrum("3\n1\n2\n", "spectrum").sum() << '\n';
}
#endif

#ifdef CONSUMER_WITH_FIT
#include <reconlaw/fit/forecast.hpp>

// Reaches Ceres Solver.
void use_fit() {
    namespace fit = reconlaw::fit;
    const auto curve = fit::make_curve({1, 4, 16, 64, 256}, {1.1, 0.6, 0.35, 0.225, 0.1625});
    const auto law = fit::fit_law(fit::law_named("floor"), curve);
    std::cout << "exponent " << law.parameters[2] << '\n';
}
#endif

#ifdef CONSUMER_WITH_GPU
#include <reconlaw/gpu/network.hpp>

// Reaches the kernels and the convolution library: 1*3 + 2*4, and the pixels of a U-Net's estimate.
void use_gpu() {
    namespace gpu = reconlaw::gpu;
    gpu::Network<float> line(gpu::LinearNetwork{2, 1}, {});
    const std::vector<float> weights{1, 2}, pixels{3, 4}, black(8 * 8);
    line.set_parameters(weights);
    gpu::Network<float> unet(gpu::UNet{1, 1, 4, 1}, {1, 8, 8});
    unet.initialise(1);
    std::cout << "line " << line.forward(pixels).front() << ", U-Net " << unet.forward(black).size() << '\n';
}
#endif

int main() {
    std::cout << "floor " << reconlaw::subspace_problem(100, 10, 0.5).floor << '\n'
              << "other " << floor_of_other_file() << '\n';
#ifdef CONSUMER_WITH_DATA
    use_data();
#endif
#ifdef CONSUMER_WITH_FIT
    use_fit();
#endif
#ifdef CONSUMER_WITH_GPU
    use_gpu();
#endif
}
