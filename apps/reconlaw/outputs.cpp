#include "outputs.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "reconlaw/data/in_quotes.hpp"

namespace reconlaw::cli {

void require_writable(const std::string& path, const std::string& option) {
    namespace fs = std::filesystem;
    if (path.empty()) return;
    std::error_code error;
    std::string reason;
    fs::path folder = fs::path(path).parent_path();
    if (folder.empty()) folder = ".";
    if (fs::is_directory(path, error))
        reason = "is a folder";
    else if (fs::exists(path, error) ? ::access(path.c_str(), W_OK) != 0
                                     : ::access(folder.c_str(), W_OK | X_OK) != 0)
        reason = std::generic_category().message(errno);
    if (!reason.empty())
        throw std::invalid_argument(option + ": cannot write to " + data::in_quotes(path) + ": " + reason);
}

}  // namespace reconlaw::cli
