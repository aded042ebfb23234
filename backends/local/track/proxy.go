package track

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"unicode"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

// The artifact proxy. A path is what comes after the root of an experiment: of a run's
// files it is <experiment>/<run>/artifacts/…, of a logged model's
// <experiment>/models/<model>/artifacts/…, and of others what their client likes.

func proxyRoutes() []route {
	const files = "/mlflow-artifacts/artifacts/{artifact_path...}"
	var out []route
	for _, prefix := range prefixes() {
		out = append(out,
			route{http.MethodGet, prefix + "/mlflow-artifacts/artifacts", (*api).listFiles},
			route{http.MethodGet, prefix + files, (*api).getFile},
			route{http.MethodPut, prefix + files, (*api).putFile},
			route{http.MethodDelete, prefix + files, (*api).deleteFile},
			route{http.MethodGet, prefix + "/mlflow-artifacts/presigned/{artifact_path...}", (*api).presignFile},
			route{http.MethodPost, prefix + "/mlflow-artifacts/mpu/create/{artifact_path...}", (*api).beginUpload},
			route{http.MethodPost, prefix + "/mlflow-artifacts/mpu/complete/{artifact_path...}", (*api).completeUpload},
			route{http.MethodPost, prefix + "/mlflow-artifacts/mpu/abort/{artifact_path...}", (*api).abortUpload},
			route{http.MethodPut, prefix + "/mlflow-artifacts/mpu/part/{upload}/{number}", (*api).putPart},
		)
	}
	return out
}

// isStream reports whether a request's body is a file, which is never read whole.
func isStream(r *http.Request) bool {
	return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/mlflow-artifacts/") || strings.HasSuffix(r.URL.Path, "/mlflow/upload-artifact")
}

// spot is where a path of the proxy leads: to a file of a run, or to one that is no
// run's when run is empty.
type spot struct {
	run, name string
	whole     string // the path itself, for messages
}

// spot finds it. dir says that a folder is meant, so that name may be empty.
func (a *api) spot(ctx context.Context, p string, dir bool) (s spot, err error) {
	if s.whole, err = safePath(p); err != nil {
		return s, err
	}
	s.name = s.whole
	parts := strings.Split(s.whole, "/")
	for i := 0; i+1 < len(parts); i++ {
		if parts[i+1] != "artifacts" || !isRunID(parts[i]) {
			continue
		}
		exp, at, err := a.st.RunPlace(ctx, parts[i])
		if err != nil {
			return s, err
		}
		if root, here := rootOf(exp, at); here && root == strings.Join(parts[:i], "/") {
			s.run, s.name = parts[i], strings.Join(parts[i+2:], "/")
		}
		break
	}
	if s.name == "" && !dir {
		return s, refuse("Artifact path refers to a directory, not a file: '%s'", s.whole)
	}
	return s, nil
}

func isRunID(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }

// rootOf is the path under which the proxy has an experiment; here is false when its
// runs keep their files elsewhere.
func rootOf(experiment, at string) (root string, here bool) {
	if at == "" {
		return experiment, experiment != ""
	}
	rest, here := strings.CutPrefix(at, "mlflow-artifacts:")
	return strings.Trim(rest, "/"), here
}

// safePath checks a path as MLflow does (mlflow/utils/uri.py), and makes it one that
// means the same on every file system.
func safePath(p string) (string, error) {
	for range 10 {
		decoded, err := url.PathUnescape(p)
		if err != nil || decoded == p {
			break
		}
		p = decoded
	}
	if strings.ContainsFunc(p, unicode.IsControl) {
		var b strings.Builder
		for _, r := range p {
			if unicode.IsControl(r) {
				b.WriteString(url.PathEscape(string(r)))
			} else {
				b.WriteRune(r)
			}
		}
		p = b.String()
	}
	drive := len(p) > 2 && p[1] == ':' && (p[2] == '/' || p[2] == '\\')
	if strings.ContainsAny(p, "#\\") || strings.HasPrefix(p, "/") || drive || strings.HasPrefix(strings.ToLower(p), "file:") {
		return "", refuse("Invalid path")
	}
	for e := range strings.SplitSeq(p, "/") {
		if e == ".." {
			return "", refuse("Invalid path")
		}
	}
	if p = path.Clean(p); p == "." {
		p = ""
	}
	return valid(p), nil
}

func (a *api) putFile(ctx context.Context, in *fields) (any, error) {
	p := in.text("artifact_path")
	if p == "" || strings.HasSuffix(p, "/") {
		return nil, refuse("Artifact path must include a filename (cannot end with '/').")
	}
	s, err := a.spot(ctx, p, false)
	if err == nil {
		_, err = a.put(ctx, s, in.http)
	}
	if err != nil {
		return nil, err
	}
	return answer(func(http.ResponseWriter, *http.Request) {}), nil // without a body, as MLflow
}

// put stores what a request's body holds.
func (a *api) put(ctx context.Context, s spot, r *http.Request) (backends.Artifact, error) {
	got, err := backends.Artifact{}, error(nil)
	if s.run != "" {
		got, err = a.st.PutArtifact(ctx, s.run, s.name, r.Body)
	} else {
		got, err = a.st.PutFile(ctx, s.name, r.Body)
	}
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return got, refuse("The file is larger than %d bytes, which is the most that this server takes.", big.Limit)
	}
	return got, err
}

func (a *api) getFile(ctx context.Context, in *fields) (any, error) {
	s, err := a.spot(ctx, in.text("artifact_path"), false)
	if err != nil {
		return nil, err
	}
	return a.send(ctx, s)
}

// send answers with a file, or a part of it.
func (a *api) send(ctx context.Context, s spot) (any, error) {
	known, file, err := a.open(ctx, s)
	if errors.Is(err, backends.ErrNotFound) {
		if in, err := a.filesIn(ctx, s); err == nil && len(in) > 0 {
			return nil, refuse("Artifact path refers to a directory, not a file: '%s'", s.whole)
		}
		return nil, &apiError{store.DoesNotExist, fmt.Sprintf("No such artifact: '%s'", s.whole)}
	}
	if err != nil {
		return nil, err
	}
	return answer(func(w http.ResponseWriter, r *http.Request) {
		defer file.Close()
		h := w.Header()
		h.Set("Content-Type", mimeOf(s.name))
		h.Set("Content-Disposition", disposition(path.Base(s.name)))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("ETag", `"`+strings.TrimPrefix(known.Digest, "sha256:")+`"`)
		h.Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, "", known.Time, file)
	}), nil
}

func (a *api) open(ctx context.Context, s spot) (backends.Artifact, *os.File, error) {
	if s.run != "" {
		return a.st.ArtifactFile(ctx, s.run, s.name)
	}
	return a.st.OpenFile(ctx, s.name)
}

func (a *api) filesIn(ctx context.Context, s spot) ([]backends.Artifact, error) {
	if s.run != "" {
		return a.st.ArtifactsIn(ctx, s.run, s.name)
	}
	return a.st.FilesIn(ctx, s.name)
}

func (a *api) deleteFile(ctx context.Context, in *fields) (any, error) {
	s, err := a.spot(ctx, in.text("artifact_path"), true)
	if err != nil {
		return nil, err
	}
	if s.run != "" {
		_, err = a.st.DeleteArtifacts(ctx, s.run, s.name)
	} else {
		_, err = a.st.DeleteFiles(ctx, s.name)
	}
	return done(err)
}

func (a *api) presignFile(_ context.Context, in *fields) (any, error) {
	if _, err := safePath(in.text("artifact_path")); err != nil {
		return nil, err
	}
	return nil, &apiError{notImplemented, "Multipart download is not supported for the current artifact repository"}
}
