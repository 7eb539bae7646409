#include "gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

#include "gnuplot_text.hpp"
#include "reconlaw/data/in_quotes.hpp"

extern char** environ;

namespace reconlaw::report {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), std::string("gnuplot: ") + what);
}

/// A file in memory, without a name: nothing to plant a link for, nothing that stays when the program is
/// killed, and no folder for temporary files that could be missing.
class MemoryFile {
  public:
    MemoryFile() : descriptor_(::memfd_create("reconlaw", MFD_CLOEXEC)) {
        if (descriptor_ < 0) fail("cannot create a file in memory");
        // Never a standard stream, where the program was started without: the child's would be mixed up.
        if (descriptor_ > 2) return;
        const int low = descriptor_;
        descriptor_ = ::fcntl(low, F_DUPFD_CLOEXEC, 3);
        ::close(low);
        if (descriptor_ < 0) fail("cannot create a file in memory");
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { ::close(descriptor_); }

    int descriptor() const { return descriptor_; }

    void write(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t written = ::write(descriptor_, text.data(), text.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail("cannot write its script");
            text.remove_prefix(static_cast<std::size_t>(written));
        }
        ::lseek(descriptor_, 0, SEEK_SET);
    }

    std::string content() const {
        std::string text;
        std::array<char, 65536> block;
        for (off_t at = 0;; at = static_cast<off_t>(text.size())) {
            const ssize_t got = ::pread(descriptor_, block.data(), block.size(), at);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) fail("cannot read its output");
            if (got == 0) return text;
            text.append(block.data(), static_cast<std::size_t>(got));
        }
    }

  private:
    int descriptor_;
};

/// Ours without GNUTERM, GNUPLOT_LIB and their like, which load files or change what a script draws.
std::vector<char*> child_environment() {
    std::vector<char*> variables;
    for (char** variable = environ; *variable; ++variable)
        if (!std::string_view(*variable).starts_with("GNU")) variables.push_back(*variable);
    variables.push_back(nullptr);
    return variables;
}

/// Runs gnuplot on a script, without a shell and without start-up files (-d).
/// @return what it wrote to standard output
std::string run_gnuplot(const std::string& script, std::vector<std::string> arguments,
                        const std::string& purpose) {
    const MemoryFile in, out, err;
    in.write(script);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.descriptor(), 0);
    posix_spawn_file_actions_adddup2(&actions, out.descriptor(), 1);
    posix_spawn_file_actions_adddup2(&actions, err.descriptor(), 2);
    // A group of its own: what the terminal's Ctrl-C is for is this program, which ends a drawing first.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    arguments.insert(arguments.begin(), "gnuplot");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::vector<char*> variables = child_environment();
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, "gnuplot", &actions, &attributes, argv.data(), variables.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT)
        throw std::runtime_error(
            "gnuplot: not found; install the Debian package gnuplot-nox (apt install gnuplot-nox)");
    if (error != 0) throw std::system_error(error, std::generic_category(), "gnuplot: cannot be started");
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) fail("lost");
    if (WIFSIGNALED(status))
        throw std::runtime_error("gnuplot was ended on " + purpose + ": " + ::strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        throw std::runtime_error("gnuplot failed on " + purpose + ": " + data::printable(err.content()));
    return out.content();
}

std::string draw_on(const Figure& figure, const std::string& terminal) {
    const std::string drawing =
        run_gnuplot(gnuplot_script(figure, terminal), {"-d", "/dev/stdin"}, "figure " + figure.name);
    // gnuplot does not look whether what it writes arrives
    const bool whole = terminal == "svg" ? drawing.find("</svg>") != std::string::npos
                                         : drawing.find("IEND") != std::string::npos;
    if (!whole) throw std::runtime_error("gnuplot did not finish figure " + figure.name);
    return drawing;
}

}  // namespace

std::string gnuplot_version() {
    std::string version = run_gnuplot("", {"--version"}, "--version");
    while (!version.empty() && version.back() == '\n') version.pop_back();
    return version;
}

Drawing draw(const Figure& figure) {
    Drawing drawing;
    drawing.svg = finished_svg(draw_on(figure, "svg"));
    const std::string png = draw_on(figure, "png");
    drawing.png.assign(png.begin(), png.end());
    return drawing;
}

}  // namespace reconlaw::report
