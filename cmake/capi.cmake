# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The library for embedders: libwazuka.so and libwazuka.a export the C API of include/ and nothing else, and need
# nothing but libc and libm.
wazuka_layer(capi DEPS wazuka_wasi wazuka_wat wazuka_runtime)
target_include_directories(wazuka_capi PUBLIC ${CMAKE_SOURCE_DIR}/include)
# The declarations of the headers are what is exported: everything else is hidden.
target_compile_definitions(wazuka_capi PRIVATE WAZUKA_VERSION="${PROJECT_VERSION}"
  [[WASM_API_EXTERN=__attribute__((visibility("default")))]])

# Sanitizers are linked into programs.
if(NOT WAZUKA_SANITIZE)
  add_library(wazuka_shared SHARED $<TARGET_OBJECTS:wazuka_capi>)
  target_link_libraries(wazuka_shared PRIVATE wazuka_wasi wazuka_wat wazuka_runtime)
  set_target_properties(wazuka_shared PROPERTIES OUTPUT_NAME wazuka LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  target_link_options(wazuka_shared PRIVATE -Wl,--no-undefined -Wl,-z,nodelete
    -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/capi.map)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_link_options(wazuka_shared PRIVATE -Wl,--icf=safe)
  endif()
  set_property(TARGET wazuka_shared APPEND PROPERTY LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/capi.map)
  # With a C++ library of its own inside, whatever the program has.
  target_link_options(wazuka_shared PRIVATE -static-libstdc++ -static-libgcc -Wl,--exclude-libs,ALL)

  # The same as an archive (tools/static_library.sh), where the tools of GNU are.
  find_program(GNU_LD ld.bfd)
  if(GNU_LD)
    set(capi_layers wasi wat runtime image opt baseline interp tier debug abi asm os wasm base)
    list(TRANSFORM capi_layers REPLACE "(.+)" "$<TARGET_FILE:wazuka_\\1>" OUTPUT_VARIABLE capi_archives)
    list(TRANSFORM capi_layers PREPEND wazuka_ OUTPUT_VARIABLE capi_targets)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/libwazuka.a
      COMMAND ${CMAKE_COMMAND} -E env CXX=${CMAKE_CXX_COMPILER} ${CMAKE_SOURCE_DIR}/tools/static_library.sh
              ${CMAKE_BINARY_DIR}/libwazuka.a $<TARGET_FILE:wazuka_capi> ${capi_archives}
      DEPENDS wazuka_capi ${capi_targets} ${CMAKE_SOURCE_DIR}/tools/static_library.sh
      COMMAND_EXPAND_LISTS VERBATIM)
    add_custom_target(wazuka_archive ALL DEPENDS ${CMAKE_BINARY_DIR}/libwazuka.a)
    install(FILES ${CMAKE_BINARY_DIR}/libwazuka.a DESTINATION lib)
  endif()

  install(TARGETS wazuka_shared LIBRARY DESTINATION lib)
  # What programs made for Wasmtime look for.
  file(CREATE_LINK libwazuka.so ${CMAKE_BINARY_DIR}/libwasmtime.so SYMBOLIC)
  install(FILES ${CMAKE_BINARY_DIR}/libwasmtime.so DESTINATION lib)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/wazuka.pc.in ${CMAKE_BINARY_DIR}/wazuka.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/wazuka.pc DESTINATION lib/pkgconfig)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/ DESTINATION include FILES_MATCHING PATTERN "*.h" PATTERN "*.hh")
  include(CMakePackageConfigHelpers)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/wazuka-config.cmake.in ${CMAKE_BINARY_DIR}/wazuka-config.cmake @ONLY)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/wazuka-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/wazuka-config.cmake ${CMAKE_BINARY_DIR}/wazuka-config-version.cmake
    DESTINATION lib/cmake/wazuka)
endif()

# capi_program(SUITE NAME SOURCE LIBRARY): a program of tests/SUITE. It is one of an embedder: no flags of ours.
function(capi_program suite name source library)
  add_executable(${suite}_${name} ${source})
  set_target_properties(${suite}_${name} PROPERTIES OUTPUT_NAME ${name} C_STANDARD 11
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/${suite})
  target_include_directories(${suite}_${name} PRIVATE ${CMAKE_SOURCE_DIR}/include)
  target_link_libraries(${suite}_${name} PRIVATE ${library})
endfunction()

# capi_suite(SUITE SOURCE…): each program twice, with the shared and with the static library; with sanitizers once.
function(capi_suite suite)
  foreach(source ${ARGN})
    get_filename_component(name ${source} NAME_WE)
    if(WAZUKA_SANITIZE)
      capi_program(${suite} ${name} ${source} $<LINK_ONLY:wazuka_capi>)
      set_target_properties(${suite}_${name} PROPERTIES LINKER_LANGUAGE CXX)
      target_compile_options(${suite}_${name} PRIVATE -fsanitize=${WAZUKA_SANITIZE} -fno-sanitize-recover=all
        -fno-omit-frame-pointer -O1 -g1)
      target_link_options(${suite}_${name} PRIVATE -fsanitize=${WAZUKA_SANITIZE})
    else()
      capi_program(${suite} ${name} ${source} ${CMAKE_BINARY_DIR}/libwazuka.so)
      add_dependencies(${suite}_${name} wazuka_shared)
      if(TARGET wazuka_archive)
        capi_program(${suite} ${name}_static ${source} ${CMAKE_BINARY_DIR}/libwazuka.a)
        target_link_libraries(${suite}_${name}_static PRIVATE m)
        add_dependencies(${suite}_${name}_static wazuka_archive)
      endif()
    endif()
  endforeach()
endfunction()

if(WAZUKA_TESTS)
  file(GLOB capi_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/capi/*.c ${CMAKE_SOURCE_DIR}/tests/capi/*.cc)
  capi_suite(capi ${capi_sources})
  file(GLOB cppapi_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/cppapi/*.cc)
  capi_suite(cppapi ${cppapi_sources})
endif()
