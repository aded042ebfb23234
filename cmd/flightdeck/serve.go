package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/backends/local/serve"
)

// serveFlags are the verb's, as they were given.
type serveFlags struct {
	http                  string
	noAuth                bool
	users, tokens         string
	user, password        string
	cert, key             string
	cors, hosts           []string
	ui                    string
	noUI                  bool
	maxJSON, maxArtifact  string
	verbose, detach, tied bool
}

func (c *cli) serveVerb() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve this workspace to MLflow's clients, and MLflow's web UI over it", Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `Serve this workspace to MLflow's clients, and MLflow's web UI over it.

  flightdeck serve
  MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python train.py

Any program that logs to an MLflow server logs here, unchanged. It listens on this
machine alone; on any other address it wants to be told who may in:

  --token-file F              bearer tokens, one a line        (MLFLOW_TRACKING_TOKEN)
  --user NAME --password-file F   one user                     (MLFLOW_TRACKING_USERNAME, …_PASSWORD)
  --users-file F              lines of  flightdeck serve user NAME
  --no-auth                   nobody is asked: whoever reaches it reads, changes and deletes

A line of either file that ends in " viewer" is for one who may only look. With
--read-only nobody may change anything. Passwords and tokens cross the network as
they are, unless --tls-cert and --tls-key are given.

The web UI's files are those of an installed mlflow package, which is found by itself
in $VIRTUAL_ENV, in $CONDA_PREFIX or beside a python3 of PATH.

-d starts it as a job, which goes on when this terminal is gone; flightdeck stop
ends it. -o json prints one line about where it is.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd, f) },
	}
	f.add(cmd)
	for _, name := range []string{"token-file", "users-file", "password-file", "tls-cert", "tls-key"} {
		if err := cmd.MarkFlagFilename(name); err != nil {
			panic(err)
		}
	}
	if err := cmd.MarkFlagDirname("ui"); err != nil {
		panic(err)
	}
	cmd.AddCommand(c.serveUserVerb())
	return cmd
}

// check finds flags that contradict each other.
func (f *serveFlags) check() error {
	switch {
	case f.noUI && f.ui != "":
		return errors.New("--ui says where the web UI is, and --no-ui that there is none: give one or the other")
	case f.detach && f.tied:
		return errors.New("a job has no standard input that could end: give -d or --with-stdin")
	case (f.user == "") != (f.password == ""):
		return errors.New("--user and --password-file go together")
	case f.noAuth && (f.tokens != "" || f.users != "" || f.user != ""):
		return errors.New("--no-auth says that nobody is asked, and --token-file, --users-file and --user say who may in: give one or the other")
	}
	return nil
}

func (f *serveFlags) add(cmd *cobra.Command) {
	l := cmd.Flags()
	l.StringVar(&f.http, "http", "127.0.0.1:5000", "address; port 0 is any free one, and is printed")
	l.BoolVar(&f.noAuth, "no-auth", false, "on an address that others reach: let anyone read, change and delete everything")
	l.StringVar(&f.tokens, "token-file", "", "file of tokens that may in, one a line")
	l.StringVar(&f.users, "users-file", "", "file of users that may in: lines of flightdeck serve user")
	l.StringVar(&f.user, "user", "", "a user that may in, with --password-file")
	l.StringVar(&f.password, "password-file", "", "file that holds the user's password")
	l.StringVar(&f.cert, "tls-cert", "", "certificate with its chain, PEM: serve HTTPS")
	l.StringVar(&f.key, "tls-key", "", "the certificate's key, PEM")
	l.StringSliceVar(&f.cors, "cors", nil, "origins whose pages may call, as https://ui.example; * is all (default: none but its own)")
	l.StringSliceVar(&f.hosts, "host", nil, "names by which it may be called, beside addresses, localhost and this machine's")
	l.StringVar(&f.ui, "ui", "", "where MLflow's web UI is: a Python environment, a package or the built files (default: found)")
	l.BoolVar(&f.noUI, "no-ui", false, "without the web UI")
	l.StringVar(&f.maxJSON, "max-request", "64MB", "greatest request, without files")
	l.StringVar(&f.maxArtifact, "max-artifact", "256GB", "greatest file in one request")
	l.BoolVarP(&f.verbose, "verbose", "v", false, "a line for each request, on the error stream")
	l.BoolVarP(&f.detach, "detach", "d", false, "as a job that outlives this terminal")
	l.BoolVar(&f.tied, "with-stdin", false, "end when standard input ends: for a program that starts it")
}

func (c *cli) serveUserVerb() *cobra.Command {
	return &cobra.Command{
		Use: "user NAME", Short: "Print a line for --users-file; the password comes from standard input", Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			if isTerminal(c.in) {
				return usageError("serve user: give the password on standard input, not on the terminal:  flightdeck serve user %s < password-file", args[0])
			}
			b, err := io.ReadAll(io.LimitReader(c.in, 4096))
			if err != nil {
				return fmt.Errorf("read the password: %w", err)
			}
			line, err := serve.UserLine(args[0], strings.TrimRight(string(b), "\r\n"))
			if err != nil {
				return codeError{exitUsage, err}
			}
			_, err = fmt.Fprintln(c.out, line)
			return err
		},
	}
}

// serve listens, says where, and answers until it is told to end.
func (c *cli) serve(cmd *cobra.Command, f serveFlags) error {
	if f.detach {
		return c.serveDetached(cmd, f)
	}
	o, err := c.serveOptions(f)
	if err != nil {
		return codeError{exitUsage, err}
	}
	lo, err := c.workspace()
	if err != nil {
		return err
	}
	if ro, _ := lo.ReadOnly(); ro || c.grant == nil {
		o.Grant.Role = backends.Viewer
	}
	if err := c.mount(&o, lo); err != nil {
		return err
	}
	if c.dryRun {
		_, err := fmt.Fprintf(c.out, "Serve %s on %s\n  risk  %s\n", safe(lo.Root()), safe(o.Addr), backends.Safe)
		return err
	}
	serve.Collect()
	o.Rest = lo.Rest
	s, err := serve.Listen(o)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := c.serving(lo, s, o, f); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if f.tied {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() {
			_, _ = io.Copy(io.Discard, c.in) // whatever ends it
			cancel()
		}()
	}
	return s.Serve(ctx)
}

// mount gives the server its API. A handler for one who may write is made here, so
// that a workspace that cannot be served says so before anything listens.
func (c *cli) mount(o *serve.Options, lo *local.Local) error {
	if _, err := lo.Tracking(o.Grant); err != nil {
		return err
	}
	o.API = func(g backends.Grant) http.Handler {
		h, err := lo.Tracking(g)
		if err != nil {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
			})
		}
		return h
	}
	return nil
}
