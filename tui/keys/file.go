package keys

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Override is one line of a keys file: an action and the keys that do it.
type Override struct {
	ID   string   // "runs.stop"
	Keys []string // empty: no key; the action is still in help and palette
	Line int
}

// Parse reads a keys file: TOML with one table,
//
//	[keys]
//	"runs.stop" = "S"
//	"runs.copy" = "y ctrl+y"
//
// Several keys for one action are separated by blanks. Errors name the line.
func Parse(data []byte) ([]Override, error) {
	var p unstable.Parser
	p.Reset(data)
	var out []Override
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		path, line := keyPath(&p, e)
		switch {
		case e.Kind == unstable.Table && len(path) == 1 && path[0] == "keys":
			table = "keys"
		case e.Kind != unstable.KeyValue:
			return nil, fmt.Errorf("line %d: only the table [keys] is known here", line)
		default:
			if table != "" {
				path = append([]string{table}, path...)
			}
			o, err := override(path, e.Value(), line)
			if err != nil {
				return nil, err
			}
			out = append(out, o)
		}
	}
	if err := p.Error(); err != nil {
		return nil, parseError(&p, err)
	}
	return out, unique(out)
}

func override(path []string, v *unstable.Node, line int) (Override, error) {
	if len(path) < 2 || path[0] != "keys" {
		return Override{}, fmt.Errorf("line %d: %q is not in the table [keys]", line, strings.Join(path, "."))
	}
	id := strings.Join(path[1:], ".")
	if v.Kind != unstable.String {
		return Override{}, fmt.Errorf("line %d: the keys of %q are a text, as in \"S\" or \"y ctrl+y\"", line, id)
	}
	keys := strings.Fields(string(v.Data))
	for _, k := range keys {
		if err := checkName(k); err != nil {
			return Override{}, fmt.Errorf("line %d: %s: %w", line, id, err)
		}
	}
	return Override{ID: id, Keys: keys, Line: line}, nil
}

// checkName refuses what no key press is ever called.
func checkName(k string) error {
	rest := k
	mods := 0
	for {
		mod, after, ok := strings.Cut(rest, "+")
		if !ok || after == "" || (mod != "ctrl" && mod != "alt" && mod != "shift") {
			break
		}
		rest, mods = after, mods+1
	}
	runes := []rune(rest)
	switch {
	case k == "ctrl+c":
		return errors.New("ctrl+c always quits")
	case k == "ctrl+i" || k == "ctrl+m":
		return fmt.Errorf("many terminals cannot tell %s from tab and enter", k)
	case len(runes) == 1 && strings.HasPrefix(k, "shift+"):
		return fmt.Errorf("%q never arrives; write the character that it gives, as in \"S\"", k)
	case len(runes) == 1 && runes[0] > ' ' && runes[0] != 0x7f:
		return nil
	case named(rest):
		return nil
	}
	return fmt.Errorf("no key is called %q", k)
}

func named(k string) bool {
	for name := range strings.FieldsSeq("up down left right home end pgup pgdown enter tab esc space backspace delete insert f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12") {
		if k == name {
			return true
		}
	}
	return false
}

func unique(all []Override) error {
	first := map[string]int{}
	for _, o := range all {
		if line, twice := first[o.ID]; twice {
			return fmt.Errorf("line %d: %q has its keys in line %d already", o.Line, o.ID, line)
		}
		first[o.ID] = o.Line
	}
	return nil
}

// keyPath is the parts of an expression's key, and its line.
func keyPath(p *unstable.Parser, e *unstable.Node) (path []string, line int) {
	it := e.Key()
	for it.Next() {
		n := it.Node()
		path = append(path, string(n.Data))
		if line == 0 {
			line = p.Shape(n.Raw).Start.Line
		}
	}
	return path, line
}

func parseError(p *unstable.Parser, err error) error {
	var pe *unstable.ParserError
	if !errors.As(err, &pe) || len(pe.Highlight) == 0 {
		return err
	}
	return fmt.Errorf("line %d: %s", p.Shape(p.Range(pe.Highlight)).Start.Line, pe.Message)
}
