package train

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// array is a named array as safetensors hold it.
type array struct {
	name  string
	shape []int
	w     []float64
}

type tensorHeader struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// maxHeader is the limit of the format's own reader.
const maxHeader = 100 << 20

// encodeTensors writes the safetensors format: the length of a JSON header, the
// header, the arrays one after the other as little-endian float64. Equal input
// gives equal bytes.
func encodeTensors(arrays []array, metadata map[string]string) ([]byte, error) {
	header := map[string]any{}
	if len(metadata) > 0 {
		header["__metadata__"] = metadata
	}
	at := 0
	for _, a := range arrays {
		if _, twice := header[a.name]; twice {
			return nil, fmt.Errorf("encode tensors: two are named %s", a.name)
		}
		header[a.name] = tensorHeader{DType: "F64", Shape: a.shape, Offsets: [2]int{at, at + 8*len(a.w)}}
		at += 8 * len(a.w)
	}
	text, err := json.Marshal(header) // sorts the names
	if err != nil {
		return nil, fmt.Errorf("encode tensors: %w", err)
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	out := make([]byte, 8, 8+len(text)+at)
	binary.LittleEndian.PutUint64(out, uint64(len(text)))
	out = append(out, text...)
	for _, a := range arrays {
		for _, v := range a.w {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
		}
	}
	return out, nil
}

// decodeTensors reads what encodeTensors wrote. Other element types than float64
// are refused.
func decodeTensors(b []byte) (map[string]array, map[string]string, error) {
	if len(b) < 8 {
		return nil, nil, errors.New("read tensors: shorter than a header")
	}
	size := binary.LittleEndian.Uint64(b)
	if size > maxHeader || size > uint64(len(b)-8) {
		return nil, nil, fmt.Errorf("read tensors: a header of %d bytes in a file of %d", size, len(b))
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b[8:8+size], &raw); err != nil {
		return nil, nil, fmt.Errorf("read tensors: header: %w", err)
	}
	body := b[8+size:]
	var metadata map[string]string
	out := map[string]array{}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if name == "__metadata__" {
			if err := json.Unmarshal(raw[name], &metadata); err != nil {
				return nil, nil, fmt.Errorf("read tensors: metadata: %w", err)
			}
			continue
		}
		a, err := decodeTensor(name, raw[name], body)
		if err != nil {
			return nil, nil, fmt.Errorf("read tensors: %s: %w", name, err)
		}
		out[name] = a
	}
	return out, metadata, nil
}

func decodeTensor(name string, raw json.RawMessage, body []byte) (array, error) {
	var h tensorHeader
	if err := json.Unmarshal(raw, &h); err != nil {
		return array{}, err
	}
	if h.DType != "F64" {
		return array{}, fmt.Errorf("element type %q, not F64", h.DType)
	}
	from, to := h.Offsets[0], h.Offsets[1]
	if from < 0 || to < from || to > len(body) || (to-from)%8 != 0 {
		return array{}, fmt.Errorf("bytes %d to %d of %d", from, to, len(body))
	}
	n := (to - from) / 8
	left := n
	for _, s := range h.Shape {
		if s < 0 || s > 0 && left%s != 0 {
			return array{}, fmt.Errorf("shape %v of %d elements", h.Shape, n)
		}
		if s == 0 {
			left = 1
			if n != 0 {
				return array{}, fmt.Errorf("shape %v of %d elements", h.Shape, n)
			}
			break
		}
		left /= s
	}
	if left != 1 {
		return array{}, fmt.Errorf("shape %v of %d elements", h.Shape, n)
	}
	a := array{name: name, shape: h.Shape, w: make([]float64, n)}
	for i := range a.w {
		a.w[i] = math.Float64frombits(binary.LittleEndian.Uint64(body[from+8*i:]))
	}
	return a, nil
}
