#include "reconlaw/data/atomic_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "mutations.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {

/// No file may grow beyond `bytes` while this lives, as on a full disk.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit = {bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

  private:
    rlimit before_ = {};
    void (*handler_)(int);
};

}  // namespace

TEST_CASE("write_file_atomically creates and replaces") {
    const TemporaryDirectory directory;
    const std::string large(3000000, 'x');
    write_file_atomically(directory / "f", "first");
    CHECK(read_text(directory / "f") == "first");
    write_file_atomically(directory / "f", large);
    CHECK(read_text(directory / "f") == large);
    write_file_atomically(directory / "f", "");
    CHECK(read_text(directory / "f") == "");
    CHECK(entries_in(directory.path()) == 1);

    const mode_t mask = umask(0);
    umask(mask);
    struct stat status = {};
    REQUIRE(stat((directory / "f").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == (0666 & ~mask));

    std::filesystem::create_symlink("f", directory / "link");
    write_file_atomically(directory / "link", "through the link");
    CHECK(std::filesystem::is_symlink(directory / "link"));
    CHECK(read_text(directory / "f") == "through the link");
}

TEST_CASE("write_file_atomically: no space leaves the old file and nothing else") {
    const TemporaryDirectory directory;
    write_file_atomically(directory / "f", "old");
    std::string message;
    {
        const FileSizeLimit limit(10000);
        message = file_error_of([&] { write_file_atomically(directory / "f", std::string(20000, 'x')); });
    }
    CHECK(contains(message, "/f: cannot write: File too large"));
    CHECK(read_text(directory / "f") == "old");
    CHECK(entries_in(directory.path()) == 1);
}

TEST_CASE("write_file_atomically: devices are written in place, a full one is reported") {
    CHECK(file_error_of([] { write_file_atomically("/dev/full", "x"); }) ==
          "/dev/full: cannot write: No space left on device");
    write_file_atomically("/dev/null", "x");
    CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("write_file_atomically: unwritable places") {
    const TemporaryDirectory directory;
    CHECK(contains(file_error_of([&] { write_file_atomically(directory / "none/f", "x"); }),
                   "none/f: cannot create a file in its directory: No such file or directory"));
    write_file_atomically(directory / "f", "x");
    CHECK(contains(file_error_of([&] { write_file_atomically(directory / "f/g", "x"); }), "Not a directory"));
    CHECK(contains(file_error_of([&] { write_file_atomically(directory.path(), "x"); }), "Is a directory"));
    CHECK(file_error_of([&] { write_file_atomically("/proc/reconlaw", "x"); }) != "");  // not even for root
    CHECK(file_error_of([&] { write_file_atomically("", "x"); }) != "");
}

TEST_CASE("write_file_atomically: a directory without write permission") {
    const TemporaryDirectory directory;
    if (geteuid() == 0) {
        MESSAGE("SKIPPED: run as another user than root, whom permissions do not bind");
        return;
    }
    std::filesystem::create_directory(directory / "locked");
    std::filesystem::permissions(directory / "locked", std::filesystem::perms(0500));
    CHECK(contains(file_error_of([&] { write_file_atomically(directory / "locked/f", "x"); }),
                   "Permission denied"));
    CHECK(entries_in(directory / "locked") == 0);
}
