// `reconlaw denoise` on the files of cameras, microscopes and scanners. The network's weights are zero: a
// residual network whose output, the noise, is zero leaves every image as it is, so that what goes in must
// come out.

#include <cmath>

#include "command_line.hpp"
#include "reconlaw/data/stored_image.hpp"
#include "reconlaw/gpu/weights.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"
#include "training/range_option.hpp"

namespace denoise_tests {

namespace data = reconlaw::data;
using data::ImageFormat;
using data::SampleKind;
using data::SampleType;
using data::StoredImage;

constexpr SampleType eight{SampleKind::whole, 8}, sixteen{SampleKind::whole, 16},
    is_signed{SampleKind::signed_whole, 16}, real{SampleKind::real, 32};

/// Files in a folder, and the command on them.
class Bench {
  public:
    Bench() {
        namespace gpu = reconlaw::gpu;
        gpu::ResidualCnn network;
        network.channels = 1, network.blocks = 0, network.residual = true;
        gpu::Weights weights{network, std::vector<float>(gpu::parameter_count(network)), {}};
        gpu::save_weights(folder_ / "w.safetensors", weights);
    }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    /// Smooth values that fill the range.
    void write(const std::string& name, const data::Storage& storage) const {
        constexpr Eigen::Index rows = 24, cols = 32;
        data::Image image(rows, cols);
        for (Eigen::Index i = 0; i < rows; ++i)
            for (Eigen::Index j = 0; j < cols; ++j)
                image(i, j) = static_cast<float>(i * cols + j) / static_cast<float>(rows * cols - 1);
        data::write_stored(path(name), image, storage,
                           name.ends_with(".png") ? ImageFormat::png : ImageFormat::tiff);
    }
    StoredImage read(const std::string& name) const { return data::read_stored(path(name)); }

    Outcome run(const std::string& in, const std::string& out, const std::string& more = "") const {
        return reconlaw_run("denoise --weights " + path("w.safetensors") + " " + path(in) + " " + path(out) +
                            " " + more);
    }

  private:
    data::testing::TemporaryDirectory folder_;
};

bool says(const Outcome& outcome, const std::string& part) {
    return outcome.err.find(part) != std::string::npos;
}

}  // namespace denoise_tests

TEST_CASE("denoise: 12 bits of a camera in 16 stay 12 bits in 16") {
    using namespace denoise_tests;
    const Bench bench;
    bench.write("in.png", {sixteen, {0, 4000}, {}, false});
    for (const char* out : {"out.png", "out.tif", "out.TIFF"}) {
        const Outcome done = bench.run("in.png", out);
        CAPTURE(done.err);
        REQUIRE(done.status == 0);
        const StoredImage result = bench.read(out);
        CHECK(result.type == sixteen);
        CHECK(result.samples == bench.read("in.png").samples);
        CHECK(says(done, "32 x 24 px, PNG, 16-bit grey, values 0 to 4000\n"));
        CHECK(
            says(done,
                 "black to white: 0 to 4095 (the fewest bits that hold its values; --range sets another)\n"));
        CHECK(says(done, "16-bit, in the input's values\n"));
    }
    // noise is on the scale of the range: 25 of 255 is 20.2 dB on [0, 1], a little more where it is clipped
    const Outcome noisy = bench.run("in.png", "out.png", "--add-noise 25 --noisy " + bench.path("noisy.tif"));
    CAPTURE(noisy.err);
    REQUIRE(noisy.status == 0);
    const StoredImage there = bench.read("noisy.tif");
    CHECK(there.type == sixteen);
    const auto& values = std::get<std::vector<std::uint16_t>>(there.samples);
    const StoredImage source = bench.read("in.png");
    const auto& clean = std::get<std::vector<std::uint16_t>>(source.samples);
    double squares = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        squares += std::pow(static_cast<double>(values[i]) - clean[i], 2);
    const double deviation = std::sqrt(squares / static_cast<double>(values.size())) / 4095 * 255;
    CHECK(deviation > 22);
    CHECK(deviation < 26);
}

TEST_CASE("denoise: sBIT is used, said and kept") {
    using namespace denoise_tests;
    const Bench bench;
    bench.write("in.png", {sixteen, {0, 900}, 12, false});
    const Outcome done = bench.run("in.png", "out.png");
    CAPTURE(done.err);
    REQUIRE(done.status == 0);
    CHECK(says(done, "16-bit grey, sBIT: 12 significant bits, values 0 to 900\n"));
    CHECK(says(done, "black to white: 0 to 4095 (sBIT; --range sets another)\n"));
    CHECK(bench.read("out.png").samples == bench.read("in.png").samples);
    CHECK(bench.read("out.png").significant_bits == 12);
}

TEST_CASE("denoise: 8 bits and full 16 bits as ever") {
    using namespace denoise_tests;
    const Bench bench;
    bench.write("byte.png", {});
    bench.write("full.png", {sixteen, {0, 65535}, {}, false});
    const Outcome byte = bench.run("byte.png", "byte_out.png"), full = bench.run("full.png", "full_out.png");
    CHECK(says(byte, "8-bit grey, values 0 to 255\nblack to white: 0 to 255 (all of 8-bit)\nwritten to"));
    CHECK(says(full, "black to white: 0 to 65535 (all of 16-bit)\nwritten to"));
    CHECK(data::read_file(bench.path("byte_out.png")) ==
          data::encode_png(data::read_image(bench.path("byte.png"))));
    CHECK(bench.read("full_out.png").samples == bench.read("full.png").samples);
}

TEST_CASE("denoise: signed and float TIFF come back as they were") {
    using namespace denoise_tests;
    const Bench bench;
    bench.write("ct.tif", {is_signed, {-1024, 3071}, {}, false});
    bench.write("float.tif", {real, {-0.5, 1.5}, {}, false});
    bench.write("inverse.tif", {sixteen, {0, 1000}, {}, true});
    for (const char* name : {"ct.tif", "inverse.tif"}) {
        const Outcome done = bench.run(name, "out.tif");
        CAPTURE(done.err);
        REQUIRE(done.status == 0);
        CHECK(bench.read("out.tif").type == bench.read(name).type);
        CHECK(bench.read("out.tif").samples == bench.read(name).samples);
        CHECK(bench.read("out.tif").white_is_zero == bench.read(name).white_is_zero);
    }
    const Outcome done = bench.run("float.tif", "out.tif");
    CAPTURE(done.err);
    REQUIRE(done.status == 0);
    CHECK(says(done, "black to white: -0.5 to 1.5 (smallest to largest value; --range sets another)\n"));
    const StoredImage out = bench.read("out.tif"), in = bench.read("float.tif");
    CHECK(out.type == real);
    for (std::size_t i = 0; i < 768; ++i)  // two roundings to float
        check_close(std::get<std::vector<float>>(out.samples)[i], std::get<std::vector<float>>(in.samples)[i],
                    0, 3e-7);
    // a PNG cannot hold them, and says what it holds
    const Outcome png = bench.run("ct.tif", "out.png");
    CHECK(says(png, "PNG, 16-bit, in which -1024 to 3071 are 0 to 65535; a .tif would keep the values\n"));
    CHECK(bench.read("out.png").type == sixteen);
}

TEST_CASE("denoise: --range in the file's numbers, in bits, by type and by data") {
    using namespace denoise_tests;
    const Bench bench;
    bench.write("in.png", {sixteen, {100, 1100}, {}, false});
    const auto line = [&](const std::string& range) {
        const Outcome done = bench.run("in.png", "out.png", "--range " + range);
        CAPTURE(done.err);
        REQUIRE(done.status == 0);
        return lines_of(done.err).at(1);
    };
    CHECK(line("auto") ==
          "black to white: 0 to 2047 (the fewest bits that hold its values; --range sets another)");
    CHECK(line("type") == "black to white: 0 to 65535 (all of 16-bit)");
    CHECK(line("data") == "black to white: 100 to 1100 (smallest to largest value; --range sets another)");
    CHECK(line("12") == "black to white: 0 to 4095 (--range)");
    CHECK(line("-5:1e4") == "black to white: -5 to 10000 (--range)");
    CHECK(bench.read("out.png").samples == bench.read("in.png").samples);
    CHECK(line("200:1000").find("(--range); ") != std::string::npos);
    CHECK(line("200:1000").find(" pixels outside are clipped") != std::string::npos);
    const auto values = std::get<std::vector<std::uint16_t>>(bench.read("out.png").samples);
    CHECK(*std::min_element(values.begin(), values.end()) == 200);
    CHECK(*std::max_element(values.begin(), values.end()) == 1000);
    // too large a range leaves the image black, which is said
    CHECK(says(bench.run("in.png", "out.png", "--range 0:60000"),
               "99 % of the pixels are at most 1091, almost black: --range 0:1091 would show them\n"));

    for (const char* bad : {"0", "33", "4095", "black", "5:3", "1:", ":", "1:2:3", "nan:1", "0x10", "''"}) {
        const Outcome refused = bench.run("in.png", "none.png", std::string("--range ") + bad);
        INFO(bad, ": ", refused.err);
        CHECK(refused.status == 2);
        CHECK(says(refused, "--range"));
    }
    CHECK(!std::filesystem::exists(bench.path("none.png")));
    CHECK_THROWS_AS(reconlaw::cli::set_range("data", "range"), std::invalid_argument);
    CHECK(reconlaw::cli::set_range("16", "range").range == data::ValueRange{0, 65535});
}

TEST_CASE("evaluate: one range for a folder, and a note where it is too large") {
    using namespace denoise_tests;
    const Bench bench;
    std::filesystem::create_directory(bench.path("set"));
    bench.write("set/a.png", {sixteen, {0, 4000}, {}, false});
    bench.write("set/b.tif", {sixteen, {0, 2000}, {}, false});
    const auto evaluate = [&](const std::string& more) {
        return reconlaw_run("evaluate --weights " + bench.path("w.safetensors") + " --data " +
                            bench.path("set") + " --split all --noise 25 " + more);
    };
    const std::string note =
        "its 2 images of more than 8 bits hold values from 0 to 4000 of a range of 0:65535";
    const Outcome wide = evaluate(""), narrow = evaluate("--range 12");
    CAPTURE(wide.err);
    REQUIRE(wide.status == 0);
    CHECK(says(wide, note));
    REQUIRE(narrow.status == 0);
    CHECK(!says(narrow, "of a range of"));
    CHECK(evaluate("--range data").status == 2);
    CHECK(evaluate("--range 5:4").status == 2);
}

TEST_CASE("denoise: names that the result cannot have") {
    using namespace denoise_tests;
    const Bench bench;
    bench.write("in.png", {});
    CHECK(bench.run("in.png", "out.jpg").status == 2);
    CHECK(says(bench.run("in.png", "out.jpg"), "must end with .png, .tif or .tiff"));
    CHECK(bench.run("in.png", "in.png").status == 2);
    CHECK(says(bench.run("in.png", "o.png", "--add-noise 5 --noisy " + bench.path("o.png")),
               "is also the output"));
    CHECK(bench.run("none.png", "o.png").status != 0);
    CHECK(!std::filesystem::exists(bench.path("o.png")));
}
