package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/local/serve"
)

// serveOptions reads what the flags name.
func (c *cli) serveOptions(f serveFlags) (serve.Options, error) {
	o := serve.Options{Addr: f.http, NoAuth: f.noAuth, Origins: f.cors, Hosts: f.hosts, Now: c.now, Grant: backends.Grant{Actor: actor(), Role: backends.Viewer}}
	if c.grant != nil && !c.readOnly {
		o.Grant = *c.grant
	}
	if name, err := os.Hostname(); err == nil {
		o.Hosts = append(o.Hosts, name)
	}
	if f.verbose {
		o.Log = c.err
	}
	err := f.check()
	if err != nil {
		return o, err
	}
	if o.MaxJSON, err = parseSize("--max-request", f.maxJSON); err != nil {
		return o, err
	}
	if o.MaxArtifact, err = parseSize("--max-artifact", f.maxArtifact); err != nil {
		return o, err
	}
	if f.cert != "" || f.key != "" {
		if o.TLS, err = serve.Certificate(f.cert, f.key, c.now()); err != nil {
			return o, err
		}
	}
	if o.Doors, err = doors(f); err != nil {
		return o, err
	}
	switch {
	case f.noUI:
	case f.ui != "":
		o.UI, err = serve.OpenUI(f.ui)
	default:
		o.UI = serve.FindUI(os.Getenv)
	}
	if err != nil {
		return o, err
	}
	return o, o.Check()
}

func doors(f serveFlags) (serve.Doors, error) {
	var d serve.Doors
	if f.tokens != "" {
		if err := d.AddTokens(f.tokens); err != nil {
			return d, fmt.Errorf("--token-file: %w", err)
		}
	}
	if f.users != "" {
		if err := d.AddUsers(f.users); err != nil {
			return d, fmt.Errorf("--users-file: %w", err)
		}
	}
	if f.user != "" {
		b, err := os.ReadFile(f.password)
		if err != nil {
			return d, fmt.Errorf("--password-file: %w", err)
		}
		if err := d.AddUser(f.user, strings.TrimRight(string(b), "\r\n")); err != nil {
			return d, fmt.Errorf("--password-file %s: %w", f.password, err)
		}
	}
	return d, nil
}

// parseSize reads 64MB, 1.5 GB or a number of bytes; units are of 1,000.
func parseSize(flag, s string) (int64, error) {
	number, unit := s, int64(1)
	for _, u := range []struct {
		name string
		size int64
	}{{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}} {
		if rest, ok := strings.CutSuffix(strings.ToLower(s), strings.ToLower(u.name)); ok {
			number, unit = rest, u.size
			break
		}
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(v*float64(unit) >= 1) || v*float64(unit) > 1<<62 {
		return 0, fmt.Errorf("%s %s: write a size, as 64MB or 2GB", flag, s)
	}
	return int64(v * float64(unit)), nil
}
