package grow

import (
	"fmt"
	"io"
	"os"
	"time"
)

// settle is how long after its last change a file that cannot be read as what it
// should be is taken for broken rather than half written.
const settle = 2 * time.Second

// Small is a file that is read whole each time it changed: a configuration, a
// summary. Its zero value with a path is ready.
type Small struct {
	Path  string
	Limit int64 // bytes; what is longer is an error. 0 is 8 MiB.

	seen os.FileInfo
}

// Read gives parse the file's content if it changed since the last call, and reports
// whether it did. An error of parse counts only when the file has been at rest for a
// while, as its writer may not be done: until then each call reads it again. A file
// that is not there has not changed.
func (s *Small) Read(parse func(data []byte) error) (changed bool, err error) {
	now, err := os.Stat(s.Path)
	if err != nil {
		s.seen = nil
		if os.IsNotExist(err) {
			return false, nil
		}
		return false, err
	}
	if s.seen != nil && os.SameFile(now, s.seen) && now.Size() == s.seen.Size() && now.ModTime().Equal(s.seen.ModTime()) {
		return false, nil
	}
	limit := s.Limit
	if limit == 0 {
		limit = 8 << 20
	}
	data, err := s.content(limit)
	if err != nil {
		s.seen = now
		return false, err
	}
	if err := parse(data); err != nil {
		if time.Since(now.ModTime()) < settle {
			return false, nil
		}
		s.seen = now
		return true, fmt.Errorf("%s: %w", s.Path, err)
	}
	s.seen = now
	return true, nil
}

// Again lets the next Read take the file as changed.
func (s *Small) Again() { s.seen = nil }

func (s *Small) content(limit int64) ([]byte, error) {
	f, _, err := Open(s.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.Path, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: longer than %d MiB", s.Path, limit>>20)
	}
	return data, nil
}
