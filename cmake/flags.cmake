# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Compiler and linker flags shared by every target, as the interface library wazuka_flags.
add_library(wazuka_flags INTERFACE)
target_include_directories(wazuka_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(wazuka_flags INTERFACE
  -fno-exceptions -fno-rtti -fvisibility=hidden -fno-strict-aliasing -fno-plt
  -ffunction-sections -fdata-sections
  -Wall -Wextra -Wconversion -Wno-sign-conversion -Wswitch-enum)
target_compile_definitions(wazuka_flags INTERFACE
  FMT_HEADER_ONLY=1 FMT_EXCEPTIONS=0
  WAZUKA_PORTABLE_DISPATCH=$<BOOL:${WAZUKA_PORTABLE_DISPATCH}>)
target_link_options(wazuka_flags INTERFACE -Wl,--gc-sections)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Warnings are errors with the reference compiler only: others' change with their version.
  target_compile_options(wazuka_flags INTERFACE -Wshadow -Werror)
  target_link_options(wazuka_flags INTERFACE -fuse-ld=lld)
else()
  # GCC 12 warns about code of the standard library and about vector arguments; its -Wshadow about enumerators.
  target_compile_options(wazuka_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-psabi)
endif()
if(WAZUKA_SANITIZE)
  # Reports need lines, not variables; -O1 halves the time that instrumented code takes to compile.
  target_compile_options(wazuka_flags INTERFACE -fsanitize=${WAZUKA_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -O1 -g1)
  target_link_options(wazuka_flags INTERFACE -fsanitize=${WAZUKA_SANITIZE})
endif()
find_package(Threads REQUIRED)
target_link_libraries(wazuka_flags INTERFACE Threads::Threads)
