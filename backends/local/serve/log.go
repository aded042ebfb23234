package serve

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// logged writes one line for each request when it has been answered:
//
//	2026-11-24T18:02:26.123Z 127.0.0.1 alice POST "/api/2.0/mlflow/runs/create" 200 312 1.2ms
//
// Queries stay out of it: a token may stand there. What a client can choose is
// quoted, so that it can neither forge a line nor move a terminal's cursor.
func logged(to io.Writer, now func() time.Time, next http.Handler) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := now()
		seen := &witness{ResponseWriter: w, actor: "-"}
		defer func() {
			host, _, err := net.SplitHostPort(r.RemoteAddr)
			if err != nil {
				host = r.RemoteAddr
			}
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(to, "%s %s %s %s %s %d %d %s\n", begun.UTC().Format("2006-01-02T15:04:05.000Z"), host, word(seen.actor), word(r.Method),
				strconv.QuoteToASCII(r.URL.Path), seen.code(), seen.bytes, now().Sub(begun).Round(10*time.Microsecond))
		}()
		next.ServeHTTP(seen, r)
	})
}

// word is s as one word of a line.
func word(s string) string {
	for _, r := range s {
		if r <= ' ' || r > '~' || r == '"' {
			return strconv.QuoteToASCII(s)
		}
	}
	if s == "" {
		return "-"
	}
	return s
}

// witness remembers what was answered, and to whom.
type witness struct {
	http.ResponseWriter
	actor  string
	status int
	bytes  int64
}

func (w *witness) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

func (w *witness) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *witness) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// note tells the log who it was.
func note(w http.ResponseWriter, actor string) {
	for {
		switch x := w.(type) {
		case *witness:
			x.actor = actor
			return
		case interface{ Unwrap() http.ResponseWriter }:
			w = x.Unwrap()
		default:
			return
		}
	}
}

// escaped makes the server's own errors harmless: they quote what clients sent.
type escaped struct{ w io.Writer }

func (e *escaped) Write(p []byte) (int, error) {
	n := len(p)
	for n > 0 && p[n-1] == '\n' {
		n--
	}
	q := strconv.QuoteToASCII(string(p[:n]))
	if _, err := io.WriteString(e.w, q[1:len(q)-1]+"\n"); err != nil {
		return 0, err
	}
	return len(p), nil
}
