package preview

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/tui/widget/cell/celltest"
)

// file is one that testdata/make.py has made.
func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "files", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// flat is a document's text as one line, however its notes are broken.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestModelFiles(t *testing.T) {
	for _, name := range []string{"model.safetensors", "model.onnx", "model.pt", "old.pt", "floats.npy", "floats.npz", "objects.npz", "evil-4.pkl", "ordered-2.pkl"} {
		for theme, th := range celltest.Themes() {
			if theme != "dark" && theme != "ascii" {
				continue
			}
			data := file(t, name)
			drawn := render(th, Parse(name, int64(len(data)), data), 72, 16)
			celltest.Size(t, drawn, 72, 16)
			celltest.Golden(t, name+"-"+theme, drawn)
		}
	}
}

// reads counts what is read of a file.
type reads struct {
	r     io.ReaderAt
	bytes int64
}

func (r *reads) ReadAt(p []byte, at int64) (int, error) {
	n, err := r.r.ReadAt(p, at)
	r.bytes += int64(n)
	return n, err
}

// sparse is a file with a beginning, zeros and an end.
type sparse struct {
	head, tail []byte
	size       int64
}

func (s sparse) ReadAt(p []byte, at int64) (int, error) {
	for i := range p {
		switch x := at + int64(i); {
		case x >= s.size:
			return i, io.EOF
		case x < int64(len(s.head)):
			p[i] = s.head[x]
		case x >= s.size-int64(len(s.tail)):
			p[i] = s.tail[x-(s.size-int64(len(s.tail)))]
		default:
			p[i] = 0
		}
	}
	return len(p), nil
}

// However big the weights are, they are not read.
func TestReadsOnlyTheList(t *testing.T) {
	const size = 8 << 30
	header := fmt.Sprintf(`{"w":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}`, 1<<30, 4<<30)
	safe := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	weight := message(field(1, uint64(1<<30)), field(2, 1), field(8, "w"))
	weight = append(append(weight, 9<<3|2), binary.AppendUvarint(nil, size)...)
	graph := append(append([]byte{5<<3 | 2}, binary.AppendUvarint(nil, uint64(len(weight))+size)...), weight...)
	net := append(append([]byte{1 << 3, 8, 7<<3 | 2}, binary.AppendUvarint(nil, uint64(len(graph))+size)...), graph...)
	pickle := append([]byte("\x80\x04\x8e"), binary.LittleEndian.AppendUint64(nil, size)...)
	for _, c := range []struct {
		name string
		file sparse
		want string
	}{
		{"a.safetensors", sparse{head: safe, size: int64(len(safe)) + 4<<30}, "parameters: 1 073 741 824"},
		{"a.onnx", sparse{head: net, size: int64(len(net)) + size}, "parameters: 1 073 741 824"},
		{"a.pkl", sparse{head: pickle, size: int64(len(pickle)) + size + 20, tail: []byte("\x8c\x05posix\x8c\x06system\x93.....")[:20]}, "! imports: posix.system"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &reads{r: c.file}
			d := Read(c.name, c.file.size, r)
			if got := text(d); !strings.Contains(flat(got), flat(c.want)) {
				t.Errorf("got %s", got)
			}
			if r.bytes > 64<<10 {
				t.Errorf("read %d bytes", r.bytes)
			}
		})
	}
}

func TestFailingRead(t *testing.T) {
	broken := errors.New("input/output error")
	for _, name := range []string{"a.txt", "a.json", "a.safetensors", "a.onnx", "a.pt", "a.png", "a.npy", "a"} {
		d := Read(name, 100, failing{broken})
		if d.Kind != "cannot be read" || !strings.Contains(d.Rows[0].Text, broken.Error()) {
			t.Errorf("%s: %s", name, text(d))
		}
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// A model's header, however it came to be.
func header(json string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(json)))
	return append(append(b, json...), make([]byte, data)...)
}

func TestHostileSafetensors(t *testing.T) {
	one := func(shape, offsets string) string {
		return `{"w":{"dtype":"F32","shape":` + shape + `,"data_offsets":` + offsets + `}}`
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"shorter than a length":   {[]byte("abc"), "! note: safetensors: shorter than its header's length"},
		"longer than the file":    {append(header("", 4)[:0], "\xff\xff\xff\xff\xff\xff\xff\x7fabc"...), "! note: safetensors: the header says it is 9223372036854775807 bytes long, and the file has 11"},
		"the longest length":      {[]byte("\xff\xff\xff\xff\xff\xff\xff\xffabc"), "the header says it is 18446744073709551615 bytes long"},
		"not JSON":                {header("{]", 0), "! note: safetensors header: invalid character"},
		"null":                    {header("null", 0), "! note: safetensors: the header is not an object"},
		"a list":                  {header("[1]", 0), "! note: safetensors header: json: cannot unmarshal array"},
		"nothing":                 {header("", 0), "! note: safetensors header: unexpected end of JSON input"},
		"an empty object":         {header("{}", 0), "safetensors|\ntensors: 0\nparameters: 0\n"},
		"an entry that is none":   {header(`{"a":3}`, 0), `! note: safetensors: tensor "a": json: cannot unmarshal number`},
		"a negative shape":        {header(one("[-4]", "[0,16]"), 16), "! F32|w|[-4]|16 B|an impossible shape"},
		"a shape over 2^63":       {header(one("[4294967296,4294967296]", "[0,16]"), 16), "parameters: unknown: a shape is impossible"},
		"zeros and a huge one":    {header(one("[0,9223372036854775807,4]", "[0,0]"), 16), "\nF32|w|[0 9223372036854775807 4]|0 B\n"},
		"bits over 2^63":          {header(one("[4000000000000000000]", "[0,16]"), 16), "|not as big as its shape"},
		"beyond the end":          {header(one("[4]", "[0,17]"), 16), "! F32|w|[4]|17 B|at 0 to 17 of 16 bytes"},
		"backwards":               {header(one("[4]", "[16,0]"), 16), "|at 16 to 0 of 16 bytes"},
		"negative offsets":        {header(one("[4]", "[-16,0]"), 16), "|at -16 to 0 of 16 bytes"},
		"extreme offsets":         {header(one("[4]", "[-9223372036854775808,9223372036854775807]"), 16), "! F32|w|[4]|"},
		"one offset":              {header(one("[4]", "[0]"), 16), "! F32|w|[4]||without its place in the file"},
		"not its size":            {header(one("[3]", "[0,16]"), 16), "! F32|w|[3]|16 B|not as big as its shape"},
		"an unknown dtype":        {header(`{"w":{"dtype":"Q2","shape":[4],"data_offsets":[0,1]}}`, 16), "! Q2|w|[4]|1 B|an unknown dtype"},
		"four bits":               {header(`{"w":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}`, 2), "\nF4|w|[4]|2 B\n"},
		"metadata that is none":   {header(`{"__metadata__":[1]}`, 0), "! metadata: [1]"},
		"a name that does things": {header(`{"\u001b[2J\u202e":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), `U8|\u202e|[1]|1 B`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := text(whole("m.safetensors", string(c.data))); !strings.Contains(flat(got), flat(c.want)) {
				t.Errorf("got\n%s\nwant in it\n%s", got, c.want)
			}
		})
	}
	cut := header(one("[4]", "[0,16]"), 16)
	if got := text(Parse("m.safetensors", int64(len(cut)), cut[:20])); !strings.Contains(flat(got), "of which 12 were read") {
		t.Errorf("cut: %s", got)
	}
	if got := text(Read("m.safetensors", 1<<30, sparse{head: []byte("\x00\x00\x00\x01\x00\x00\x00\x00"), size: 1 << 30})); !strings.Contains(flat(got), "a header of 16.8 MB is too long to list") {
		t.Errorf("long: %s", got)
	}
}

// field is one protobuf field: a number, text, or a message.
func field(num int, content any) []byte {
	switch c := content.(type) {
	case uint64:
		return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(num)<<3), c)
	case int:
		return field(num, uint64(c))
	case string:
		return field(num, []byte(c))
	case []byte:
		b := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(num)<<3|2), uint64(len(c)))
		return append(b, c...)
	}
	panic(fmt.Sprintf("a field of %T", content))
}

func message(fields ...[]byte) []byte { return bytes.Join(fields, nil) }

func TestONNX(t *testing.T) {
	relu := field(1, message(field(1, "x"), field(4, "Relu")))
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"no graph":          {field(1, 8), "! note: ONNX: no graph in it"},
		"an empty graph":    {field(7, ""), "ONNX, listed and not executed|\noperators: none\nweights: 0\nparameters: 0\n"},
		"a node":            {field(7, message(relu, relu, field(1, field(4, "Add")), field(1, ""))), "operators: 2 Relu, 1 ?, 1 Add\n"},
		"packed dimensions": {field(7, field(5, message(field(1, string([]byte{2, 3})), field(2, 1), field(8, "w")))), "parameters: 6\n\ndtype|weight|shape\nfloat32|w|[2 3]\n"},
		"negative sizes":    {field(7, field(5, message(field(1, ^uint64(0)), field(2, 99), field(8, "w")))), "parameters: unknown: a shape is impossible\n\ndtype|weight|shape\ntype 99|w|[-1]\n"},
		"a sequence input":  {field(7, field(11, message(field(1, "s"), field(2, field(4, ""))))), "input: s\n"},
		"an opset":          {message(field(7, ""), field(8, message(field(1, "com.ms"), field(2, 1)))), "opset: com.ms 1\n"},
		"other wire types":  {message([]byte{13<<3 | 1}, make([]byte, 8), []byte{13<<3 | 5}, make([]byte, 4), field(7, "")), "|\noperators: none"},
		"groups":            {message([]byte{13<<3 | 3}), "! note: ONNX: the protobuf is cut short or damaged"},
		"a number for text": {message(field(2, 7), field(7, "")), "producer: \n"},
		"a long varint":     {bytes.Repeat([]byte{0xff}, 20), "! note: ONNX: the protobuf is cut short"},
		"a huge length":     {[]byte("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "! note: ONNX: the protobuf is cut short"},
		"not ONNX":          {[]byte("hello, this is text"), "! note: ONNX: "},
	} {
		t.Run(name, func(t *testing.T) {
			if got := text(whole("m.onnx", string(c.data))); !strings.Contains(flat(got), flat(c.want)) {
				t.Errorf("got\n%s\nwant in it\n%s", got, c.want)
			}
		})
	}
}

// Cut anywhere, it says so, or what is missing was not needed.
func TestTruncatedONNX(t *testing.T) {
	data := file(t, "model.onnx")
	complete := text(whole("m.onnx", string(data)))
	for n := range data {
		got := text(whole("m.onnx", string(data[:n])))
		if got == complete || n > 0 && !strings.Contains(flat(got), "! note: ONNX") && strings.Contains(got, "ai.onnx.ml 3") {
			t.Fatalf("cut at %d of %d: %s", n, len(data), got)
		}
	}
}

// zipped is an archive; a member's claim, when there is one, is the size that its
// header says.
type memberOf struct {
	name, content string
	claim         uint64
}

func zipped(t testing.TB, members ...memberOf) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Store, CompressedSize64: uint64(len(m.content)), UncompressedSize64: uint64(len(m.content)), CRC32: crc32.ChecksumIEEE([]byte(m.content))}
		if m.claim > 0 {
			h.Method, h.UncompressedSize64 = zip.Deflate, m.claim
		}
		w, err := z.CreateRaw(h)
		if err == nil {
			_, err = io.WriteString(w, m.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A pickle within a PyTorch file that would run a command: it is listed as a
// warning, and nothing is run.
func TestHostilePyTorch(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "owned")
	for _, module := range []string{"os", "posix"} {
		pickle := "c" + module + "\nsystem\n(S'touch " + mark + "'\ntR."
		d := whole("model.pt", string(zipped(t, memberOf{name: "m/data.pkl", content: pickle}, memberOf{name: "m/data/0", content: "weights"})))
		got := text(d)
		for _, want := range []string{"PyTorch, listed and not executed|", "! caution: loading it can run any code; unusual: 1 of 1 imports", "! imports: " + module + ".system", "7 B|m/data/0"} {
			if !strings.Contains(flat(got), flat(want)) {
				t.Errorf("%s: got\n%s\nwithout %s", module, got, want)
			}
		}
	}
	if _, err := os.Stat(mark); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was run: %v", err)
	}
}

func TestZip(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"a bomb":            {zipped(t, memberOf{"bomb.bin", "x", 4 << 30}), "! 4.29 GB|bomb.bin|claims that from 1 B"},
		"a bomb of 2^63":    {zipped(t, memberOf{"bomb.bin", "x", 1 << 63}), "|bomb.bin|claims that from 1 B"},
		"a pickle as bomb":  {zipped(t, memberOf{"data.pkl", "x", 4 << 30}), "! note: \"data.pkl\": unpack: "},
		"outside":           {zipped(t, memberOf{name: "../../etc/passwd"}), "! 0 B|../../etc/passwd|would be written outside of its folder"},
		"absolute":          {zipped(t, memberOf{name: "/etc/passwd"}), "|would be written outside"},
		"backslashes":       {zipped(t, memberOf{name: `..\x`}), "|would be written outside"},
		"a folder":          {zipped(t, memberOf{name: "a/"}), "\n0 B|a/\n"},
		"control bytes":     {zipped(t, memberOf{name: "\x1b[2Ja\u202e"}), "0 B|a\\u202e"},
		"empty":             {zipped(t), "files: 0, together 0 B"},
		"cut short":         {zipped(t, memberOf{name: "a"})[:40], "! note: not a zip archive"},
		"arrays":            {file(t, "floats.npz"), "176 B|w.npy|<f8 (2, 3)"},
		"a broken array":    {zipped(t, memberOf{name: "a.npy", content: "no array"}), "8 B|a.npy|not a NumPy array"},
		"a broken pickle":   {zipped(t, memberOf{name: "a.pkl", content: "\x80\x04\x00"}), "! note: unknown pickle opcode 0x00"},
		"an empty pickle":   {zipped(t, memberOf{name: "a.pkl"}), "! note: the pickle ends early"},
		"the second pickle": {zipped(t, memberOf{name: "a.pkl", content: "N."}, memberOf{name: "b.pkl", content: "cos\nsystem\n."}), "! imports: os.system"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := text(whole("m.npz", string(c.data))); !strings.Contains(flat(got), flat(c.want)) {
				t.Errorf("got\n%s\nwant in it\n%s", got, c.want)
			}
		})
	}
	data := zipped(t, memberOf{name: "a"})
	if got := text(Parse("m.pt", int64(len(data)), data[:len(data)-1])); !strings.Contains(flat(got), "this format needs its end") {
		t.Errorf("cut: %s", got)
	}
}

// Many members are listed, few are looked into, and that is said.
func TestManyMembers(t *testing.T) {
	many := make([]memberOf, 3000)
	for i := range many {
		many[i] = memberOf{name: fmt.Sprintf("%d.pkl", i), content: "N."}
	}
	d := whole("m.zip", string(zipped(t, many...)))
	got := text(d)
	if n := strings.Count(got, "not looked into"); n != len(many)-maxUnpacked {
		t.Errorf("%d of %d were looked into", len(many)-n, len(many))
	}
	if !strings.Contains(flat(got), "! 2 B|2999.pkl|not looked into") {
		t.Error("the last one is not listed")
	}
}

func TestArrays(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"floats":          {string(file(t, "floats.npy")), "NumPy array|\narray: <f4 (2, 3)\n"},
		"a pickle":        {"\x93NUMPY\x01\x00\x04\x00'|O'cos\nsystem\n.", "! imports: os.system"},
		"the second kind": {"\x93NUMPY\x02\x00\x03\x00\x00\x00abc", "NumPy array|\narray: abc\n"},
		"cut":             {"\x93NUMPY\x01\x00\xff\xffabc", "! note: NumPy array: it ends early"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := text(whole("a", c.data)); !strings.Contains(flat(got), flat(c.want)) {
				t.Errorf("got\n%s\nwant in it\n%s", got, c.want)
			}
		})
	}
}

// A file that can be read anywhere and one that came as a whole look the same.
func TestReadIsParse(t *testing.T) {
	files, err := os.ReadDir(filepath.Join("testdata", "files"))
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, e := range files {
		data := file(t, e.Name())
		size := int64(len(data))
		if a, b := text(Read(e.Name(), size, bytes.NewReader(data))), text(Parse(e.Name(), size, data)); a != b {
			t.Errorf("%s: read %s\nparsed %s", e.Name(), a, b)
		}
		if size > Wants(e.Name()) {
			t.Errorf("%s: of %d bytes only %d are asked for", e.Name(), size, Wants(e.Name()))
		}
	}
	for name, want := range map[string]int64{"a.PT": Whole, "a.png": Whole, "a.txt": Limit, "a": Limit, "a.json": Limit, "a.safetensors": Whole} {
		if got := Wants(name); got != want {
			t.Errorf("%s: wants %d, want %d", name, got, want)
		}
	}
}
