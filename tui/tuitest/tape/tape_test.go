package tape

import (
	"strings"
	"testing"
	"time"

	"flightdeck/tui/tuitest/terminal"
)

func TestParseReportsErrors(t *testing.T) {
	if _, err := Parse("Enter\nFly away\n"); err == nil || !strings.Contains(err.Error(), "Fly") {
		t.Fatalf("a tape with an unknown command gave %v", err)
	}
}

// A tape is played on a real program: cat echoes what is typed.
func TestPlay(t *testing.T) {
	tp, err := Parse(`Set Width 800
Require cat
Type "hello"
Enter
Wait+Screen@5s /hello\s+hello/
Screenshot shot.png
Ctrl+D
`)
	if err != nil {
		t.Fatal(err)
	}
	if tp.Setting("width") != "800" || len(tp.Requires()) != 1 {
		t.Fatalf("settings %q, requires %q", tp.Setting("width"), tp.Requires())
	}
	p, err := terminal.Start(terminal.Options{Args: []string{"cat"}, W: 40, H: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var shots []string
	if err := tp.Play(p, 10*time.Second, func(name string) error { shots = append(shots, name); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(shots) != 1 || shots[0] != "shot.png" {
		t.Errorf("screenshots %q", shots)
	}
	if err := p.Wait(10 * time.Second); err != nil {
		t.Errorf("ctrl+d did not end cat: %v", err)
	}
	late, err := Parse(`Wait+Screen@1s /never/`)
	if err != nil {
		t.Fatal(err)
	}
	if err := late.Play(p, 50*time.Millisecond, nil); err == nil {
		t.Error("a wait for what never comes succeeded")
	}
}
