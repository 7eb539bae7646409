// The whole core in a second translation unit, so that a missing `inline` shows when they are linked.
#include <reconlaw/reconlaw.hpp>
