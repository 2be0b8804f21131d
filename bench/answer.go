package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"muster/engine/demo"
)

// answerTime bounds one request.
const answerTime = 10 * time.Second

// again is the pause after a refused connection: it is the resolution of times
// measured by asking until there is an answer.
const again = 250 * time.Microsecond

// ask sends one request on a connection of its own and returns the worker that
// answered, as the header Muster-Worker names it. An answer other than the page
// of the lesson is an error.
func ask(ctx context.Context, addr string) (worker string, err error) {
	d := net.Dialer{Timeout: answerTime}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	if err := c.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+addr+"\r\nConnection: close\r\n\r\n"); err != nil {
		return "", err
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK || string(body) != demo.Page {
		return "", fmt.Errorf("%s answered %q with %.100q", addr, res.Status, body)
	}
	return res.Header.Get("Muster-Worker"), nil
}

// askUntil asks until the connection is no longer refused, as it is before the
// server listens, or until ended is closed.
func askUntil(ctx context.Context, addr string, ended <-chan struct{}) (worker string, err error) {
	for {
		worker, err = ask(ctx, addr)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return worker, err
		}
		select {
		case <-ended:
			return "", err
		default:
		}
		if err := pause(ctx, again); err != nil {
			return "", err
		}
	}
}

// freePort is an address of 127.0.0.1 that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
