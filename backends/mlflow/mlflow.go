// Package mlflow reads MLflow where it is: a server by REST, a folder that its
// FileStore wrote, a database that its SQL store wrote. The three give the same
// capabilities; the two that lie on this machine are only ever read, a server can
// also be changed, by plans that are requests of its API.
//
//	rest/      the wire: paths, shapes, retries, errors that know a way out, grants
//	mlruns/    the folder          database/  the SQLite file
//	entity/    what the three have in common
//	recorded/  stores that MLflow wrote, for tests
//
// Here are the driver, which finds and opens them, and the server's backend.
package mlflow

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/database"
	"flightdeck/backends/mlflow/mlruns"
	"flightdeck/backends/mlflow/rest"
)

// Kind is the driver's.
const Kind = "mlflow"

// KeyWhere is the key of a backends.Config that says what to open, as
// MLFLOW_TRACKING_URI would: a URL, a path, file:… or sqlite:….
const KeyWhere = "where"

// Driver opens and finds MLflow's stores. dir is where Find looks, and what a
// relative path starts from; getenv is the environment.
func Driver(dir string, getenv func(string) string) backends.Driver {
	return backends.Driver{
		Kind: Kind,
		Open: func(_ context.Context, name string, cfg backends.Config) (backends.Backend, error) {
			return open(name, cfg[KeyWhere], dir, getenv)
		},
		Find: func(ctx context.Context) []backends.Found { return find(ctx, dir, getenv) },
	}
}

// Where splits what MLFLOW_TRACKING_URI may say: a server's URL, or a path of this
// machine. Anything else (databricks, mysql) is an error.
func Where(uri string) (server, path string, err error) {
	switch scheme, rest, found := strings.Cut(uri, ":"); {
	case uri == "":
		return "", "", fmt.Errorf("it is empty: say a URL, a folder or a database")
	case !found || strings.HasPrefix(uri, "/") || strings.HasPrefix(uri, "."):
		return "", uri, nil
	case scheme == "http" || scheme == "https":
		return uri, "", nil
	case scheme == "file":
		u, err := url.Parse(uri)
		if err != nil || u.Host != "" && u.Host != "localhost" {
			return "", "", fmt.Errorf("%s names no folder of this machine", uri)
		}
		if u.Opaque != "" { // file:relative
			p, err := url.PathUnescape(u.Opaque)
			return "", p, err
		}
		return "", u.Path, nil
	case scheme == "sqlite" || strings.HasPrefix(scheme, "sqlite+"):
		// sqlite:///relative and sqlite:////absolute, as SQLAlchemy has it
		p, ok := strings.CutPrefix(rest, "///")
		p, _, _ = strings.Cut(p, "?")
		if !ok || p == "" {
			return "", "", fmt.Errorf("%s names no file: sqlite:///relative.db, sqlite:////absolute.db", uri)
		}
		return "", p, nil
	}
	if _, err := os.Stat(uri); err == nil { // a file may have a colon in its name
		return "", uri, nil
	}
	u, err := url.Parse(uri)
	if err != nil {
		return "", "", fmt.Errorf("tracking URI: %w", err)
	}
	return "", "", fmt.Errorf("%s cannot be opened: only http, https, file and sqlite can", u.Redacted())
}

func open(name, where, dir string, getenv func(string) string) (backends.Backend, error) {
	server, path, err := Where(where)
	if err != nil {
		return nil, fmt.Errorf("mlflow: %w", err)
	}
	if server != "" {
		o := rest.FromEnv(getenv)
		o.URL = server
		c, err := rest.New(o)
		if err != nil {
			return nil, fmt.Errorf("mlflow: %w", err)
		}
		return NewServer(name, c), nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	fi, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("mlflow: %w", err)
	case fi.IsDir():
		if sub := filepath.Join(path, "mlruns"); !isStore(path) && isStore(sub) {
			path = sub
		}
		return mlruns.Open(name, path), nil
	}
	return database.Open(name, path), nil
}
