package track

import (
	"context"
	"mime"
	"path"
	"slices"
	"strings"

	"flightdeck/backends"
)

type wireFile struct {
	Path  string `json:"path"`
	IsDir bool   `json:"is_dir"`
	Size  *int64 `json:"file_size,omitempty"`
}

// children are what lies directly in a folder, by name; before is put before each.
func children(all []backends.Artifact, folder, before string) []wireFile {
	var out []wireFile
	if folder != "" {
		folder += "/"
	}
	seen := map[string]bool{}
	for i := range all {
		name, below, deep := strings.Cut(all[i].Path[len(folder):], "/")
		switch {
		case !deep:
			out = append(out, wireFile{Path: path.Join(before, name), Size: &all[i].Size})
		case below != "" && !seen[name]:
			seen[name] = true
			out = append(out, wireFile{Path: path.Join(before, name), IsDir: true})
		}
	}
	slices.SortStableFunc(out, func(a, b wireFile) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// listRunArtifacts is for the web UI, and for clients that know only the run.
func (a *api) listRunArtifacts(ctx context.Context, in *fields) (any, error) {
	id, p := in.run(), in.text("path")
	if in.err != nil {
		return nil, in.err
	}
	folder, err := safePath(p)
	if err != nil {
		return nil, err
	}
	r, err := a.run(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := a.st.ArtifactsIn(ctx, r.ID, folder)
	return struct {
		Root  string     `json:"root_uri"`
		Files []wireFile `json:"files,omitempty"`
	}{artifactsOf(r), children(all, folder, folder)}, err
}

// listFiles is the proxy's listing, whose paths begin at the folder.
func (a *api) listFiles(ctx context.Context, in *fields) (any, error) {
	p := in.text("path")
	if in.err != nil {
		return nil, in.err
	}
	s, err := a.spot(ctx, p, true)
	if err != nil {
		return nil, err
	}
	all, err := a.filesIn(ctx, s)
	if err != nil {
		return nil, err
	}
	files := children(all, s.name, "")
	if s.run == "" {
		more, err := a.runFolders(ctx, s.name)
		if err != nil {
			return nil, err
		}
		for _, f := range more {
			if !slices.ContainsFunc(files, func(old wireFile) bool { return old == f }) {
				files = append(files, f)
			}
		}
		slices.SortStableFunc(files, func(a, b wireFile) int { return strings.Compare(a.Path, b.Path) })
	}
	return struct {
		Files []wireFile `json:"files,omitempty"`
	}{files}, nil
}

// runFolders are the folders of runs that have files, where the proxy has them.
func (a *api) runFolders(ctx context.Context, folder string) ([]wireFile, error) {
	roots, err := a.st.RunsWithFiles(ctx)
	if err != nil {
		return nil, err
	}
	var paths []backends.Artifact
	for _, r := range roots {
		root, here := rootOf(r.Experiment, r.Location)
		if p := root + "/" + r.ID + "/artifacts/x"; here && (folder == "" || strings.HasPrefix(p, folder+"/")) {
			paths = append(paths, backends.Artifact{Path: p})
		}
	}
	return children(paths, folder, ""), nil
}

// mimeOf is a file's type as MLflow guesses it from its name: what is text to a person
// is text to the browser.
func mimeOf(name string) string {
	base := path.Base(name)
	ext := strings.TrimPrefix(path.Ext(base), ".")
	if ext == "" {
		ext = base
	}
	switch ext {
	case "txt", "log", "err", "cfg", "conf", "cnf", "cf", "ini", "properties", "prop", "hocon", "toml", "yaml", "yml", "xml", "json",
		"js", "py", "py3", "csv", "tsv", "md", "rst", "ipynb", "MLmodel", "MLproject":
		return "text/plain"
	case "htm", "html":
		return "text/html"
	case "png", "gif", "webp", "bmp", "jpeg":
		return "image/" + ext
	case "jpg":
		return "image/jpeg"
	case "svg":
		return "image/svg+xml"
	case "pdf", "zip":
		return "application/" + ext
	case "pkl", "pt", "pth", "ckpt", "bin", "npy", "npz", "onnx", "safetensors", "skops", "parquet":
		return "application/octet-stream"
	}
	if t, _, err := mime.ParseMediaType(mime.TypeByExtension("." + ext)); err == nil {
		return t
	}
	return "application/octet-stream"
}

// disposition makes a browser save a file rather than show it: RFC 6266.
func disposition(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}

func (a *api) presignUpload(ctx context.Context, in *fields) (any, error) {
	run, model, p := in.text("run_id"), in.text("model_id"), in.required("path")
	if in.err != nil {
		return nil, in.err
	}
	if (run == "") == (model == "") {
		return nil, refuse("Exactly one of run_id and model_id must be provided.")
	}
	if _, err := safePath(p); err != nil {
		return nil, err
	}
	uri := ""
	if run != "" {
		r, err := a.run(ctx, run)
		if err != nil {
			return nil, err
		}
		uri = artifactsOf(r)
	} else {
		m, err := a.st.LoggedModel(ctx, model, false)
		if err != nil {
			return nil, err
		}
		uri = location(m.Experiment)
	}
	return nil, notPresigned(uri, "Presigned upload is not supported for proxied artifact storage (artifact URI scheme: mlflow-artifacts). "+
		"This endpoint requires a direct cloud storage artifact URI.", "upload")
}

func (a *api) presignDownload(ctx context.Context, in *fields) (any, error) {
	run, p := in.required("run_id"), in.required("path")
	seconds, ok := in.integer("expiration")
	if in.err != nil {
		return nil, in.err
	}
	if _, err := safePath(p); err != nil {
		return nil, err
	}
	if ok && (seconds < 1 || seconds > 604_800) {
		return nil, refuse("expiration must be between 1 and 604800 seconds (got %d).", seconds)
	}
	r, err := a.run(ctx, run)
	if err != nil {
		return nil, err
	}
	return nil, notPresigned(artifactsOf(r), "Presigned download is not supported for runs with proxied artifact storage (artifact URI scheme: mlflow-artifacts). "+
		"This endpoint requires a run with a direct cloud storage artifact URI.", "download")
}

// notPresigned says why: files are here, or where only their client can sign in.
func notPresigned(uri, proxied, what string) error {
	if strings.HasPrefix(uri, "mlflow-artifacts:") {
		return refuse("%s", proxied)
	}
	return &apiError{notImplemented, "Presigned " + what + " is not supported for the current artifact repository"}
}
