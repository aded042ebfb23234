package serve

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// pair is a certificate for loopback and its key, as files.
func pair(t *testing.T, from, to time.Time) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	kb, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return write(t, string(certPEM)), write(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kb}))), pool
}

func TestCertificates(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	good, goodKey, _ := pair(t, now.Add(-time.Hour), now.Add(time.Hour))
	old, oldKey, _ := pair(t, now.Add(-48*time.Hour), now.Add(-24*time.Hour))
	early, earlyKey, _ := pair(t, now.Add(24*time.Hour), now.Add(48*time.Hour))
	for _, c := range []struct{ what, cert, key, says string }{
		{"good", good, goodKey, ""},
		{"expired", old, oldKey, "expired on 2026-11-23 12:00 UTC"},
		{"not yet", early, earlyKey, "valid only from 2026-11-25 12:00 UTC"},
		{"another's key", good, oldKey, "does not belong to"},
		{"swapped", goodKey, good, "may have been switched"},
		{"no key", good, "", "needs its key"},
		{"no certificate", "", goodKey, "needs its certificate"},
		{"nothing there", good + "x", goodKey, "no such file"},
		{"not PEM", write(t, "words"), goodKey, "failed to find any PEM data"},
	} {
		_, err := Certificate(c.cert, c.key, now)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

func TestHTTPS(t *testing.T) {
	cert, key, pool := pair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	cfg, err := Certificate(cert, key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s, err := Listen(options(func(o *Options) { o.TLS = cfg }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	resp, err := client.Get(s.URL() + "/api/x")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); !strings.HasPrefix(s.URL(), "https://127.0.0.1:") || string(b) != "ann owner /api/x 0" {
		t.Errorf("%s: %s", s.URL(), b)
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
