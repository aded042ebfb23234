package store

import (
	"path/filepath"
	"strings"
	"testing"
)

// localPath says by other means than checkPath that a path stays inside.
func localPath(p string) bool {
	return filepath.IsLocal(p) && !strings.HasSuffix(p, "/") && !strings.Contains(p, "//") && !strings.ContainsRune(p, 0) && !strings.Contains(p, `\`)
}

func TestPaths(t *testing.T) {
	for p, good := range map[string]bool{
		"model.bin": true, "model/MLmodel": true, "dir/x y.bin": true, "ä/ö": true, "..a/b..": true, "a:b": true,
		"": false, ".": false, "..": false, "../x": false, "a/../../x": false, "a/..": false, "/abs": false, "a//b": false,
		"a/./b": false, "a/": false, "a\x00b": false, `..\x`: false, "a\xff": false, strings.Repeat("x", 5000): false,
	} {
		if err := checkPath(p); (err == nil) != good {
			t.Errorf("%q: %v", p, err)
		}
	}
}
