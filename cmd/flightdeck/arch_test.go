package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// listed is one package as go list tells it.
type listed struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
}

const module = "flightdeck"

func ours(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// fits matches a slash-separated path with a pattern; self is what its part before
// the /… stands for.
func fits(pattern, path string) (self string, ok bool) {
	pattern, below := strings.CutSuffix(pattern, "…")
	want := strings.Split(strings.TrimSuffix(pattern, "/"), "/")
	got := strings.Split(path, "/")
	if pattern == "" {
		return "", below
	}
	if len(got) < len(want) || len(got) > len(want) && !below {
		return "", false
	}
	for i, w := range want {
		if w != "<kind>" && w != got[i] {
			return "", false
		}
	}
	return strings.Join(got[:len(want)], "/"), true
}

func fitsAny(patterns, path, self string) bool {
	for p := range strings.FieldsSeq(patterns) {
		if p == "$" {
			p = self + "/…"
		}
		if _, ok := fits(p, path); ok {
			return true
		}
	}
	return false
}

// violations holds one package against both tables.
func violations(p listed) []string {
	name, ok := ours(p.ImportPath)
	if !ok {
		return nil
	}
	i := slices.IndexFunc(rooms, func(r room) bool { _, ok := fits(r.pattern, name); return ok })
	if i < 0 {
		return []string{fmt.Sprintf("%s is in no room: the top level is fixed; add it to the table if that changed", name)}
	}
	self, _ := fits(rooms[i].pattern, name)
	var out []string
	say := func(imported, why string) {
		out = append(out, fmt.Sprintf("%s must not import %s: %s", name, imported, why))
	}
	hold := func(imports []string, allowed string) {
		for _, imp := range imports {
			if dep, ok := ours(imp); ok {
				if dep != name && !fitsAny(allowed, dep, self) {
					say(dep, rooms[i].why)
				}
				continue
			}
			for _, r := range outside {
				if _, ok := fits(r.pattern, name); ok && forbids(r.may, imp) {
					say(imp, r.why)
				}
			}
		}
	}
	hold(p.Imports, rooms[i].may)
	out = append(out, testViolations(p, name, rooms[i].may+" "+testRooms, self, rooms[i].why)...)
	return out
}

// testViolations is for what tests import: of ours the same and the test rooms, of
// the rest anything.
func testViolations(p listed, name, allowed, self, why string) (out []string) {
	for _, imp := range slices.Concat(p.TestImports, p.XTestImports) {
		if dep, ok := ours(imp); ok && dep != name && !fitsAny(allowed, dep, self) {
			out = append(out, fmt.Sprintf("a test of %s must not import %s: %s", name, dep, why))
		}
	}
	return out
}

// forbids reads "std" as "nothing but the standard library", and !patterns.
func forbids(rule, imp string) bool {
	if rule == "std" {
		first, _, _ := strings.Cut(imp, "/")
		return strings.Contains(first, ".")
	}
	for p := range strings.FieldsSeq(rule) {
		if _, ok := fits(strings.TrimPrefix(p, "!"), imp); ok {
			return true
		}
	}
	return false
}

// goList asks about packages from the module's root. -e: a package that does not
// compile yet is a matter of the compiler's.
func goList(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", "-json=ImportPath,Standard,Imports,TestImports,XTestImports"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestRooms(t *testing.T) {
	all := goList(t, "./...")
	if !slices.ContainsFunc(all, func(p listed) bool { return p.ImportPath == "flightdeck/backends" && len(p.Imports) > 0 }) {
		t.Fatal("go list does not show this module")
	}
	for _, p := range all {
		for _, v := range violations(p) {
			t.Error(v)
		}
	}
}

func TestBuildHoldsNothingBanned(t *testing.T) {
	deps := goList(t, "-deps", "./cmd/flightdeck")
	if len(deps) < 50 {
		t.Fatalf("only %d packages in the build", len(deps))
	}
	for _, v := range smuggled(deps) {
		t.Error(v)
	}
}

// smuggled is each import in the build that is banned and not excepted.
func smuggled(deps []listed) (out []string) {
	for _, p := range deps {
		for _, imp := range p.Imports {
			for _, b := range banned {
				_, inside := fits(b.pattern, p.ImportPath) // its own sub-packages
				if _, ok := fits(b.pattern, imp); ok && !inside && p.ImportPath != b.except && !templateItself(p.ImportPath) {
					out = append(out, fmt.Sprintf("%s brings %s into the program: %s", p.ImportPath, imp, b.why))
				}
			}
		}
	}
	return out
}

// templateItself: html/template imports text/template; only who asked for it is at fault.
func templateItself(path string) bool { return path == "html/template" }

func TestTheClockComesWithTheFrame(t *testing.T) {
	found := map[string]bool{}
	for _, dir := range []string{"tui", "views"} {
		root := filepath.Join("..", "..")
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, e fs.DirEntry, err error) error {
			rel, _ := filepath.Rel(root, path)
			rel = filepath.ToSlash(rel)
			switch {
			case err != nil:
				return err
			case e.IsDir() && (rel == "tui/tuitest" || e.Name() == "testdata"):
				return fs.SkipDir
			case e.IsDir() || !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go"):
				return nil
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, pos := range clockReads(file) {
				found[rel] = true
				if clocks[rel] == "" {
					t.Errorf("%s:%d reads the clock; what is shown comes from Frame.Now, so that a screen can be compared (an exception needs its reason in clocks)", rel, set.Position(pos).Line)
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	for file := range clocks {
		if !found[file] {
			t.Errorf("%s does not read the clock any more: take it out of clocks", file)
		}
	}
}

// clockReads finds calls of time.Now, time.Since and time.Until, under whatever
// name time is imported.
func clockReads(file *ast.File) (out []token.Pos) {
	name := ""
	for _, imp := range file.Imports {
		if path, err := strconv.Unquote(imp.Path.Value); err == nil && path == "time" {
			name = "time"
			if imp.Name != nil {
				name = imp.Name.Name
			}
		}
	}
	if name == "" {
		return nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == name && slices.Contains([]string{"Now", "Since", "Until"}, sel.Sel.Name) {
			out = append(out, call.Pos())
		}
		return true
	})
	return out
}

// TestTheTableHolds breaks each rule once, and keeps it once.
func TestTheTableHolds(t *testing.T) {
	for _, c := range []struct {
		from, imports string
		bad           bool
	}{
		{"backends", "context", false},
		{"backends", "flightdeck/backends/query", true},
		{"backends", "golang.org/x/sys/unix", true},
		{"backends/query", "flightdeck/backends", true},
		{"backends/query/of", "flightdeck/backends", false},
		{"backends/query/of", "github.com/x/y", true},
		{"backends/local", "flightdeck/backends/local/store", false},
		{"backends/local/track", "flightdeck/backends/local/store", false},
		{"backends/local", "flightdeck/backends/docker", true},
		{"backends/mlflow", "flightdeck/tui", true},
		{"backends/mlflow", "charm.land/bubbletea/v2", true},
		{"backends/compose", "flightdeck/backends/docker/engine", false},
		{"backends/compose", "flightdeck/backends/docker", true},
		{"backends/hub", "flightdeck/backends/fake", true},
		{"tui/theme", "flightdeck/tui/keys", true},
		{"tui/keys", "flightdeck/tui/theme", false},
		{"tui/widget/table", "flightdeck/backends", true},
		{"tui/widget/table", "flightdeck/tui/widget/cell", false},
		{"tui", "flightdeck/backends", false},
		{"tui", "flightdeck/backends/hub", true},
		{"tui", "flightdeck/views/experiments", true},
		{"views/experiments", "flightdeck/backends/hub", false},
		{"views/experiments", "flightdeck/backends/hub/tail", false},
		{"views/experiments", "flightdeck/backends/local", true},
		{"views/experiments", "flightdeck/views/sweeps", true},
		{"views/experiments", "os", true},
		{"views/experiments", "os/exec", true},
		{"views/experiments", "net/http", true},
		{"views/experiments", "text/template", true},
		{"views/experiments", "flightdeck/sessions", true},
		{"views/course", "flightdeck/sessions", false},
		{"sessions/one", "flightdeck/tui", true},
		{"views/experiments", "flightdeck/cmd/flightdeck", true},
		{"cmd/bench", "flightdeck/cmd/flightdeck", true},
		{"cmd/flightdeck", "flightdeck/views/experiments", false},
		{"cmd/flightdeck", "html/template", true},
		{"util", "context", true},
	} {
		v := violations(listed{ImportPath: module + "/" + c.from, Imports: []string{c.imports}})
		if (len(v) > 0) != c.bad {
			t.Errorf("%s imports %s: %q", c.from, c.imports, v)
		}
	}
	if v := violations(listed{ImportPath: "flightdeck/backends/fake", XTestImports: []string{"flightdeck/backends/backendtest"}}); v != nil {
		t.Errorf("a test cannot import the suite: %q", v)
	}
	if v := violations(listed{ImportPath: "flightdeck/tui", TestImports: []string{"flightdeck/views/experiments"}}); v == nil {
		t.Error("a test of the shell may import a view")
	}
	chain := []listed{{ImportPath: "flightdeck/cmd/flightdeck", Imports: []string{"a", "github.com/spf13/cobra"}}, {ImportPath: "github.com/spf13/cobra", Imports: []string{"text/template"}}, {ImportPath: "a", Imports: []string{"html/template"}}}
	if v := smuggled(chain); len(v) != 1 || !strings.Contains(v[0], "a brings html/template") {
		t.Errorf("smuggled: %q", v)
	}
}

func TestClockReadsAreFound(t *testing.T) {
	for src, want := range map[string]int{
		`package a; import "time"; var _ = time.Now()`:                                                1,
		`package a; import clock "time"; func f() { g(clock.Since(x), clock.Until(y)) }`:              2,
		`package a; import "time"; var f = time.Now`:                                                  0, // a default that can be replaced
		`package a; import "time"; var _ = time.Unix(0, 0)`:                                           0,
		`package a; type T struct{}; func (T) Now() int { return 0 }; var time T; var _ = time.Now()`: 0,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "a.go", src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(clockReads(file)); got != want {
			t.Errorf("%s: %d, want %d", src, got, want)
		}
	}
}
