package track

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
)

func TestUploadInParts(t *testing.T) {
	st := newStore(t)
	run, err := st.CreateRun(operator(t), store.NewRun{})
	ok(t, err)
	srv := httptest.NewServer(Handler(st, Options{Token: "s", Grant: backends.Grant{Role: backends.Operator}}))
	defer srv.Close()
	do := func(method, url string, header map[string]string, body string) (*http.Response, []byte) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		ok(t, err)
		for k, v := range header {
			r.Header.Set(k, v)
		}
		resp, err := srv.Client().Do(r)
		ok(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		ok(t, err)
		return resp, b
	}
	auth := map[string]string{"Authorization": "Bearer s", "Content-Type": "application/json"}
	mpu := srv.URL + "/api/2.0/mlflow-artifacts/mpu/"
	for _, c := range []struct{ folder, file string }{{"0/" + run.ID + "/artifacts/model", "big.bin"}, {"0/models/m-1/artifacts", "weights"}} {
		resp, b := do("POST", mpu+"create/"+c.folder, auth, fmt.Sprintf(`{"path":"/home/user/%s","num_parts":3}`, c.file))
		var made struct {
			ID          string             `json:"upload_id"`
			Credentials []uploadCredential `json:"credentials"`
		}
		if ok(t, json.Unmarshal(b, &made)); resp.StatusCode != 200 || len(made.Credentials) != 3 {
			t.Fatalf("%d %s", resp.StatusCode, b)
		}
		var parts []map[string]any
		for i, cred := range made.Credentials {
			resp, b := do("PUT", cred.URL, cred.Headers, strings.Repeat(string(rune('a'+i)), 1000))
			if resp.StatusCode != 200 {
				t.Fatalf("part %d: %d %s", i, resp.StatusCode, b)
			}
			parts = append(parts, map[string]any{"part_number": cred.Number, "etag": resp.Header.Get("ETag"), "url": cred.URL})
		}
		whole := map[string]any{"path": c.file, "upload_id": made.ID, "parts": parts}
		bad := map[string]any{"path": c.file, "upload_id": made.ID, "parts": []map[string]any{{"part_number": 1, "etag": "../x"}}}
		if resp, b := do("POST", mpu+"complete/"+c.folder, auth, show(bad)); resp.StatusCode != 400 {
			t.Errorf("a wrong etag: %d %s", resp.StatusCode, b)
		}
		if resp, b := do("POST", mpu+"complete/"+c.folder, auth, show(whole)); resp.StatusCode != 200 {
			t.Fatalf("%d %s", resp.StatusCode, b)
		}
		resp, b = do("GET", srv.URL+"/api/2.0/mlflow-artifacts/artifacts/"+c.folder+"/"+c.file, auth, "")
		if want := strings.Repeat("a", 1000) + strings.Repeat("b", 1000) + strings.Repeat("c", 1000); resp.StatusCode != 200 || string(b) != want {
			t.Errorf("%d, %d bytes", resp.StatusCode, len(b))
		}
		if resp, _ := do("PUT", made.Credentials[0].URL, auth, "late"); resp.StatusCode != 404 {
			t.Errorf("a part after the end: %d", resp.StatusCode)
		}
	}
	_, b := do("POST", mpu+"create/0/x", auth, `{"path":"f"}`)
	var made struct {
		ID string `json:"upload_id"`
	}
	ok(t, json.Unmarshal(b, &made))
	if resp, b := do("POST", mpu+"abort/0/x", auth, fmt.Sprintf(`{"path":"f","upload_id":"%s"}`, made.ID)); resp.StatusCode != 200 {
		t.Errorf("%d %s", resp.StatusCode, b)
	}
	for _, id := range []string{"../../x", "..", "0123", made.ID} {
		if resp, _ := do("POST", mpu+"abort/0/x", auth, show(map[string]any{"path": "f", "upload_id": id})); resp.StatusCode != 404 {
			t.Errorf("abort of %s: %d", id, resp.StatusCode)
		}
	}
	left, err := filepath.Glob(filepath.Join(st.Dir(), "artifacts", ".part-*"))
	if ok(t, err); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if found, err := st.Check(t.Context(), nil); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
}

// cutOff is a body that ends with an error.
type cutOff struct{ r io.Reader }

func (c cutOff) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestFilesThroughTheProxy(t *testing.T) {
	st := newStore(t)
	h := Handler(st, Options{Grant: backends.Grant{Role: backends.Owner}})
	const at = "/api/2.0/mlflow-artifacts/artifacts"
	content := strings.Repeat("0123456789", 100)
	if code, body := ask(h, "PUT", at+"/prompts/p-1/text.md", content); code != 200 || body != "" {
		t.Fatal(code, body)
	}
	r := httptest.NewRequest("PUT", at+"/prompts/cut", cutOff{strings.NewReader("half")})
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code == 200 {
		t.Error("a file that was cut off was taken")
	}
	r = httptest.NewRequest("GET", at+"/prompts/p-1/text.md", nil)
	r.Header.Set("Range", "bytes=10-14")
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 206 || w.Body.String() != "01234" || w.Header().Get("Content-Type") != "text/plain" || w.Header().Get("X-Content-Type-Options") != "nosniff" ||
		w.Header().Get("Content-Disposition") != "attachment; filename=text.md" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	sum := sha256.Sum256([]byte(content))
	digest := hex.EncodeToString(sum[:])
	blob := filepath.Join(st.Dir(), "artifacts", digest[:2], digest[2:])
	if m, _ := filepath.Glob(blob); len(m) != 1 {
		t.Error("the file is not kept by its digest")
	}
	for q, want := range map[string]string{
		"": `"prompts"`, "?path=prompts": `"p-1"`, "?path=prompts/p-1": `"file_size": 1000`, "?path=prompts/p-1/text.md": "{}", "?path=nope": "{}",
	} {
		if code, body := ask(h, "GET", at+q, ""); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", q, code, body)
		}
	}
	operators := Handler(st, Options{Grant: backends.Grant{Role: backends.Operator}})
	if code, _ := ask(operators, "DELETE", at+"/prompts", ""); code != 403 {
		t.Errorf("an operator deleted files for good: %d", code)
	}
	if code, body := ask(h, "DELETE", at+"/prompts", ""); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if m, _ := filepath.Glob(blob); len(m) != 0 {
		t.Error("the file stays though nothing names it")
	}
	if code, body := ask(h, "GET", at+"/prompts/p-1/text.md", ""); code != 404 || !strings.Contains(body, "No such artifact: 'prompts/p-1/text.md'") {
		t.Errorf("%d %s", code, body)
	}
}

func FuzzSafePath(f *testing.F) {
	for _, s := range []string{"a/b", "..%2f..", "%252e%252e/x", "/abs", "C:/x", "a//b", "a\x00", "file:///etc", "a/./b", "%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, p string) {
		clean, err := safePath(p)
		if err == nil && clean != "" && (!fs.ValidPath(clean) || strings.ContainsAny(clean, "\\\x00")) {
			t.Fatalf("%q became %q", p, clean)
		}
	})
}

// A refused body is read, so that who sends it hears why.
func TestARefusedBodyIsRead(t *testing.T) {
	srv := httptest.NewServer(Handler(newStore(t), Options{Grant: backends.Grant{Role: backends.Operator}}))
	defer srv.Close()
	resp, err := srv.Client().Post(srv.URL+"/ajax-api/2.0/mlflow/upload-artifact?run_uuid=x&path=y", "application/octet-stream", bytes.NewReader(make([]byte, 12<<20)))
	ok(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if ok(t, err); resp.StatusCode != 400 || !bytes.Contains(b, []byte("Max size is 10MB")) {
		t.Errorf("%d %s", resp.StatusCode, b)
	}
	big := url.Values{"x": {strings.Repeat("x", maxBody)}}
	resp, err = srv.Client().Post(srv.URL+api2+"runs/log-batch", "application/json", strings.NewReader(show(big)))
	ok(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != 400 {
		t.Errorf("%d", resp.StatusCode)
	}
}
