#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>

#include "reconlaw/data/csv.hpp"
#include "reconlaw/data/idx.hpp"
#include "reconlaw/data/image.hpp"
#include "reconlaw/data/metrics.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::data;

namespace {

using Bytes2d = Eigen::Array<int, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// texture and noise: the formulas of scripts/reference/ssim.py
Bytes2d texture(Eigen::Index rows, Eigen::Index cols) {
    Bytes2d x(rows, cols);
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < cols; ++j)
            x(i, j) = (3 * i + 2 * j + 40 * ((i / 4 + j / 4) % 2) + 13 * ((i ^ j) & 3)) % 256;
    return x;
}

Bytes2d with_noise(const Bytes2d& clean, int amplitude) {
    Bytes2d x = clean;
    for (Eigen::Index i = 0; i < x.rows(); ++i)
        for (Eigen::Index j = 0; j < x.cols(); ++j) {
            const auto bits = static_cast<std::uint32_t>((7919 * i + 104729 * j + 12345) * 2654435761);
            const int noise = ((static_cast<int>(bits >> 24) - 128) * amplitude) >> 8;
            x(i, j) = std::clamp(x(i, j) + noise, 0, 255);
        }
    return x;
}

Eigen::ArrayXXd scaled(const Bytes2d& x, double range) {
    return x.cast<double>() * (range / 255);
}

/// Fashion-MNIST's test images, where installed.
const std::optional<IdxArray>& fashion() {
    static const std::optional<IdxArray> images = []() -> std::optional<IdxArray> {
        const std::filesystem::path path = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";
        if (!std::filesystem::exists(path)) return std::nullopt;
        return read_idx(path);
    }();
    return images;
}

Bytes2d fashion_image(std::size_t number) {
    Bytes2d x(28, 28);
    std::copy_n(fashion()->values.begin() + static_cast<std::ptrdiff_t>(number * 784), 784, x.data());
    return x;
}

/// Compares every line of the reference table that is, or is not, about Fashion-MNIST. @return how many
int check_reference(bool of_fashion) {
    const CsvTable table = read_csv(std::filesystem::path(__FILE__).parent_path() / "reference" / "ssim.csv");
    const auto name = table.text("image"), window = table.text("window");
    const auto rows = table.numbers("rows"), cols = table.numbers("cols"), noise = table.numbers("noise");
    const auto range = table.numbers("range"), side = table.numbers("side"), sigma = table.numbers("sigma");
    const auto sample = table.numbers("sample"), ssims = table.numbers("ssim"), psnrs = table.numbers("psnr");
    int compared = 0;
    for (std::size_t k = 0; k < name.size(); ++k) {
        if (name[k].starts_with("fashion ") != of_fashion) continue;
        INFO("line ", table.lines[k], ": ", name[k], ", ", window[k]);
        ++compared;
        const Bytes2d clean =
            of_fashion ? fashion_image(std::stoul(name[k].substr(8)))
                       : texture(static_cast<Eigen::Index>(rows[k]), static_cast<Eigen::Index>(cols[k]));
        const Bytes2d noisy = with_noise(clean, static_cast<int>(noise[k]));
        const Eigen::ArrayXXd a = scaled(clean, range[k]), b = scaled(noisy, range[k]);
        SsimOptions options{.range = range[k], .sample_covariance = sample[k] == 1};
        if (window[k] == "gaussian") {
            options.window = SsimWindow::gaussian;
            options.sigma_px = sigma[k];
        } else {
            options.side_px = static_cast<Eigen::Index>(side[k]);
        }
        // Both in double; sums in another order. The variances of values up to 1 carry errors of about 1e-16,
        // against C2 = 9e-4.
        check_close(ssim(a, b, options), ssims[k], 0.0, 1e-11);
        check_close(ssim(b, a, options), ssims[k], 0.0, 1e-11);
        // Stored in single precision: pixels move by up to 3e-8 of the range.
        check_close(ssim(a.cast<float>(), b.cast<float>(), options), ssims[k], 0.0, 1e-6);
        if (noise[k] > 0) check_close(psnr_db(mean_squared_error(a, b), range[k]), psnrs[k], 1e-13, 0.0);
    }
    return compared;
}

}  // namespace

TEST_CASE("ssim and psnr_db equal scikit-image's") {
    CHECK(check_reference(false) == 15);
}

TEST_CASE("ssim and psnr_db equal scikit-image's on Fashion-MNIST") {
    if (!fashion()) {
        MESSAGE("SKIPPED: install the Debian package dataset-fashion-mnist");
        return;
    }
    CHECK(check_reference(true) == 3);
}

TEST_CASE("ssim: exact cases") {
    const Eigen::ArrayXXd a = scaled(texture(20, 30), 1), b = scaled(with_noise(texture(20, 30), 80), 1);
    // Equal images: each quotient is of equal terms up to rounding.
    check_close(ssim(a, a), 1, 0.0, 1e-14);
    check_close(ssim(a, a, gaussian_ssim()), 1, 0.0, 1e-14);
    // Constant images: the second factor is 1, the first (2xy + C1)/(x^2 + y^2 + C1). Variances are rounded
    // to about 1e-16, which C2 = 9e-4 turns into 1e-13.
    const Eigen::ArrayXXd x = Eigen::ArrayXXd::Constant(9, 9, 0.25), y = Eigen::ArrayXXd::Constant(9, 9, 0.5);
    check_close(ssim(x, y), (0.25 + 1e-4) / (0.3125 + 1e-4), 1e-12, 0.0);
    // The mirror image of a pair has the same windows; the scale of pixels and range together does not
    // matter.
    check_close(ssim(a.rowwise().reverse(), b.rowwise().reverse()), ssim(a, b), 1e-12, 0.0);
    check_close(ssim(a.transpose(), b.transpose()), ssim(a, b), 1e-12, 0.0);
    check_close(ssim(255 * a, 255 * b, {.range = 255}), ssim(a, b), 1e-12, 0.0);
    // Against the negative, structure is reversed.
    CHECK(ssim(a, 1 - a) < 0);
    // An expression, a block and another storage order are as good as a matrix.
    const Image image = a.cast<float>();
    check_close(ssim(image.block(2, 3, 10, 12), a.block(2, 3, 10, 12)), 1, 0.0, 1e-9);
}

TEST_CASE("ssim: wrong arguments") {
    Eigen::ArrayXXd a = Eigen::ArrayXXd::Zero(10, 8);
    CHECK_THROWS_WITH_AS(ssim(a, a.transpose()), "ssim: shape = 10 x 8, must be the other image's, 8 x 10",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(ssim(a, a, gaussian_ssim()),
                         "ssim: shape = 10 x 8, must be at least the window, 11 x 11", std::invalid_argument);
    CHECK_THROWS_AS(ssim(Eigen::ArrayXXd(), Eigen::ArrayXXd()), std::invalid_argument);
    CHECK_THROWS_AS(ssim(a, a, {.range = 0}), std::invalid_argument);
    CHECK_THROWS_AS(ssim(a, a, {.side_px = 4}), std::invalid_argument);
    CHECK_THROWS_AS(ssim(a, a, {.side_px = 1}), std::invalid_argument);
    CHECK_THROWS_AS(ssim(a, a, {.window = SsimWindow::gaussian, .sigma_px = 0}), std::invalid_argument);
    CHECK_THROWS_AS(ssim(a, a, {.k1 = -1}), std::invalid_argument);
    a(3, 3) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(ssim(a, Eigen::ArrayXXd::Zero(10, 8)), std::invalid_argument);
}
