package dataserver

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"

	"flightdeck/backends/tensorboard/events"
)

// tensor is a datum as a TensorProto: as it stands in the file, where it is one.
func tensor(r run, d datum) ([]byte, error) {
	switch d.form {
	case events.None: // the hparams plugin: all is in the metadata
		return noTensor(), nil
	case events.HistoValue:
		b, err := read(r, d)
		if err != nil {
			return nil, err
		}
		legacy := events.Datum{Form: d.form, Body: b}
		h, ok := legacy.Histogram()
		if !ok {
			return nil, errors.New("a histogram cannot be read")
		}
		return histogramTensor(h), nil
	}
	return read(r, d)
}

// The parts of a TensorProto and the types that are written.
const (
	tensorType    = 1
	tensorShape   = 2
	tensorContent = 4
	typeFloat     = 1
	typeDouble    = 2
)

func shape(sizes ...int) []byte {
	var m encoded
	for _, n := range sizes {
		var dim encoded
		dim.number(1, int64(n))
		m.bytes(2, dim)
	}
	return m
}

// noTensor is a tensor of no elements.
func noTensor() []byte {
	var m encoded
	m.number(tensorType, typeFloat)
	m.bytes(tensorShape, shape(0))
	return m
}

// histogramTensor is rows of (left, right, count).
func histogramTensor(h events.Histogram) []byte {
	var content []byte
	for i := range h.Left {
		for _, v := range [3]float64{h.Left[i], h.Right[i], h.Count[i]} {
			content = protowire.AppendFixed64(content, math.Float64bits(v))
		}
	}
	var m encoded
	m.number(tensorType, typeDouble)
	m.bytes(tensorShape, shape(len(h.Left), 3))
	m.bytes(tensorContent, content)
	return m
}

// blobKey names a blob for as long as its file stands: the run, and where it lies
// or what it is. It is a message, so that any name can be in it.
func blobKey(run string, d datum) string {
	var m encoded
	m.text(1, run)
	if d.literal != nil {
		m.bytes(2, d.literal)
	} else {
		m.text(3, d.place.File)
		m.number(4, d.place.Offset)
		m.number(5, d.place.Length)
	}
	return base64.RawURLEncoding.EncodeToString(m)
}

func parseBlobKey(key string) (run string, d datum, err error) {
	b, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil || !walk(b, func(num protowire.Number, v []byte, n uint64) {
		switch num {
		case 1:
			run = string(v)
		case 2:
			d.literal = append([]byte{}, v...)
		case 3:
			d.place.File = string(v)
		case 4:
			d.place.Offset = int64(n)
		case 5:
			d.place.Length = int64(n)
		}
	}) {
		return "", datum{}, invalid("no blob key: %q", key)
	}
	file := d.place.File
	if d.literal == nil && (!events.IsFile(file) || file != filepath.Base(file) || d.place.Offset < 0 || d.place.Length < 0) {
		return "", datum{}, invalid("no blob key: %q", key) // a client cannot name other files
	}
	return run, d, nil
}

// blobChunk is how much of a blob one message holds.
const blobChunk = 1 << 20

func (s *Server) readBlob(ctx context.Context, key string, send func([]byte) error) error {
	name, d, err := parseBlobKey(key)
	if err != nil {
		return err
	}
	r, err := s.find(ctx, name)
	if err != nil {
		return err
	}
	f, err := r.open(d)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, blobChunk)
	for {
		n, err := io.ReadFull(f, buf)
		if n > 0 {
			var m encoded
			m.bytes(1, buf[:n])
			if err := send(m); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
