# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A package for Debian and what comes of it: `./dev package`. All that is installed, in /usr. CPack writes it by itself; its
# one dependency is the C library of the Debian that it was built on, which tells its own version.
execute_process(COMMAND getconf GNU_LIBC_VERSION OUTPUT_VARIABLE libc OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
string(REGEX MATCH "[0-9.]+" libc "${libc}")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME wazuka)
set(CPACK_PACKAGE_CONTACT "The Wazuka developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "WebAssembly runtime: command and library")
set(CPACK_PACKAGE_DESCRIPTION "Runs WebAssembly programs with WASI from the command line, and inside of programs in C, C++ \
and every language with bindings for Wasmtime's C API.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
  WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
if(libc)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= ${libc})")
endif()
include(CPack)
