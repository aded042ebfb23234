package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"flightdeck/backends"
)

// Saved views are files of the workspace, one a view, so that they can be shared as
// any file is: .flightdeck/views/TAB/NAME.json. What may not stand in a file's name
// is written %XX. The file .last beside them names the one that was used last.

// viewBody is a view to be written, or with Delete removed.
type viewBody struct {
	Tab  string          `json:"tab"`
	Name string          `json:"name"`
	Data json.RawMessage `json:"data,omitempty"`
}

const (
	mostViews    = 500
	mostViewSize = 64 << 10
	longestName  = 80 // characters
	viewEnding   = ".json"
	lastView     = ".last"
)

func (l *Local) viewsDir(tab string) string { return filepath.Join(l.dir(), "views", tab) }

// SavedViews lists the views of a tab. A file that is no regular one, or is too big
// to be a view, is not listed.
func (l *Local) SavedViews(ctx context.Context, tab string) (backends.SavedViews, error) {
	var out backends.SavedViews
	if err := checkTab(tab); err != nil {
		return out, err
	}
	files, err := os.ReadDir(l.viewsDir(tab))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return out, fmt.Errorf("saved views: %w", bare(err))
	}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), viewEnding)
		if !ok || strings.HasPrefix(name, ".") || !f.Type().IsRegular() || len(out.Views) == mostViews {
			continue
		}
		if err := ctx.Err(); err != nil {
			return out, err
		}
		data, err := readSmall(filepath.Join(l.viewsDir(tab), f.Name()))
		if err != nil {
			continue // it went since, or is too big
		}
		out.Views = append(out.Views, backends.SavedView{Tab: tab, Name: unescaped(name), Data: data})
	}
	slices.SortFunc(out.Views, func(a, b backends.SavedView) int { return strings.Compare(a.Name, b.Name) })
	if last, err := readSmall(filepath.Join(l.viewsDir(tab), lastView)); err == nil {
		out.Last = strings.TrimSpace(string(last))
	}
	return out, nil
}

// readSmall reads a file that is no bigger than a view may be.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostViewSize+1))
	if err == nil && len(data) > mostViewSize {
		err = fmt.Errorf("%s is bigger than a view may be", filepath.Base(path))
	}
	return data, err
}

// view is a saved view; ErrNotFound when there is none of that name.
func (l *Local) view(ctx context.Context, tab, name string) (backends.SavedView, error) {
	all, err := l.SavedViews(ctx, tab)
	if err != nil {
		return backends.SavedView{}, err
	}
	for _, v := range all.Views {
		if v.Name == name {
			return v, nil
		}
	}
	return backends.SavedView{}, fmt.Errorf("view %s: %w", name, backends.ErrNotFound)
}

// PlanSaveView writes a view, in the place of one with the same name.
func (l *Local) PlanSaveView(ctx context.Context, v backends.SavedView) (backends.Plan, error) {
	if err := errors.Join(checkTab(v.Tab), checkName(v.Name)); err != nil {
		return backends.Plan{}, err
	}
	if len(v.Data) > mostViewSize || !json.Valid(v.Data) {
		return backends.Plan{}, fmt.Errorf("save view %s: it is not JSON of at most %d bytes", v.Name, mostViewSize)
	}
	ref := backends.Ref{Backend: l.Name(), Kind: "view", ID: v.Tab + "/" + v.Name, Name: v.Name}
	p := l.plan("views.save", "file", "views/save", viewBody(v), ref)
	p.Title, p.Summary = "Save view "+v.Name, "Writes a file of the workspace, which others can use too."
	p.Lines = []backends.Line{{Label: "file", Value: filepath.Join(Folder, "views", v.Tab, escaped(v.Name)+viewEnding)}}
	undo := l.plan("views.delete", "file", "views/delete", viewBody{Tab: v.Tab, Name: v.Name}, ref)
	switch old, err := l.view(ctx, v.Tab, v.Name); {
	case err == nil:
		p.Against = []string{"there is a view of this name, and it is replaced"}
		undo = l.plan("views.save", "file", "views/save", viewBody(old), ref)
	case !errors.Is(err, backends.ErrNotFound):
		return backends.Plan{}, err
	}
	undo.Title = "Undo: " + p.Title
	p.Undo = &undo
	return p, nil
}

// PlanDeleteView removes a view's file; the undo writes it again.
func (l *Local) PlanDeleteView(ctx context.Context, tab, name string) (backends.Plan, error) {
	old, err := l.view(ctx, tab, name)
	if err != nil {
		return backends.Plan{}, err
	}
	ref := backends.Ref{Backend: l.Name(), Kind: "view", ID: tab + "/" + name, Name: name}
	p := l.plan("views.delete", "file", "views/delete", viewBody{Tab: tab, Name: name}, ref)
	p.Title, p.Summary = "Delete view "+name, "Removes its file from the workspace; nothing that it shows is touched."
	undo := l.plan("views.save", "file", "views/save", viewBody(old), ref)
	undo.Title = "Undo: " + p.Title
	p.Undo = &undo
	return p, nil
}

func (l *Local) saveView(ctx context.Context, b viewBody) (string, error) {
	if err := errors.Join(checkTab(b.Tab), checkName(b.Name)); err != nil {
		return "", err
	}
	var lines bytes.Buffer // a person may read and edit it
	if err := json.Indent(&lines, b.Data, "", "  "); err != nil {
		return "", fmt.Errorf("view %s: %w", b.Name, err)
	}
	lines.WriteByte('\n')
	return "saved view " + b.Name, l.writeView(ctx, b.Tab, escaped(b.Name)+viewEnding, lines.Bytes())
}

func (l *Local) deleteView(ctx context.Context, b viewBody) (string, error) {
	if err := l.permit(ctx, "file", "views/delete"); err != nil {
		return "", err
	}
	if err := errors.Join(checkTab(b.Tab), checkName(b.Name)); err != nil {
		return "", err
	}
	err := os.Remove(filepath.Join(l.viewsDir(b.Tab), escaped(b.Name)+viewEnding))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("view %s: %w", b.Name, backends.ErrNotFound)
	}
	return "deleted view " + b.Name, bare(err)
}

// UseView remembers the view that was used last.
func (l *Local) UseView(ctx context.Context, tab, name string) error {
	if err := l.permit(ctx, "file", "views/use"); err != nil {
		return err
	}
	if err := checkTab(tab); err != nil {
		return err
	}
	if name == "" {
		if err := os.Remove(filepath.Join(l.viewsDir(tab), lastView)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return bare(err)
		}
		return nil
	}
	if err := checkName(name); err != nil {
		return err
	}
	return l.writeView(ctx, tab, lastView, []byte(name+"\n"))
}

// writeView puts a file in the place of what was there, whole or not at all.
func (l *Local) writeView(ctx context.Context, tab, file string, data []byte) error {
	if _, err := l.writable(ctx, "views/save"); err != nil {
		return err
	}
	dir := l.viewsDir(tab)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save view: %w", bare(err))
	}
	tmp, err := os.CreateTemp(dir, ".tmp-*")
	if err != nil {
		return fmt.Errorf("save view: %w", bare(err))
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, file))
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("save view: %w", bare(err))
	}
	return nil
}

func checkTab(tab string) error {
	if tab == "" || strings.ContainsFunc(tab, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return fmt.Errorf("%q is no tab", tab)
	}
	return nil
}

func checkName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case strings.TrimSpace(name) == "":
		return errors.New("a view needs a name")
	case n > longestName || !utf8.ValidString(name) || len(escaped(name)) > 200:
		return fmt.Errorf("the name of a view is too long: at most %d characters", longestName)
	}
	return nil
}

// escaped is a name as a file's: letters, digits, blanks, _ and - are themselves.
func escaped(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == ' ' {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// unescaped is the name that a file's name stands for; what is no escape stays.
func unescaped(file string) string {
	var b strings.Builder
	for i := 0; i < len(file); i++ {
		var c byte
		if file[i] == '%' && i+2 < len(file) {
			if _, err := fmt.Sscanf(file[i+1:i+3], "%02X", &c); err == nil {
				b.WriteByte(c)
				i += 2
				continue
			}
		}
		b.WriteByte(file[i])
	}
	return b.String()
}
