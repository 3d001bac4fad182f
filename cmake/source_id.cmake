# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Writes a source file with a hash of the sources that decide about compiled code and its tables: images and cached code
# of other builds are told by it. Run as a script: cmake -DOUTPUT=… -DVERSION=… -DFOLDER=…/src -P source_id.cmake
set(layers abi asm base baseline image interp opt os runtime tier wasm)
set(all "")
foreach(layer IN LISTS layers)
  file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/${layer}/*)
  list(SORT files)
  foreach(name IN LISTS files)
    file(SHA256 ${FOLDER}/${name} hash)
    string(APPEND all "${name} ${hash}\n")
  endforeach()
endforeach()
string(SHA256 id "${all}")
string(SUBSTRING ${id} 0 16 id)
set(text "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include \"image/format.h\"
namespace wazuka::image {
std::string_view version() {
  return \"${VERSION} ${id}\";
}
}  // namespace wazuka::image
")
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "${text}" @ONLY)
