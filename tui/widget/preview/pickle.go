package preview

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxDepth and maxMemo are how much of a pickle's stack and memo is followed, and
// maxNames how many imports are listed.
const (
	maxDepth = 1 << 18
	maxMemo  = 1 << 19
	maxNames = 1000
)

var errPickle = errors.New("the pickle ends early or is damaged: what follows was not read")

// global is something that a pickle would import.
type global struct{ module, name string }

func (g global) String() string { return g.module + "." + g.name }

// Globals is the names that a file's pickles would import if they were executed,
// in order and once each, as module.name. It follows the opcodes of Python's
// protocols 0 to 5 (pickletools.py) with a stack that holds strings and nothing
// else, and executes none. A name that is only computed while it runs is "?". The
// names found before an error are returned with it.
func Globals(data []byte) ([]string, error) {
	c := newCursor(source{r: bytes.NewReader(data), size: int64(len(data)), have: int64(len(data))})
	found, err := globals(&c)
	names := make([]string, len(found))
	for i, g := range found {
		names[i] = g.String()
	}
	return names, err
}

// globals reads pickle after pickle: PyTorch's old format is five in a row. What
// comes after a pickle and is none is data, unless it would import something before
// it fails.
func globals(c *cursor) ([]global, error) {
	p := &pickle{c: c, seen: map[global]bool{}}
	if err := p.follow(); err != nil {
		return p.found, err
	}
	for c.remains() > 0 {
		before := len(p.found)
		if err := p.follow(); err != nil {
			after := slices.DeleteFunc(p.found[before:], func(g global) bool { return !identifier(g.module) || !identifier(g.name) })
			p.found = p.found[:before+len(after)]
			if len(after) == 0 && !errors.Is(err, errEffort) {
				return p.found, nil
			}
			return p.found, err
		}
	}
	return p.found, nil
}

// identifier reports whether Python could import something of this name. Bytes that
// are no pickle rarely look so.
func identifier(name string) bool {
	if name == "" {
		return false
	}
	for word := range strings.SplitSeq(name, ".") {
		if word == "" || word[0] >= '0' && word[0] <= '9' {
			return false
		}
		for _, r := range word {
			if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
				return false
			}
		}
	}
	return true
}

// pickle is a pickle machine that only knows strings: its stack holds those that
// are known, and "" for everything else.
type pickle struct {
	c     *cursor
	stack []string
	marks []int
	memo  map[uint64]string
	found []global
	seen  map[global]bool
}

// follow reads one pickle to its STOP.
func (p *pickle) follow() error {
	p.stack, p.marks, p.memo = p.stack[:0], p.marks[:0], map[uint64]string{}
	for {
		op, err := p.c.byte()
		if err != nil {
			return shortened(err)
		}
		if op == '.' {
			return nil
		}
		if err := p.step(op); err != nil {
			return shortened(err)
		}
		if len(p.stack) > maxDepth || len(p.marks) > maxDepth || len(p.memo) > maxMemo || len(p.found) > maxNames {
			return errors.New("the pickle is too deep to follow: what comes next was not read")
		}
	}
}

func shortened(err error) error {
	if errors.Is(err, errEarly) {
		return errPickle
	}
	return err
}

func (p *pickle) step(op byte) error {
	switch op {
	case 'c', 'i', 0x93:
		return p.imports(op)
	case 0x82, 0x83, 0x84: // EXT1, EXT2, EXT4: a name by its number in copyreg's registry
		n, err := p.c.number(map[byte]int{0x82: 1, 0x83: 2, 0x84: 4}[op])
		if err != nil {
			return err
		}
		p.note(global{"copyreg", fmt.Sprintf("extension %d", n)})
		return p.push("")
	case 'p', 'q', 'r', 0x94, 'g', 'h', 'j':
		return p.remember(op)
	case 0x80: // PROTO
		return p.c.skip(1)
	case 0x95: // FRAME
		return p.c.skip(8)
	case '(':
		p.marks = append(p.marks, len(p.stack))
		return nil
	case '2': // DUP
		top, err := p.top()
		return errors.Join(err, p.push(top))
	case '0': // POP takes a mark, when that is on top
		if n := len(p.marks); n > 0 && p.marks[n-1] == len(p.stack) {
			p.marks = p.marks[:n-1]
			return nil
		}
	}
	if e, ok := effects(op); ok {
		return p.shuffle(e)
	}
	text, err := p.argument(op)
	return errors.Join(err, p.push(text))
}

// imports handles GLOBAL, INST and STACK_GLOBAL.
func (p *pickle) imports(op byte) error {
	var g global
	if op == 0x93 {
		name, err := p.pop()
		if err != nil {
			return err
		}
		if g.module, err = p.pop(); err != nil {
			return err
		}
		g.name = name
		for _, s := range []*string{&g.module, &g.name} {
			if *s == "" {
				*s = "?"
			}
		}
		p.note(g)
		return p.push("")
	}
	const longest = 1000
	var err error
	if g.module, _, err = p.c.line(longest); err != nil {
		return err
	}
	if g.name, _, err = p.c.line(longest); err != nil {
		return err
	}
	p.note(g)
	if op == 'i' {
		if err := p.popMark(); err != nil {
			return err
		}
	}
	return p.push("")
}

// remember handles the memo.
func (p *pickle) remember(op byte) error {
	at := uint64(len(p.memo))
	var err error
	switch op {
	case 'p', 'g':
		var line string
		if line, _, err = p.c.line(20); err == nil {
			at, err = strconv.ParseUint(line, 10, 32)
		}
	case 'q', 'h':
		at, err = p.c.number(1)
	case 'r', 'j':
		at, err = p.c.number(4)
	}
	if err != nil {
		return errPickle
	}
	if op == 'g' || op == 'h' || op == 'j' {
		v, ok := p.memo[at]
		if !ok {
			return errPickle
		}
		return p.push(v)
	}
	top, err := p.top()
	p.memo[at] = top
	return err
}

func (p *pickle) note(g global) {
	if !p.seen[g] {
		p.seen[g] = true
		p.found = append(p.found, g)
	}
}

func (p *pickle) push(s string) error {
	p.stack = append(p.stack, s)
	return nil
}

// floor is where the stack ends for what may be popped.
func (p *pickle) floor() int {
	if n := len(p.marks); n > 0 {
		return p.marks[n-1]
	}
	return 0
}

func (p *pickle) top() (string, error) {
	if len(p.stack) <= p.floor() {
		return "", errPickle
	}
	return p.stack[len(p.stack)-1], nil
}

func (p *pickle) pop() (string, error) {
	s, err := p.top()
	if err == nil {
		p.stack = p.stack[:len(p.stack)-1]
	}
	return s, err
}

func (p *pickle) popMark() error {
	if len(p.marks) == 0 {
		return errPickle
	}
	p.stack = p.stack[:p.floor()]
	p.marks = p.marks[:len(p.marks)-1]
	return nil
}

// shuffle applies an opcode that only moves values.
func (p *pickle) shuffle(e effect) error {
	if e.mark {
		if err := p.popMark(); err != nil {
			return err
		}
	}
	for range e.pops {
		if _, err := p.pop(); err != nil {
			return err
		}
	}
	for range e.pushes {
		if err := p.push(""); err != nil {
			return err
		}
	}
	return nil
}
