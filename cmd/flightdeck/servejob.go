package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/backends/local/serve"
)

// whereabouts is what -o json prints of a server: one line, before it answers.
type whereabouts struct {
	URL       string `json:"url"`
	Address   string `json:"address"`
	Workspace string `json:"workspace"`
	UI        string `json:"ui,omitempty"`
	MLflow    string `json:"ui_version,omitempty"`
	Auth      bool   `json:"auth"`
	ReadOnly  bool   `json:"read_only,omitempty"`
	Job       string `json:"job,omitempty"`
	PID       int    `json:"pid,omitempty"`
}

func (c *cli) serving(lo *local.Local, s *serve.Server, o serve.Options, f serveFlags) error {
	at := whereabouts{
		URL: s.URL(), Address: s.Addr(), Workspace: lo.Root(), Auth: !o.Doors.Open(), ReadOnly: !o.Grant.Role.Allows(backends.Safe), PID: os.Getpid(),
	}
	if o.UI != nil {
		at.UI, at.MLflow = o.UI.Dir, o.UI.Version
	}
	if f.noAuth {
		fmt.Fprintln(c.err, "flightdeck: note: --no-auth: whoever reaches "+s.Addr()+" may read, change and delete everything in "+safe(lo.Root()))
	} else if at.Auth && o.TLS == nil && !strings.HasPrefix(s.Addr(), "127.") && !strings.HasPrefix(s.Addr(), "[::1]") {
		fmt.Fprintln(c.err, "flightdeck: note: without --tls-cert, passwords and tokens cross the network as they are")
	}
	return c.whereabouts(at)
}

func (c *cli) whereabouts(at whereabouts) error {
	if c.format == "json" {
		b, err := json.Marshal(at)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.out, escapeJSON(string(b)))
		return err
	}
	line := "serving " + at.Workspace + " on " + at.URL
	switch {
	case at.UI != "" && at.MLflow != "":
		line += ", with the web UI of MLflow " + at.MLflow
	case at.UI != "":
		line += ", with the web UI in " + at.UI
	}
	if at.ReadOnly {
		line += ", read-only"
	}
	if at.Job != "" {
		line += "\njob " + at.Job + "; it ends with  flightdeck stop " + at.Job
	}
	_, err := fmt.Fprintln(c.out, safe(line))
	return err
}

// serveDetached starts the same command line as a job, and waits until it says
// where it listens.
func (c *cli) serveDetached(cmd *cobra.Command, f serveFlags) error {
	if _, err := c.serveOptions(f); err != nil { // a mistake is told here, not in a job's output
		return codeError{exitUsage, err}
	}
	lo, err := c.workspace()
	if err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("current folder: %w", err)
	}
	ctx := cmd.Context()
	p, err := lo.PlanStart(ctx, backends.JobSpec{Name: "serve", Dir: dir, Service: true, Command: serveCommand(cmd, lo.Root())})
	if err != nil {
		return err
	}
	r, err := c.apply(ctx, lo, p)
	if err != nil || c.dryRun {
		return err
	}
	at, err := awaitServer(ctx, lo, r.Target[0])
	if err != nil {
		return err
	}
	at.Job = r.Target[0].ID
	return c.whereabouts(at)
}

// serveCommand is the command line of the job: the flags that were given, with
// folders and files as they are seen from here.
func serveCommand(cmd *cobra.Command, root string) []string {
	args := []string{"flightdeck", "serve", "-C", root, "-o", "json"}
	cmd.Flags().Visit(func(fl *pflag.Flag) {
		switch fl.Name {
		case "detach", "workspace", "output":
			return
		}
		if list, ok := fl.Value.(interface{ GetSlice() []string }); ok {
			for _, v := range list.GetSlice() {
				args = append(args, "--"+fl.Name+"="+v)
			}
			return
		}
		v := fl.Value.String()
		switch fl.Name {
		case "token-file", "users-file", "password-file", "tls-cert", "tls-key", "ui":
			if abs, err := filepath.Abs(v); err == nil {
				v = abs
			}
		}
		args = append(args, "--"+fl.Name+"="+v)
	})
	return args
}

// awaitServer reads the first line that the job prints; one that ends before has
// said why.
func awaitServer(ctx context.Context, lo *local.Local, ref backends.Ref) (at whereabouts, err error) {
	var said bytes.Buffer
	for line, err := range lo.Logs(ctx, ref, backends.LogOptions{Follow: true}) {
		if err != nil {
			return at, err
		}
		if json.Unmarshal(line.Text, &at) == nil && at.URL != "" {
			return at, nil
		}
		said.Write(append(line.Text, '\n'))
	}
	if err := ctx.Err(); err != nil {
		return at, err
	}
	return at, fmt.Errorf("the server's job ended: %s", strings.TrimSpace(strings.TrimPrefix(said.String(), "flightdeck: ")))
}
