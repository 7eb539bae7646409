#include "reconlaw/data/metrics.hpp"

#include "support/check_close.hpp"

using namespace reconlaw::data;

TEST_CASE("mean_squared_error and psnr_db") {
    Eigen::ArrayXXf a(1, 2);
    a << 1, 2;
    Eigen::MatrixXd b(1, 2);
    b << 1.5, 4;
    check_close(mean_squared_error(a, b), (0.25 + 4) / 2, 0.0, 0.0);  // exact in binary
    check_close(psnr_db(0.01), 20, 1e-15, 0.0);
    check_close(psnr_db(1, 255), 48.130803608679104, 1e-15, 0.0);  // 20 log10(255)
    CHECK(psnr_db(0) == std::numeric_limits<double>::infinity());

    CHECK_THROWS_AS(mean_squared_error(a, b.transpose()), std::invalid_argument);
    CHECK_THROWS_AS(mean_squared_error(Eigen::ArrayXXd(), Eigen::ArrayXXd()), std::invalid_argument);
    CHECK_THROWS_AS(psnr_db(-1), std::invalid_argument);
    CHECK_THROWS_AS(psnr_db(std::nan("")), std::invalid_argument);
    CHECK_THROWS_AS(psnr_db(1, 0), std::invalid_argument);
}
