package track

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"

	"flightdeck/backends/local/store"
)

// An upload in parts: the client asks for it, puts each part where it is told to, and
// completes it. MLflow's own server does so only for stores in a cloud.

type (
	uploadCredential struct {
		URL     string            `json:"url"`
		Number  int               `json:"part_number"`
		Headers map[string]string `json:"headers"`
	}
	uploadPart struct {
		Number wireInt `json:"part_number"`
		Tag    string  `json:"etag"`
	}
)

const maxParts = 10_000

// uploadName is the file that an upload makes: the path names its folder, and the
// request the file on the client's disk.
func (f *fields) uploadName() string {
	name := path.Base(strings.ReplaceAll(f.required("path"), "\\", "/"))
	return path.Join(f.text("artifact_path"), name)
}

func (a *api) beginUpload(ctx context.Context, in *fields) (any, error) {
	name := in.uploadName()
	parts, ok := in.integer("num_parts")
	if !ok {
		parts = 1
	}
	if parts < 1 || parts > maxParts {
		in.fail("num_parts must be between 1 and %d.", maxParts)
	}
	if in.err != nil {
		return nil, in.err
	}
	if _, err := a.spot(ctx, name, false); err != nil {
		return nil, err
	}
	id, err := a.st.BeginUpload(ctx)
	if err != nil {
		return nil, err
	}
	out := struct {
		ID          string             `json:"upload_id"`
		Credentials []uploadCredential `json:"credentials"`
	}{ID: id}
	at := partURL(in.http)
	headers := map[string]string{} // parts are sent without what the client knows of us
	if auth := in.http.Header.Get("Authorization"); auth != "" {
		headers["Authorization"] = auth
	}
	for n := range int(parts) {
		out.Credentials = append(out.Credentials, uploadCredential{fmt.Sprintf("%s/%s/%d", at, id, n+1), n + 1, headers})
	}
	return out, nil
}

// partURL is where parts go, by the name under which the client knows this server.
func partURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	before, _, _ := strings.Cut(r.URL.Path, "/mlflow-artifacts/")
	return scheme + "://" + r.Host + before + "/mlflow-artifacts/mpu/part"
}

func (a *api) putPart(ctx context.Context, in *fields) (any, error) {
	n, err := strconv.Atoi(in.text("number"))
	if err != nil {
		return nil, refuse("A part's number must be an integer, got '%s'.", in.text("number"))
	}
	tag, err := a.st.PutPart(ctx, in.text("upload"), n, in.http.Body)
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return nil, refuse("The part is larger than %d bytes, which is the most that this server takes.", big.Limit)
	}
	if err != nil {
		return nil, err
	}
	return answer(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", `"`+tag+`"`) }), nil
}

func (a *api) completeUpload(ctx context.Context, in *fields) (any, error) {
	name, id := in.uploadName(), in.text("upload_id")
	var sent []uploadPart
	in.read("parts", &sent)
	if in.err != nil {
		return nil, in.err
	}
	s, err := a.spot(ctx, name, false)
	if err != nil {
		return nil, err
	}
	parts := make([]store.Part, len(sent))
	for i, p := range sent {
		parts[i] = store.Part{Number: int(p.Number), Tag: p.Tag}
	}
	whole, err := a.st.Upload(id, parts)
	if err != nil {
		return nil, err
	}
	if s.run != "" {
		_, err = a.st.PutArtifact(ctx, s.run, s.name, whole)
	} else {
		_, err = a.st.PutFile(ctx, s.name, whole)
	}
	if err = errors.Join(err, whole.Close()); err != nil {
		return nil, err
	}
	return done(a.st.EndUpload(ctx, id))
}

func (a *api) abortUpload(ctx context.Context, in *fields) (any, error) {
	in.uploadName()
	id := in.text("upload_id")
	if in.err != nil {
		return nil, in.err
	}
	return done(a.st.EndUpload(ctx, id))
}
