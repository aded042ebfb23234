package mlruns

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// fields are the scalars of a meta.yaml by name; null is "".
type fields map[string]string

func (f fields) time(key string) time.Time {
	ms, err := strconv.ParseInt(f[key], 10, 64)
	if err != nil || ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// parse reads a meta.yaml. Nearly all are flat and plain, and are read by hand, ten
// times as fast as by a YAML library; whatever is not so is left to one.
func parse(doc []byte) (fields, error) {
	if f, ok := parsePlain(doc); ok {
		return f, nil
	}
	return parseYAML(doc)
}

// parsePlain reads lines of "key: value" whose value is plain, or in single quotes
// on its line. False for everything else.
func parsePlain(doc []byte) (fields, bool) {
	f := make(fields, 16)
	for len(doc) > 0 {
		line := doc
		if i := bytes.IndexByte(doc, '\n'); i >= 0 {
			line, doc = doc[:i], doc[i+1:]
		} else {
			doc = nil
		}
		key, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !isName(key) || len(value) == 0 || value[0] != ' ' {
			return nil, false
		}
		v, ok := scalar(string(value[1:]))
		if !ok {
			return nil, false
		}
		if _, twice := f[string(key)]; twice {
			return nil, false
		}
		f[string(key)] = v
	}
	return f, len(f) > 0
}

func isName(b []byte) bool {
	for _, c := range b {
		if c != '_' && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(b) > 0
}

// scalar is a value that stands on one line and means itself.
func scalar(v string) (string, bool) {
	switch v {
	case "null", "[]":
		return "", true
	case "", "~":
		return "", false
	}
	if v[0] == '\'' {
		if len(v) < 2 || v[len(v)-1] != '\'' {
			return "", false
		}
		inner := v[1 : len(v)-1]
		if strings.Count(inner, "'") != 2*strings.Count(inner, "''") {
			return "", false
		}
		return strings.ReplaceAll(inner, "''", "'"), clean(inner)
	}
	if _, err := strconv.ParseInt(v, 10, 64); err == nil {
		return v, true
	}
	first := v[0]
	plain := first >= 'a' && first <= 'z' || first >= 'A' && first <= 'Z' || first >= '0' && first <= '9' || first == '/'
	return v, plain && clean(v) && v[len(v)-1] != ' ' && v[len(v)-1] != ':' && !strings.Contains(v, " #") && !strings.Contains(v, ": ")
}

// clean says that no character means more than itself.
func clean(v string) bool {
	for i := range len(v) {
		if v[i] < ' ' || v[i] >= 0x7f {
			return false
		}
	}
	return true
}

// parseYAML leaves it to the library. Only scalars are of interest; MLflow's readers
// would take no other tag than YAML's own, and neither is anything made here of one.
func parseYAML(doc []byte) (fields, error) {
	node, err := document(doc)
	if err != nil {
		return nil, err
	}
	f := fields{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		k, v := node.Content[i], node.Content[i+1]
		if v.Kind == yaml.ScalarNode && v.Tag != "!!null" {
			f[k.Value] = v.Value
		}
	}
	return f, nil
}

func document(doc []byte) (*yaml.Node, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(doc, &n); err != nil {
		return nil, err
	}
	if n.Kind != yaml.DocumentNode || len(n.Content) != 1 || n.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it is not a mapping")
	}
	return n.Content[0], nil
}

// pairs is a mapping of scalars that a field holds: a model's aliases.
func pairs(doc []byte, field string) map[string]string {
	node, err := document(doc)
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if v := node.Content[i+1]; node.Content[i].Value == field && v.Kind == yaml.MappingNode {
			for j := 0; j+1 < len(v.Content); j += 2 {
				out[v.Content[j].Value] = v.Content[j+1].Value
			}
		}
	}
	return out
}

// maxMeta bounds a meta.yaml: one with a data set's schema and profile may have
// MLflow's limits for these.
const maxMeta = 20 << 20

// readMeta reads the meta.yaml of a folder.
func readMeta(dir string) (fields, []byte, error) {
	b, err := readSmall(dir+"/meta.yaml", maxMeta)
	if err != nil {
		return nil, nil, err
	}
	f, err := parse(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s/meta.yaml: %w", dir, err)
	}
	return f, b, nil
}

// readSmall reads a regular file of at most limit bytes; what is longer is cut. A
// link is not followed: it could lead to a file that is none of the run's.
func readSmall(path string, limit int64) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: it is not a file", path)
	}
	b := make([]byte, min(fi.Size(), limit))
	n, err := io.ReadFull(f, b)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) { // it was cut meanwhile
		err = nil
	}
	return b[:n], err
}

func openFile(path string) (*os.File, error) { return os.OpenFile(path, readOnly, 0) }
