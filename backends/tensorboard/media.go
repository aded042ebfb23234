package tensorboard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/tensorboard/events"
)

func compare(a, b string) int { return strings.Compare(a, b) }

// place writes where a medium lies, for MediaItem.Place: "offset+length@file".
func place(p events.Place) string {
	return strconv.FormatInt(p.Offset, 10) + "+" + strconv.FormatInt(p.Length, 10) + "@" + p.File
}

func parsePlace(s string) (events.Place, error) {
	where, file, ok := strings.Cut(s, "@")
	offset, length, ok2 := strings.Cut(where, "+")
	at, err := strconv.ParseInt(offset, 10, 64)
	n, err2 := strconv.ParseInt(length, 10, 64)
	if !ok || !ok2 || err != nil || err2 != nil || at < 0 || n < 0 || file != filepath.Base(file) || !events.IsFile(file) {
		return events.Place{}, fmt.Errorf("%q is no place of an event file", s)
	}
	return events.Place{File: file, Offset: at, Length: n}, nil
}

// OpenMedia opens an image, a text or a clip where it lies in the event file.
func (r *Reader) OpenMedia(_ context.Context, item backends.MediaItem) (io.ReadCloser, error) {
	p, err := parsePlace(item.Place)
	if err != nil {
		return nil, err
	}
	return OpenPlace(r.dir, p)
}

// OpenPlace opens the bytes of a place in the run's folder dir.
func OpenPlace(dir string, p events.Place) (io.ReadCloser, error) {
	path := filepath.Join(dir, p.File)
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", p.File, backends.ErrNotFound)
	case err != nil:
		return nil, err
	case !fi.Mode().IsRegular() || fi.Size()-p.Length < p.Offset:
		return nil, fmt.Errorf("%s was written anew: %w", p.File, backends.ErrNotFound)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return section{io.NewSectionReader(f, p.Offset, p.Length), f}, nil
}

type section struct {
	*io.SectionReader
	io.Closer
}
