// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wc: counts lines, words and bytes of the files named on the command line, or of standard input.
//
// Ordinary C: the WASI C library finds the right preopened directory for a path, so fopen works for
// every file below a directory given with `--dir`.
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct counts {
  unsigned long long lines, words, bytes;
};

static int count(FILE* in, struct counts* out) {
  static unsigned char buffer[65536];
  int in_word = 0;
  size_t n;
  memset(out, 0, sizeof *out);
  while ((n = fread(buffer, 1, sizeof buffer, in)) > 0) {
    out->bytes += n;
    for (size_t i = 0; i < n; ++i) {
      if (buffer[i] == '\n') ++out->lines;
      int space = isspace(buffer[i]) != 0;
      if (!space && !in_word) ++out->words;
      in_word = !space;
    }
  }
  return ferror(in) ? -1 : 0;
}

static void print(const struct counts* c, const char* name) {
  printf("%7llu %7llu %7llu%s%s\n", c->lines, c->words, c->bytes, *name ? " " : "", name);
}

int main(int argc, char** argv) {
  struct counts c, total = {0, 0, 0};
  int failed = 0;
  if (argc < 2) {
    if (count(stdin, &c) != 0) {
      perror("wc: standard input");
      return 1;
    }
    print(&c, "");
    return 0;
  }
  for (int i = 1; i < argc; ++i) {
    FILE* in = fopen(argv[i], "rb");
    if (!in || count(in, &c) != 0) {
      fprintf(stderr, "wc: %s: %s\n", argv[i], strerror(errno));
      failed = 1;
    } else {
      print(&c, argv[i]);
      total.lines += c.lines;
      total.words += c.words;
      total.bytes += c.bytes;
    }
    if (in) fclose(in);
  }
  if (argc > 2) print(&total, "total");
  return failed;
}
