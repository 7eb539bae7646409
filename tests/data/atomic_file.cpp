#include "reconlaw/data/atomic_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

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
    CHECK(file_error_of([] { write_file_atomically("/dev/full", "x", Links::follow); }) ==
          "/dev/full: cannot write: No space left on device");
    write_file_atomically("/dev/null", "x", Links::follow);
    CHECK(file_error_of([] { write_file_atomically("/dev/null", "x"); }) ==
          "/dev/null: cannot be written: is no regular file");
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

TEST_CASE("write_file_atomically: a link is replaced, and its target stays as it is") {
    const TemporaryDirectory directory;
    namespace fs = std::filesystem;
    write_text(directory / "victim", "mine");
    fs::create_symlink("victim", directory / "link");
    fs::create_symlink("nowhere", directory / "dangling");
    fs::create_symlink("loop", directory / "loop");
    fs::create_symlink("/dev/null", directory / "device");
    for (const char* name : {"link", "dangling", "loop", "device"}) {
        CAPTURE(name);
        write_file_atomically(directory / name, "new");
        CHECK(fs::is_regular_file(fs::symlink_status(directory / name)));
        CHECK(read_text(directory / name) == "new");
    }
    CHECK(read_text(directory / "victim") == "mine");
    CHECK_FALSE(fs::exists(directory / "nowhere"));

    REQUIRE(mkfifo((directory / "pipe").c_str(), 0600) == 0);  // opening it would wait for a reader
    CHECK(
        contains(file_error_of([&] { write_file_atomically(directory / "pipe", "x"); }), "no regular file"));
    CHECK(fs::is_fifo(directory / "pipe"));
}

TEST_CASE("write_file_atomically: a link that the user gave is followed, as by a redirection") {
    const TemporaryDirectory directory;
    namespace fs = std::filesystem;
    fs::create_directory(directory / "sub");
    write_text(directory / "sub/f", "old");
    fs::create_symlink("sub/f", directory / "link");
    fs::create_symlink("link", directory / "link to link");
    fs::create_symlink(directory / "sub/new", directory / "dangling");
    fs::create_symlink("loop", directory / "loop");
    fs::create_symlink("none/f", directory / "astray");
    write_file_atomically(directory / "link to link", "new", Links::follow);
    CHECK(fs::is_symlink(directory / "link"));
    CHECK(fs::is_symlink(directory / "link to link"));
    CHECK(read_text(directory / "sub/f") == "new");
    write_file_atomically(directory / "dangling", "created", Links::follow);
    CHECK(fs::is_symlink(directory / "dangling"));
    CHECK(read_text(directory / "sub/new") == "created");
    CHECK(entries_in(directory / "sub") == 2);
    CHECK(contains(file_error_of([&] { write_file_atomically(directory / "loop", "x", Links::follow); }),
                   "/loop: cannot follow the symbolic link: Too many levels of symbolic links"));
    CHECK(contains(file_error_of([&] { write_file_atomically(directory / "astray", "x", Links::follow); }),
                   "/astray: cannot create a file in its directory: No such file"));
    CHECK(fs::is_symlink(directory / "loop"));
}

TEST_CASE("write_file_atomically: a name as long as names may be") {
    const TemporaryDirectory directory;
    const std::string name(255, 'n');
    write_file_atomically(directory / name, "x");
    CHECK(read_text(directory / name) == "x");
    CHECK(entries_in(directory.path()) == 1);
}

TEST_CASE(
    "write_file_atomically: what a killed process left goes with the next write, what a living one holds "
    "stays") {
    const TemporaryDirectory directory;
    namespace fs = std::filesystem;
    const auto temporaries = [&] {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(directory.path()))
            if (entry.path().extension() == ".tmp") found.push_back(entry.path());
        return found;
    };
    write_text(directory / ".f.other.tmp", "somebody's own");
    write_text(directory / ".g.12-34.tmp", "of another file");
    write_text(directory / ".f.12-34.tmp", "of a process long gone");
    write_file_atomically(directory / "f", "");
    CHECK(temporaries().size() == 2);
    const std::string large(48 << 20, 'x');
    // A process is stopped in the middle of a write; on a machine that is too quick for this, once more.
    for (int attempt = 0; attempt < 200; ++attempt) {
        const pid_t child = fork();
        if (child == 0) {
            try {
                write_file_atomically(directory / "f", large);
            } catch (...) {
                _exit(1);
            }
            _exit(0);
        }
        int status = 0;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (temporaries().size() < 3 && waitpid(child, &status, WNOHANG) == 0 &&
               std::chrono::steady_clock::now() < deadline)
            std::this_thread::yield();
        kill(child, SIGSTOP);
        waitpid(child, &status, WUNTRACED);
        if (!WIFSTOPPED(status)) continue;  // had ended
        const bool caught = temporaries().size() == 3;
        if (caught) {
            write_file_atomically(directory / "f", "while it lives");
            CHECK(read_text(directory / "f") == "while it lives");
            CHECK(temporaries().size() == 3);
        }
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        if (!caught) continue;
        CHECK(temporaries().size() == 3);
        write_file_atomically(directory / "f", "after it was killed");
        CHECK(read_text(directory / "f") == "after it was killed");
        CHECK(temporaries().size() == 2);
        CHECK(read_text(directory / ".f.other.tmp") == "somebody's own");
        CHECK(read_text(directory / ".g.12-34.tmp") == "of another file");
        return;
    }
    FAIL("no process could be stopped while it wrote");
}
