#include "reconlaw/gpu/evaluation.hpp"

#include <cmath>
#include <stdexcept>

#include "device_support.hpp"
#include "identity_network.hpp"
#include "reconlaw/data/metrics.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::gpu;
using reconlaw::data::Image;
using reconlaw::gpu::testing::identity;

namespace {

Image ramp(Eigen::Index rows, Eigen::Index cols) {
    Image image(rows, cols);
    for (Eigen::Index i = 0; i < image.size(); ++i)
        image.data()[i] = 0.4f + 0.2f * static_cast<float>(i % 37) / 37.f;
    return image;
}

}  // namespace

TEST_CASE("noise is standard normal, and a function of seed, number and pixel") {
    std::vector<float> a(40000), b(40000), c(40000), shorter(1001);
    add_noise(a, 2.0, 1, 0), add_noise(b, 2.0, 1, 1), add_noise(c, 2.0, 1, 0), add_noise(shorter, 2.0, 1, 0);
    CHECK(a == c);
    CHECK(a != b);
    CHECK(std::equal(shorter.begin(), shorter.end(), a.begin()));
    double mean = 0, square = 0, product = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        mean += a[i] / 4e4, square += double(a[i]) * a[i] / 4e4, product += double(a[i]) * b[i] / 4e4;
    // five standard errors of 40000 values
    check_close(mean, 0, 0.0, 5 * 2 / 200.0);
    check_close(square, 4, 0.0, 5 * 4 * std::sqrt(2.0) / 200);
    check_close(product, 0, 0.0, 5 * 4 / 200.0);
}

TEST_CASE("scores of images of several sizes are those of the metrics, in the order given") {
    if (!testing::have_device()) return;
    const std::vector<Image> images{ramp(9, 12), ramp(30, 17), ramp(9, 12), ramp(5, 6)};
    const Evaluation e = evaluate_denoiser(identity(), images, 0.05, 3);
    REQUIRE(e.images.size() == 4);
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        std::vector<float> values(images[i].data(), images[i].data() + images[i].size());
        add_noise(values, 0.05, 3, static_cast<std::uint32_t>(i));
        const Image noisy = Eigen::Map<const Image>(values.data(), images[i].rows(), images[i].cols());
        const double mse = reconlaw::data::mean_squared_error(noisy, images[i]);
        check_close(e.images[i].mse, mse, 1e-6, 0.0);
        check_close(e.images[i].psnr_db, reconlaw::data::psnr_db(mse), 1e-6, 0.0);
        if (i < 3)
            check_close(e.images[i].ssim, reconlaw::data::ssim(noisy, images[i]), 1e-6, 0.0);
        else
            CHECK(std::isnan(e.images[i].ssim));
        sum += e.images[i].psnr_db;
    }
    for (const ImageScore& s : e.images) squares += std::pow(s.psnr_db - sum / 4, 2);
    check_close(e.psnr_db.mean, sum / 4, 1e-12, 0.0);
    check_close(e.psnr_db.standard_error, std::sqrt(squares / 3 / 4), 1e-12, 0.0);
}

TEST_CASE("patches of one image are not independent") {
    const auto scores = [](std::vector<double> values) {
        std::vector<ImageScore> s(values.size());
        for (std::size_t i = 0; i < s.size(); ++i) s[i].mse = values[i];
        return s;
    };
    const std::vector<double> images{1, 2, 4, 9};
    const double alone = summarise(scores(images)).mse.standard_error;
    // every image three times: the same four observations
    std::vector<double> repeated;
    std::vector<int> source;
    for (int i = 0; i < 4; ++i)
        for (int k = 0; k < 3; ++k)
            repeated.push_back(images[static_cast<std::size_t>(i)]), source.push_back(7 * i);
    const MeanAndError m = summarise(scores(repeated), source).mse;
    check_close(m.mean, 4, 1e-12, 0.0);
    check_close(m.standard_error, alone, 1e-12, 0.0);
    CHECK(summarise(scores(repeated)).mse.standard_error < 0.6 * alone);
    CHECK(summarise(scores({1, 2, 5}), std::vector<int>{1, 1, 1}).mse.standard_error == 0);
    CHECK_THROWS_AS(summarise(scores({1, 2}), std::vector<int>{1}), std::invalid_argument);
}

TEST_CASE("estimates are clamped to what images can be, and images that are too small refused") {
    if (!testing::have_device()) return;
    const Image white = Image::Ones(16, 16);
    const Evaluation e = evaluate_denoiser(identity(), std::vector<Image>{white}, 0.2, 1);
    // noise above white is cut off: half the noise's power is left
    check_close(e.mse.mean / 0.04, 0.5, 0.0, 0.15);
    CHECK(e.mse.standard_error == 0);
    CHECK_THROWS_AS(evaluate_denoiser(identity(), std::vector<Image>{}, 0.1, 1), std::invalid_argument);
    CHECK_THROWS_AS(evaluate_denoiser(identity(), std::vector<Image>{ramp(1, 40)}, 0.1, 1),
                    std::invalid_argument);
    CHECK_THROWS_AS(evaluate_denoiser(identity(), std::vector<Image>{white}, -0.1, 1), std::invalid_argument);
}
