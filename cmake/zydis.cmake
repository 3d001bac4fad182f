# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The disassembler that the assembler is tested against, as zydis: for tests, fuzzers and the verifier, never for the static
# command. The CMake package of Debian's libzydis-dev looks for another package that may not be there, so the library is
# looked up by itself.
find_path(ZYDIS_INCLUDE Zydis/Zydis.h)
find_library(ZYDIS_LIBRARY Zydis)
if(ZYDIS_INCLUDE AND ZYDIS_LIBRARY AND NOT TARGET zydis)
  add_library(zydis UNKNOWN IMPORTED)
  set_target_properties(zydis PROPERTIES IMPORTED_LOCATION ${ZYDIS_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${ZYDIS_INCLUDE})
endif()
