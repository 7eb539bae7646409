# cmake -DMODE=add_subdirectory|find_package -DROOT= -DWORK= -DDATA= -DFIT= -DTRAIN= -DGPU= -DGENERATOR= -DCXX= -P consume.cmake
# add_subdirectory: the consumer embeds reconlaw. find_package: that build of reconlaw is installed, and a second consumer
# finds it. Nothing is optimised: the question is whether it compiles, links and runs.
set(libraries -DRECONLAW_DATA=${DATA} -DRECONLAW_FIT=${FIT} -DRECONLAW_TRAIN=${TRAIN})
if(TRAIN)
    list(APPEND libraries -DRECONLAW_GPU=${GPU})
endif()
set(configure ${CMAKE_COMMAND} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=Release
              -DCMAKE_CXX_FLAGS_RELEASE=-O0 -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
set(consumer ${WORK}/${MODE})

function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(MODE STREQUAL add_subdirectory)
    file(REMOVE ${consumer}/CMakeCache.txt)  # a fresh configuration each time; compiled objects are kept
    set(how -DRECONLAW_SOURCE_DIR=${ROOT} ${libraries})
else()
    # A project of its own has install rules by default; the embedded one is told to have them.
    file(REMOVE_RECURSE ${WORK}/package ${consumer} ${WORK}/prefix ${WORK}/moved)
    run(${configure} -S ${ROOT} -B ${WORK}/package ${libraries} -DRECONLAW_APPS=OFF -DRECONLAW_TESTS=OFF
        -DRECONLAW_THEORY=OFF)
    file(READ ${WORK}/package/cmake_install.cmake rules)
    if(NOT rules MATCHES "reconlawTargets")
        message(FATAL_ERROR "reconlaw alone has no install rules: ${WORK}/package/cmake_install.cmake")
    endif()
    run(${CMAKE_COMMAND} -DRECONLAW_INSTALL=ON ${WORK}/add_subdirectory)
    run(${CMAKE_COMMAND} --build ${WORK}/add_subdirectory)
    run(${CMAKE_COMMAND} --install ${WORK}/add_subdirectory --prefix ${WORK}/prefix)
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
endif()

run(${configure} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${consumer} ${how})
run(${CMAKE_COMMAND} --build ${consumer})

# The consumer's own files are compiled with none of our flags.
file(READ ${consumer}/compile_commands.json commands)
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

execute_process(COMMAND ${consumer}/consumer OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
message(STATUS "consumer printed: ${output}")
function(require_output text)
    if(NOT output MATCHES "${text}")
        message(FATAL_ERROR "the consumer's output has no ${text}: ${output}")
    endif()
endfunction()
require_output("floor 2\nother 2\n")  # d sigma^2/(1 + sigma^2) with d = 10, sigma = 1/2
if(DATA)
    require_output("white 6, digits 64, trace 6\n")
endif()
if(FIT)
    require_output("exponent 0\\.5")  # 0.1 + N^(-1/2) at five sizes
endif()
if(TRAIN)
    require_output("line 11, U-Net 64\n")
endif()

# An embedded reconlaw installs nothing into its parent's prefix.
if(MODE STREQUAL add_subdirectory)
    run(${CMAKE_COMMAND} --install ${consumer} --prefix ${WORK}/prefix)
    file(GLOB_RECURSE installed ${WORK}/prefix/*)
    if(installed)
        message(FATAL_ERROR "installed with the parent project: ${installed}")
    endif()
endif()
