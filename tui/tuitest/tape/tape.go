// Package tape plays a VHS tape (https://github.com/charmbracelet/vhs) against a
// program in a terminal emulator: the demo that people see is a test that must pass.
// It parses with VHS' own parser. Sleeps are not slept: where a tape sleeps for the
// viewer's sake, a player has only to wait for the screen to be quiet.
package tape

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/vhs/lexer"
	"github.com/charmbracelet/vhs/parser"
	"github.com/charmbracelet/vhs/token"

	"flightdeck/tui/tuitest/terminal"
)

// Tape is a parsed tape.
type Tape struct{ commands []parser.Command }

// Parse parses a tape; every error of VHS' parser is reported.
func Parse(src string) (*Tape, error) {
	p := parser.New(lexer.New(src))
	cmds := p.Parse()
	if errs := p.Errors(); len(errs) > 0 {
		var all []string
		for _, e := range errs {
			all = append(all, e.String())
		}
		return nil, fmt.Errorf("tape: %s", strings.Join(all, "; "))
	}
	for _, c := range cmds {
		if c.Type == token.ILLEGAL {
			return nil, fmt.Errorf("tape: illegal command %s", c.Args)
		}
	}
	return &Tape{commands: cmds}, nil
}

// Setting is the value of a Set command, "" when the tape has none.
func (t *Tape) Setting(name string) string {
	for _, c := range t.commands {
		if c.Type == token.SET && strings.EqualFold(c.Options, name) {
			return c.Args
		}
	}
	return ""
}

// Requires is the programs that the tape needs.
func (t *Tape) Requires() []string {
	var names []string
	for _, c := range t.commands {
		if c.Type == token.REQUIRE {
			names = append(names, c.Args)
		}
	}
	return names
}

// keys are what VHS' key commands send.
var keys = map[parser.CommandType]string{
	token.ENTER: "\r", token.TAB: "\t", token.ESCAPE: "\x1b", token.SPACE: " ", token.BACKSPACE: "\x7f",
	token.UP: "\x1b[A", token.DOWN: "\x1b[B", token.RIGHT: "\x1b[C", token.LEFT: "\x1b[D",
	token.PAGE_UP: "\x1b[5~", token.PAGE_DOWN: "\x1b[6~", token.DELETE: "\x1b[3~",
}

// Play plays the tape on a program. shot is called for each Screenshot; it may be
// nil. A Wait that does not come true within limit fails, with the screen.
func (t *Tape) Play(p *terminal.Program, limit time.Duration, shot func(name string) error) error {
	for i, c := range t.commands {
		if err := t.step(p, c, limit, shot); err != nil {
			return fmt.Errorf("tape, command %d (%s): %w", i+1, strings.TrimSpace(c.String()), err)
		}
	}
	return nil
}

func (t *Tape) step(p *terminal.Program, c parser.Command, limit time.Duration, shot func(string) error) error {
	switch c.Type {
	case token.SET, token.OUTPUT, token.REQUIRE, token.HIDE, token.SHOW, token.ENV, token.SOURCE:
		return nil
	case token.TYPE:
		return p.Send(c.Args)
	case token.SLEEP:
		p.Quiet(150*time.Millisecond, 1500*time.Millisecond)
		return nil
	case token.WAIT:
		return wait(p, c, limit)
	case token.SCREENSHOT:
		p.Quiet(150*time.Millisecond, 1500*time.Millisecond)
		if shot == nil {
			return nil
		}
		return shot(c.Args)
	case token.CTRL:
		if len(c.Args) != 1 {
			return fmt.Errorf("ctrl with %q is not played here", c.Args)
		}
		return p.Send(string(rune(strings.ToUpper(c.Args)[0] & 0x1f)))
	}
	key, ok := keys[c.Type]
	if !ok {
		return fmt.Errorf("%s is not played here", c.Type)
	}
	n := 1
	if c.Args != "" {
		var err error
		if n, err = strconv.Atoi(c.Args); err != nil {
			return fmt.Errorf("repeat %q: %w", c.Args, err)
		}
	}
	for range n {
		if err := p.Send(key); err != nil {
			return err
		}
		p.Quiet(40*time.Millisecond, time.Second)
	}
	return nil
}

// wait is Wait and Wait+Screen; both look at the whole screen here.
func wait(p *terminal.Program, c parser.Command, limit time.Duration) error {
	_, pattern, _ := strings.Cut(c.Args, " ")
	if pattern == "" {
		pattern = `>$`
	}
	rx, err := regexp.Compile(pattern)
	if err != nil {
		return fmt.Errorf("wait: %w", err)
	}
	_, err = p.WaitFor(rx.MatchString, limit)
	return err
}
