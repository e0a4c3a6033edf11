# CameoOptions.cmake - language level, warnings, sanitizers, ccache; the same for the compiler and the runtime.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

option(CAMEO_WERROR "Warnings are errors" OFF)
set(CAMEO_SANITIZE "" CACHE STRING "Value for -fsanitize=, for example address,undefined")

add_compile_options(-Wall -Wextra -Wno-unused-parameter)
# -O2 with line tables only: full debug information doubles the build time on two cores.
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -gline-tables-only")
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -gline-tables-only")
endif()
if(CAMEO_WERROR)
  add_compile_options(-Werror)
endif()
if(CAMEO_SANITIZE)
  # No function: what the compiler compiles and then calls carries no hash of its type. No vptr: MLIR has no RTTI.
  add_compile_options(-fsanitize=${CAMEO_SANITIZE} -fno-sanitize=function,vptr -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CAMEO_SANITIZE})
endif()

find_program(CAMEO_CCACHE ccache)
if(CAMEO_CCACHE)
  # A precompiled header is cacheable only with these sloppiness flags and -fno-pch-timestamp (CameoTargets.cmake).
  # Clang checks its headers by size, comments included.
  set(CAMEO_CCACHE_COMMAND ${CMAKE_COMMAND} -E env
      CCACHE_COMMENTS=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CAMEO_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CAMEO_CCACHE_COMMAND})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CAMEO_CCACHE_COMMAND})
endif()
find_program(CAMEO_LLD NAMES ld.lld-22 ld.lld)
# The runtime may be built by another compiler, which has its own linker and no path after -fuse-ld.
if(CAMEO_LLD AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_link_options(-fuse-ld=${CAMEO_LLD})
endif()
