package serve

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// UI is MLflow's web UI as an installed mlflow package carries it: index.html at /,
// all else under /static-files/ (mlflow/server/__init__.py).
type UI struct {
	Dir     string // …/mlflow/server/js/build
	Version string // of the package; "" when it does not say
	root    *os.Root
}

// OpenUI opens the UI in dir, which may be its folder of built files, the mlflow
// package, a site-packages folder or a virtual environment.
func OpenUI(dir string) (*UI, error) {
	if fi, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("web UI: %w", err)
	} else if !fi.IsDir() {
		return nil, fmt.Errorf("web UI: %s is not a folder", dir)
	}
	const build = "server/js/build"
	for _, try := range []string{".", build, "mlflow/" + build} {
		if ui, err := openBuild(filepath.Join(dir, try)); err == nil {
			return ui, nil
		}
	}
	for _, site := range sitesOf(dir) {
		if ui, err := openBuild(filepath.Join(site, "mlflow", build)); err == nil {
			return ui, nil
		}
	}
	return nil, fmt.Errorf("web UI: there is no mlflow/%s/index.html in %s (mlflow-skinny has no UI; a source checkout has none until it is built)", build, dir)
}

func openBuild(dir string) (*UI, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if fi, err := os.Stat(filepath.Join(dir, "index.html")); err != nil || !fi.Mode().IsRegular() {
		return nil, errors.Join(fs.ErrNotExist, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	ui := &UI{Dir: dir, root: root}
	site := filepath.Join(dir, "../../../..")
	infos, _ := filepath.Glob(filepath.Join(escapeGlob(site), "mlflow-*.dist-info"))
	for _, info := range infos {
		ui.Version = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(info), "mlflow-"), ".dist-info")
	}
	return ui, nil
}

// FindUI looks for an mlflow package where the Pythons that a person would call
// keep theirs, by looking at folders only: $VIRTUAL_ENV, $CONDA_PREFIX, then each
// python3 and python of PATH, then the user's own site-packages. It is nil when
// there is none.
func FindUI(getenv func(string) string) *UI {
	var sites []string
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if prefix := getenv(name); prefix != "" {
			sites = append(sites, sitesOf(prefix)...)
		}
	}
	for _, dir := range filepath.SplitList(getenv("PATH")) {
		for _, name := range []string{"python3", "python"} {
			if !filepath.IsAbs(dir) || !runnable(filepath.Join(dir, name)) {
				continue
			}
			sites = append(sites, sitesOf(filepath.Dir(dir))...)
			if real, err := filepath.EvalSymlinks(filepath.Join(dir, name)); err == nil { // ~/bin/python3 → /opt/python/bin/python3.12
				sites = append(sites, sitesOf(filepath.Dir(filepath.Dir(real)))...)
			}
		}
	}
	if home := getenv("HOME"); home != "" {
		sites = append(sites, sitesOf(filepath.Join(home, ".local"))...)
	}
	for _, site := range sites {
		if ui, err := openBuild(filepath.Join(site, "mlflow/server/js/build")); err == nil {
			return ui
		}
	}
	return nil
}

func runnable(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.Mode().IsRegular() && fi.Mode()&0o111 != 0
}

// sitesOf are the site-packages folders of one installation, those of the newest
// Python first.
func sitesOf(prefix string) []string {
	var sites []string
	for _, pattern := range []string{"lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages"} {
		found, _ := filepath.Glob(filepath.Join(escapeGlob(prefix), pattern))
		slices.SortStableFunc(found, func(a, b string) int { return len(b) - len(a) }) // 3.12 before 3.9
		sites = append(sites, found...)
	}
	return sites
}

func escapeGlob(s string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(s)
}

const noUI = `This is Flightdeck's tracking API, which MLflow's clients speak:

    MLFLOW_TRACKING_URI=%s://%s python train.py

MLflow's web UI is shown here when its files are found. It is part of the mlflow package:

    pip install mlflow        # for the Python that is found first in PATH, or in $VIRTUAL_ENV
    flightdeck serve --ui DIR # where that Python, its environment or its build folder is
`

// serve answers what is the UI's, and reports whether it did.
func (u *UI) serve(w http.ResponseWriter, r *http.Request) bool {
	name, static := strings.CutPrefix(r.URL.Path, "/static-files/")
	if !static && r.URL.Path != "/" {
		return false
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return true
	}
	if !static {
		name = "index.html"
	}
	if u == nil {
		if static {
			http.NotFound(w, r)
			return true
		}
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, noUI, scheme, r.Host)
		return true
	}
	u.file(w, r, name)
	return true
}

// file sends one file; what is not a plain file inside the folder is not there.
// Names of static files carry a digest of their content, but for the index.
func (u *UI) file(w http.ResponseWriter, r *http.Request, name string) {
	if name == "" || path.Clean("/"+name) != "/"+name || !filepath.IsLocal(name) {
		http.NotFound(w, r)
		return
	}
	f, err := u.root.Open(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	if kind := kindOf(name); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.Header().Set("Cache-Control", "no-cache")
	if name != "index.html" {
		w.Header().Set("Cache-Control", "private, max-age=2419200")
	}
	http.ServeContent(w, r, name, fi.ModTime(), f)
}

// kindOf is a file's type by its name. The system's own table is not asked: on some
// machines it calls a script text/plain, and then no browser runs it.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".gif":
		return "image/gif"
	case ".ico":
		return "image/vnd.microsoft.icon"
	case ".woff2":
		return "font/woff2"
	case ".woff":
		return "font/woff"
	case ".ttf":
		return "font/ttf"
	case ".wasm":
		return "application/wasm"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}
