#include "failures.hpp"

#include <cstdlib>
#include <filesystem>
#include <new>
#include <ostream>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "interrupt.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "usage.hpp"
#if RECONLAW_WITH_TRAINING
#include "reconlaw/gpu/device.hpp"
#endif

namespace reconlaw::cli {
namespace {

/// "/a/b: No such file or directory", of the file system's own exceptions.
std::string sentence(const std::filesystem::filesystem_error& e) {
    const std::string path = e.path1().string();
    if (std::string_view(e.what()).find("temp_directory_path") != std::string_view::npos) {
        const char* folder = std::getenv("TMPDIR");
        return "TMPDIR: " + data::in_quotes(folder ? folder : "", 4096) +
               " is not a folder for temporary files: " + e.code().message();
    }
    return path + (e.path2().empty() ? "" : " and " + e.path2().string()) + (path.empty() ? "" : ": ") +
           e.code().message();
}

}  // namespace

int report_failure(Console& console, const std::string& where) {
    const auto say = [&](const std::string& message, int status) {
        console.error(where + ": " + message);
        return status;
    };
    try {
        throw;
    } catch (const UsageError& e) {
        console.error(e.what());
        return 2;
    } catch (const Interrupted& e) {
        return say(e.what(), 130);
    } catch (const std::invalid_argument& e) {
        return say(e.what(), 2);
    } catch (const data::FileError& e) {
        return say(e.what(), 2);
#if RECONLAW_WITH_TRAINING
    } catch (const gpu::DeviceError& e) {
        return say(e.what(), 2);
#endif
    } catch (const std::filesystem::filesystem_error& e) {
        return say(sentence(e), 2);
    } catch (const std::bad_alloc&) {
        return say("not enough memory for what was asked: smaller sizes or fewer at a time are needed", 2);
    } catch (const std::length_error&) {
        return say("more elements were asked for than any memory holds", 2);
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::resource_unavailable_try_again)
            return say(
                "the system starts no more threads: --threads with a smaller number, or a higher limit "
                "(ulimit -u)",
                2);
        return say(e.what(), 1);
    } catch (const std::exception& e) {
        return say(e.what(), 1);
    } catch (...) {
        return say("failed for an unknown reason", 1);
    }
}

int finish(std::ostream& out) {
    out.flush();
    // no message: who closes the pipe (head, less) wants no more
    if (!out && pipe_was_closed()) return closed_pipe_status;
    if (!out) throw std::runtime_error("cannot write the output (disk full or pipe closed)");
    return 0;
}

}  // namespace reconlaw::cli
