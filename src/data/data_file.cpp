#include "reconlaw/data/data_file.hpp"

#include <cstdlib>

#include "reconlaw/data/file_error.hpp"

namespace reconlaw::data {

namespace fs = std::filesystem;

fs::path data_file(const fs::path& name) {
    if (const char* folder = std::getenv("RECONLAW_DATA_DIR"); folder && *folder) {
        fs::path own = fs::path(folder) / name;
        if (!fs::exists(own))
            throw FileError(own, "not found (the environment variable RECONLAW_DATA_DIR names its folder)");
        return own;
    }
    fs::path in_source = fs::path(RECONLAW_SOURCE_DATA_DIR) / name;
    fs::path installed = fs::path(RECONLAW_INSTALL_DATA_DIR) / name;
    std::error_code ignored;
    if (fs::exists(in_source, ignored)) return in_source;
    if (fs::exists(installed, ignored)) return installed;
    throw FileError(name, "found neither as " + in_source.string() + " nor as " + installed.string());
}

}  // namespace reconlaw::data
