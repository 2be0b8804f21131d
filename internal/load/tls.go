package load

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// tlsConfig is the TLS configuration of every connection of a run. Sessions are
// not resumed: each connection costs the server a whole handshake.
func tlsConfig(given *tls.Config, name string) *tls.Config {
	c := given.Clone()
	if c.ServerName == "" {
		c.ServerName = name
	}
	c.NextProtos = []string{"http/1.1"}
	return c
}

// handshake starts TLS on a connection. If it fails it closes the connection.
func handshake(conn net.Conn, config *tls.Config, deadline time.Time) (net.Conn, error) {
	err := conn.SetDeadline(deadline)
	t := tls.Client(conn, config)
	if err == nil {
		err = t.Handshake()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return t, nil
}

var (
	errNotTLS      = errors.New("the server does not speak TLS")
	errNoHandshake = errors.New("connection closed in the TLS handshake")
)

// tlsFailure says what an error of the handshake means.
func tlsFailure(err error) *failure {
	var header tls.RecordHeaderError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &cert):
		return &failure{wrong, &certError{cert}}
	case errors.As(err, &header):
		return &failure{wrong, errNotTLS}
	case isTimeout(err):
		return &failure{timedOut, errors.New("in the TLS handshake: " + plainText(err))}
	case isReset(err):
		return &failure{reset, errors.New("in the TLS handshake: " + plainText(err))}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &failure{cut, errNoHandshake}
	}
	return &failure{wrong, err} // for example an alert
}

// certError is the error for a certificate that is not trusted. Its text leaves
// out guesses.
type certError struct {
	err *tls.CertificateVerificationError
}

func (e *certError) Error() string {
	text, _, _ := strings.Cut(strings.TrimPrefix(e.err.Err.Error(), "x509: "), " (possibly because of ")
	return "the certificate is not trusted: " + text
}

func (e *certError) Unwrap() error { return e.err }
