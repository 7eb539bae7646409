#include "gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "reconlaw/data/atomic_file.hpp"

extern char** environ;

namespace reconlaw::report {

namespace fs = std::filesystem;

namespace {

/// A new folder that is removed with everything in it.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (fs::temp_directory_path() / "reconlaw-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::system_error(errno, std::generic_category(), "cannot create a folder like " + name);
        path_ = name;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

/// Runs gnuplot in `folder` with standard output to folder/out and standard error to folder/err.
/// @return what it wrote to standard output
data::Bytes run_gnuplot(const fs::path& folder, const std::string& argument, const std::string& purpose) {
    const std::string out = (folder / "out").string(), err = (folder / "err").string();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::string program = "gnuplot", arg = argument;
    std::array<char*, 3> argv{program.data(), arg.data(), nullptr};
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, "gnuplot", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT)
        throw std::runtime_error(
            "gnuplot: not found; install the Debian package gnuplot-nox (apt install gnuplot-nox)");
    if (error != 0) throw std::system_error(error, std::generic_category(), "gnuplot: cannot be started");
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "gnuplot: lost");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error("gnuplot failed on " + purpose + ": " + data::read_text_file(err));
    return data::read_file(out);
}

data::Bytes draw_on(const Figure& figure, const std::string& terminal) {
    const TemporaryFolder folder;
    const fs::path script = folder.path() / "figure.gp";
    data::write_file_atomically(script, gnuplot_script(figure, terminal));
    const data::Bytes drawing = run_gnuplot(folder.path(), script.string(), "figure " + figure.name);
    if (drawing.size() < 100)
        throw std::runtime_error("gnuplot drew nothing for figure " + figure.name + ": " +
                                 data::read_text_file(folder.path() / "err"));
    return drawing;
}

}  // namespace

std::string gnuplot_version() {
    const TemporaryFolder folder;
    const data::Bytes text = run_gnuplot(folder.path(), "--version", "--version");
    std::string version(text.begin(), text.end());
    while (!version.empty() && version.back() == '\n') version.pop_back();
    return version;
}

Drawing draw(const Figure& figure) {
    Drawing drawing;
    const data::Bytes svg = draw_on(figure, "svg");
    drawing.svg.assign(svg.begin(), svg.end());
    drawing.png = draw_on(figure, "png");
    return drawing;
}

}  // namespace reconlaw::report
