package dataserver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"flightdeck/backends"
)

// The codes of gRPC that are used.
const (
	codeOK              = 0
	codeUnknown         = 2
	codeInvalidArgument = 3
	codeDeadline        = 4
	codeNotFound        = 5
	codeUnimplemented   = 12
)

// statusError is an error with gRPC's code.
type statusError struct {
	code int
	says string
}

func (e *statusError) Error() string { return e.says }

func invalid(format string, args ...any) error {
	return &statusError{codeInvalidArgument, fmt.Sprintf(format, args...)}
}

// maxRequest is the longest message that is taken: a filter with every tag of a
// large run.
const maxRequest = 64 << 20

const service = "/tensorboard.data.TensorBoardDataProvider/"

// ServeHTTP answers one call as gRPC over HTTP/2 does: a message is a byte 0, its
// length in four bytes and itself; the status comes in the trailer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.ProtoMajor != 2 || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		http.Error(w, "this is a gRPC service", http.StatusUnsupportedMediaType)
		return
	}
	ctx := r.Context()
	if d, ok := timeout(r.Header.Get("Grpc-Timeout")); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	w.Header().Set("Content-Type", "application/grpc")
	body, err := message(r.Body)
	if err == nil {
		err = s.call(ctx, strings.TrimPrefix(r.URL.Path, service), body, func(m []byte) error { return send(w, m) })
	}
	code, says := codeOK, ""
	var status *statusError
	switch {
	case err == nil:
	case errors.As(err, &status):
		code, says = status.code, status.says
	case errors.Is(err, backends.ErrNotFound):
		code, says = codeNotFound, err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		code, says = codeDeadline, err.Error()
	default:
		code, says = codeUnknown, err.Error()
	}
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(code))
	if says != "" {
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", url.PathEscape(says))
	}
}

// call answers one method.
func (s *Server) call(ctx context.Context, method string, body []byte, send func([]byte) error) error {
	q, err := parseRequest(body)
	if err != nil {
		return err
	}
	if method == "ReadBlob" {
		return s.readBlob(ctx, q.experiment, send) // the key is field 1, as the experiment is elsewhere
	}
	answer, ok := map[string]func(context.Context, *request) ([]byte, error){
		"GetExperiment": s.getExperiment, "ListPlugins": s.listPlugins, "ListRuns": s.listRuns,
		"ListScalars": s.listScalars, "ReadScalars": s.readScalars,
		"ListTensors": s.listTensors, "ReadTensors": s.readTensors,
		"ListBlobSequences": s.listBlobs, "ReadBlobSequences": s.readBlobs,
	}[method]
	if !ok {
		return &statusError{codeUnimplemented, "no method " + method}
	}
	m, err := answer(ctx, q)
	if err != nil {
		return err
	}
	return send(m)
}

// message reads the one message of a call.
func message(r io.Reader) ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, invalid("no message: %v", err)
	}
	n := binary.BigEndian.Uint32(head[1:])
	switch {
	case head[0] != 0:
		return nil, &statusError{codeUnimplemented, "compressed messages are not taken"}
	case n > maxRequest:
		return nil, invalid("a message of %d bytes is too long", n)
	}
	body, err := io.ReadAll(io.LimitReader(r, int64(n))) // it grows with what comes, not with what is claimed
	if err == nil && len(body) < int(n) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, invalid("the message broke off: %v", err)
	}
	return body, nil
}

func send(w io.Writer, m []byte) error {
	head := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(m)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(m)
	return err
}

// timeout reads Grpc-Timeout: up to eight digits and a unit.
func timeout(s string) (time.Duration, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	unit, ok := map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second, 'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond}[s[len(s)-1]]
	return time.Duration(n) * unit, err == nil && ok
}
