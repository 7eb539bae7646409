#pragma once
/// Real images in a folder, and the program as a process of its own that can be killed.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "command_line.hpp"
#include "reconlaw/data/image_set.hpp"
#include "support/temporary_directory.hpp"

namespace reconlaw::cli::testing {

/// PNG files of per_side x per_side images of Fashion-MNIST, which have 28 x 28 px.
/// @return false: the data set is not installed
inline bool make_images(const std::filesystem::path& folder, Eigen::Index files = 40,
                        Eigen::Index per_side = 4) {
    const std::filesystem::path source = "/usr/share/datasets/fashion-mnist";
    if (!std::filesystem::exists(source)) {
        MESSAGE("SKIPPED: install dataset-fashion-mnist");
        return false;
    }
    constexpr Eigen::Index side = 28;
    const data::ImageSet set =
        data::load_images("fashion-mnist", data::Split::test, {.limit = files * per_side * per_side});
    std::filesystem::create_directories(folder);
    for (Eigen::Index f = 0; f < files; ++f) {
        data::Image mosaic(per_side * side, per_side * side);
        for (Eigen::Index i = 0; i < per_side * per_side; ++i)
            mosaic.block(i / per_side * side, i % per_side * side, side, side) =
                set.images[static_cast<std::size_t>(f * per_side * per_side + i)];
        data::write_png(folder / (std::to_string(f) + ".png"), mosaic);
    }
    return true;
}

/// Starts the program; its output goes to a file.
class Process {
  public:
    Process(const std::string& line, const std::filesystem::path& log) {
        std::vector<std::string> words{RECONLAW_PROGRAM};
        std::istringstream in(line);
        for (std::string word; in >> word;) words.push_back(word);
        std::vector<char*> argv;
        for (std::string& w : words) argv.push_back(w.data());
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            const int out = ::open(log.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
            ::dup2(out, 1), ::dup2(out, 2);
            ::execv(RECONLAW_PROGRAM, argv.data());
            ::_exit(127);
        }
    }
    /// Waits this long, then sends SIGKILL. @return true if it had to
    bool kill_after(double seconds) {
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
        if (::waitpid(pid_, &status_, WNOHANG) == pid_) return false;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, &status_, 0);
        return true;
    }
    int wait() {
        ::waitpid(pid_, &status_, 0);
        return exit_status();
    }
    int exit_status() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }

  private:
    pid_t pid_;
    int status_ = 0;
};

/// Rows of a CSV file without the columns named, which hold times.
inline std::string without(const std::filesystem::path& csv, const std::string& column) {
    const std::vector<std::string> lines = lines_of(data::testing::read_text(csv));
    const std::vector<std::string> names = cells_of(lines.at(0));
    std::string text;
    for (const std::string& line : lines) {
        const std::vector<std::string> cells = cells_of(line);
        for (std::size_t i = 0; i < cells.size(); ++i)
            if (names[i] != column) text += cells[i] + ',';
        text += '\n';
    }
    return text;
}

}  // namespace reconlaw::cli::testing
