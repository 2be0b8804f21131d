package loadcmd

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"muster/internal/cli/internal/command"
	"muster/internal/load"
)

// readBody is the body that --body means.
func readBody(text string) ([]byte, error) {
	name, ok := strings.CutPrefix(text, "@")
	if !ok {
		return []byte(text), nil
	}
	b, err := command.ReadBounded(name, load.MaxBody)
	if err != nil {
		return nil, fmt.Errorf("--body %q: %w", text, err)
	}
	return b, nil
}

// maxCerts is the most bytes of --cacert: the system's own certificates are a
// quarter of that.
const maxCerts = 1 << 20

// tlsConfig is the TLS configuration for --insecure and --cacert, nil = no TLS.
func tlsConfig(https, insecure bool, cacert string) (*tls.Config, error) {
	switch {
	case !https && (insecure || cacert != ""):
		return nil, errors.New("--insecure and --cacert are for https:// only")
	case !https:
		return nil, nil
	case insecure && cacert != "":
		return nil, errors.New("--insecure verifies nothing: leave it or --cacert out")
	}
	config := &tls.Config{InsecureSkipVerify: insecure} // asked for
	if cacert != "" {
		b, err := command.ReadBounded(cacert, maxCerts)
		if err != nil {
			return nil, fmt.Errorf("--cacert %q: %w", cacert, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("--cacert %q: no certificate in it (PEM)", cacert)
		}
	}
	return config, nil
}
