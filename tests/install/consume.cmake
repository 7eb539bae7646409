# cmake -DMODE=find_package|add_subdirectory -DROOT= -DWORK= -DDATA= -DGENERATOR= -DCXX= -P consume.cmake
# Builds, and for find_package installs, reconlaw as a packager would: default options, nothing for this machine only.
set(configure ${CMAKE_COMMAND} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=Release
              -DRECONLAW_DATA=${DATA} -DRECONLAW_FIT=${DATA} -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)

function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# A fresh configuration each time; compiled objects are kept.
file(REMOVE ${WORK}/consumer/CMakeCache.txt ${WORK}/package/CMakeCache.txt)
file(REMOVE_RECURSE ${WORK}/prefix ${WORK}/moved)

if(MODE STREQUAL find_package)
    run(${configure} -S ${ROOT} -B ${WORK}/package -DRECONLAW_APPS=OFF -DRECONLAW_TESTS=OFF -DRECONLAW_THEORY=OFF)
    run(${CMAKE_COMMAND} --build ${WORK}/package)
    run(${CMAKE_COMMAND} --install ${WORK}/package --prefix ${WORK}/prefix)
    file(RENAME ${WORK}/prefix ${WORK}/moved)  # the package must not remember where it was installed
    set(how -DCMAKE_PREFIX_PATH=${WORK}/moved)

    file(GLOB_RECURSE exported ${WORK}/moved/*.cmake)
    if(NOT exported)
        message(FATAL_ERROR "nothing exported under ${WORK}/moved")
    endif()
    foreach(file ${exported})
        file(READ ${file} text)
        if(text MATCHES "(-march|-W[a-z]|-O[0-9]|reconlaw_build|INTERFACE_COMPILE_OPTIONS)")
            message(FATAL_ERROR "${file} exports ${CMAKE_MATCH_1}")
        endif()
        string(FIND "${text}" "${ROOT}" source_path)
        if(NOT source_path EQUAL -1)
            message(FATAL_ERROR "${file} remembers where it was built: ${ROOT}")
        endif()
    endforeach()
else()
    set(how -DRECONLAW_SOURCE_DIR=${ROOT})
endif()

run(${configure} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${WORK}/consumer ${how})
run(${CMAKE_COMMAND} --build ${WORK}/consumer)

# The consumer's own files are compiled with none of our flags.
file(READ ${WORK}/consumer/compile_commands.json commands)
string(JSON count LENGTH ${commands})
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
    string(JSON file GET ${commands} ${i} file)
    string(JSON command GET ${commands} ${i} command)
    if(file MATCHES "/consumer/[a-z]+\\.cpp$" AND command MATCHES " (-march[^ ]*|-W[^ ]*|-fsanitize[^ ]*) ")
        message(FATAL_ERROR "${file} is compiled with our flag ${CMAKE_MATCH_1}: ${command}")
    endif()
    if(file MATCHES "/(tests|apps|theory|benchmarks)/[^/]*/?[^/]*\\.cpp$" AND NOT file MATCHES "/install/consumer/")
        message(FATAL_ERROR "${file} is built inside another project")
    endif()
endforeach()

execute_process(COMMAND ${WORK}/consumer/consumer OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
message(STATUS "consumer printed: ${output}")
# Subspace denoising, n = 100, d = 10, sigma = 1/2: the floor d sigma^2/(1 + sigma^2) is 2.
if(NOT output MATCHES "floor 2\nother 2\n")
    message(FATAL_ERROR "unexpected output of the consumer: ${output}")
endif()
if(DATA AND NOT output MATCHES "white 6, digits 64, trace 6\n")
    message(FATAL_ERROR "unexpected output of the consumer of reconlaw::data: ${output}")
endif()

# 0.1 + N^(-1/2) at five sizes
if(DATA AND NOT output MATCHES "exponent 0\\.5")
    message(FATAL_ERROR "unexpected output of the consumer of reconlaw::fit: ${output}")
endif()

# An embedded reconlaw installs nothing into its parent's prefix.
if(MODE STREQUAL add_subdirectory)
    run(${CMAKE_COMMAND} --install ${WORK}/consumer --prefix ${WORK}/prefix)
    file(GLOB_RECURSE installed ${WORK}/prefix/*)
    if(installed)
        message(FATAL_ERROR "installed with the parent project: ${installed}")
    endif()
endif()
