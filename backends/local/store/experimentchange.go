package store

import (
	"context"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// experiment checks that the experiment exists and is active.
func (t *tx) experiment(id string) (int64, error) {
	n, deleted, err := t.experimentStage(id)
	if err == nil && deleted {
		err = invalid("The experiment %d must be in the 'active' state. Current state is deleted.", n)
	}
	return n, err
}

func (t *tx) experimentStage(id string) (n int64, deleted bool, err error) {
	if n, err = parseExperiment(id); err != nil {
		return n, false, err
	}
	found := false
	err = t.each("SELECT deleted FROM experiments WHERE id = ?", func(s *sqlite.Stmt) error {
		found, deleted = true, s.ColumnBool(0)
		return nil
	}, n)
	if err == nil && !found {
		err = missing("No Experiment with id=%d exists", n)
	}
	return n, deleted, err
}

// SetExperimentTag sets a tag of an experiment, over an older one of the same key.
func (e experiments) SetExperimentTag(ctx context.Context, id string, tag backends.Tag) error {
	if err := checkTagOf(tag, "", maxExpTag); err != nil {
		return err
	}
	return e.changeTags(ctx, "set experiment tag", id, func(tags []backends.Tag, _ int64) ([]backends.Tag, error) {
		return setPair(tags, tag), nil
	})
}

// DeleteExperimentTag removes a tag of an experiment; one that is not there is an
// *Error.
func (e experiments) DeleteExperimentTag(ctx context.Context, id, key string) error {
	return e.changeTags(ctx, "delete experiment tag", id, func(tags []backends.Tag, n int64) ([]backends.Tag, error) {
		i := findPair(tags, key)
		if i == len(tags) || tags[i].Key != key {
			return nil, missing("No tag with name: %s in experiment with id %d", key, n)
		}
		return append(tags[:i], tags[i+1:]...), nil
	})
}

// changeTags leaves the time of the last change as it is: for MLflow a tag is none.
func (e experiments) changeTags(ctx context.Context, what, id string, f func(tags []backends.Tag, n int64) ([]backends.Tag, error)) error {
	return e.write(ctx, what, func(t *tx) error {
		n, err := t.experiment(id)
		if err != nil {
			return err
		}
		var tags []backends.Tag
		err = t.each("SELECT tags FROM experiments WHERE id = ?", func(s *sqlite.Stmt) (err error) {
			tags, err = unpackPairs[backends.Tag](s.ColumnText(0), nil)
			return err
		}, n)
		if err == nil {
			tags, err = f(tags, n)
		}
		if err != nil {
			return err
		}
		t.touch(ofRuns)
		return t.exec("UPDATE experiments SET tags = ? WHERE id = ?", packPairs(tags), n)
	})
}

// RenameExperiment gives an active experiment another name, which must be free.
func (e experiments) RenameExperiment(ctx context.Context, id, name string) error {
	if err := checkExperimentName(name); err != nil {
		return err
	}
	return e.write(ctx, "rename experiment", func(t *tx) error {
		n, deleted, err := t.experimentStage(id)
		if err != nil {
			return err
		}
		if deleted {
			return &Error{InvalidState, "Cannot rename a non-active experiment."}
		}
		other, err := t.int("SELECT count(*) FROM experiments WHERE name = ? AND id <> ?", name, n)
		if err != nil {
			return err
		}
		if other > 0 {
			return &Error{BadRequest, fmt.Sprintf("Experiment(name=%s) already exists.", name)}
		}
		t.touch(ofRuns)
		if err := t.exec("UPDATE runs SET rev = ? WHERE experiment = ?", t.rev, n); err != nil { // listings show its name
			return err
		}
		return t.exec("UPDATE experiments SET name = ?, updated = ? WHERE id = ?", name, t.now, n)
	})
}

// DeleteExperiment moves an active experiment and its runs to the deleted stage;
// RestoreExperiment brings them back. Default may go too, as in MLflow's database.
func (e experiments) DeleteExperiment(ctx context.Context, id string) error {
	return e.stage(ctx, "delete experiment", id, true)
}

// RestoreExperiment undoes DeleteExperiment.
func (e experiments) RestoreExperiment(ctx context.Context, id string) error {
	return e.stage(ctx, "restore experiment", id, false)
}

func (e experiments) stage(ctx context.Context, what, id string, deleted bool) error {
	return e.write(ctx, what, func(t *tx) error {
		n, now, err := t.experimentStage(id)
		if err != nil {
			return err
		}
		if now == deleted {
			return missing("No Experiment with id=%d exists", n)
		}
		if err := t.exec("UPDATE experiments SET deleted = ?, updated = ? WHERE id = ?", deleted, t.now, n); err != nil {
			return err
		}
		t.touch(ofRuns)
		return t.exec("UPDATE runs SET deleted = ?, rev = ? WHERE experiment = ? AND deleted <> ?", deleted, t.rev, n, deleted)
	})
}

const maxLocation = 2048

// checkLocation refuses what MLflow's server does: a place in a run, and one on a host
// that the server itself would have to call (mlflow/store/artifact/host_policy.py).
func checkLocation(uri string) error {
	scheme, rest, found := strings.Cut(uri, ":")
	scheme = strings.ToLower(scheme)
	hosted := false
	switch scheme {
	case "http", "https", "ftp", "sftp", "hdfs", "viewfs", "r2", "b2", "abfss":
		hosted = found
	case "mlflow-artifacts":
		hosted = strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, "///")
	}
	_, query, _ := strings.Cut(uri, "?")
	switch {
	case uri == "":
		return nil
	case strings.Contains(uri, "#"), strings.Contains(uri, ";") && (!found || scheme == "http" || scheme == "https" || scheme == "ftp" || scheme == "sftp"): // only these have params
		return invalid("'artifact_location' URL can't include fragments or params.")
	case strings.Contains(query, ".."):
		return invalid("Invalid query string")
	case hosted:
		return invalid("'artifact_location' cannot use the '%[1]s' scheme: the '%[1]s' scheme addresses a host other than the tracking server's configured artifact storage, "+
			"so the server would connect to the host named in the URI. Set the MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment variable on the server to allow it.", scheme)
	case strings.HasPrefix(uri, "runs:"):
		return invalid("Artifact location cannot be a runs:/ URI. Given: '%s'", uri)
	case len(uri) > maxLocation:
		return invalid("Invalid artifact path length. The length of the artifact path cannot be greater than %d characters. "+
			"To configure this limit, please set the MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH environment variable.", maxLocation)
	}
	return nil
}
