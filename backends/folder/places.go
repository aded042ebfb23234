package folder

import (
	"path/filepath"
	"slices"
	"strings"
)

// placesOf is the runs of a format in the tree as it is known now, with the stamp
// of each: all but those that a format of except claims, and those inside of one.
func (t *Tree) placesOf(f int, except []int) ([]Place, []stamp) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := search{t: t, f: f, except: except, seen: map[string]bool{}}
	s.dir(t.dirs[t.root], false)
	stamps := make([]stamp, len(s.found))
	for i := range s.found {
		stamps[i] = t.of(&s.found[i])
	}
	return s.found, stamps
}

// stamps is the stamps of these places now.
func (t *Tree) stamps(places []*Place) []stamp {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]stamp, len(places))
	for i, p := range places {
		out[i] = t.of(p)
	}
	return out
}

// search is one way down the tree, under its lock.
type search struct {
	t      *Tree
	f      int
	except []int
	seen   map[string]bool // ids
	found  []Place
}

// dir adds the places of a folder and of what is below it. Where covered holds, it
// belongs to a place above it, of this format or of one that goes first.
func (s *search) dir(d *dir, covered bool) {
	if d == nil || covered {
		return
	}
	taken := s.taken(d)
	var inner []string
	for _, p := range s.claim(d, s.f) {
		if p.ID == "" || p.Path == "" || s.seen[p.ID] || slices.ContainsFunc(taken, func(o Place) bool { return o.Path == p.Path || o.Below && inside(p.Path, o.Path) }) {
			continue
		}
		s.seen[p.ID] = true
		s.found = append(s.found, p)
		if p.Below {
			inner = append(inner, p.Path)
		}
	}
	for _, o := range taken {
		if o.Below {
			inner = append(inner, o.Path)
		}
	}
	for _, sub := range d.subs {
		s.dir(sub, slices.ContainsFunc(inner, func(p string) bool { return inside(sub.path, p) }))
	}
}

// taken is the places in d of the formats that go first.
func (s *search) taken(d *dir) (out []Place) {
	for _, e := range s.except {
		out = append(out, s.claim(d, e)...)
	}
	return out
}

func (s *search) claim(d *dir, f int) []Place {
	if f >= len(d.claims) {
		return nil
	}
	return d.claims[f]
}

// inside says whether a path is the folder or below it.
func inside(path, folder string) bool {
	rest, ok := strings.CutPrefix(path, folder)
	return ok && (rest == "" || rest[0] == filepath.Separator || strings.HasSuffix(folder, string(filepath.Separator)))
}
