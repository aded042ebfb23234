// Package flat makes params of the nested configurations that training programs
// write as YAML or JSON: a mapping becomes dotted keys, a list of plain values one
// value in brackets, and a scalar stays as it was written. Nothing is resolved,
// executed or instantiated: an interpolation ${a.b} stays text, and a Python tag
// (!!python/object/apply:…) is at most a name. What a hostile file can cost is
// bounded, aliases included.
package flat

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"flightdeck/backends"
)

// Limits of one document. Deeper nesting is cut; more params or text are an error
// beside the params so far.
const (
	MaxParams = 20_000
	maxDepth  = 64
	maxText   = 4 << 20 // bytes of all keys and values
	maxList   = 64 << 10
)

// ErrTooMuch is for a document that unfolds to more than anyone would show.
var ErrTooMuch = fmt.Errorf("more than %d params or %d MiB", MaxParams, maxText>>20)

// YAML flattens the first document of data; JSON is YAML too. Keys come in the
// order of the file, each once: the last value of a key counts. Params that were
// found before an error are given with it.
func YAML(data []byte) ([]backends.Param, error) {
	doc, err := parse(data)
	if err != nil || doc == nil {
		return nil, err
	}
	w := walker{at: map[string]int{}}
	w.value("", doc, 0)
	return w.out, w.err
}

// List is the plain elements of the YAML list that stands at the path of keys, of
// the document itself without any; nil when there is none.
func List(data []byte, path ...string) ([]string, error) {
	n, err := parse(data)
	if err != nil {
		return nil, err
	}
	for _, key := range path {
		n = child(n, key)
	}
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil, nil
	}
	var out []string
	for _, e := range n.Content {
		if e.Kind == yaml.ScalarNode && len(out) < MaxParams {
			out = append(out, e.Value)
		}
	}
	return out, nil
}

// child is the value of a mapping's key, nil without one.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// parse is the document's root node, nil for an empty file.
func parse(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	switch err := yaml.NewDecoder(strings.NewReader(string(data))).Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("parse yaml: %w", err)
	}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) > 0 {
		return doc.Content[0], nil
	}
	return nil, nil
}

type walker struct {
	out  []backends.Param
	at   map[string]int // where a key stands in out
	text int
	seen int // nodes, with aliases unfolded
	err  error
}

func (w *walker) value(key string, n *yaml.Node, depth int) {
	w.seen++
	w.text += len(key)
	if w.seen > 2*MaxParams || len(w.out) > MaxParams || w.text > maxText {
		w.err = ErrTooMuch
	}
	if w.err != nil {
		return
	}
	if depth > maxDepth {
		w.put(key, "…")
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		w.value(key, n.Alias, depth+1)
	case yaml.MappingNode:
		w.mapping(key, n, depth)
	case yaml.SequenceNode:
		if text, ok := line(n); ok {
			w.put(key, text)
			return
		}
		for i, e := range n.Content {
			w.value(join(key, strconv.Itoa(i)), e, depth+1)
		}
	case yaml.ScalarNode:
		w.put(key, scalar(n))
	}
}

func (w *walker) mapping(key string, n *yaml.Node, depth int) {
	if len(n.Content) == 0 {
		w.put(key, "{}")
	}
	// What a merge brings in is less than what is written here, so it comes first.
	for merged := range 2 {
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if isMerge := k.Tag == "!!merge"; isMerge != (merged == 0) {
				continue
			}
			if merged == 0 {
				w.merge(key, v, depth+1)
				continue
			}
			w.value(join(key, keyText(k)), v, depth+1)
		}
	}
}

// merge takes the value of a << key: a mapping, or a list of them, the first of
// which counts most.
func (w *walker) merge(key string, v *yaml.Node, depth int) {
	if v.Kind == yaml.SequenceNode {
		for i := len(v.Content) - 1; i >= 0; i-- {
			w.value(key, v.Content[i], depth+1)
		}
		return
	}
	w.value(key, v, depth+1)
}

func (w *walker) put(key, value string) {
	if key == "" {
		return // a document that is no mapping has no params
	}
	w.text += len(value)
	if i, ok := w.at[key]; ok {
		w.out[i].Value = value
		return
	}
	w.at[key] = len(w.out)
	w.out = append(w.out, backends.Param{Key: key, Value: value})
}

// line is a list of plain values, or of such lists, on one line as Python prints it.
func line(n *yaml.Node) (string, bool) {
	var b strings.Builder
	ok := writeLine(&b, n, 0)
	return b.String(), ok
}

func writeLine(b *strings.Builder, n *yaml.Node, depth int) bool {
	if depth > 8 || b.Len() > maxList {
		return false
	}
	if n.Kind == yaml.ScalarNode {
		b.WriteString(scalar(n))
		return true
	}
	if n.Kind != yaml.SequenceNode {
		return false
	}
	b.WriteByte('[')
	for i, e := range n.Content {
		if i > 0 {
			b.WriteString(", ")
		}
		if !writeLine(b, e, depth+1) {
			return false
		}
	}
	b.WriteByte(']')
	return true
}

// scalar is the text of a plain value. What only a Python tag tells, a class or a
// function by its name, is that name.
func scalar(n *yaml.Node) string {
	if _, name, ok := strings.Cut(n.Tag, "python/"); ok && n.Value == "" {
		if _, after, ok := strings.Cut(name, ":"); ok {
			return after
		}
	}
	if n.Tag == "!!null" {
		return "null"
	}
	return n.Value
}

func keyText(k *yaml.Node) string {
	if k.Kind == yaml.ScalarNode {
		return k.Value
	}
	if text, ok := line(k); ok {
		return text
	}
	return "?"
}

func join(key, sub string) string {
	if key == "" {
		return sub
	}
	return key + "." + sub
}
