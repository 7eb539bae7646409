# The umbrella header names every public header of the core, and only headers that exist.
file(GLOB headers RELATIVE ${INCLUDE_DIR} ${INCLUDE_DIR}/reconlaw/*/*.hpp)
list(FILTER headers EXCLUDE REGEX "^reconlaw/(detail|data|fit|gpu)/")
file(STRINGS ${INCLUDE_DIR}/reconlaw/reconlaw.hpp lines REGEX "^#include \"")
list(TRANSFORM lines REPLACE "^#include \"([^\"]+)\".*" "\\1" OUTPUT_VARIABLE included)

set(missing ${headers})
list(REMOVE_ITEM missing ${included})
set(unknown ${included})
list(REMOVE_ITEM unknown ${headers})
if(NOT headers OR missing OR unknown)
    message(FATAL_ERROR "reconlaw.hpp lacks: ${missing}; includes what is no public core header: ${unknown}")
endif()
