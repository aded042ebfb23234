package preview

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"flightdeck/tui/widget/cell"
)

var errProto = errors.New("ONNX: the protobuf is cut short or damaged: what follows was not read")

// value is the content of one protobuf field: a number, or the bytes of a message
// or a string, which are not read until asked for.
type value struct {
	v    uint64
	part cursor
}

// text is the field as a string, and short: names may be anything.
func (v value) text() string {
	s, err := v.part.text(longestName)
	if err != nil {
		return "?"
	}
	return s
}

// fields walks one protobuf message and hands each field to visit
// (https://protobuf.dev/programming-guides/encoding).
func fields(c cursor, visit func(num int, v value) error) error {
	for c.remains() > 0 {
		key, err := c.varint()
		if err != nil {
			return err
		}
		var v value
		switch key & 7 {
		case 0:
			v.v, err = c.varint()
		case 1:
			err = c.skip(8)
		case 5:
			err = c.skip(4)
		case 2:
			var size uint64
			if size, err = c.varint(); err == nil {
				v.part, err = c.part(size)
			}
		default:
			err = errEarly
		}
		if err == nil {
			err = visit(int(min(key>>3, 1<<29)), v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cursor) varint() (uint64, error) {
	var b [binary.MaxVarintLen64]byte
	for i := range b {
		x, err := c.byte()
		if err != nil {
			return 0, err
		}
		b[i] = x
		if x < 0x80 {
			v, n := binary.Uvarint(b[:i+1])
			if n <= 0 {
				return 0, errEarly
			}
			return v, nil
		}
	}
	return 0, errEarly
}

// model is what is listed of an ONNX file.
type model struct {
	rows    []Row
	graph   bool
	ops     map[string]int
	weights []Row
	params  count
}

// onnx lists producer, opset, inputs, outputs, operators and weights of a
// ModelProto (onnx/onnx.proto: field numbers as there). The weights are not read.
func onnx(s source) (Doc, error) {
	m := &model{ops: map[string]int{}}
	err := fields(newCursor(s), m.field)
	if errors.Is(err, errEarly) {
		err = errProto
	}
	if !m.graph {
		return Doc{}, cmp.Or(err, errors.New("ONNX: no graph in it"))
	}
	d := Doc{Kind: "ONNX, listed and not executed", Rows: m.rows}
	if err != nil {
		d.Rows = append(note(err), d.Rows...)
	}
	d.add(Row{Label: "operators", Text: m.operators()})
	d.add(Row{Label: "weights", Text: cell.Count(int64(len(m.weights)), " ")})
	d.add(Row{Label: "parameters", Text: m.params.String()})
	if len(m.weights) > 0 {
		d.table([]string{"dtype", "weight", "shape"}, m.weights)
	}
	return d, nil
}

func (m *model) field(num int, v value) error {
	switch num {
	case 1:
		m.row("ir version", fmt.Sprint(v.v))
	case 2:
		m.row("producer", v.text())
	case 7:
		m.graph = true
		return fields(v.part, m.graphField)
	case 8:
		domain, version := "", uint64(0)
		err := fields(v.part, func(num int, v value) error {
			switch num {
			case 1:
				domain = v.text()
			case 2:
				version = v.v
			}
			return nil
		})
		m.row("opset", fmt.Sprintf("%s %d", cmp.Or(domain, "ai.onnx"), version))
		return err
	}
	return nil
}

// row adds a row, while there are few.
func (m *model) row(label, text string) {
	if len(m.rows) < maxNames {
		m.rows = append(m.rows, Row{Label: label, Text: text})
	}
}

func (m *model) graphField(num int, v value) error {
	switch num {
	case 1:
		op := "?"
		err := fields(v.part, func(num int, v value) error {
			if num == 4 {
				op = v.text()
			}
			return nil
		})
		if _, ok := m.ops[op]; !ok && len(m.ops) == maxNames {
			op = "others"
		}
		m.ops[op]++
		return err
	case 2:
		m.row("graph", v.text())
	case 5:
		return m.weight(v.part)
	case 11, 12:
		text, err := valueInfo(v.part)
		m.row(map[int]string{11: "input", 12: "output"}[num], text)
		return err
	}
	return nil
}

// operators is how often each is used, the most used first.
func (m *model) operators() string {
	names := slices.SortedFunc(maps.Keys(m.ops), func(a, b string) int {
		return cmp.Or(cmp.Compare(m.ops[b], m.ops[a]), strings.Compare(a, b))
	})
	for i, n := range names {
		names[i] = fmt.Sprintf("%d %s", m.ops[n], n)
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}

// weight reads the head of a TensorProto.
func (m *model) weight(c cursor) error {
	var shape []int64
	name, dtype := "", uint64(0)
	err := fields(c, func(num int, v value) error {
		switch {
		case num == 1 && v.part.w == nil:
			shape = appendDim(shape, v.v)
		case num == 1: // packed
			for v.part.remains() > 0 {
				n, err := v.part.varint()
				if err != nil {
					return err
				}
				shape = appendDim(shape, n)
			}
		case num == 2:
			dtype = v.v
		case num == 8:
			name = v.text()
		}
		return nil
	})
	m.params.add(shape)
	if len(m.weights) < maxRows {
		m.weights = append(m.weights, Row{Cells: []string{dataType(dtype), name, fmt.Sprint(shape)}})
	}
	return err
}

// appendDim keeps a shape to as many dimensions as are worth printing.
func appendDim(shape []int64, n uint64) []int64 {
	const most = 32
	if len(shape) < most {
		shape = append(shape, int64(n))
	}
	return shape
}

// valueInfo is a ValueInfoProto: name, type and shape.
func valueInfo(c cursor) (string, error) {
	name, dtype := "", ""
	var dims []string
	dim := func(_ int, v value) error { // TensorShapeProto.dim
		text := "?"
		err := fields(v.part, func(num int, v value) error {
			switch num {
			case 1:
				text = fmt.Sprint(int64(v.v))
			case 2:
				text = v.text()
			}
			return nil
		})
		if len(dims) < 32 {
			dims = append(dims, text)
		}
		return err
	}
	tensorType := func(num int, v value) error { // TypeProto.Tensor
		switch num {
		case 1:
			dtype = dataType(v.v)
		case 2:
			return fields(v.part, dim)
		}
		return nil
	}
	err := fields(c, func(num int, v value) error {
		switch num {
		case 1:
			name = v.text()
		case 2:
			return fields(v.part, func(num int, v value) error {
				if num != 1 { // a sequence, a map
					return nil
				}
				return fields(v.part, tensorType)
			})
		}
		return nil
	})
	if dtype == "" {
		return name, err
	}
	return fmt.Sprintf("%s  %s [%s]", name, dtype, strings.Join(dims, ", ")), err
}

// dataType is the name of TensorProto.DataType.
func dataType(n uint64) string {
	names := [...]string{
		"undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "float64", "uint32", "uint64",
		"complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1",
	}
	if n >= uint64(len(names)) {
		return fmt.Sprintf("type %d", n)
	}
	return names[n]
}
