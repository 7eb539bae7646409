#include "outputs.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "command_line.hpp"
#include "reconlaw/data/file_error.hpp"
#include "support/temporary_directory.hpp"

namespace fs = std::filesystem;
using reconlaw::cli::require_writable;
using reconlaw::data::testing::read_text;
using reconlaw::data::testing::TemporaryDirectory;
using reconlaw::data::testing::write_text;

namespace {

std::string output_refusal(const fs::path& path) {
    try {
        require_writable(path.string(), "--output");
    } catch (const reconlaw::data::FileError& e) {
        return e.what();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "";
}

std::size_t entries(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("what can be written is let through, and nothing is left behind") {
    const TemporaryDirectory folder;
    write_text(folder / "there", "content");
    fs::create_symlink("there", folder / "link");
    fs::create_symlink("missing", folder / "dangling");
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    const std::size_t before = entries(folder / ".");
    for (const std::string name : {"new", "there", "link", "dangling", "pipe"}) {
        CAPTURE(name);
        CHECK(output_refusal(folder / name) == "");
    }
    CHECK(output_refusal("") == "");
    CHECK(output_refusal("/dev/null") == "");
    CHECK(entries(folder / ".") == before);
    CHECK(read_text(folder / "there") == "content");
}

TEST_CASE("what cannot be written is refused with option, path and reason") {
    const TemporaryDirectory folder;
    write_text(folder / "file", "");
    fs::create_directory(folder / "folder");
    fs::create_symlink("b", folder / "a");
    fs::create_symlink("a", folder / "b");
    const auto says = [&](const fs::path& path, const std::string& reason) {
        const std::string text = output_refusal(path);
        CAPTURE(path);
        CAPTURE(text);
        CHECK(text.find("--output") != std::string::npos);
        CHECK(text.find(reason) != std::string::npos);
    };
    says(folder / "folder", "is a folder, must be a file");
    says(folder / "folder/", "is a folder, must be a file");
    says(folder / "new/", "is a folder, must be a file");
    says(folder / "nowhere/x", "No such file or directory");
    says(folder / "file/x", "Not a directory");
    says(folder / "a", "Too many levels of symbolic links");
    says(folder / "a/x", "Too many levels of symbolic links");
    says(folder / std::string(300, 'x'), "File name too long");
    says("/proc/x", "cannot be written");
}

TEST_CASE("commands look at their output before they compute") {
    for (const std::string line :
         {"risk --problem subspace --n 100 --d 10 --sigma 0.05 --samples 1000 --output ",
          "simulate --problem subspace --n 100 --d 10 --sigma 0.05 --samples 1000 --trials 1000000 "
          "--output "}) {
        const Outcome o = reconlaw_run(line + "/nope/x");
        CHECK(o.status == 2);
        CHECK(o.out.empty());
        CHECK(o.err.find("/nope/x: --output: cannot be written: no file can be created in '/nope': No such "
                         "file or directory\n") != std::string::npos);
    }
}
