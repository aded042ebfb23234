package serve

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

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
