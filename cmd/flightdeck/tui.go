package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/backends/hub/tail"
	"flightdeck/backends/local"
	"flightdeck/tui"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// look is the full-screen program's flags.
type look struct {
	theme string
	ascii bool
	keys  string
	fps   int
}

func (c *cli) tuiFlags(root *cobra.Command) {
	f := root.Flags()
	f.StringVar(&c.look.theme, "theme", "", "dark, light, contrast, basic or mono (default: what the terminal says)")
	f.BoolVar(&c.look.ascii, "ascii", false, "signs and charts of ASCII alone")
	f.StringVar(&c.look.keys, "keys", defaultKeys(), "file of own keys, by action")
	f.IntVar(&c.look.fps, "fps", 120, "frames a second at most")
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			if err := c.folder(cmd, args[0]); err != nil {
				return err
			}
		}
		if c.look.fps < 1 || c.look.fps > 120 {
			return usageError("--fps %d: it is 1 to 120", c.look.fps)
		}
		if c.look.theme != "" && !slices.Contains(theme.Names(), c.look.theme) {
			return usageError("--theme %s: it is one of %s", c.look.theme, strings.Join(theme.Names(), ", "))
		}
		if !isTerminal(c.in) || !isTerminal(c.out) {
			return usageError("the full-screen program needs a terminal; for a script there are verbs: flightdeck runs, ps, show … (flightdeck help)")
		}
		lo, err := c.workspace()
		if err != nil {
			return err
		}
		return c.openTUI(cmd.Context(), lo)
	}
}

// folder takes the only argument as the workspace; a word that is neither a verb
// nor a folder is a mistake worth naming.
func (c *cli) folder(root *cobra.Command, dir string) error {
	if c.dir != "" {
		return usageError("both -C %s and %s name a workspace; give one", c.dir, dir)
	}
	if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
		hint := "flightdeck help lists the verbs"
		if like := near(root, dir); len(like) > 0 {
			hint = "did you mean " + strings.Join(like, " or ") + "? " + hint
		}
		return usageError("%s is neither a verb nor a folder (%s)", dir, hint)
	}
	c.dir = dir
	return nil
}

func defaultKeys() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "flightdeck", "keys.toml")
}

// openTUI runs the full-screen program until it is quit, or its terminal is gone.
func (c *cli) openTUI(ctx context.Context, lo *local.Local) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go c.warm(ctx, lo)
	from, err := c.clientSources(ctx, lo)
	if err != nil {
		return err
	}
	h := hub.New(ctx, hub.Options{})
	for _, b := range from {
		h.Attach(b)
	}
	app, err := c.app(ctx, h, tail.NewShelf(tail.Options{}), from, lo.Root())
	if err != nil {
		return err
	}
	defer app.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := tea.NewProgram(app, tea.WithContext(ctx), tea.WithFPS(c.look.fps), tea.WithInput(c.in), tea.WithOutput(c.out)).Run()
		ended <- err
	}()
	err = c.untilEnded(ctx, cancel, ended)
	if errors.Is(err, tea.ErrInterrupted) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// clientSources are the backends that the program shows. It waits for what must be
// looked for first only if that was asked for by name.
func (c *cli) clientSources(ctx context.Context, lo *local.Local) ([]backends.Backend, error) {
	if len(c.from) == 0 {
		c.fleet = c.openFleet(ctx, lo)
		c.fleet.wait(ctx, findTime)
		return c.fleet.backends(), nil
	}
	named, err := c.sources(ctx)
	if err != nil {
		return nil, err
	}
	var out []backends.Backend
	for _, s := range named {
		if s.err != nil {
			return nil, fmt.Errorf("source %s: %w", s.name, s.err)
		}
		out = append(out, s.Backend)
	}
	return out, nil
}

// findTime is how long the first frame waits for MLflow's stores to be found.
const findTime = 20 * time.Millisecond

// warm does beside the start what the first frame need not wait for: the store
// reads its runs while the terminal still answers what it is, under a collector
// that waits, and jobs whose keeper and supervisor were both killed get their
// endpoint again.
func (c *cli) warm(ctx context.Context, lo *local.Local) {
	debug.SetGCPercent(400)
	time.AfterFunc(2*time.Second, func() { debug.SetGCPercent(100) })
	_, _ = lo.Runs(ctx, backends.RunFilter{}) // whoever watches them says what is wrong
	if c.grant != nil && !c.readOnly {
		_, _ = lo.Adopt(c.granted(ctx)) // one that cannot be adopted shows its trouble
	}
}

// hangUp is how long the program may take to leave its terminal tidily once it was
// told to end. One whose terminal takes nothing more never could.
const hangUp = 2 * time.Second

// untilEnded waits for the program, and not for ever when its terminal hung up or
// we are told to end.
func (c *cli) untilEnded(ctx context.Context, cancel context.CancelFunc, ended <-chan error) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	why := syscall.SIGTERM
	select {
	case err := <-ended:
		return err
	case <-hup:
		why = syscall.SIGHUP
		cancel()
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(hangUp): // there is nobody to tell why: what is written stands still too
		return codeError{code: 128 + int(why)}
	}
}

// app is one client of the hub: its tabs, its grant, its look.
func (c *cli) app(ctx context.Context, h *hub.Hub, shelf *tail.Shelf, from []backends.Backend, workspace string) (*tui.App, error) {
	cfg := tui.Config{
		Context: ctx, Workspace: cell.Safe(filepath.Base(workspace)), Tabs: tabs(h, shelf, from, c.remembers(from)), Apply: router(from, c.granted, h), ReadOnly: c.readOnly || c.grant == nil,
		Health: h.Health, Changed: h.Subscribe(ctx), Retry: h.Retry, Theme: c.look.theme, ASCII: c.look.ascii, Now: c.now,
	}
	if c.grant != nil {
		cfg.Role = c.grant.Role
	}
	if ro, why := readOnly(from); ro {
		cfg.ReadOnly, cfg.Who = true, "read-only: "+why
	}
	data, err := os.ReadFile(c.look.keys)
	if err == nil {
		cfg.Keys, err = tui.LoadKeys(data, cfg.Tabs)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("keys file %s: %w", c.look.keys, err)
	}
	return tui.New(cfg), nil
}

// readOnly says whether the workspace cannot be changed, and why. Sources beside it
// that only read refuse for themselves.
func readOnly(from []backends.Backend) (bool, string) {
	for _, b := range from {
		if lo, ok := b.(*local.Local); ok {
			return lo.ReadOnly()
		}
	}
	return false, ""
}
