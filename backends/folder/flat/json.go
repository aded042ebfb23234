package flat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.yaml.in/yaml/v3"

	"flightdeck/backends"
)

// JSON flattens one JSON value under key, as YAML does a document. Python's bare
// NaN, Infinity and -Infinity are numbers too. With an empty key a value that is no
// object has no params.
func JSON(key string, data []byte) ([]backends.Param, error) {
	d := json.NewDecoder(bytes.NewReader(Numbers(data)))
	d.UseNumber()
	n, err := node(d, 0)
	if err != nil {
		return nil, fmt.Errorf("parse json: %w", err)
	}
	w := walker{at: map[string]int{}}
	w.value(key, n, 0)
	return w.out, w.err
}

// node reads one value.
func node(d *json.Decoder, depth int) (*yaml.Node, error) {
	if depth > 2*maxDepth {
		return nil, errors.New("nested too deeply")
	}
	t, err := d.Token()
	if errors.Is(err, io.EOF) && depth > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.MappingNode}
		if t == '[' {
			n.Kind = yaml.SequenceNode
		}
		for d.More() {
			c, err := node(d, depth+1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		_, err := d.Token()
		return n, err
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: t.String()}, nil
	case string:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: t, Tag: "!!str"}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatBool(t)}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}, nil
}

// Numbers is JSON as Python writes it, with its bare NaN, Infinity and -Infinity in
// quotes, so that encoding/json takes it. What has none of them is given back as is.
func Numbers(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	words := [...]string{"NaN", "-Infinity", "Infinity"}
	out := make([]byte, 0, len(data)+16)
	quoted := false
next:
	for i := 0; i < len(data); i++ {
		c := data[i]
		if quoted && c == '\\' && i+1 < len(data) {
			out = append(out, c, data[i+1])
			i++
			continue
		}
		if c == '"' {
			quoted = !quoted
		}
		for _, w := range words {
			if !quoted && bytes.HasPrefix(data[i:], []byte(w)) {
				out = append(append(append(out, '"'), w...), '"')
				i += len(w) - 1
				continue next
			}
		}
		out = append(out, c)
	}
	return out
}
