package serve

import (
	"crypto/tls"
	"fmt"
	"os"
	"strings"
	"time"
)

// Certificate reads a certificate with its chain, and its key, both PEM. One that
// is not valid now is refused here, in words, instead of at each client.
func Certificate(certFile, keyFile string, now time.Time) (*tls.Config, error) {
	switch {
	case certFile == "":
		return nil, fmt.Errorf("--tls-key %s: a key needs its certificate, --tls-cert", keyFile)
	case keyFile == "":
		return nil, fmt.Errorf("--tls-cert %s: a certificate needs its key, --tls-key", certFile)
	}
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		why := strings.TrimPrefix(err.Error(), "tls: ")
		if strings.Contains(why, "private key does not match") || strings.Contains(why, "private key type does not match") {
			return nil, fmt.Errorf("the key %s does not belong to the certificate %s", keyFile, certFile)
		}
		return nil, fmt.Errorf("certificate %s with key %s: %s", certFile, keyFile, why)
	}
	leaf := pair.Leaf
	switch {
	case now.After(leaf.NotAfter):
		return nil, fmt.Errorf("the certificate %s expired on %s; clients would refuse it", certFile, leaf.NotAfter.UTC().Format("2006-01-02 15:04 UTC"))
	case now.Before(leaf.NotBefore):
		return nil, fmt.Errorf("the certificate %s is valid only from %s on; clients would refuse it", certFile, leaf.NotBefore.UTC().Format("2006-01-02 15:04 UTC"))
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}
