// What stops the report before any work; the report itself is run by scripts/reproduce.
#include "reproduce/reproduce.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "reconlaw/data/file_error.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw;

namespace {
/// Runs a report that must fail, and fail at once.
template <class Error>
std::string refused(const ReproduceOptions& options) {
    const auto start = std::chrono::steady_clock::now();
    std::string message;
    try {
        (void)reproduce(options);
    } catch (const Error& e) {
        message = e.what();
    }
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
    return message;
}
}  // namespace

TEST_CASE("reproduce: a folder that cannot be made, or is a file, is refused before any work") {
    CHECK(refused<data::FileError>({"/proc/reconlaw", true, 0, nullptr}).find("/proc/reconlaw") !=
          std::string::npos);
    const data::testing::TemporaryDirectory directory;
    const auto file = directory / "occupied";
    data::testing::write_text(file, "mine\n");
    CHECK(refused<data::FileError>({file, true, 0, nullptr}).find(file.string()) != std::string::npos);
    CHECK(data::testing::read_text(file) == "mine\n");
    CHECK_FALSE(refused<std::invalid_argument>({directory / "new", true, -1, nullptr}).empty());
    CHECK(refused<std::invalid_argument>({directory / "new", true, 0, nullptr, {"iteration"}}) ==
          "sections: 'iteration' is unknown, must be learning-curves, iterations, real-images or "
          "inverse-problems; did you mean 'iterations'?");
    CHECK_FALSE(std::filesystem::exists(directory / "new"));
}

TEST_CASE("reproduce: without gnuplot it names the package") {
    const data::testing::TemporaryDirectory directory;
    const std::string path = std::getenv("PATH") ? std::getenv("PATH") : "";
    setenv("PATH", directory.path().c_str(), 1);
    const std::string message = refused<std::runtime_error>({directory / "out", true, 0, nullptr});
    setenv("PATH", path.c_str(), 1);
    CHECK(message.find("gnuplot-nox") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(directory / "out" / "report.html"));
}
