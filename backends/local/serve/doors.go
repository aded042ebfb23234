package serve

import (
	"bufio"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

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
	return eachLine(path, func(line string) error {
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
	})
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
	sc := bufio.NewScanner(file)
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

// known remembers who proved a password once: the hash is slow on purpose, and a
// training sends it with every request.
type known struct {
	key    [32]byte
	busy   chan struct{} // guesses cost us at most so many cores
	nobody hash          // what a name that nobody has is compared with

	mu   sync.Mutex
	seen map[[sha256.Size]byte]bool // as many as there are users
}

func newKnown() *known {
	k := &known{busy: make(chan struct{}, 2), nobody: newHash("", 1), seen: map[[sha256.Size]byte]bool{}}
	_, _ = rand.Read(k.key[:]) // never fails
	return k
}

func (k *known) check(users map[string]user, name, password string) (user, bool) {
	u, there := users[name]
	mac := hmac.New(sha256.New, k.key[:])
	fmt.Fprintf(mac, "%d %s%s", len(name), name, password)
	proof := [sha256.Size]byte(mac.Sum(nil))
	k.mu.Lock()
	seen := k.seen[proof]
	k.mu.Unlock()
	if there && seen {
		return u, true
	}
	k.busy <- struct{}{}
	defer func() { <-k.busy }()
	if !there {
		k.nobody.matches(password)
		return user{}, false
	}
	if !u.hash.matches(password) {
		return user{}, false
	}
	k.mu.Lock()
	k.seen[proof] = true
	k.mu.Unlock()
	return u, true
}

// hash is PBKDF2 with SHA-256, written as werkzeug writes it:
// pbkdf2:sha256:ITERATIONS$SALT$HEX.
type hash struct {
	rounds int
	salt   string
	sum    []byte
}

const (
	iterations = 600_000    // OWASP's figure for PBKDF2-HMAC-SHA256
	most       = 10_000_000 // a file must not make a login take minutes
)

func newHash(password string, rounds int) hash {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	h := hash{rounds: rounds, salt: hex.EncodeToString(salt)}
	h.sum = h.of(password)
	return h
}

func (h hash) of(password string) []byte {
	sum, err := pbkdf2.Key(sha256.New, password, []byte(h.salt), h.rounds, sha256.Size)
	if err != nil { // only in FIPS mode, for a salt or a key that is too short
		return nil
	}
	return sum
}

func (h hash) matches(password string) bool {
	sum := h.of(password)
	return sum != nil && subtle.ConstantTimeCompare(sum, h.sum) == 1
}

func (h hash) String() string {
	return fmt.Sprintf("pbkdf2:sha256:%d$%s$%x", h.rounds, h.salt, h.sum)
}

func parseHash(s string) (hash, error) {
	parts := strings.Split(s, "$")
	rounds, ok := strings.CutPrefix(parts[0], "pbkdf2:sha256:")
	if !ok || len(parts) != 3 {
		return hash{}, errors.New("the hash is not pbkdf2:sha256:…$…$…; flightdeck serve user NAME makes one")
	}
	n, err := strconv.Atoi(rounds)
	if err != nil || n < 1 || n > most {
		return hash{}, fmt.Errorf("the hash has no sensible number of rounds (1 to %d)", most)
	}
	sum, err := hex.DecodeString(parts[2])
	if err != nil || len(sum) != sha256.Size {
		return hash{}, errors.New("the hash does not end in 64 hex digits")
	}
	return hash{n, parts[1], sum}, nil
}

// UserLine is a line for a users file.
func UserLine(name, password string) (string, error) {
	if err := checkUser(name, password); err != nil {
		return "", err
	}
	return name + ":" + newHash(password, iterations).String(), nil
}
