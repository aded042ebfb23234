package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/theme"
)

// look is the theme in force, and what it was chosen by.
type look struct {
	choice string
	ascii  bool
	seen   theme.Terminal
	theme  *theme.Theme
}

func newLook(cfg *Config) *look {
	l := &look{choice: cfg.Theme, ascii: cfg.ASCII}
	l.make()
	return l
}

func (l *look) make() { l.theme = theme.New(theme.Choose(l.choice, l.seen), l.ascii) }

// learn takes in what the terminal says, and says whether the theme changed.
func (l *look) learn(msg tea.Msg) bool {
	before := l.seen
	switch msg := msg.(type) {
	case tea.BackgroundColorMsg:
		l.seen.Light = !msg.IsDark()
	case tea.ColorProfileMsg:
		l.seen.Profile = msg.Profile
	case tea.EnvMsg:
		l.seen.NoColor = msg.Getenv("NO_COLOR") != ""
	}
	if l.seen == before {
		return false
	}
	l.make()
	return true
}

// next goes to the next theme, and says its name.
func (l *look) next() string {
	names := theme.Names()
	i := slices.Index(names, l.theme.Name)
	l.choice = names[(i+1)%len(names)]
	l.make()
	return l.choice
}

// askSynchronized asks a terminal at the other end of ssh whether it can take a
// frame as a whole. A local program inside ssh is not asked by Bubble Tea itself,
// except by the terminals that it knows.
func askSynchronized(msg tea.Msg) tea.Cmd {
	env, ok := msg.(tea.EnvMsg)
	if !ok {
		return nil
	}
	if _, ssh := env.LookupEnv("SSH_TTY"); !ssh {
		return nil
	}
	for _, known := range []string{"ghostty", "wezterm", "alacritty", "kitty", "rio"} {
		if strings.Contains(env.Getenv("TERM"), known) {
			return nil
		}
	}
	return tea.Raw("\x1b[?2026$p")
}
