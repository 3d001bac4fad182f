// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lsjson lists the directories named on the command line as JSON, one object per file, recursively.
//
// Ordinary Go. One thing to know: Go turns relative paths into absolute ones with the working directory, "/"
// unless the environment variable PWD says otherwise. So grant a directory under an absolute guest name:
// `--dir .::/`.
package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

type entry struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
}

func list(root string, out *json.Encoder) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return out.Encode(entry{path, info.Size()})
	})
}

func main() {
	roots := os.Args[1:]
	if len(roots) == 0 {
		roots = []string{"."}
	}
	status := 0
	out := json.NewEncoder(os.Stdout)
	for _, root := range roots {
		if err := list(root, out); err != nil {
			fmt.Fprintln(os.Stderr, "lsjson:", err)
			status = 1
		}
	}
	os.Exit(status)
}
