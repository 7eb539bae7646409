#pragma once
/// From exceptions to one line and an exit status.

#include <iosfwd>
#include <string>

#include "console.hpp"

namespace reconlaw::cli {

/// To be called where an exception is handled: prints the sentence for it. @return the exit status
/// @param where  "reconlaw risk", before the message
int report_failure(Console& console, const std::string& where);

/// Flushes the results. @return 0, or closed_pipe_status where nobody reads them any more
/// @throws std::runtime_error  they did not arrive
int finish(std::ostream& out);

}  // namespace reconlaw::cli
