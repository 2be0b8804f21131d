package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"muster/internal/cli/internal/command"
	"muster/internal/load"
)

// methodValue is the method of a request.
type methodValue struct{ p *string }

func (v methodValue) Set(s string) error {
	if s == "" {
		return errors.New("must be one word, as GET, POST or DELETE")
	}
	*v.p = strings.ToUpper(s)
	return nil
}

func (v methodValue) String() string { return stringOf(v.p) }
func (methodValue) Type() string     { return "NAME" }

// headerValue adds a header to those there are.
type headerValue struct{ p *[]load.Field }

func (v headerValue) Set(s string) error {
	f, err := load.ParseField(s)
	if err != nil {
		return err
	}
	*v.p = append(*v.p, f)
	return nil
}

func (headerValue) String() string { return "" }
func (headerValue) Type() string   { return "HEADER" }

// expectValue is the statuses that count as answered.
type expectValue struct{ p *load.Statuses }

func (v expectValue) Set(s string) error {
	set, err := load.ParseStatuses(s)
	if err != nil {
		return err
	}
	*v.p = set
	return nil
}

func (expectValue) String() string { return "" }
func (expectValue) Type() string   { return "STATUSES" }

// textValue is any text; the second field is what the help calls it.
type textValue struct {
	p    *string
	what string
}

func (v textValue) Set(s string) error {
	*v.p = s
	return nil
}

func (v textValue) String() string { return stringOf(v.p) }
func (v textValue) Type() string   { return v.what }

// stringPointer is a text that may be missing.
type stringPointer struct{ p **string }

func (v stringPointer) Set(s string) error {
	*v.p = &s
	return nil
}

func (stringPointer) String() string { return "" }
func (stringPointer) Type() string   { return "PATH" }

func stringOf(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

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

// maxCerts is bytes of --cacert: the system's own are a quarter of it.
const maxCerts = 1 << 20

// tlsConfig is how TLS is spoken, nil = it is not.
func (s *loadSettings) tlsConfig() (*tls.Config, error) {
	switch {
	case !s.https && (s.insecure || s.cacert != ""):
		return nil, errors.New("--insecure and --cacert are for https:// only")
	case !s.https:
		return nil, nil
	case s.insecure && s.cacert != "":
		return nil, errors.New("--insecure verifies nothing: leave it or --cacert out")
	}
	config := &tls.Config{InsecureSkipVerify: s.insecure} // asked for
	if s.cacert != "" {
		b, err := command.ReadBounded(s.cacert, maxCerts)
		if err != nil {
			return nil, fmt.Errorf("--cacert %q: %w", s.cacert, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("--cacert %q: no certificate in it (PEM)", s.cacert)
		}
	}
	return config, nil
}
