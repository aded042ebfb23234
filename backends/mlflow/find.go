package mlflow

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/database"
)

// deepest is how many folders below the first Find looks into.
const deepest = 3

// mostFolders bounds how many folders Find looks into in all.
const mostFolders = 2000

// find looks into dir and the folders below it, and at the environment.
func find(ctx context.Context, dir string, getenv func(string) string) []backends.Found {
	out := fromEnv(dir, getenv)
	seen := map[string]bool{}
	for _, f := range out {
		seen[f.Where] = true
	}
	add := func(f backends.Found) {
		if !seen[f.Where] {
			seen[f.Where] = true
			f.Kind, f.Config = Kind, backends.Config{KeyWhere: f.Where}
			out = append(out, f)
		}
	}
	folders := 0
	var visit func(at string, depth int)
	visit = func(at string, depth int) {
		if folders++; folders > mostFolders || ctx.Err() != nil {
			return
		}
		if isStore(at) {
			add(backends.Found{Name: nameOf(dir, at), Where: at, Note: storeNote(at)})
			return
		}
		entries, err := os.ReadDir(at)
		if err != nil {
			return // what cannot be read is not found
		}
		for _, e := range entries {
			p := filepath.Join(at, e.Name())
			switch {
			case e.IsDir() && depth < deepest && !skipped(e.Name()):
				visit(p, depth+1)
			case e.Type().IsRegular() && slices.Contains([]string{".db", ".sqlite", ".sqlite3"}, filepath.Ext(p)):
				if n, err := database.Count(ctx, p); err == nil {
					add(backends.Found{Name: nameOf(dir, p), Where: p, Note: plural(n, "run")})
				}
			}
		}
	}
	visit(dir, 0)
	return out
}

// skipped are folders that hold other people's things, or too many.
func skipped(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains([]string{"node_modules", "__pycache__", "venv", "site-packages", "artifacts"}, name)
}

// fromEnv is what MLFLOW_TRACKING_URI names, when that is not the endpoint of our
// own job, whose runs are here already.
func fromEnv(dir string, getenv func(string) string) []backends.Found {
	uri := getenv("MLFLOW_TRACKING_URI")
	if uri == "" || getenv("FLIGHTDECK_JOB") != "" {
		return nil
	}
	server, path, err := Where(uri)
	if err != nil {
		return nil
	}
	f := backends.Found{Kind: Kind, Note: "MLFLOW_TRACKING_URI"}
	if server != "" {
		u, err := url.Parse(server)
		if err != nil {
			return nil
		}
		f.Name, f.Where, f.Config = clean(u.Host), u.Redacted(), backends.Config{KeyWhere: server}
		return []backends.Found{f}
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	f.Name, f.Where, f.Config = nameOf(dir, path), path, backends.Config{KeyWhere: path}
	return []backends.Found{f}
}

// isStore reports whether a folder is one that FileStore writes: it has an
// experiment, which is a folder with a meta.yaml, a number or Default for a name.
func isStore(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if e.IsDir() && strings.Trim(e.Name(), "0123456789") == "" {
			if _, err := os.Stat(filepath.Join(dir, e.Name(), "meta.yaml")); err == nil {
				return true
			}
		}
	}
	return false
}

// storeNote counts folders, which is close enough and quick.
func storeNote(dir string) string {
	n, runs := 0, 0
	entries, _ := os.ReadDir(dir) // it was read a moment ago
	for _, e := range entries {
		if !e.IsDir() || strings.Trim(e.Name(), "0123456789") != "" {
			continue
		}
		n++
		sub, _ := os.ReadDir(filepath.Join(dir, e.Name()))
		for _, r := range sub {
			if r.IsDir() && len(r.Name()) == 32 {
				runs++
			}
		}
	}
	return plural(runs, "run") + " in " + plural(n, "experiment")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// nameOf is a name for a column: the path from dir, in what a name may hold.
func nameOf(dir, p string) string {
	rel, err := filepath.Rel(dir, p)
	if err != nil || strings.HasPrefix(rel, "..") || rel == "." {
		rel = filepath.Base(p)
	}
	return clean(strings.TrimSuffix(rel, filepath.Ext(rel)))
}

func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r == '/' || r == '\\' || r == ':' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '-'
		}
		return r
	}, s)
	if s == "" {
		return Kind
	}
	return s
}
