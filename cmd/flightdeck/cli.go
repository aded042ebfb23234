package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/local"
)

// Exit codes, as `flightdeck help exit-codes` and the README list them.
const (
	exitOK       = 0
	exitFailed   = 1 // it was tried and did not work; run and train end with their child's own code
	exitUsage    = 2 // the command line is wrong
	exitNotFound = 3 // no such run, job, model
	exitRefused  = 4 // read-only, or the role may not
	exitStale    = 5 // it changed since the plan was made
	exitDiffers  = 6 // reproduce: not bit-equal; doctor: problems found
)

// cli is one call of the command line: its streams, its flags and the workspace.
type cli struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time

	dir      string // -C
	format   string // -o
	dryRun   bool
	readOnly bool
	yes      bool
	look     look

	// grant is what the verbs' changes run under; nil may only read.
	grant *backends.Grant
	// open opens the workspace; tests put recording transports behind it.
	open  func(local.Options) (*local.Local, error)
	lo    *local.Local
	from  []string // -s
	fleet *fleet

	patience time.Duration // for each source
}

func newCLI(in io.Reader, out, errs io.Writer) *cli {
	return &cli{in: in, out: out, err: errs, now: time.Now, open: local.Open, patience: usualPatience, grant: &backends.Grant{Actor: actor(), Role: backends.Owner}}
}

// actor is who the activity log says it was.
func actor() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "someone"
}

// codeError carries an exit code of its own: a child's, or one of the above.
type codeError struct {
	code int
	err  error // nil: nothing more to say
}

func (e codeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}
func (e codeError) Unwrap() error { return e.err }

// usageError marks an error of the command line itself.
func usageError(format string, args ...any) error {
	return codeError{exitUsage, fmt.Errorf(format, args...)}
}

// main runs one command line and returns the process's exit code.
func (c *cli) main(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	err := root.ExecuteContext(ctx)
	if c.fleet != nil {
		err = errors.Join(err, c.fleet.Close())
	}
	if c.lo != nil {
		err = errors.Join(err, c.lo.Close())
	}
	return c.report(err)
}

// report says what went wrong, once, and chooses the exit code.
func (c *cli) report(err error) int {
	if err == nil {
		return exitOK
	}
	var code codeError
	if errors.As(err, &code) {
		if code.err != nil {
			fmt.Fprintln(c.err, "flightdeck: "+safe(err.Error()))
		}
		return code.code
	}
	var denied *backends.DeniedError
	var command *local.CommandError
	says := err.Error()
	if errors.As(err, &denied) && !denied.Granted && c.readOnly {
		says += " (--read-only)"
	}
	fmt.Fprintln(c.err, "flightdeck: "+safe(says))
	switch {
	case errors.As(err, &denied), errors.Is(err, backends.ErrReadOnly):
		return exitRefused
	case errors.As(err, &command):
		return command.Code
	case errors.Is(err, backends.ErrNotFound):
		return exitNotFound
	case errors.Is(err, backends.ErrStale):
		return exitStale
	}
	return exitFailed
}

// workspace opens the workspace of -C once.
func (c *cli) workspace() (*local.Local, error) {
	if c.lo != nil {
		return c.lo, nil
	}
	dir := c.dir
	if dir == "" {
		dir = "."
	}
	root, _, err := local.Workspace(dir)
	if err != nil {
		return nil, codeError{exitUsage, err}
	}
	c.lo, err = c.open(local.Options{Root: root, Version: version, ReadOnly: c.readOnly, Import: c.importRuns})
	return c.lo, err
}

// granted is ctx with this client's permission, if it has one.
func (c *cli) granted(ctx context.Context) context.Context {
	if c.grant == nil || c.readOnly {
		return ctx
	}
	return backends.WithGrant(ctx, *c.grant)
}

// root is the command tree. Cobra's default templates stay as they are: others
// would pull text/template, and with it 40 MB, into the binary.
func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "flightdeck [DIR]",
		Short: "One terminal for the whole life of a model",
		Long: `One terminal for the whole life of a model.

Without a verb it opens the full-screen program on the workspace of the current
folder, or of DIR. A verb wins over a folder of the same name: ./demo is a folder.

A run is named by its name, its id or a beginning of its id; a job by its id, a
beginning of it, or by one of its runs. A name that several have is refused, with
their ids.`,
		Version:           version,
		Args:              cobra.MaximumNArgs(1),
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: func(*cobra.Command, []string) error { return checkFormat(c.format) },
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&c.dir, "workspace", "C", "", "the workspace's folder (default: the nearest with .flightdeck)")
	flags.StringVarP(&c.format, "output", "o", "table", "table, json or csv")
	flags.StringSliceVarP(&c.from, "source", "s", nil, "only these sources of runs, by name; or the address of an MLflow server")
	flags.BoolVar(&c.dryRun, "dry-run", false, "print the plan and change nothing")
	flags.BoolVar(&c.readOnly, "read-only", false, "refuse every change")
	flags.BoolVarP(&c.yes, "yes", "y", false, "do not ask before what cannot be undone")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError("%s: %w\n  help: %s --help", cmd.CommandPath(), err, cmd.CommandPath())
	})
	completeFlag(root, "source", c.completeSources)
	completeFlag(root, "output", cobra.FixedCompletions([]string{"table", "json", "csv"}, cobra.ShellCompDirectiveNoFileComp))
	if err := root.MarkPersistentFlagDirname("workspace"); err != nil {
		panic(err)
	}
	c.tuiFlags(root)
	root.AddCommand(c.verbs()...)
	wrapArgs(root)
	return root
}

// verbs is every verb; the help, the completion and the test that calls each one
// without a grant are made from it.
func (c *cli) verbs() []*cobra.Command {
	return []*cobra.Command{
		c.demoVerb(), c.runVerb(), c.trainVerb(), c.psVerb(), c.logsVerb(), c.stopVerb(), c.restartVerb(), c.resumeVerb(),
		c.deleteVerb(), c.restoreVerb(), c.tagVerb(), c.noteVerb(), c.runsVerb(), c.showVerb(), c.mediaVerb(), c.diffVerb(), c.reproduceVerb(),
		c.modelsVerb(), c.importVerb(), c.exportVerb(), c.sourcesVerb(), c.serveVerb(), c.tensorboardVerb(), c.doctorVerb(), c.versionVerb(), c.completionVerb(), exitCodesTopic(),
	}
}

// wrapArgs makes a wrong number of arguments a usage error, with its exit code.
func wrapArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError("%s: %w\n  usage: %s", cmd.CommandPath(), err, cmd.UseLine())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
}

func exitCodesTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: `0    it worked
1    it was tried and failed
2    the command line is wrong
3    there is no such run, job or model
4    refused: read-only, or the role may not
5    stale: it changed since the plan was made
6    reproduce: not bit-equal, or something is lacking; doctor: problems found

run and train end with their child's own code, as a shell does:
126  the command cannot be run
127  the command was not found
128+n  signal n ended it: 130 after ctrl+c, 143 after stop`}
}
