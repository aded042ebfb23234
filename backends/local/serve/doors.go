package serve

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"flightdeck/backends"
)

// Doors are the ways in. Without any, everyone who reaches the address gets the
// whole grant. A password is kept as a hash and a token is compared in constant
// time; a caller who may only look gets a viewer's grant.
type Doors struct {
	users  map[string]user
	tokens []token
	known  *known
}

type user struct {
	hash   hash
	viewer bool
}

type token struct {
	sum    [sha256.Size]byte
	viewer bool
}

// Open reports that nobody is asked who they are.
func (d Doors) Open() bool { return len(d.users) == 0 && len(d.tokens) == 0 }

// AddUser lets a user in by a password.
func (d *Doors) AddUser(name, password string) error {
	if err := checkUser(name, password); err != nil {
		return err
	}
	d.user(name, user{hash: newHash(password, iterations)})
	return nil
}

func checkUser(name, password string) error {
	switch {
	case name == "" || strings.ContainsAny(name, ": \t\n"):
		return fmt.Errorf("user %q: a name has no colon and no blank, and is not empty", name)
	case password == "":
		return fmt.Errorf("user %s: the password is empty", name)
	}
	return nil
}

func (d *Doors) user(name string, u user) {
	if d.users == nil {
		d.users, d.known = map[string]user{}, newKnown()
	}
	d.known.nobody.rounds = max(d.known.nobody.rounds, u.hash.rounds)
	d.users[name] = u
}

// AddUsers reads a file of lines NAME:HASH, as UserLine writes them; " viewer" at
// the end makes it one who may only look. Empty lines and lines that begin with #
// are left out. HASH is werkzeug's pbkdf2, as MLflow's own user table has it.
func (d *Doors) AddUsers(path string) error {
	return eachLine(path, d.userLine)
}

func (d *Doors) userLine(line string) error {
	line, viewer := strings.CutSuffix(line, " viewer")
	name, spec, ok := strings.Cut(strings.TrimSpace(line), ":")
	if !ok || name == "" {
		return errors.New("it is not NAME:HASH")
	}
	h, err := parseHash(spec)
	if err != nil {
		return fmt.Errorf("user %s: %w", name, err)
	}
	if _, twice := d.users[name]; twice {
		return fmt.Errorf("user %s is there twice", name)
	}
	d.user(name, user{h, viewer})
	return nil
}

// AddTokens reads a file of tokens, one a line; " viewer" after one makes it a
// token that may only look.
func (d *Doors) AddTokens(path string) error {
	return eachLine(path, func(line string) error {
		line, viewer := strings.CutSuffix(line, " viewer")
		if len(line) < shortest {
			return fmt.Errorf("a token has at least %d characters; make one with: openssl rand -hex 24", shortest)
		}
		if strings.ContainsAny(line, " \t") {
			return errors.New("a token has no blank in it")
		}
		d.tokens = append(d.tokens, token{sha256.Sum256([]byte(line)), viewer})
		return nil
	})
}

const shortest = 16 // a token that can be guessed is none

// eachLine calls f with each line of a small file that says something, and names the
// line that f does not take, but not what stands there.
func eachLine(path string, f func(line string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return readLines(path, file, f)
}

func readLines(path string, from io.Reader, f func(line string) error) error {
	sc := bufio.NewScanner(from)
	found := false
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSpace(sc.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		found = true
		if err := f(line); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if !found {
		return fmt.Errorf("%s: nothing is in it", path)
	}
	return nil
}

// admit finds out who it is and what they may do, most being the most.
func (d Doors) admit(r *http.Request, most backends.Grant) (backends.Grant, bool) {
	if d.Open() {
		return most, true
	}
	grant := func(actor string, viewer bool) (backends.Grant, bool) {
		if viewer {
			return backends.Grant{Actor: actor, Role: backends.Viewer}, true
		}
		return backends.Grant{Actor: actor, Role: most.Role}, true
	}
	if name, password, ok := r.BasicAuth(); ok {
		if u, ok := d.known.check(d.users, name, password); ok {
			return grant(name, u.viewer)
		}
		return backends.Grant{}, false
	}
	scheme, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return backends.Grant{}, false
	}
	sum, hit := sha256.Sum256([]byte(strings.TrimSpace(got))), -1
	for i, t := range d.tokens { // all of them, whichever it is
		if subtle.ConstantTimeCompare(sum[:], t.sum[:]) == 1 {
			hit = i
		}
	}
	if hit < 0 {
		return backends.Grant{}, false
	}
	return grant("token", d.tokens[hit].viewer)
}

func (d Doors) challenge(w http.ResponseWriter) {
	if len(d.users) > 0 {
		w.Header().Add("WWW-Authenticate", `Basic realm="mlflow"`)
	}
	if len(d.tokens) > 0 {
		w.Header().Add("WWW-Authenticate", "Bearer")
	}
}
