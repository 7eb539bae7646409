#include "reconlaw/data/spectrum_file.hpp"

#include "mutations.hpp"
#include "reconlaw/data/data_file.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {
std::string parse_error(const std::string& text) {
    return file_error_of([&] { parse_spectrum(text, "s.txt"); });
}
}  // namespace

TEST_CASE("parse_spectrum: comments, blank lines, any order, any line end") {
    const Eigen::VectorXd s = parse_spectrum("# head\r\n\n  1e-3 # small\n2\r\n\t0.5\t\n0\n3.25", "s.txt");
    REQUIRE(s.size() == 5);
    CHECK(s == Eigen::VectorXd{{3.25, 2, 0.5, 1e-3, 0}});
}

TEST_CASE("parse_spectrum: every error names file and line") {
    CHECK(parse_error("1\n2\nthree\n") == "s.txt:3: expected one number, found 'three'");
    CHECK(parse_error("1 2\n") == "s.txt:1: expected one number, found '1 2'");
    CHECK(parse_error("1,5\n") == "s.txt:1: expected one number, found '1,5'");
    CHECK(parse_error("# c\n\n-1e-9\n") == "s.txt:3: expected an eigenvalue >= 0, found '-1e-9'");
    CHECK(parse_error("1\nnan") == "s.txt:2: expected a finite eigenvalue, found 'nan'");
    CHECK(parse_error("inf") == "s.txt:1: expected a finite eigenvalue, found 'inf'");
    CHECK(parse_error("1\n1e999\n") == "s.txt:2: expected a number in the range of a double, found '1e999'");
    CHECK(parse_error("") == "s.txt: no eigenvalues, expected one number a line");
    CHECK(parse_error("# only\n\n") == "s.txt: no eigenvalues, expected one number a line");
    CHECK(parse_error(std::string(5000, 'x')).size() < 100);
    CHECK(contains(file_error_of([] { read_spectrum_file("/nonexistent/s.txt"); }), "No such file"));
}

TEST_CASE("write_spectrum_file: reading gives the same doubles") {
    const TemporaryDirectory directory;
    Eigen::VectorXd s(5);
    s << 1e300, 1.0 / 3, 0.1, 5e-324 * 0 + 2.2250738585072014e-308, 0;
    write_spectrum_file(directory / "s.txt", s, "two\nlines");
    CHECK(read_spectrum_file(directory / "s.txt") == s);
    CHECK(read_text(directory / "s.txt").starts_with("# two\n# lines\n1.0000000000000001e+300\n3.33"));

    CHECK_THROWS_AS(write_spectrum_file(directory / "t.txt", Eigen::VectorXd()), std::invalid_argument);
    CHECK_THROWS_AS(write_spectrum_file(directory / "t.txt", Eigen::VectorXd{{1, -1}}),
                    std::invalid_argument);
    CHECK_THROWS_AS(write_spectrum_file(directory / "t.txt", Eigen::VectorXd{{1, std::nan("")}}),
                    std::invalid_argument);
    CHECK(entries_in(directory.path()) == 1);
}

TEST_CASE("parse_spectrum survives damage") {
    const std::string text = "# spectrum\n1.5e+01\n2.25\n0.125\n1e-7\n";
    const auto parse = [](ByteView b) {
        parse_spectrum({reinterpret_cast<const char*>(b.data()), b.size()}, "s");
    };
    CHECK(count_refused_mutations({text.begin(), text.end()}, parse, 5000) > 2000);
}

TEST_CASE("the library's own spectra") {
    const Eigen::VectorXd fashion = read_spectrum_file(data_file("spectra/fashion_mnist_28x28.txt"));
    CHECK(fashion.size() == 784);
    check_close(fashion.sum(), 68.2163, 0.0,
                1e-4);  // total variance from an independent program, to its digits
    const Eigen::VectorXd photographs = read_spectrum_file(data_file("spectra/photographs_train_16x16.txt"));
    CHECK(photographs.size() == 256);
    CHECK(photographs.minCoeff() > 0);
    CHECK(contains(file_error_of([] { data_file("no-such-file"); }), "no-such-file: found neither as"));
    const testing::TemporaryDirectory elsewhere;
    testing::write_text(elsewhere / "mine.txt", "1\n");
    setenv("RECONLAW_DATA_DIR", elsewhere.path().c_str(), 1);
    CHECK(data_file("mine.txt") == elsewhere / "mine.txt");
    CHECK(contains(file_error_of([] { data_file("photographs.tsv"); }), "RECONLAW_DATA_DIR"));
    unsetenv("RECONLAW_DATA_DIR");
}
