// Two translation units that include the whole core, so that a missing `inline` shows when they are linked.
#include <iostream>
#include <reconlaw/reconlaw.hpp>

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

int main() {
    std::cout << "floor " << reconlaw::subspace_problem(100, 10, 0.5).floor << '\n'
              << "other " << floor_of_other_file() << '\n';
#ifdef CONSUMER_WITH_DATA
    use_data();
#endif
#ifdef CONSUMER_WITH_FIT
    use_fit();
#endif
}
