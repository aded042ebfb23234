package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"flightdeck/backends"
)

// An upload in parts is a folder beside the blobs, whose name is the upload's id. A
// part is a file in it, whose name is the part's number and the digest of its content.

// Part is one part of an upload, as its sender was told.
type Part struct {
	Number int
	Tag    string // the digest of its content
}

const maxPart = 10_000

func (f files) uploadDir(id string) (string, error) {
	if b, err := hex.DecodeString(id); err != nil || len(b) != 16 {
		return "", missing("No upload with id %s", pyString(id))
	}
	return filepath.Join(f.blobs(), tempPrefix+strings.ToLower(id)), nil
}

// BeginUpload starts an upload and returns its id.
func (f files) BeginUpload(ctx context.Context) (string, error) {
	if err := f.mayPut(ctx); err != nil {
		return "", err
	}
	id := newID()
	dir, err := f.uploadDir(id)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	return id, fullOr(err)
}

// PutPart takes a part of an upload, over an older one of that number, and returns
// its tag.
func (f files) PutPart(ctx context.Context, id string, number int, r io.Reader) (tag string, err error) {
	dir, err := f.uploadDir(id)
	if err != nil {
		return "", err
	}
	if number < 1 || number > maxPart {
		return "", invalid("Part numbers go from 1 to %d, got %d.", maxPart, number)
	}
	if err := f.mayPut(ctx); err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return "", missing("No upload with id %s", pyString(id))
	}
	var a backends.Artifact
	tmp, err := f.spool(ctx, r, &a)
	if err != nil {
		return "", fullOr(fmt.Errorf("put part %d: %w", number, err))
	}
	defer os.Remove(tmp) // gone already when all went well
	tag = strings.TrimPrefix(a.Digest, digestPrefix)
	return tag, fullOr(os.Rename(tmp, filepath.Join(dir, partName(Part{number, tag}))))
}

func partName(p Part) string { return fmt.Sprintf("%05d-%s", p.Number, p.Tag) }

// Upload reads the parts of an upload one after the other. One that was not sent, or
// sent otherwise, is an *Error. The caller closes it.
func (f files) Upload(id string, parts []Part) (io.ReadCloser, error) {
	dir, err := f.uploadDir(id)
	if err != nil {
		return nil, err
	}
	u := &uploadReader{}
	for i, p := range parts {
		if i > 0 && p.Number <= parts[i-1].Number {
			return nil, invalid("The parts of an upload must be in the order of their numbers.")
		}
		p.Tag = strings.Trim(p.Tag, `"`)
		path := filepath.Join(dir, partName(p))
		if !filepath.IsLocal(partName(p)) || strings.ContainsAny(p.Tag, `/\`) {
			return nil, invalid("Invalid etag %s", pyString(p.Tag))
		}
		if _, err := os.Stat(path); err != nil {
			return nil, invalid("Part %d with etag %s was not uploaded.", p.Number, pyString(p.Tag))
		}
		u.paths = append(u.paths, path)
	}
	return u, nil
}

// EndUpload removes an upload and its parts.
func (f files) EndUpload(ctx context.Context, id string) error {
	dir, err := f.uploadDir(id)
	if err != nil {
		return err
	}
	if err := f.mayPut(ctx); err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return missing("No upload with id %s", pyString(id))
	}
	return os.RemoveAll(dir)
}

// uploadReader has one part open at a time.
type uploadReader struct {
	paths []string
	now   *os.File
}

func (u *uploadReader) Read(b []byte) (int, error) {
	for {
		if u.now == nil {
			if len(u.paths) == 0 {
				return 0, io.EOF
			}
			file, err := os.Open(u.paths[0])
			if err != nil {
				return 0, fmt.Errorf("read a part: %w", err)
			}
			u.now, u.paths = file, u.paths[1:]
		}
		n, err := u.now.Read(b)
		if n > 0 || err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		if err != nil {
			err, u.now = u.now.Close(), nil
			if err != nil {
				return 0, err
			}
		}
	}
}

func (u *uploadReader) Close() error {
	if u.now == nil {
		return nil
	}
	return u.now.Close()
}
