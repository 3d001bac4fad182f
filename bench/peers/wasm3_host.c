// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A command around the wasm3 interpreter, for speed comparisons only.
//
// wasm3's own command is in no package registry, but its engine is (inside a Python package's
// source archive); install_peers.sh compiles that engine together with this file. The host
// functions are the eight that a program which computes and prints needs; any other import fails to
// link and the module is refused, so a benchmark can never silently measure a program that was
// answered by a stub.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wasm3.h"

enum { kWasiOk = 0, kWasiBadf = 8, kWasiSpipe = 70 };

static int guest_argc;
static char** guest_argv;
static int exit_code;

m3ApiRawFunction(host_args_sizes_get) {
  m3ApiReturnType(uint32_t);
  m3ApiGetArgMem(uint32_t*, count);
  m3ApiGetArgMem(uint32_t*, bytes);
  m3ApiCheckMem(count, 4);
  m3ApiCheckMem(bytes, 4);
  uint32_t total = 0;
  for (int i = 0; i < guest_argc; i++) total += (uint32_t)strlen(guest_argv[i]) + 1;
  *count = (uint32_t)guest_argc;
  *bytes = total;
  m3ApiReturn(kWasiOk);
}

m3ApiRawFunction(host_args_get) {
  m3ApiReturnType(uint32_t);
  m3ApiGetArgMem(uint32_t*, argv);
  m3ApiGetArgMem(char*, buffer);
  m3ApiCheckMem(argv, 4 * (uint32_t)guest_argc);
  for (int i = 0; i < guest_argc; i++) {
    size_t size = strlen(guest_argv[i]) + 1;
    m3ApiCheckMem(buffer, size);
    memcpy(buffer, guest_argv[i], size);
    argv[i] = m3ApiPtrToOffset(buffer);
    buffer += size;
  }
  m3ApiReturn(kWasiOk);
}

m3ApiRawFunction(host_fd_write) {
  m3ApiReturnType(uint32_t);
  m3ApiGetArg(uint32_t, fd);
  m3ApiGetArgMem(uint32_t*, iovs);
  m3ApiGetArg(uint32_t, count);
  m3ApiGetArgMem(uint32_t*, written);
  m3ApiCheckMem(iovs, 8 * (uint64_t)count);
  m3ApiCheckMem(written, 4);
  if (fd != 1 && fd != 2) m3ApiReturn(kWasiBadf);
  uint32_t total = 0;
  for (uint32_t i = 0; i < count; i++) {
    const char* data = m3ApiOffsetToPtr(iovs[2 * i]);
    uint32_t size = iovs[2 * i + 1];
    if (!size) continue;  // an empty part may lie at address 0, which the check refuses
    m3ApiCheckMem(data, size);
    for (uint32_t done = 0; done < size;) {
      ssize_t n = write((int)fd, data + done, size - done);
      if (n < 0) m3ApiReturn(kWasiBadf);
      done += (uint32_t)n;
    }
    total += size;
  }
  *written = total;
  m3ApiReturn(kWasiOk);
}

m3ApiRawFunction(host_fd_fdstat_get) {
  m3ApiReturnType(uint32_t);
  m3ApiGetArg(uint32_t, fd);
  m3ApiGetArgMem(uint8_t*, stat);
  m3ApiCheckMem(stat, 24);
  if (fd > 2) m3ApiReturn(kWasiBadf);
  memset(stat, 0, 24);
  stat[0] = isatty((int)fd) ? 2 /* character device */ : 6 /* stream */;
  memset(stat + 8, 0xff, 16);
  m3ApiReturn(kWasiOk);
}

m3ApiRawFunction(host_fd_seek) {
  m3ApiReturnType(uint32_t);
  m3ApiGetArg(uint32_t, fd);
  m3ApiReturn(fd > 2 ? kWasiBadf : kWasiSpipe)
}

m3ApiRawFunction(host_fd_close) {
  m3ApiReturnType(uint32_t);
  m3ApiGetArg(uint32_t, fd);
  m3ApiReturn(fd > 2 ? kWasiBadf : kWasiOk)
}

m3ApiRawFunction(host_proc_exit) {
  m3ApiGetArg(uint32_t, code);
  exit_code = (int)code;
  m3ApiTrap(m3Err_trapExit)
}

static const struct {
  const char *name, *signature;
  M3RawCall function;
} kImports[] = {
    {"args_sizes_get", "i(**)", host_args_sizes_get},
    {"args_get", "i(**)", host_args_get},
    {"fd_write", "i(i*i*)", host_fd_write},
    {"fd_fdstat_get", "i(i*)", host_fd_fdstat_get},
    {"fd_seek", "i(iIi*)", host_fd_seek},
    {"fd_close", "i(i)", host_fd_close},
    {"proc_exit", "v(i)", host_proc_exit},
};

static void check(M3Result result, const char* what) {
  if (!result) return;
  fprintf(stderr, "wasm3: %s: %s\n", what, result);
  exit(1);
}

static uint8_t* read_file(const char* path, uint32_t* size) {
  FILE* file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) check("cannot open", path);
  long length = ftell(file);
  if (length < 0 || length > UINT32_MAX) check("unreadable size", path);
  uint8_t* bytes = malloc((size_t)length + 1);
  rewind(file);
  if (!bytes || fread(bytes, 1, (size_t)length, file) != (size_t)length) check("cannot read", path);
  fclose(file);
  *size = (uint32_t)length;
  return bytes;
}

// Calls an (i64) → i64 export and prints the result as a signed decimal, as the other engines'
// --invoke does.
static int invoke(IM3Runtime runtime, const char* name, int argc, char** argv) {
  if (argc != 1) check("the function takes one argument", name);
  IM3Function function;
  check(m3_FindFunction(&function, runtime, name), name);
  check(m3_CallArgv(function, 1, (const char**)argv), "run");
  int64_t result;
  check(m3_GetResultsV(function, &result), "result");
  printf("%lld\n", (long long)result);
  return 0;
}

int main(int argc, char** argv) {
  const char* function = NULL;
  if (argc > 2 && !strcmp(argv[1], "--invoke")) function = argv[2], argc -= 2, argv += 2;
  if (argc < 2) check("usage: wasm3 [--invoke FUNCTION] FILE [ARGUMENT...]", "arguments");
  guest_argc = argc - 1;
  guest_argv = argv + 1;
  uint32_t size;
  uint8_t* bytes = read_file(argv[1], &size);
  IM3Environment environment = m3_NewEnvironment();
  IM3Runtime runtime = m3_NewRuntime(environment, 1 << 20, NULL);
  IM3Module module;
  check(m3_ParseModule(environment, &module, bytes, size), "parse");
  check(m3_LoadModule(runtime, module), "load");
  for (size_t i = 0; i < sizeof kImports / sizeof *kImports; i++) {
    M3Result result = m3_LinkRawFunction(module, "wasi_snapshot_preview1", kImports[i].name,
                                         kImports[i].signature, kImports[i].function);
    if (result != m3Err_functionLookupFailed) check(result, kImports[i].name);
  }
  if (function) return invoke(runtime, function, argc - 2, argv + 2);
  IM3Function start;
  check(m3_FindFunction(&start, runtime, "_start"), "_start");
  M3Result result = m3_CallV(start);
  if (result != m3Err_trapExit) check(result, "run");
  return exit_code;
}
