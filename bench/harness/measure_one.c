// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs one command and reports what it cost: `measure_one FD COMMAND [ARGUMENT...]` writes
// "WALL_NS CPU_US MAXRSS_KIB WAIT_STATUS\n" to file descriptor FD.
//
// Why not from Python directly: on Linux a process's reported maximum resident size includes that
// of the image which was replaced by exec, so every small program started by Python would seem to
// need Python's 10 MiB. This launcher is linked statically and starts its child without copying its
// address space, so the floor is well under 1 MiB, and the cost of the start itself does not depend
// on how large the harness has grown.
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long micros(struct timeval t) {
  return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  int fd = atoi(argv[1]);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  pid_t pid;
  long long start = now_ns();
  int error = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ);
  if (error) {
    fprintf(stderr, "measure_one: %s: %s\n", argv[2], strerror(error));
    return 127;
  }
  int status;
  struct rusage usage;
  if (wait4(pid, &status, 0, &usage) != pid) return 126;
  long long wall = now_ns() - start;
  dprintf(fd, "%lld %lld %ld %d\n", wall, micros(usage.ru_utime) + micros(usage.ru_stime),
          usage.ru_maxrss, status);
  return 0;
}
