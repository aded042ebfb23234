package main

// The rooms of this program, and which of ours each may import. The first line
// that fits a package counts. A pattern ends in /… for "and everything below",
// <kind> is one path element, and $ in a list is the room itself with what is below.
//
// A new room costs one line here, if any: another backend or view is covered.
var rooms = []room{
	{"backends", "", "the vocabulary that all rooms share can depend on none of them"},
	{"backends/query", "", "the language knows rows by an interface, so that any list can be asked"},
	{"backends/query/…", "backends backends/query", "joins the language to the domain's types, and to nothing else"},
	{"backends/folder/…", "$ backends", "how a tree of files is read is the same whoever wrote them"},
	{"backends/transfer", "backends", "copies from any source to any destination: it may know neither"},
	{"backends/local/…", "$ backends backends/query backends/query/…", "the backend that is always there needs no other"},
	{"backends/compose/…", "$ backends backends/query backends/docker/engine", "shares the engine's one connection and event stream"},
	{"backends/<kind>/…", "$ backends backends/folder/… backends/query backends/query/…", "another backend is reached through a capability that cmd hands over, never by import"},
	{"tui/theme", "", "the lowest room of the terminal: everything that draws imports it"},
	{"tui/keys", "tui/theme", "names of keys only"},
	{"tui/widget/…", "tui/theme tui/keys tui/widget/…", "a widget shows rows of any type; one that knew runs would serve one view"},
	{"tui/tuitest/…", "tui/… backends", "drives the shell in tests"},
	{"tui", "tui/theme tui/keys tui/widget/… backends", "the shell must not know what any view is about: that is what keeps it small"},
	{"views/course/…", "$ tui/… backends backends/query/… backends/hub/… sessions/…", "the one view of the sessions"},
	{"views/<kind>/…", "$ tui/… backends backends/query/… backends/hub/…", "a view asks for capabilities through the hub; views meet in topics, never by import"},
	{"sessions/…", "$ backends", "a session checks what was done, not what was drawn"},
	{"cmd/<kind>/…", "$ backends/… tui/… views/… sessions/…", "the program is where all rooms meet"},
}

type room struct{ pattern, may, why string }

// testRooms are for tests alone: any test may import them, and the program none.
const testRooms = "backends/fake backends/backendtest backends/folder/sinktest tui/tuitest/… tui/widget/cell/celltest"

// outside is what a room must not import of the rest of the world.
var outside = []room{
	{"backends", "std", "types that every room imports must not bring modules along"},
	{"backends/query/…", "std", "it parses what clients send: small, fuzzed, and without modules"},
	{"backends/…", "!charm.land/… !github.com/charmbracelet/… !github.com/spf13/…", "a backend must serve a script, a test and a second terminal alike"},
	{"sessions/…", "!charm.land/… !github.com/charmbracelet/…", "the course is played by views/course, and by a robot without a screen"},
	{"views/…", "!os !os/… !net !net/… !syscall !golang.org/x/sys/…", "a view that reads files or sockets blocks the event loop and escapes the read-only gate"},
	{"…", "!text/template !html/template", "one reachable Execute makes the linker keep every exported method: 40 MB"},
	{"…", "!charm.land/lipgloss/v2/compat", "it asks the process's own terminal at import time: over SSH that is the server's"},
}

// banned must not be in the program's build, however it gets there. A package that
// may import it all the same is named, with the reason.
var banned = []struct {
	pattern, except, why string
}{
	{"html/template", "", "reflection over methods: 40 MB"},
	{"text/template", "github.com/spf13/cobra", "reflection over methods: 40 MB; cobra's use is dead code unless a usage template is set, which make check measures"},
	{"charm.land/lipgloss/v2/compat", "", "asks the server's terminal at import time"},
	{"github.com/charmbracelet/bubbletea/…", "", "version 1: there is one event loop"},
	{"github.com/charmbracelet/lipgloss/…", "", "version 1: a second renderer with a global terminal"},
	{"github.com/charmbracelet/glamour/…", "", "brings templates, and 6 MB of lexers"},
	{"charm.land/glamour/…", "", "brings templates, and 6 MB of lexers"},
	{"github.com/alecthomas/chroma/…", "", "10 ms at start"},
	{"testing", "", "test code in the program"},
	{"flightdeck/backends/fake", "", "made-up data in the program"},
	{"flightdeck/backends/backendtest", "", "test code in the program"},
	{"flightdeck/tui/tuitest/…", "", "test code in the program"},
}

// clocks are the files under tui and views that may read the clock, and why. Where
// a time is shown it comes from Frame.Now, or screens could not be compared.
var clocks = map[string]string{
	"tui/toast.go":              "how long a toast stays is a wait, and is not drawn",
	"tui/pulse.go":              "frames are spaced by waits",
	"tui/widget/logview/run.go": "a search over a big log spaces its own news",
}
