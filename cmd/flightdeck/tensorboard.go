package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/backends/tensorboard/dataserver"
)

// exitLogdir is what TensorBoard expects of a data server that cannot read a
// folder of this kind.
const exitLogdir = 8

// dataFlags are those of a data server: TensorBoard gives them to the program that
// TENSORBOARD_DATA_SERVER_BINARY names.
type dataFlags struct {
	logdir, host        string
	port                int
	portFile, errorFile string
	tied                bool
	reload, samples     string
	verbose             int
}

func (f *dataFlags) register(l *pflag.FlagSet) {
	l.StringVar(&f.host, "host", "localhost", "address")
	l.IntVar(&f.port, "port", 6806, "port; 0 is any free one, and is printed")
	l.StringVar(&f.reload, "reload", "5", "seconds between two looks at the files, or once")
	l.StringVar(&f.samples, "samples-per-plugin", "", "most points of a series in an answer, as scalars=500,images=all (default: what the page asks for)")
	l.CountVarP(&f.verbose, "verbose", "v", "say what cannot be read")
}

func (c *cli) tensorboardVerb() *cobra.Command {
	var f dataFlags
	cmd := &cobra.Command{
		Use: "tensorboard [DIR]", Short: "Serve runs to TensorBoard, whose own page then shows them", Args: cobra.MaximumNArgs(1),
		Long: `Serve runs to TensorBoard, whose own page then shows them.

  flightdeck tensorboard ./logs
  tensorboard --grpc_data_provider localhost:6806

It reads the event files below DIR, and DIR's own runs when it is a workspace; by
default the workspace's. Every point is kept, and what a page gets is thinned so that
no spike is lost. TensorBoard can also start it by itself:

  TENSORBOARD_DATA_SERVER_BINARY=$(which flightdeck) tensorboard --load_fast=true --logdir ./logs`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.logdir = c.dir; len(args) > 0 {
				f.logdir = args[0]
			} else if root, _, err := local.Workspace(cmpOr(c.dir, ".")); err == nil {
				f.logdir = root
			}
			if fi, err := os.Stat(f.logdir); err != nil || !fi.IsDir() {
				return codeError{exitNotFound, fmt.Errorf("there is no folder %s", f.logdir)}
			}
			if c.dryRun {
				_, err := fmt.Fprintf(c.out, "Serve %s to TensorBoard on %s\n  risk  %s\n", safe(f.logdir), safe(net.JoinHostPort(f.host, fmt.Sprint(f.port))), backends.Safe)
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return c.serveData(ctx, f)
		},
	}
	f.register(cmd.Flags())
	cmd.Flags().BoolVar(&f.tied, "with-stdin", false, "end when standard input ends: for a program that starts it")
	return cmd
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// dataServer is the program as TensorBoard starts it: without a verb, its first
// flag --logdir. It returns the exit code.
func (c *cli) dataServer(ctx context.Context, args []string) int {
	var f dataFlags
	l := pflag.NewFlagSet("flightdeck", pflag.ContinueOnError)
	l.SetOutput(c.err)
	f.register(l)
	l.StringVar(&f.logdir, "logdir", "", "folder with event files")
	l.StringVar(&f.portFile, "port-file", "", "file that gets the port")
	l.StringVar(&f.errorFile, "error-file", "", "file that gets what is wrong with the folder")
	l.BoolVar(&f.tied, "die-after-stdin", false, "end when standard input ends")
	l.Bool("checksum", true, "for its own server's sake: checksums are always looked at")
	l.Bool("no-checksum", false, "the same")
	if err := l.Parse(args); err != nil {
		fmt.Fprintln(c.err, "flightdeck: "+safe(err.Error()))
		return exitUsage
	}
	err := c.serveData(ctx, f)
	if errors.Is(err, dataserver.ErrUnsupported) {
		if f.errorFile != "" && backends.Check(c.granted(ctx), "file", "write the error file") == nil {
			if err := os.WriteFile(f.errorFile, []byte(err.Error()+"\n"), 0o644); err != nil {
				return c.report(err)
			}
			return exitLogdir
		}
		return c.report(codeError{exitLogdir, err})
	}
	return c.report(err)
}

// serveData answers TensorBoard until ctx ends.
func (c *cli) serveData(ctx context.Context, f dataFlags) error {
	o := dataserver.Options{Logdir: f.logdir}
	var err error
	if o.Reload, err = dataserver.ParseReload(f.reload); err != nil {
		return codeError{exitUsage, err}
	}
	if o.Samples, err = dataserver.ParseSamples(f.samples); err != nil {
		return codeError{exitUsage, err}
	}
	if f.verbose > 0 {
		o.Log = func(format string, args ...any) {
			fmt.Fprintln(c.err, "flightdeck: "+safe(fmt.Sprintf(format, args...)))
		}
	}
	if fi, err := os.Stat(filepath.Join(f.logdir, ".flightdeck")); err == nil && fi.IsDir() {
		lo, err := c.open(local.Options{Root: f.logdir, Version: version, ReadOnly: true})
		if err != nil {
			return err
		}
		defer lo.Close()
		o.Source = lo
	}
	s, err := dataserver.New(o)
	if err != nil {
		return err
	}
	l, err := dataserver.Listen(c.granted(ctx), f.host, f.port, f.portFile)
	if err != nil {
		return err
	}
	if f.tied { // from here on: who started it and left at once still gets a port and a clean end
		var cancel context.CancelFunc
		ctx, cancel = dataserver.UntilEnd(ctx, c.in)
		defer cancel()
	}
	if f.portFile == "" {
		fmt.Fprintf(c.out, "serving %s to TensorBoard:  tensorboard --grpc_data_provider %s\n", safe(f.logdir), l.Addr())
	}
	return s.Serve(ctx, l)
}

// asDataServer says whether the program is started as TensorBoard's data server.
func asDataServer(args []string) bool {
	return len(args) > 0 && (args[0] == "--logdir" || strings.HasPrefix(args[0], "--logdir="))
}
