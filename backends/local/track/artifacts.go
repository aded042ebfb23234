package track

import (
	"context"
	"net/http"
	"strings"

	"flightdeck/backends/local/store"
)

// artifactPath is what comes after the artifact proxy's prefix.
func artifactPath(path string) (string, bool) {
	for _, prefix := range [...]string{"/api/2.0", "/ajax-api/2.0"} {
		if rest, ok := strings.CutPrefix(path, prefix+"/mlflow-artifacts/artifacts/"); ok {
			return rest, true
		}
	}
	return "", false
}

// putArtifact takes <experiment>/<run>/artifacts/<path>. The answer to a file that
// was stored has no body, as MLflow's.
func (a *api) putArtifact(ctx context.Context, w http.ResponseWriter, r *http.Request, name string) {
	parts := strings.SplitN(name, "/", 4)
	if len(parts) < 4 || parts[2] != "artifacts" {
		writeError(w, &apiError{store.InvalidParameter, "Invalid path: artifacts go to <experiment>/<run>/artifacts/<path>"})
		return
	}
	run, err := a.run(ctx, parts[1])
	if err == nil && run.Experiment != parts[0] {
		err = &apiError{store.DoesNotExist, "Run with id=" + parts[1] + " is not in experiment " + parts[0]}
	}
	if err == nil {
		_, err = a.st.PutArtifact(ctx, run.ID, parts[3], r.Body)
	}
	if err != nil {
		writeError(w, err)
	}
}
