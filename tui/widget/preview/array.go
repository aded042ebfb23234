package preview

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// arrayDoc shows the header of a NumPy .npy file, and where the array holds Python
// objects, what their pickle would import
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
func arrayDoc(s source) (Doc, error) {
	c := newCursor(s)
	text, err := arrayHeader(&c)
	if err != nil {
		return Doc{}, err
	}
	d := Doc{Kind: "NumPy array"}
	d.add(Row{Label: "array", Text: arrayType(text)})
	if !strings.Contains(text, "O") { // descr is '|O', alone or as a field
		return d, nil
	}
	d.Kind = "NumPy array with a pickle, not executed"
	names, err := globals(&c)
	d.Rows = append(d.Rows, importRows(names, err)...)
	return d, nil
}

// arrayType is the dtype and the shape out of a header, which is a Python literal;
// all of it where they do not stand as NumPy writes them.
func arrayType(header string) string {
	_, dtype, ok1 := strings.Cut(header, "'descr': ")
	dtype, rest, ok2 := strings.Cut(dtype, ", 'fortran_order'")
	_, shape, ok3 := strings.Cut(rest, "'shape': ")
	shape, _, ok4 := strings.Cut(shape, ")")
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return header
	}
	return strings.Trim(dtype, "'") + " " + shape + ")"
}

func arrayHeader(c *cursor) (string, error) {
	head, err := c.take(8)
	if err != nil || !bytes.HasPrefix(head, []byte("\x93NUMPY")) {
		return "", errors.New("not a NumPy array")
	}
	width := 2
	if head[6] > 1 {
		width = 4
	}
	n, err := c.number(width)
	if err != nil || n > uint64(c.remains()) {
		return "", fmt.Errorf("NumPy array: %w", errEarly)
	}
	part, err := c.part(n)
	if err != nil {
		return "", err
	}
	const longest = 2000
	text, err := part.text(longest)
	return strings.TrimSpace(text), err
}
