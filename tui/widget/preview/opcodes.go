package preview

import (
	"fmt"
	"strings"
)

// effect is what an opcode without an argument of interest does to the stack: it
// takes all above the last mark, then pops, then pushes values that are not known.
type effect struct {
	mark         bool
	pops, pushes int
}

// effects knows the opcodes that import, remember and say nothing.
func effects(op byte) (effect, bool) {
	switch op {
	case 'N', ']', ')', '}', 0x8f, 0x88, 0x89, 0x97: // None, the empty ones, True, False, NEXT_BUFFER
		return effect{pushes: 1}, true
	case 'l', 't', 'd', 0x91, 'o': // LIST, TUPLE, DICT, FROZENSET, OBJ
		return effect{mark: true, pushes: 1}, true
	case 'e', 'u', 0x90, '1': // APPENDS, SETITEMS, ADDITEMS, POP_MARK
		return effect{mark: true}, true
	case 'a', 'b', '0': // APPEND, BUILD, POP
		return effect{pops: 1}, true
	case 's': // SETITEM
		return effect{pops: 2}, true
	case 0x85, 'Q', 0x98: // TUPLE1, BINPERSID, READONLY_BUFFER
		return effect{pops: 1, pushes: 1}, true
	case 0x86, 'R', 0x81: // TUPLE2, REDUCE, NEWOBJ
		return effect{pops: 2, pushes: 1}, true
	case 0x87, 0x92: // TUPLE3, NEWOBJ_EX
		return effect{pops: 3, pushes: 1}, true
	}
	return effect{}, false
}

// longestName is how long a string may be that is kept: names of modules are short,
// and what is longer is not followed.
const longestName = 256

// argument reads the argument of an opcode that pushes a value; text is what it
// pushes when that is a string, short and without escapes, and "" else.
func (p *pickle) argument(op byte) (text string, err error) {
	width := 0 // of a length before the bytes
	switch op {
	case 'X', 'T', 'B', 0x8b: // BINUNICODE, BINSTRING, BINBYTES, LONG4
		width = 4
	case 0x8c, 'U', 'C', 0x8a: // SHORT_BINUNICODE, SHORT_BINSTRING, SHORT_BINBYTES, LONG1
		width = 1
	case 0x8d, 0x8e, 0x96: // BINUNICODE8, BINBYTES8, BYTEARRAY8
		width = 8
	case 'F', 'I', 'L', 'P', 'S', 'V': // a line
		return p.lineArgument(op)
	case 'K', 'M', 'J', 'G':
		return "", p.c.skip(map[byte]uint64{'K': 1, 'M': 2, 'J': 4, 'G': 8}[op])
	default:
		return "", fmt.Errorf("unknown pickle opcode 0x%02x: what follows was not read", op)
	}
	n, err := p.c.number(width)
	if err != nil {
		return "", err
	}
	part, err := p.c.part(n)
	if err != nil || n > longestName || strings.IndexByte("XTU\x8c\x8d", op) < 0 {
		return "", err
	}
	return part.text(longestName)
}

func (p *pickle) lineArgument(op byte) (string, error) {
	line, cut, err := p.c.line(longestName)
	if err != nil || cut || strings.Contains(line, `\`) {
		return "", err
	}
	switch op {
	case 'V':
		return line, nil
	case 'S': // as Python's repr writes it
		if n := len(line); n >= 2 && line[0] == line[n-1] && (line[0] == '\'' || line[0] == '"') {
			return line[1 : n-1], nil
		}
	}
	return "", nil
}

// importRows lists imports, the unusual ones marked.
func importRows(names []global, err error) []Row {
	var rows []Row
	odd := 0
	for _, g := range names {
		if !usual(g) {
			odd++
		}
		rows = append(rows, Row{Label: "imports", Text: g.String(), Warn: !usual(g)})
	}
	if len(names) == 0 && err == nil {
		rows = append(rows, Row{Label: "imports", Text: "nothing"})
	}
	if odd > 0 {
		rows = append([]Row{{Label: "caution", Text: fmt.Sprintf("loading it can run any code; unusual: %d of %d imports", odd, len(names)), Warn: true}}, rows...)
	}
	if err != nil {
		rows = append(rows, note(err)...)
	}
	return rows
}

// usual are the imports of ordinary model files. A name with a dot is none: it
// reaches through a module into what that has imported. Functions are listed one by
// one, because some that frameworks bring run what they are told (numpy.testing,
// torch.hub); classes go by their module.
func usual(g global) bool {
	if strings.Contains(" "+usualNames+" ", " "+g.String()+" ") && !strings.Contains(g.name, ".") && !strings.ContainsAny(g.String(), " ?") {
		return true
	}
	for _, p := range [...]string{"torch.nn.", "torch.optim.", "torchvision.models.", "transformers.models.", "sklearn.", "scipy.sparse.", "pandas.core.", "lightning.pytorch.", "pytorch_lightning."} {
		if strings.HasPrefix(g.module+".", p) {
			return identifier(g.module) && class(g.name)
		}
	}
	switch {
	case g.module == "torch":
		return class(g.name) && strings.HasSuffix(g.name, "Storage")
	case g.module == "torch._utils":
		return identifier(g.name) && !strings.Contains(g.name, ".") && strings.HasPrefix(g.name, "_rebuild_")
	}
	return false
}

// class reports whether a name is written like a class: Linear, BatchNorm2d.
func class(name string) bool {
	return name != "" && name[0] >= 'A' && name[0] <= 'Z' && identifier(name) && !strings.Contains(name, ".")
}

const usualNames = "collections.OrderedDict collections.defaultdict collections.Counter copyreg._reconstructor copy_reg._reconstructor _codecs.encode " +
	"builtins.set builtins.frozenset builtins.list builtins.dict builtins.tuple builtins.int builtins.float builtins.str builtins.bool builtins.bytes builtins.bytearray builtins.complex builtins.slice builtins.range builtins.object " +
	"__builtin__.set __builtin__.frozenset __builtin__.list __builtin__.dict __builtin__.object __builtin__.long __builtin__.unicode __builtin__.bytearray " +
	"datetime.datetime datetime.date datetime.timedelta datetime.timezone decimal.Decimal fractions.Fraction pathlib.PosixPath pathlib.PurePosixPath uuid.UUID argparse.Namespace " +
	"numpy.ndarray numpy.dtype numpy.matrix numpy.float64 numpy.float32 numpy.int64 numpy.core.multiarray._reconstruct numpy._core.multiarray._reconstruct numpy.core.multiarray.scalar numpy._core.multiarray.scalar numpy.core.numeric._frombuffer numpy._core.numeric._frombuffer " +
	"numpy.random._pickle.__randomstate_ctor numpy.random._pickle.__bit_generator_ctor numpy.random._pickle.__generator_ctor numpy.random._mt19937.MT19937 " +
	"joblib.numpy_pickle.NumpyArrayWrapper sklearn.tree._tree.Tree sklearn.neighbors._dist_metrics.newObj scipy.sparse._csr.csr_matrix " +
	"pandas._libs.internals._unpickle_block pandas.core.indexes.base._new_Index " +
	"torch.Size torch.device torch.Tensor torch.dtype torch.float16 torch.bfloat16 torch.float32 torch.float64 torch.int8 torch.int16 torch.int32 torch.int64 torch.uint8 torch.bool torch.complex64 torch.complex128 " +
	"torch.storage.TypedStorage torch.storage.UntypedStorage torch.storage._load_from_bytes torch.serialization._get_layout torch._tensor._rebuild_from_type_v2"
