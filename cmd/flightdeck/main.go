// Flightdeck is one terminal for the whole life of a model.
//
// This folder is where the rooms meet: wire.go lists the drivers and the tabs, and
// each verb of the command line has a file of its own.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the Makefile.
var version = "dev"

func main() {
	// A job's two processes come first and import nothing of the command line's
	// start-up: they are many, and they must be small.
	if len(os.Args) == 3 {
		switch os.Args[1] {
		case "keeper":
			os.Exit(keep(os.Args[2]))
		case "supervisor":
			os.Exit(supervise(os.Args[2]))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c := newCLI(os.Stdin, os.Stdout, os.Stderr)
	if asDataServer(os.Args[1:]) {
		os.Exit(c.dataServer(ctx, os.Args[1:]))
	}
	os.Exit(c.main(ctx, os.Args[1:]))
}
