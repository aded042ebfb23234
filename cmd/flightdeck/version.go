package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func (c *cli) versionVerb() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			if c.format == "table" {
				_, err := fmt.Fprintf(c.out, "flightdeck %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return err
			}
			return c.print(listing{
				head: []string{"version", "go", "os", "arch"}, rows: [][]string{{version, runtime.Version(), runtime.GOOS, runtime.GOARCH}},
				value: map[string]string{"version": version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH},
			})
		},
	}
}
