package provenance

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func archive(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range headers {
		data := []byte("data of " + h.Name)
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(data))
		}
		h.Mode, h.Format = 0o644, tar.FormatPAX
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func link(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}
}

func TestUnpackRefusesWhatLeadsOut(t *testing.T) {
	for name, hs := range map[string][]tar.Header{
		"above":                 {{Name: "../evil"}},
		"deep above":            {{Name: "a/../../evil"}},
		"not clean":             {{Name: "a//evil"}},
		"absolute":              {{Name: "/tmp/evil-by-provenance-test"}},
		"a hook":                {{Name: ".git/hooks/pre-commit"}},
		"a nested hook":         {{Name: "sub/.GIT/hooks/pre-commit"}},
		"a hook, with a dot":    {{Name: ".git./config"}},
		"a hook, unseen":        {{Name: ".g\u200cit/config"}},
		"a hook, as a stream":   {{Name: ".git::$INDEX_ALLOCATION/config"}},
		"absolute link":         {link("l", "/etc")},
		"link above":            {link("l", "../..")},
		"link into repository":  {link("l", ".git/hooks")},
		"hard link":             {{Name: "l", Linkname: "a", Typeflag: tar.TypeLink}},
		"device":                {{Name: "d", Typeflag: tar.TypeChar}},
		"fifo":                  {{Name: "f", Typeflag: tar.TypeFifo}},
		"the root itself":       {link(".", "a")},
		"no name but a folder":  {{Name: "d/", Typeflag: tar.TypeDir}},
		"through earlier links": {link("d/s", "../"), link("d/l", "s/../x")},
	} {
		base := t.TempDir()
		into := filepath.Join(base, "into")
		if err := os.MkdirAll(filepath.Join(into, ".git/hooks"), 0o755); err != nil {
			t.Fatal(err)
		}
		refused, err := unpack(bytes.NewReader(archive(t, hs...)), into)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(refused) != 1 {
			t.Errorf("%s: refused %q", name, refused)
		}
		contained(t, name, base, into)
	}
}

// contained fails when something was written outside, or leads there.
func contained(t *testing.T, name, base, into string) {
	t.Helper()
	entries, err := os.ReadDir(base)
	if err != nil || len(entries) != 1 {
		t.Errorf("%s: beside the tree there is %v (%v)", name, entries, err)
	}
	if hooks, err := os.ReadDir(filepath.Join(into, ".git/hooks")); err == nil && len(hooks) > 0 {
		t.Errorf("%s: a hook was written", name)
	}
	err = filepath.WalkDir(into, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.Type()&fs.ModeSymlink == 0 {
			return err
		}
		if real, err := filepath.EvalSymlinks(p); err == nil && real != into && !strings.HasPrefix(real, into+"/") {
			t.Errorf("%s: %s leads to %s", name, p, real)
		}
		return nil
	})
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func TestUnpackThroughALinkOfTheTree(t *testing.T) {
	base := t.TempDir()
	into := filepath.Join(base, "into")
	if err := os.Mkdir(into, 0o755); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(into, "out")); err != nil {
		t.Fatal(err)
	}
	refused, err := unpack(bytes.NewReader(archive(t, tar.Header{Name: "out/evil"}, tar.Header{Name: "fine"})), into)
	if err != nil || len(refused) != 1 {
		t.Errorf("refused %q, %v", refused, err)
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 0 {
		t.Errorf("written outside: %v", entries)
	}
	if data, err := os.ReadFile(filepath.Join(into, "fine")); err != nil || string(data) != "data of fine" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestUnpackBounds(t *testing.T) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	if err := w.WriteHeader(&tar.Header{Name: "bomb", Typeflag: tar.TypeReg, Size: 1 << 40, Mode: 0o644, Format: tar.FormatPAX}); err != nil {
		t.Fatal(err)
	}
	into := t.TempDir()
	if _, err := unpack(&buf, into); err == nil {
		t.Error("a tar that ends too early is whole")
	}
	if entries, _ := os.ReadDir(into); len(entries) != 0 {
		t.Errorf("written: %v", entries)
	}
}

// FuzzUnpack unpacks what it is given, and what it is given as names and targets
// of a well-formed tar: nothing may ever be outside the tree or lead there.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte("not a tar"), "a/b", "c", "../x")
	f.Add([]byte{}, "../evil", "d/s", "s/../..")
	f.Add(bytes.Repeat([]byte{0}, 1024), "a/../../b", "x/y/z", "../../../..")
	f.Add([]byte{}, ".GIT/config", "d", "../into/../..")
	f.Fuzz(func(t *testing.T, raw []byte, name, l, target string) {
		inputs := [][]byte{raw}
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		for _, h := range []tar.Header{link(l, target), link(name, l), link(l+"/"+name, target), {Name: name, Typeflag: tar.TypeReg}, {Name: l + "/" + name, Typeflag: tar.TypeReg}} {
			h.Format = tar.FormatPAX
			_ = w.WriteHeader(&h) // a NUL in a name cannot be written at all
		}
		if w.Close() == nil {
			inputs = append(inputs, buf.Bytes())
		}
		for _, in := range inputs {
			base := t.TempDir()
			into := filepath.Join(base, "into")
			if err := os.Mkdir(into, 0o755); err != nil {
				t.Fatal(err)
			}
			_, _ = unpack(bytes.NewReader(in), into)
			contained(t, "fuzz", base, into)
			if _, err := os.Lstat(filepath.Join(into, ".git")); err == nil {
				t.Error("a repository was written")
			}
		}
	})
}

// FuzzSafeName holds that what is safe stays inside by its words alone.
func FuzzSafeName(f *testing.F) {
	for _, s := range []string{"a", "a/b", "../a", "/a", ".git/x", "a/..", "a\x00b", "", ".", "a/./b", "C:\\x", "..a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if safeName(name) != nil {
			return
		}
		for _, part := range strings.Split(name, "/") {
			if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") {
				t.Errorf("%q is safe", name)
			}
		}
	})
}

func FuzzStatus(f *testing.F) {
	f.Add("# branch.oid abc\x00# branch.head main\x001 .M N... 100644 100644 100644 a b train.py\x00? notes\x00")
	f.Add("u UU N... 1 2 3 4 a b c x y\x00")
	f.Add("1 .M S\x00\x00#\x00? \x00")
	f.Fuzz(func(t *testing.T, out string) {
		s := parseStatus(out)
		for _, names := range [][]string{s.changed, s.unmerged, s.untracked, s.submodules} {
			for _, n := range names {
				if n == "" || !strings.Contains(out, n) {
					t.Errorf("%q is not in %q", n, out)
				}
			}
		}
	})
}
