//go:build linux

package node

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
)

// certificate makes a key and a self-signed certificate for 127.0.0.1 in one
// file, and the pool that trusts it.
func certificate(t *testing.T) (file string, trusted *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "muster-test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}) // to memory
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	trusted = x509.NewCertPool()
	trusted.AppendCertsFromPEM(b.Bytes())
	return filepath.Join(script(t, map[string]string{"both.pem": b.String()}), "both.pem"), trusted
}

// A session that one worker began is resumed by the other: both have the ticket
// keys that came back with the answer to queryServer.
func TestNodeHTTPS(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		file, trusted := certificate(t)
		c := start(t, "https.js", policy(p), env("CERTIFICATE="+file))
		c.AwaitKind(2, engine.KindListening)
		// One connection a request: only the session is kept.
		var last *tls.ConnectionState
		client := &http.Client{Timeout: kit.Patience, Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: trusted, ClientSessionCache: tls.NewLRUClientSessionCache(1)},
		}}
		const requests = 30
		resumed, crossed, before := 0, 0, ""
		for range requests {
			res, err := client.Get("https://" + c.Addr() + "/")
			if err != nil {
				t.Fatal(err)
			}
			// To its end: the ticket may come after the answer's head.
			var body bytes.Buffer
			if _, err := body.ReadFrom(res.Body); err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			last = res.TLS
			who := res.Header.Get("Muster-Worker")
			if last.DidResume {
				resumed++
				if who != before {
					crossed++
				}
			}
			before = who
		}
		if resumed < requests*8/10 {
			t.Errorf("%d of %d connections were resumed", resumed, requests)
		}
		if p == engine.SchedRR && crossed < resumed/2 {
			t.Errorf("%d of %d resumed sessions had begun at the other worker", crossed, resumed)
		}
	})
}

func TestNodeHTTP2(t *testing.T) {
	t.Parallel()
	file, trusted := certificate(t)
	c := start(t, "https.js", env("CERTIFICATE="+file, "H2=1"))
	c.AwaitKind(2, engine.KindListening)
	by := map[string]int{}
	for range 4 {
		tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: trusted}}
		client := &http.Client{Timeout: kit.Patience, Transport: tr}
		first, err := askBy(client, "https://"+c.Addr()+"/")
		if err != nil {
			t.Fatal(err)
		}
		// Many streams of one connection are one worker's.
		answers := make(chan string, 20)
		for range cap(answers) {
			go func() { // ends with its answer, at most after the client's timeout
				body, err := askBy(client, "https://"+c.Addr()+"/")
				if err != nil {
					body = err.Error()
				}
				answers <- body
			}()
		}
		for range cap(answers) {
			if got := <-answers; got != first {
				t.Errorf("on one connection: %q and %q", first, got)
			}
		}
		by[first]++
		tr.CloseIdleConnections()
	}
	if by["2.0 by worker 1"] != 2 || by["2.0 by worker 2"] != 2 {
		t.Errorf("%v answered, want each worker twice by HTTP/2", by)
	}
}
