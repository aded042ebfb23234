package preview

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"flightdeck/tui/widget/cell"
)

// longestHeader is how long a safetensors header may be here: about 60,000 tensors.
// The format itself allows 100 MB.
const longestHeader = 8 << 20

// tensor is one entry of a safetensors header.
type tensor struct {
	Dtype   string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // beginning and end, counted from the header's end
	name    string
}

// safetensors lists the tensors of the header: eight bytes of length, then JSON
// (https://github.com/huggingface/safetensors, "Format"). The tensors themselves
// are not read.
func safetensors(s source) (Doc, error) {
	head, err := s.head(8)
	if err != nil {
		return Doc{}, err
	}
	if len(head) < 8 {
		return Doc{}, errors.New("safetensors: shorter than its header's length")
	}
	n := binary.LittleEndian.Uint64(head)
	switch {
	case n > uint64(s.size-8):
		return Doc{}, fmt.Errorf("safetensors: the header says it is %d bytes long, and the file has %d", n, s.size)
	case n > longestHeader:
		return Doc{}, fmt.Errorf("safetensors: a header of %s is too long to list", cell.Size(int64(n)))
	case n > uint64(s.have-8):
		return Doc{}, fmt.Errorf("safetensors: a header of %d bytes, of which %d were read", n, s.have-8)
	}
	raw := make([]byte, n)
	if got, err := s.r.ReadAt(raw, 8); got < len(raw) {
		return Doc{}, fmt.Errorf("read the file: %w", err)
	}
	return tensorDoc(raw, s.size-8-int64(n))
}

func tensorDoc(raw []byte, data int64) (Doc, error) {
	var header map[string]json.RawMessage
	if err := json.Unmarshal(raw, &header); err != nil {
		return Doc{}, fmt.Errorf("safetensors header: %w", err)
	}
	if header == nil {
		return Doc{}, errors.New("safetensors: the header is not an object")
	}
	d := Doc{Kind: "safetensors"}
	d.metadata(header)
	delete(header, "__metadata__")
	tensors := make([]tensor, 0, len(header))
	params := count{}
	for name, raw := range header {
		t := tensor{name: name}
		if err := json.Unmarshal(raw, &t); err != nil {
			return Doc{}, fmt.Errorf("safetensors: tensor %s: %w", quoted(name), err)
		}
		params.add(t.Shape)
		tensors = append(tensors, t)
	}
	slices.SortFunc(tensors, func(a, b tensor) int {
		return cmp.Or(slices.Compare(a.Offsets, b.Offsets), strings.Compare(a.name, b.name))
	})
	d.Rows = append(d.Rows, Row{Label: "tensors", Text: cell.Count(int64(len(tensors)), " ")}, Row{Label: "parameters", Text: params.String()})
	var rows []Row
	for _, t := range tensors {
		rows = append(rows, t.row(data))
	}
	d.table([]string{"dtype", "tensor", "shape", "size", ""}, rows, 3)
	return d, nil
}

// metadata lists what the trainer wrote into the header.
func (d *Doc) metadata(header map[string]json.RawMessage) {
	raw, ok := header["__metadata__"]
	if !ok {
		return
	}
	var words map[string]string
	if err := json.Unmarshal(raw, &words); err != nil {
		d.add(Row{Label: "metadata", Text: string(raw[:min(len(raw), 400)]), Warn: true})
		return
	}
	for _, k := range slices.Sorted(maps.Keys(words)) {
		d.add(Row{Label: "metadata", Text: k + ": " + words[k]})
	}
}

// table appends rows of cells below an empty row, with their names. right are the
// columns that hold numbers.
func (d *Doc) table(head []string, rows []Row, right ...int) {
	const widest = 64
	d.add(Row{})
	d.add(Row{Cells: head, Head: true})
	d.Columns = columns(head, rows, widest)
	for _, i := range right {
		d.Columns[i].Right = true
	}
	for i, r := range rows {
		if len(d.Rows) == maxRows-1 && i < len(rows)-1 {
			d.add(Row{Text: fmt.Sprintf("and %s more", cell.Count(int64(len(rows)-i), " "))})
			return
		}
		d.add(r)
	}
}

// row is the tensor, and what is wrong with it: a header can claim anything.
func (t tensor) row(data int64) Row {
	r := Row{Cells: []string{t.Dtype, t.name, fmt.Sprint(t.Shape), "", ""}}
	bits, known := map[string]int64{
		"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E5M2FNUZ": 8, "F8_E4M3FNUZ": 8,
		"F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64, "BOOL": 8,
		"I8": 8, "U8": 8, "I16": 16, "U16": 16, "I32": 32, "U32": 32, "I64": 64, "U64": 64,
	}[t.Dtype]
	n, fits := product(t.Shape)
	wrong := ""
	switch {
	case len(t.Offsets) != 2:
		wrong = "without its place in the file"
	case t.Offsets[0] < 0 || t.Offsets[1] < t.Offsets[0] || t.Offsets[1] > data:
		wrong = fmt.Sprintf("at %d to %d of %d bytes", t.Offsets[0], t.Offsets[1], data)
	case !fits:
		wrong = "an impossible shape"
	case !known:
		wrong = "an unknown dtype"
	case n > maxCount/bits || t.Offsets[1]-t.Offsets[0] != (n*bits+7)/8:
		wrong = "not as big as its shape"
	}
	if len(t.Offsets) == 2 {
		r.Cells[3] = cell.Size(t.Offsets[1] - max(0, t.Offsets[0]))
	}
	r.Cells[4], r.Warn = wrong, wrong != ""
	if !r.Warn {
		r.Cells = r.Cells[:4]
	}
	return r
}

const maxCount = 1 << 62

// product is how many elements a shape has. ok is false when it is negative or more
// than can be.
func product(shape []int64) (n int64, ok bool) {
	n = 1
	if slices.Contains(shape, 0) {
		return 0, true
	}
	for _, s := range shape {
		if s < 0 || n > maxCount/s {
			return 0, false
		}
		n *= s
	}
	return n, true
}

// count adds up the elements of shapes.
type count struct {
	n       int64
	unknown bool
}

func (c *count) add(shape []int64) {
	n, ok := product(shape)
	if !ok || c.n > maxCount-n {
		c.unknown = true
		return
	}
	c.n += n
}

func (c *count) String() string {
	if c.unknown {
		return "unknown: a shape is impossible"
	}
	return cell.Count(c.n, " ")
}
