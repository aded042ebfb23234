package serve

import (
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/backends"
)

func write(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// werkzeugLine is what werkzeug.security.generate_password_hash("s3cret:ü",
// "pbkdf2:sha256:1000") of Werkzeug 3 gave.
const werkzeugLine = "bob:pbkdf2:sha256:1000$NzOCVWFkqX70haWR$cae0bdc1048d319b2933b61f48ee452d5ad3634dc81f41bd6c6b1a917233cfc1"

func TestWhoMayIn(t *testing.T) {
	var d Doors
	line, err := UserLine("eve", "look only")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		d.AddUser("ann", "pass:word"),
		d.AddUsers(write(t, "# people\n\n"+werkzeugLine+"\n"+line+" viewer\n")),
		d.AddTokens(write(t, "0123456789abcdef\nfedcba9876543210 viewer\n")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	h := handler(t, options(func(o *Options) { o.Doors = d }))
	for _, c := range []struct{ auth, want string }{
		{basic("ann", "pass:word"), "ann owner"},
		{basic("ann", "pass:word"), "ann owner"}, // from memory
		{basic("bob", "s3cret:ü"), "bob owner"},
		{basic("eve", "look only"), "eve viewer"},
		{"Bearer 0123456789abcdef", "token owner"},
		{"bearer 0123456789abcdef", "token owner"},
		{"Bearer fedcba9876543210", "token viewer"},
		{"", ""},
		{"Bearer", ""},
		{"Bearer 0123456789abcdeg", ""},
		{"Basic 0123456789abcdef", ""},
		{"0123456789abcdef", ""},
		{basic("ann", "pass:wore"), ""},
		{basic("ann", ""), ""},
		{basic("nobody", "pass:word"), ""},
		{basic("", ""), ""},
		{basic("bob", "pass:word"), ""},
		{basic("annp", "ass:word"), ""}, // not what was remembered of ann
	} {
		w := ask(h, "GET", "/api/x", "", "Authorization", c.auth)
		switch {
		case c.want != "" && !strings.HasPrefix(w.Body.String(), c.want+" /api/x"):
			t.Errorf("%s: %d %s, want %s", c.auth, w.Code, w.Body, c.want)
		case c.want == "" && (w.Code != 401 || !strings.Contains(w.Body.String(), `"error_code":"UNAUTHENTICATED"`) || len(w.Header().Values("WWW-Authenticate")) != 2):
			t.Errorf("%s: %d %s %v", c.auth, w.Code, w.Body, w.Header())
		}
	}
	for path, want := range map[string]int{"/health": 200, "/": 401, "/static-files/x.js": 401, "/version": 401} {
		if w := ask(h, "GET", path, ""); w.Code != want {
			t.Errorf("%s without a password: %d", path, w.Code)
		}
	}
	looking := handler(t, options(func(o *Options) { o.Doors, o.Grant.Role = d, backends.Viewer }))
	if w := ask(looking, "GET", "/api/x", "", "Authorization", "Bearer 0123456789abcdef"); !strings.HasPrefix(w.Body.String(), "token viewer") {
		t.Errorf("on a read-only server: %s", w.Body)
	}
}

func TestFilesOfSecrets(t *testing.T) {
	for content, says := range map[string]string{
		"":                              "nothing is in it",
		"# only words\n":                "nothing is in it",
		"ann\n":                         ":1: it is not NAME:HASH",
		"\nann:secret\n":                ":2: user ann: the hash is not pbkdf2",
		"ann:$2y$10$abcdefghijklmnop\n": "the hash is not pbkdf2",
		"ann:pbkdf2:sha256:0$a$00\n":    "rounds",
		"ann:pbkdf2:sha256:999999999$a$" + strings.Repeat("0", 64) + "\n": "rounds",
		"ann:pbkdf2:sha256:1$a$xyz\n":                                     "64 hex digits",
		werkzeugLine + "\n" + werkzeugLine:                                "there twice",
		strings.Repeat("x", 1<<20):                                        "token too long",
	} {
		var d Doors
		if err := d.AddUsers(write(t, content)); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("users %.40q: %v, want %q", content, err, says)
		}
	}
	for content, says := range map[string]string{"\n": "nothing is in it", "short\n": "at least 16", "0123456789abcdef 0123456789abcdef": "no blank"} {
		var d Doors
		if err := d.AddTokens(write(t, content)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("tokens %q: %v, want %q", content, err, says)
		}
	}
	var d Doors
	for name, password := range map[string]string{"": "x", "a:b": "x", "a b": "x", "ann": ""} {
		if d.AddUser(name, password) == nil {
			t.Errorf("user %q with %q is taken", name, password)
		}
	}
	if err := d.AddUsers(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
}

func FuzzUsersFile(f *testing.F) {
	f.Add(werkzeugLine)
	f.Add("ann:pbkdf2:sha256:1$$" + strings.Repeat("0", 64) + " viewer\n#\n")
	f.Add("a:b:c$d$e")
	f.Fuzz(func(t *testing.T, content string) {
		var d Doors
		if err := readLines("users", strings.NewReader(content), d.userLine); err == nil && d.Open() {
			t.Error("a file that was read lets everybody in")
		}
		for name, u := range d.users {
			if u.hash.rounds > most || parsesBack(u.hash) != nil {
				t.Errorf("user %q has the hash %s", name, u.hash)
			}
		}
	})
}

func parsesBack(h hash) error {
	back, err := parseHash(h.String())
	if err == nil && back.String() != h.String() {
		err = errors.New("it changed")
	}
	return err
}

func BenchmarkKnownPassword(b *testing.B) {
	var d Doors
	if err := d.AddUser("ann", "password"); err != nil {
		b.Fatal(err)
	}
	r, _ := http.NewRequest("GET", "/", nil)
	r.SetBasicAuth("ann", "password")
	d.admit(r, backends.Grant{}) // the first time is slow on purpose
	for b.Loop() {
		if _, ok := d.admit(r, backends.Grant{}); !ok {
			b.Fatal("refused")
		}
	}
}
